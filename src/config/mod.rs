//! `gateway.toml` and the environment, turned into a [`Config`] with no invalid state left, or into every fault.
//!
//! The text and the variables come in as arguments; nothing here reads the process's environment, and the only files
//! that are opened are those that hold secrets. No vendor is named: what has to be known of them is in [`VendorKeys`].
//!
//! `layers` lays the variables over the file, `walk` checks each table against the table of `keys`, and `server`,
//! `clients`, `routes` and `accounts` check what no single value shows. For people there are `describe` (what a key
//! is), `snippet` (the line of a fault), `effective` (what holds, and why) and `json_schema` (for editors).

mod accounts;
mod base_url;
mod clients;
mod describe;
mod effective;
mod fault;
mod json_schema;
pub mod keys;
mod kind;
mod layers;
mod locate;
mod plain;
mod rate;
mod routes;
mod secret;
mod server;
mod snippet;
#[cfg(test)]
mod tests;
mod walk;

use std::{collections::BTreeMap, path::Path as FilePath, sync::Arc};

use figment::value::{Dict, Value};

pub use accounts::AccountConfig;
pub use adapters::settings::{Setting, SettingKind, SettingValue, Settings};
pub use base_url::Upstream;
pub use clients::{Client, Scopes};
pub use effective::{Effective, EffectiveTable, Entry, Origin};
pub use fault::{Fault, Place, Severity};
pub use json_schema::json_schema;
pub use rate::RateWindow;
pub use secret::Secret;
pub use server::{Log, Server};
pub use snippet::snippet;

use crate::record::Recorder;
use layers::Layers;
use locate::Path;
use walk::Walked;

/// A configuration that can be served.
#[derive(Debug)]
pub struct Config {
    /// The listeners and the limits.
    pub server: Server,
    /// Who may call; nobody in particular if empty, and then `listen` is loopback.
    pub clients: Vec<Client>,
    /// At least one, in the order of the file.
    pub routes: Vec<Route>,
    /// What [`Route::account`] counts in.
    pub accounts: Vec<AccountConfig>,
    /// Where exchanges with the vendors are written down; set by the command, never by the file.
    pub recorder: Option<Arc<Recorder>>,
}

/// A name under which an account's conversations are reached, with what is allowed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name in paths.
    pub name: String,
    /// The vendor's name.
    pub vendor: &'static str,
    /// Its place in [`Config::accounts`].
    pub account: usize,
    /// Whether a tag that the catalogue does not know is created.
    pub create_missing: bool,
    /// What becomes of an attribute that the vendor cannot hold.
    pub on_loss: OnLoss,
    /// What becomes of a vendor's answer that its schema does not allow.
    pub responses: Responses,
    /// What clients may do to the catalogue.
    pub catalogue: CatalogueAccess,
}

/// What becomes of an attribute that the vendor cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLoss {
    /// The request is refused.
    Refuse,
    /// It is dropped, and the answer says so.
    Report,
}

/// What becomes of a vendor's answer that its schema does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responses {
    /// It is counted and used.
    Report,
    /// It is refused.
    Enforce,
    /// It is not checked.
    Off,
}

/// What is done about others who write to an account's conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignWriters {
    /// Nothing.
    Off,
    /// The set is read after a write, and what is not so any more is counted.
    Detect,
    /// As `Detect`, and the change is made again, at most twice.
    Strict,
}

/// What clients may do to a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueAccess {
    /// Everything.
    ReadWrite,
    /// Everything but delete.
    NoDelete,
    /// Only read.
    ReadOnly,
}

/// What the configuration has to know of a vendor; given by the caller so that no vendor is named here.
#[derive(Debug, Clone, Copy)]
pub struct VendorKeys {
    /// The vendor's name in `vendor = "…"`.
    pub name: &'static str,
    /// The hosts that the vendor publishes, lower case, without ports.
    pub hosts: &'static [&'static str],
    /// The published base URL: the default of `base_url`, and what the embedded mock stands for.
    pub base_url: &'static str,
    /// The published quota, such as `60/min`: the default of `rate`.
    pub rate: &'static [&'static str],
    /// What `[routes.NAME.VENDOR]` may hold.
    pub settings: &'static [Setting],
    /// What is wrong with a newer document of the vendor (its name, the file, its settings), held against what is
    /// sent; nothing if it is fine.
    pub document: fn(&str, &FilePath, &Settings) -> Result<(), String>,
}

