//! `[routes.NAME]`: names, vendors, base URLs, secrets' references and vendor settings, each route by itself.

use adapters::settings::{SettingKind, SettingValue, Settings};
use figment::value::Value;

use super::VendorKeys;
use super::base_url::{self, Upstream};
use super::fault::{Fault, did_you_mean, listed, nearest, quoted};
use super::keys;
use super::layers::Layers;
use super::locate::Path;
use super::plain;
use super::rate::RateWindow;
use super::secret::Reference;
use super::walk::{Walked, table_of, unknown_key};

/// A route whose own values have been judged; its account is still open.
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    pub(super) vendor: &'a VendorKeys,
    pub(super) table: Walked<'a>,
    /// Nothing if `base_url` is faulty.
    pub(super) upstream: Option<Upstream>,
    pub(super) account: Option<String>,
    /// Nothing if `secret` is missing or faulty.
    pub(super) reference: Option<Reference>,
    pub(super) rate: Vec<RateWindow>,
    pub(super) settings: Settings,
}

/// Reads every route, in the order of the file; routes that only the environment knows come last, by name.
pub(super) fn read<'a>(
    layers: &'a Layers<'a>,
    vendors: &'a [VendorKeys],
    faults: &mut Vec<Fault>,
) -> Vec<Draft<'a>> {
    let path = Path::root("routes");
    let Some(routes) = layers.root().get("routes") else {
        faults.push(no_routes(layers, &path, None));
        return Vec::new();
    };
    let Some(dict) = table_of(layers, &path, routes, faults) else {
        return Vec::new();
    };
    if dict.is_empty() {
        faults.push(no_routes(layers, &path, Some(routes)));
    }
    let mut names: Vec<&String> = dict.keys().collect();
    names.sort_by_key(|name| {
        let path = path.key(name);
        (!layers.is_in_file(&path), layers.position(&path))
    });
    let others: Vec<&str> = names
        .iter()
        .map(|name| name.as_str())
        .filter(|name| layers.is_in_file(&path.key(name)))
        .collect();
    let mut draft = |name: &'a String| {
        let route = Written {
            name,
            path: path.key(name),
            value: dict.get(name)?,
        };
        route.read(layers, vendors, &others, faults)
    };
    names.into_iter().filter_map(&mut draft).collect()
}

/// The rule for names of routes and accounts, for messages.
pub(super) const NAME_RULE: &str = "1 to 32 of a-z, 0-9 and `_`, the first a letter, and no `__`";

/// Whether `name` may name a route or an account.
pub(super) fn is_name(name: &str) -> bool {
    let sane = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    begins && name.len() <= 32 && name.bytes().all(sane) && !name.contains("__")
}

/// A route as it was written.
struct Written<'a> {
    name: &'a str,
    path: Path,
    value: &'a Value,
}

impl<'a> Written<'a> {
    fn read(
        self,
        layers: &'a Layers<'a>,
        vendors: &'a [VendorKeys],
        others: &[&str],
        faults: &mut Vec<Fault>,
    ) -> Option<Draft<'a>> {
        let Self { name, path, value } = self;
        let place = layers.place_of_missing(&path, &path, value);
        if !layers.is_in_file(&path)
            && value
                .as_dict()
                .is_some_and(|dict| !dict.contains_key("vendor"))
        {
            let meant = did_you_mean(nearest(name, others.iter().copied()));
            let detail = format!("the file has no such route, and a new one needs `vendor`{meant}");
            faults.push(Fault::error(place, &path, detail));
            return None;
        }
        if name == "routes" {
            faults.push(Fault::error(place, &path, "the name `routes` is reserved"));
        } else if !is_name(name) {
            faults.push(Fault::error(
                place,
                &path,
                format!("a route's name is {NAME_RULE}"),
            ));
        }
        let tables: Vec<&'static str> = vendors.iter().map(|vendor| vendor.name).collect();
        let table = Walked::read(layers, path, value, keys::Table::Route, &tables, faults)?;
        let account = account(&table, faults);
        let reference = reference(&table, faults);
        let vendor = vendor(&table, vendors, &tables, faults)?;
        let upstream = upstream(&table, vendor, faults);
        if upstream
            .as_ref()
            .is_some_and(|upstream| *upstream != Upstream::Mock)
            && !table.is_written(&keys::SECRET)
        {
            let fault = table.error(
                &keys::SECRET,
                "this key is required unless `base_url` is `mock`",
            );
            faults.push(fault.cure("`secret = \"env:NAME\"` or `secret = \"file:PATH\"`"));
        }
        check_creation(&table, faults);
        let settings = settings(&table, vendor, vendors, faults);
        if let Some(document) = table.text(&keys::DOCUMENT)
            && let Err(why) = (vendor.document)(vendor.name, document.as_ref(), &settings)
        {
            let fault = table.error(&keys::DOCUMENT, why);
            faults.push(fault.cure("the path is seen from where the program is started; without the key the built-in document is used"));
        }
        let published = || {
            vendor
                .rate
                .iter()
                .filter_map(|text| RateWindow::read(text))
                .collect()
        };
        let rate = table.windows(&keys::RATE).unwrap_or_else(published);
        Some(Draft {
            name,
            vendor,
            table,
            upstream,
            account,
            reference,
            rate,
            settings,
        })
    }
}

fn no_routes(layers: &Layers<'_>, path: &Path, written: Option<&Value>) -> Fault {
    let place = match written {
        Some(value) => layers.place(path, value),
        None => layers.place_in_file(path),
    };
    Fault::error(place, path, "there is no route")
        .cure("add a table `[routes.NAME]` with a `vendor`")
}

