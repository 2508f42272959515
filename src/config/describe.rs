//! What a key is, in a sentence: for the way out of a fault and for the JSON Schema.

use adapters::settings::{Setting, SettingKind};

use super::VendorKeys;
use super::fault::{Fault, Place, listed, nearest};
use super::keys::{self, Key, Kind, Table, Unit};
use super::routes::is_name;

impl Fault {
    /// What mends it: its own cure, or else what the key takes, or which keys there are.
    pub fn help(&self, vendors: &[VendorKeys]) -> Option<String> {
        if self.cure.is_some() {
            return self.cure.clone();
        }
        if self.path.is_empty() {
            let in_file = matches!(self.place, Place::File { .. });
            return in_file.then(|| {
                "nothing behind a syntax error can be judged: mend it and check again".to_owned()
            });
        }
        help(&segments(&self.path), vendors)
    }
}

/// The sentence of a key, with what it takes.
pub(super) fn key(key: &Key) -> String {
    format!("{} {}", key.doc, facts(&key.kind))
        .trim_end()
        .to_owned()
}

/// The sentence of a vendor's setting, with what it takes.
pub(super) fn setting(setting: &Setting) -> String {
    let facts = match setting.kind {
        SettingKind::Bool { default } => facts(&Kind::Switch { default }),
        SettingKind::Text { default, max_chars } => {
            format!("At most {max_chars} characters, by default `{default}`.")
        }
        SettingKind::Choice { default, of } => facts(&Kind::Choice { default, of }),
    };
    format!("{} {facts}", setting.doc)
}

/// The keys in a path as faults show it, without places in lists.
pub(super) fn segments(path: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut chars = path.chars();
    let (mut quoted, mut in_list) = (false, false);
    while let Some(char) = chars.next() {
        match char {
            '"' => quoted = !quoted,
            '.' if !quoted => segments.push(String::new()),
            '[' if !quoted => in_list = true,
            ']' if !quoted => in_list = false,
            _ if in_list => {}
            _ => {
                let plain = if char == '\\' {
                    chars.next()
                } else {
                    Some(char)
                };
                if let Some(last) = segments.last_mut() {
                    last.extend(plain);
                }
            }
        }
    }
    segments
}

fn help(path: &[String], vendors: &[VendorKeys]) -> Option<String> {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let (table, name) = match names.as_slice() {
        [name] if keys::TABLES.contains(name) => return None,
        [_] => {
            let tables = "the file holds [server], [[clients]] and [routes.NAME], nothing else";
            return Some(tables.to_owned());
        }
        ["server", name] => (Table::Server, *name),
        ["clients", name] => (Table::Client, *name),
        ["routes", name] => return help_with_name(name),
        ["routes", _, name] => (Table::Route, *name),
        ["routes", _, vendor, name] => return help_with_setting(vendor, name, vendors),
        _ => return None,
    };
    if table == Table::Route && vendors.iter().any(|vendor| vendor.name == name) {
        return Some(format!(
            "only a route of `{name}` may hold this table, with its own settings"
        ));
    }
    let known: Vec<&str> = keys::of(table).map(|key| key.name).collect();
    let meant = nearest(name, known.iter().copied());
    let Some(found) = keys::of(table).find(|key| Some(key.name) == meant) else {
        return Some(format!("{table} may hold {}", listed(&known, "and")));
    };
    let mut help = sentence(found.name, &key(found));
    if *found == keys::VENDOR {
        let names: Vec<&str> = vendors.iter().map(|vendor| vendor.name).collect();
        help.push_str(&format!(": {}", listed(&names, "or")));
    }
    Some(help)
}

/// A name that the route could have instead.
fn help_with_name(name: &str) -> Option<String> {
    if name == "routes" {
        return Some("any other name will do".to_owned());
    }
    let lower = name.to_lowercase();
    let words = lower.split(|char: char| !char.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let sane = words.join("_");
    (sane != name && is_name(&sane)).then(|| format!("`{sane}` would be one"))
}

fn help_with_setting(vendor: &str, name: &str, vendors: &[VendorKeys]) -> Option<String> {
    let known = vendors.iter().find(|known| known.name == vendor)?.settings;
    let names: Vec<&str> = known.iter().map(|setting| setting.name).collect();
    let meant = nearest(name, names.iter().copied());
    match known.iter().find(|setting| Some(setting.name) == meant) {
        Some(found) => Some(sentence(found.name, &setting(found))),
        None if names.is_empty() => Some(format!("`{vendor}` has no settings of its own")),
        None => Some(format!(
            "[routes.NAME.{vendor}] may hold {}",
            listed(&names, "and")
        )),
    }
}

fn sentence(name: &str, text: &str) -> String {
    format!("`{name}`: {}", text.trim_end_matches('.'))
}

fn facts(kind: &Kind) -> String {
    match *kind {
        Kind::Switch { default } => format!("By default {default}."),
        Kind::Number {
            default,
            least,
            most,
            unit,
        } => {
            let unit = match unit {
                Unit::Count => "",
                Unit::Milliseconds => "In milliseconds, ",
                Unit::Bytes => "In bytes, ",
            };
            let from = if unit.is_empty() { "From" } else { "from" };
            format!("{unit}{from} {least} to {most}, by default {default}.")
        }
        Kind::Choice { of: [only], .. } => format!("Only `{only}`."),
        Kind::Choice { default, of, .. } => {
            format!("{}; by default `{default}`.", listed(of, "or"))
        }
        Kind::Address { default } => {
            format!("An IP address with a port, by default {default}.")
        }
        Kind::Text { required: true, .. } => "Required.".to_owned(),
        Kind::Texts { .. } => "A list, required and not empty.".to_owned(),
        Kind::Text { .. } | Kind::Windows => String::new(),
    }
}