/// Whether secrets are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// They must be there and fit for a header.
    Check,
    /// Only their references are checked, as on a build machine.
    Skip,
}

/// A configuration that can be served, and what the operator should know about it.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Every value in force, and where it comes from.
    pub effective: Effective,
    /// In the order of their places.
    pub warnings: Vec<Fault>,
}

/// Checks the configuration in `text`, a file called `file` in messages, with `environment` over it.
///
/// Variables that begin with `TAGWAY_` configure, with `__` between levels; secrets may be in any variable.
///
/// # Errors
/// Every fault, warnings included, in the order of their places. After a syntax error there is only that one.
pub fn load(
    text: &str,
    file: &str,
    environment: &BTreeMap<String, String>,
    vendors: &[VendorKeys],
    secrets: Secrets,
) -> Result<Loaded, Vec<Fault>> {
    let mut faults = Vec::new();
    let layers = match Layers::read(text, file, environment, &mut faults) {
        Ok(layers) => layers,
        Err(fault) => return Err(vec![fault]),
    };
    let config = check(&layers, environment, vendors, secrets, &mut faults);
    faults.sort_by(|one, other| one.place.cmp(&other.place));
    match config {
        Some((config, effective))
            if faults
                .iter()
                .all(|fault| fault.severity == Severity::Warning) =>
        {
            Ok(Loaded {
                config,
                effective,
                warnings: faults,
            })
        }
        _ => Err(faults),
    }
}

/// Nothing only if there are faults.
fn check(
    layers: &Layers<'_>,
    environment: &BTreeMap<String, String>,
    vendors: &[VendorKeys],
    secrets: Secrets,
    faults: &mut Vec<Fault>,
) -> Option<(Config, Effective)> {
    for (name, value) in layers.root() {
        if !keys::TABLES.contains(&name.as_str()) {
            faults.push(walk::unknown_key(
                layers,
                &Path::default(),
                name,
                value,
                keys::TABLES,
            ));
        }
    }
    let routes = layers.root().get("routes").and_then(Value::as_dict);
    let names: Vec<&str> = routes
        .into_iter()
        .flat_map(Dict::keys)
        .map(String::as_str)
        .collect();
    let clients = clients::read(layers, &names, faults);
    let drafts = routes::read(layers, vendors, faults);
    let (accounts, indices) = accounts::read(&drafts, secrets, environment, faults);

    let absent = Value::from(Dict::new());
    let written = layers.root().get("server").unwrap_or(&absent);
    let table = Walked::read(
        layers,
        Path::root("server"),
        written,
        keys::Table::Server,
        &[],
        faults,
    )?;
    let server = server::read(&table, secrets, faults)?;
    let has_clients = layers.root().contains_key("clients");
    server::check_open(&table, &server, has_clients && !clients.is_empty(), faults);
    server::check_deadline(&table, &drafts, faults);
    server::check_mock(&server, &drafts, faults);

    let effective = Effective::read(layers, &table, &drafts);
    let routes = drafts
        .iter()
        .zip(indices)
        .map(|(draft, account)| route(draft, account))
        .collect();
    let config = Config {
        server,
        clients,
        routes,
        accounts,
        recorder: None,
    };
    Some((config, effective))
}

fn route(draft: &routes::Draft<'_>, account: usize) -> Route {
    let table = &draft.table;
    Route {
        name: draft.name.to_owned(),
        vendor: draft.vendor.name,
        account,
        create_missing: table.switch(&keys::CREATE_MISSING),
        on_loss: match table.text(&keys::ON_LOSS).as_deref() {
            Some("report") => OnLoss::Report,
            _ => OnLoss::Refuse,
        },
        responses: match table.text(&keys::RESPONSES).as_deref() {
            Some("enforce") => Responses::Enforce,
            Some("off") => Responses::Off,
            _ => Responses::Report,
        },
        catalogue: match table.text(&keys::CATALOGUE).as_deref() {
            Some("no-delete") => CatalogueAccess::NoDelete,
            Some("read-only") => CatalogueAccess::ReadOnly,
            _ => CatalogueAccess::ReadWrite,
        },
    }
}
