//! One table's values, checked against the table of keys: types, ranges, choices, unknown and missing keys.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use figment::value::{Dict, Value};

use super::fault::{Fault, Place, did_you_mean, nearest};
use super::keys::{self, Key, Kind};
use super::layers::Layers;
use super::locate::Path;
use super::plain::{self, Flaw, Plain, what_is};
use super::rate::RateWindow;

/// A table whose values have been checked, each by itself.
pub(super) struct Walked<'a> {
    pub(super) layers: &'a Layers<'a>,
    pub(super) path: Path,
    /// The table as it was written.
    pub(super) written: &'a Value,
    /// The sound values; nothing for a faulty one.
    values: BTreeMap<&'static str, Option<Plain>>,
}

impl<'a> Walked<'a> {
    /// Checks `written` against the keys of `table`. `others` are names that may stand there too and are read
    /// elsewhere. Nothing if `written` is no table.
    pub(super) fn read(
        layers: &'a Layers<'a>,
        path: Path,
        written: &'a Value,
        table: keys::Table,
        others: &[&'static str],
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let dict = table_of(layers, &path, written, faults)?;
        let mut walked = Self {
            layers,
            path,
            written,
            values: BTreeMap::new(),
        };
        for (name, value) in dict {
            if let Some(key) = keys::of(table).find(|key| key.name == name) {
                let plain = walked.check(key, value, faults);
                walked.values.insert(key.name, plain);
            } else if !others.contains(&name.as_str()) {
                let known = keys::of(table)
                    .map(|key| key.name)
                    .chain(others.iter().copied());
                faults.push(unknown_key(layers, &walked.path, name, value, known));
            }
        }
        for key in keys::of(table) {
            if matches!(
                key.kind,
                Kind::Text { required: true, .. } | Kind::Texts { .. }
            ) && !dict.contains_key(key.name)
            {
                faults.push(walked.error(key, "this key is required"));
                walked.values.insert(key.name, None);
            }
        }
        Some(walked)
    }

    /// An error about `key`: where it is written, or at its table.
    pub(super) fn error(&self, key: &Key, detail: impl Into<String>) -> Fault {
        Fault::error(self.place(key), self.path.key(key.name), detail)
    }

    /// An error about one element of the list `key`.
    pub(super) fn error_at(&self, key: &Key, index: usize, detail: impl Into<String>) -> Fault {
        let path = self.path.key(key.name).index(index);
        let place = match self.value(key) {
            Some(list) => self.layers.place(&path, list),
            None => self.place(key),
        };
        Fault::error(place, path, detail)
    }

    /// Where `key` is written, or where it would be.
    pub(super) fn place(&self, key: &Key) -> Place {
        let path = self.path.key(key.name);
        match self.value(key) {
            Some(value) => self.layers.place(&path, value),
            None => self
                .layers
                .place_of_missing(&path, &self.path, self.written),
        }
    }

    /// Where a setting of the vendor is written, or where it would be.
    pub(super) fn place_of_setting(&self, vendor: &str, setting: &str) -> Place {
        let table = self.path.key(vendor);
        let path = table.key(setting);
        let own = self.written.as_dict().and_then(|dict| dict.get(vendor));
        match own.and_then(|own| Some((own, own.as_dict()?.get(setting)))) {
            Some((_, Some(value))) => self.layers.place(&path, value),
            Some((own, None)) => self.layers.place_of_missing(&path, &table, own),
            None => self
                .layers
                .place_of_missing(&path, &self.path, self.written),
        }
    }

    /// Whether `key` was written, be it well or badly.
    pub(super) fn is_written(&self, key: &Key) -> bool {
        self.values.contains_key(key.name)
    }

    /// Whether `key` was written badly, or is missing although required.
    pub(super) fn is_faulty(&self, key: &Key) -> bool {
        matches!(self.values.get(key.name), Some(None))
    }

    /// The switch, or its default.
    pub(super) fn switch(&self, key: &Key) -> bool {
        matches!(self.effective(key), Some(Plain::Switch(true)))
    }

    /// The number, or its default.
    pub(super) fn number(&self, key: &Key) -> u64 {
        match self.effective(key) {
            Some(Plain::Number(number, _)) => number,
            _ => 0,
        }
    }

    /// The number as a size in memory.
    pub(super) fn size(&self, key: &Key) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }

