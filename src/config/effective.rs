//! What is in force, value by value, and where each value comes from.

use std::fmt;

use adapters::settings::SettingValue;
use figment::value::Value;
use serde_json::{Value as Json, json};

use super::fault::Place;
use super::keys::{self, Key, Table};
use super::layers::Layers;
use super::locate::Path;
use super::plain::Plain;
use super::routes::Draft;
use super::walk::Walked;

/// Every value in force, in the order of the table of keys; routes in the order of the file.
///
/// Of a secret there is only the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// Every table, those of vendors behind their route.
    pub tables: Vec<EffectiveTable>,
}

/// One table of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveTable {
    /// How it begins in a file: `[server]`, `[[clients]]`, `[routes.support]`.
    pub header: String,
    /// Its path, as faults name it: `server`, `clients[0]`, `routes.support`.
    pub path: String,
    /// Every key that it may hold.
    pub entries: Vec<Entry>,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: &'static str,
    /// What would have to be written for it; nothing where nothing can be said but by leaving the key out.
    pub value: Option<Json>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From the file or from a variable.
    Written(Place),
    /// From nowhere: it is what the program or the vendor gives.
    Default,
}

impl Effective {
    /// Collects what holds; the tables must be free of faults.
    pub(super) fn read(layers: &Layers<'_>, server: &Walked<'_>, routes: &[Draft<'_>]) -> Self {
        let mut own = table("[server]", Table::Server, server);
        for entry in &mut own.entries {
            if entry.key == keys::CLIENT_RATE.name {
                entry.value.get_or_insert(json!("off"));
            }
        }
        let mut tables = vec![own];
        let clients = layers.root().get("clients").and_then(Value::as_array);
        for (index, client) in clients.into_iter().flatten().enumerate() {
            let path = Path::root("clients").index(index);
            let walked = Walked::read(layers, path, client, Table::Client, &[], &mut Vec::new());
            tables.extend(walked.map(|walked| table("[[clients]]", Table::Client, &walked)));
        }
        for route in routes {
            tables.push(route_table(route));
            tables.extend(settings_table(route));
        }
        Self { tables }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(Place::File { file, line, .. }) => write!(f, "{file}:{line}"),
            Self::Written(place) => write!(f, "{place}"),
            Self::Default => f.write_str("default"),
        }
    }
}

fn table(header: &str, table: Table, walked: &Walked<'_>) -> EffectiveTable {
    EffectiveTable {
        header: header.to_owned(),
        path: walked.path.to_string(),
        entries: keys::of(table).map(|key| entry(key, walked)).collect(),
    }
}

fn route_table(route: &Draft<'_>) -> EffectiveTable {
    let header = format!("[{}]", route.table.path);
    let mut table = table(&header, Table::Route, &route.table);
    for entry in &mut table.entries {
        if entry.key == keys::BASE_URL.name && entry.value.is_none() {
            entry.value = Some(json!(route.vendor.base_url));
        }
        if entry.key == keys::RATE.name && entry.value.is_none() {
            let windows = route.rate.iter().map(ToString::to_string);
            entry.value = Some(windows.collect());
        }
    }
    table
}

fn settings_table(route: &Draft<'_>) -> Option<EffectiveTable> {
    let vendor = route.vendor;
    let path = route.table.path.key(vendor.name);
    let written = route.table.written.as_dict()?.get(vendor.name);
    let entries = vendor.settings.iter().filter_map(|setting| {
        let value = match route.settings.get(setting.name)? {
            SettingValue::Bool(value) => json!(value),
            SettingValue::Text(text) => json!(text),
        };
        let is_written = written.is_some_and(|own| {
            own.as_dict()
                .is_some_and(|own| own.contains_key(setting.name))
        });
        Some(Entry {
            key: setting.name,
            value: Some(value),
            origin: if is_written {
                Origin::Written(route.table.place_of_setting(vendor.name, setting.name))
            } else {
                Origin::Default
            },
        })
    });
    let entries: Vec<Entry> = entries.collect();
    (!entries.is_empty()).then(|| EffectiveTable {
        header: format!("[{path}]"),
        path: path.to_string(),
        entries,
    })
}

fn entry(key: &'static Key, walked: &Walked<'_>) -> Entry {
    Entry {
        key: key.name,
        value: walked.effective(key).and_then(value),
        origin: if walked.is_written(key) {
            Origin::Written(walked.place(key))
        } else {
            Origin::Default
        },
    }
}

fn value(plain: Plain) -> Option<Json> {
    Some(match plain {
        Plain::Switch(switch) => json!(switch),
        Plain::Number(number, _) => json!(number),
        Plain::Text(text) => json!(text),
        Plain::Texts(texts) => json!(texts),
        Plain::Address(address) => json!(address.to_string()),
        Plain::Windows(None) => return None,
        Plain::Windows(Some(windows)) if windows.is_empty() => json!("off"),
        Plain::Windows(Some(windows)) => windows.iter().map(ToString::to_string).collect(),
    })
}
