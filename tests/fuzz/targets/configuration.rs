//! The configuration. The bytes are the file; behind a NUL stand variables, one `NAME=VALUE` a line.

use adapters::VENDORS;
use std::collections::BTreeMap;
use tagway::config::{self, Place, Secrets, VendorKeys};

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (text, variables) = text.split_once('\0').unwrap_or((&text, ""));
    let mut environment = BTreeMap::from([("KEY".to_owned(), "canary-of-the-fuzzer".to_owned())]);
    let pairs = variables.lines().filter_map(|line| line.split_once('='));
    environment.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let vendors = vendors();
    let lines = text.split('\n').count();
    match config::load(text, "f.toml", &environment, &vendors, secrets(text)) {
        Ok(loaded) => {
            assert!(!loaded.config.routes.is_empty());
            for route in &loaded.config.routes {
                assert!(route.account < loaded.config.accounts.len());
            }
            let shown = format!("{loaded:?}");
            assert!(!shown.contains("canary-of-the-fuzzer") || data_has_canary(data));
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                if let Place::File { line, column, .. } = &fault.place {
                    assert!((1..=lines).contains(line), "{fault}");
                    let wide = text
                        .split('\n')
                        .nth(line - 1)
                        .map_or(0, |text| text.chars().count());
                    assert!((1..=wide + 1).contains(column), "{fault}");
                }
                let _ = config::snippet(text, fault, &vendors);
                let _ = fault.help(&vendors);
            }
            let shown = format!("{faults:?}");
            assert!(!shown.contains("canary-of-the-fuzzer") || data_has_canary(data));
        }
    }
}

/// What the configuration has to know of the vendors; a newer document is not looked at.
pub(super) fn vendors() -> Vec<VendorKeys> {
    VENDORS
        .iter()
        .map(|vendor| VendorKeys {
            name: vendor.name,
            hosts: vendor.hosts,
            base_url: vendor.base_url,
            rate: vendor.rate,
            settings: vendor.settings,
            document: |_, _, _| Ok(()),
        })
        .collect()
}

/// A file that names a file as a secret's place is read without it: what is on this machine decides nothing here.
fn secrets(text: &str) -> Secrets {
    match text.contains("file:") {
        true => Secrets::Skip,
        false => Secrets::Check,
    }
}

fn data_has_canary(data: &[u8]) -> bool {
    String::from_utf8_lossy(data).contains("canary-of-the-fuzzer")
}