fn account(table: &Walked<'_>, faults: &mut Vec<Fault>) -> Option<String> {
    let account = table.text(&keys::ACCOUNT)?;
    if !is_name(&account) {
        faults.push(table.error(&keys::ACCOUNT, format!("an account's name is {NAME_RULE}")));
    }
    Some(account)
}

fn reference(table: &Walked<'_>, faults: &mut Vec<Fault>) -> Option<Reference> {
    let reference = Reference::read(&table.text(&keys::SECRET)?);
    if reference.is_none() {
        // Not repeated: whoever misread the key wrote the secret itself here.
        let detail = "expects `env:NAME` or `file:PATH`, never the secret itself";
        faults.push(table.error(&keys::SECRET, detail));
    }
    reference
}

fn vendor<'a>(
    table: &Walked<'_>,
    vendors: &'a [VendorKeys],
    names: &[&'static str],
    faults: &mut Vec<Fault>,
) -> Option<&'a VendorKeys> {
    let name = table.text(&keys::VENDOR)?;
    let vendor = vendors.iter().find(|vendor| vendor.name == name);
    if vendor.is_none() {
        let meant = nearest(&name.to_lowercase(), names.iter().copied());
        let detail = format!(
            "no vendor is called {}{}",
            quoted(&name),
            did_you_mean(meant)
        );
        let fault = table.error(&keys::VENDOR, detail);
        faults.push(match meant {
            Some(_) => fault,
            None => fault.cure(format!("use {}", listed(names, "or"))),
        });
    }
    vendor
}

fn upstream(table: &Walked<'_>, vendor: &VendorKeys, faults: &mut Vec<Fault>) -> Option<Upstream> {
    if table.is_faulty(&keys::BASE_URL) {
        return None;
    }
    let text = table
        .text(&keys::BASE_URL)
        .unwrap_or_else(|| vendor.base_url.to_owned());
    match base_url::read(&text, vendor, table.switch(&keys::ALLOW_ANY_HOST)) {
        Ok(accepted) => {
            let path = table.path.key(keys::BASE_URL.name);
            let warning = accepted
                .warning
                .map(|detail| Fault::warning(table.place(&keys::BASE_URL), path, detail));
            faults.extend(warning);
            Some(accepted.upstream)
        }
        Err(refused) => {
            let fault = table.error(&keys::BASE_URL, refused.detail);
            faults.push(Fault {
                cure: refused.cure.map(str::to_owned),
                ..fault
            });
            None
        }
    }
}

/// A tag that is missing cannot be created in a catalogue that may only be read.
fn check_creation(table: &Walked<'_>, faults: &mut Vec<Fault>) {
    let read_only = table.text(&keys::CATALOGUE).as_deref() == Some("read-only");
    if read_only && table.switch(&keys::CREATE_MISSING) {
        let detail = "a catalogue that is `read-only` takes no new tag";
        faults.push(
            table
                .error(&keys::CREATE_MISSING, detail)
                .cure("`create_missing = false`, or `catalogue = \"no-delete\"`"),
        );
    }
}

/// The vendor's settings with their defaults, and faults for the tables of other vendors.
fn settings(
    table: &Walked<'_>,
    vendor: &VendorKeys,
    vendors: &[VendorKeys],
    faults: &mut Vec<Fault>,
) -> Settings {
    let written = table.written.as_dict();
    for other in vendors.iter().filter(|other| other.name != vendor.name) {
        if let Some(value) = written.and_then(|dict| dict.get(other.name)) {
            let path = table.path.key(other.name);
            let detail = format!(
                "settings of `{}` in a route of `{}`",
                other.name, vendor.name
            );
            faults.push(Fault::error(table.layers.place(&path, value), path, detail));
        }
    }
    let path = table.path.key(vendor.name);
    let own = written.and_then(|dict| dict.get(vendor.name));
    let own = own.and_then(|value| table_of(table.layers, &path, value, faults));
    let known = || vendor.settings.iter().map(|setting| setting.name);
    for (name, value) in own.into_iter().flatten() {
        if !known().any(|setting| setting == name) {
            faults.push(unknown_key(table.layers, &path, name, value, known()));
        }
    }
    let mut settings = Settings::new();
    for setting in vendor.settings {
        let written = own.and_then(|dict| dict.get(setting.name));
        let value = match written {
            None => default_of(&setting.kind),
            Some(value) => {
                let path = path.key(setting.name);
                read_setting(&setting.kind, value, table.layers.raw(&path, value)).unwrap_or_else(
                    |detail| {
                        faults.push(Fault::error(
                            table.layers.place(&path, value),
                            &path,
                            detail,
                        ));
                        default_of(&setting.kind)
                    },
                )
            }
        };
        settings.insert(setting.name, value);
    }
    settings
}

fn default_of(kind: &SettingKind) -> SettingValue {
    match *kind {
        SettingKind::Bool { default } => SettingValue::Bool(default),
        SettingKind::Text { default, .. } | SettingKind::Choice { default, .. } => {
            SettingValue::Text(default.to_owned())
        }
    }
}

fn read_setting(
    kind: &SettingKind,
    value: &Value,
    raw: Option<&str>,
) -> Result<SettingValue, String> {
    match *kind {
        SettingKind::Bool { .. } => plain::switch(value).map(SettingValue::Bool),
        SettingKind::Choice { of, .. } => plain::choice(value, raw, of).map(SettingValue::Text),
        SettingKind::Text { max_chars, .. } => {
            let text = plain::text(value, raw)?;
            let length = text.chars().count();
            if length > max_chars {
                return Err(format!(
                    "{length} characters are more than the {max_chars} allowed"
                ));
            }
            Ok(SettingValue::Text(text))
        }
    }
}
