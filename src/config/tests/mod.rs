//! Tests of the configuration as its users see it: a text and variables in, a configuration or rendered faults out.

mod accepted;
mod accounts;
mod broken;
mod broken_routes;
mod environment;
mod mangled;
mod places;
mod schema;
mod secrets;
mod shipped;
mod snippets;
mod usable;

use std::collections::BTreeMap;

use super::{Config, Fault, Loaded, Secrets, Setting, SettingKind, VendorKeys, load};

/// Three vendors that do not exist: one plain, one with a published quota, one with settings.
pub(super) const VENDORS: &[VendorKeys] = &[
    VendorKeys {
        name: "birch",
        hosts: &["api.birch.example", "api.eu.birch.example"],
        base_url: "https://api.birch.example",
        rate: &[],
        settings: &[],
        document: |_, _, _| Ok(()),
    },
    VendorKeys {
        name: "cedar",
        hosts: &["cedar.example"],
        base_url: "https://cedar.example/v2",
        rate: &["60/min", "1000/h"],
        settings: &[],
        document: |_, _, _| Ok(()),
    },
    VendorKeys {
        name: "maple",
        hosts: &["api.maple.example"],
        base_url: "https://api.maple.example",
        rate: &[],
        settings: &[
            Setting {
                name: "skip",
                kind: SettingKind::Bool { default: true },
                doc: "Whether it is skipped.",
            },
            Setting {
                name: "flag",
                kind: SettingKind::Text {
                    default: "true",
                    max_chars: 8,
                },
                doc: "The flag.",
            },
            Setting {
                name: "scheme",
                kind: SettingKind::Choice {
                    default: "bearer",
                    of: &["bearer", "raw"],
                },
                doc: "The scheme.",
            },
        ],
        document: |_, _, _| Ok(()),
    },
];

/// A route that needs nothing else.
pub(super) const MOCK: &str = "[routes.desk]\nvendor = \"birch\"\nbase_url = \"mock\"\n";

/// Variables of these names and values.
pub(super) fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// What `load` makes of a file called `gateway.toml`.
pub(super) fn load_with(text: &str, environment: &[(&str, &str)]) -> Result<Loaded, Vec<Fault>> {
    load(
        text,
        "gateway.toml",
        &variables(environment),
        VENDORS,
        Secrets::Check,
    )
}

/// The configuration in `text`, which must have no error.
pub(super) fn config(text: &str, environment: &[(&str, &str)]) -> Config {
    match load_with(text, environment) {
        Ok(loaded) => loaded.config,
        Err(faults) => panic!("refused:\n{}", rendered(&faults)),
    }
}

/// The faults of `text`, which must be refused, as they are printed.
pub(super) fn faults(text: &str, environment: &[(&str, &str)]) -> String {
    match load_with(text, environment) {
        Ok(loaded) => panic!("accepted: {:?}", loaded.config),
        Err(faults) => rendered(&faults),
    }
}

/// The warnings of `text`, which must be accepted, as they are printed.
pub(super) fn warnings(text: &str, environment: &[(&str, &str)]) -> String {
    match load_with(text, environment) {
        Ok(loaded) => rendered(&loaded.warnings),
        Err(faults) => panic!("refused:\n{}", rendered(&faults)),
    }
}

/// One fault per line, cures on lines of their own.
pub(super) fn rendered(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}