    /// The number of milliseconds as a time.
    pub(super) fn time(&self, key: &Key) -> Duration {
        Duration::from_millis(self.number(key))
    }

    /// The text or the chosen word; nothing if it was not written and has no default.
    pub(super) fn text(&self, key: &Key) -> Option<String> {
        match self.effective(key) {
            Some(Plain::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The list, empty if it was not written.
    pub(super) fn texts(&self, key: &Key) -> Vec<String> {
        match self.effective(key) {
            Some(Plain::Texts(texts)) => texts,
            _ => Vec::new(),
        }
    }

    /// The address, or its default; nothing only if neither can be read.
    pub(super) fn address(&self, key: &Key) -> Option<SocketAddr> {
        match self.effective(key) {
            Some(Plain::Address(address)) => Some(address),
            _ => None,
        }
    }

    /// The windows; nothing if none were written, so that others hold. `off` is an empty list.
    pub(super) fn windows(&self, key: &Key) -> Option<Vec<RateWindow>> {
        match self.effective(key) {
            Some(Plain::Windows(windows)) => windows,
            _ => None,
        }
    }

    /// The value or its default, as an operator reads it.
    pub(super) fn shown(&self, key: &Key) -> String {
        self.effective(key)
            .map_or_else(|| "nothing".to_owned(), |plain| plain.to_string())
    }

    fn value(&self, key: &Key) -> Option<&'a Value> {
        self.written.as_dict()?.get(key.name)
    }

    /// The value or its default; nothing where there is neither.
    pub(super) fn effective(&self, key: &Key) -> Option<Plain> {
        match self.values.get(key.name) {
            Some(Some(plain)) => Some(plain.clone()),
            _ => plain::default_of(&key.kind),
        }
    }

    fn check(&self, key: &Key, value: &'a Value, faults: &mut Vec<Fault>) -> Option<Plain> {
        let raw = self.layers.raw(&self.path.key(key.name), value);
        match plain::check(&key.kind, value, raw) {
            Ok(plain) => Some(plain),
            Err(flaws) => {
                faults.extend(
                    flaws
                        .into_iter()
                        .map(|Flaw { element, detail }| match element {
                            Some(index) => self.error_at(key, index, detail),
                            None => self.error(key, detail),
                        }),
                );
                None
            }
        }
    }
}

/// The table at `path`, or a fault.
pub(super) fn table_of<'a>(
    layers: &Layers<'_>,
    path: &Path,
    value: &'a Value,
    faults: &mut Vec<Fault>,
) -> Option<&'a Dict> {
    match value.as_dict() {
        Some(dict) if !plain::is_date(value) => Some(dict),
        _ => {
            let detail = format!("expects a table, not {}", what_is(value));
            faults.push(Fault::error(layers.place(path, value), path, detail));
            None
        }
    }
}

/// A fault about a key that does not exist, with the one that was probably meant.
pub(super) fn unknown_key<'k>(
    layers: &Layers<'_>,
    table: &Path,
    name: &str,
    value: &Value,
    known: impl IntoIterator<Item = &'k str>,
) -> Fault {
    let path = table.key(name);
    let place = layers.place(&path, value);
    if let Some(key) = keys::KEYS.iter().find(|key| key.name == name) {
        let fault = Fault::error(place, &path, "no such key in this table");
        return fault.cure(format!("`{name}` belongs in {}", key.table));
    }
    let meant = nearest(name, known).map(|key| layers.spelling(table, key, value));
    if let Place::Variable(variable) = &place
        && meant.is_none()
        && !variable.contains("__")
    {
        // Others name variables so too: an orchestrator after a service, a shell after the program.
        let detail = "no such key; the variable configures nothing";
        return Fault::warning(place, &path, detail);
    }
    Fault::error(place, &path, format!("no such key{}", did_you_mean(meant)))
}
