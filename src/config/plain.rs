//! One value against the kind that its key asks for.

use std::fmt;
use std::net::SocketAddr;

use figment::value::Value;

use super::fault::{did_you_mean, listed, nearest, quoted};
use super::keys::{Kind, Unit};
use super::rate::{self, RateWindow};

/// A sound value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plain {
    Switch(bool),
    Number(u64, Unit),
    Text(String),
    Texts(Vec<String>),
    Address(SocketAddr),
    /// Sorted by length, none for `off`; nothing where the vendor's own hold.
    Windows(Option<Vec<RateWindow>>),
}

/// What is wrong with a value, or with one element of it.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) element: Option<usize>,
    pub(super) detail: String,
}

/// Checks `value`; `raw` is its text if it is the whole of an environment variable, whose type was only guessed.
///
/// # Errors
/// Everything that is wrong with it, for a list element by element. Free text is never repeated: it may be a secret.
pub(super) fn check(kind: &Kind, value: &Value, raw: Option<&str>) -> Result<Plain, Vec<Flaw>> {
    let whole = |detail| {
        vec![Flaw {
            element: None,
            detail,
        }]
    };
    match *kind {
        Kind::Switch { .. } => switch(value).map(Plain::Switch).map_err(whole),
        Kind::Number {
            least, most, unit, ..
        } => number(value, least, most, unit).map_err(whole),
        Kind::Choice { of, .. } => choice(value, raw, of).map(Plain::Text).map_err(whole),
        Kind::Address { .. } => address(value).map(Plain::Address).map_err(whole),
        Kind::Text { .. } => text(value, raw).map(Plain::Text).map_err(whole),
        Kind::Texts { .. } => texts(value),
        Kind::Windows => windows(value),
    }
}

/// What holds where nothing is written, for kinds that have such a thing.
pub(super) fn default_of(kind: &Kind) -> Option<Plain> {
    match *kind {
        Kind::Switch { default } => Some(Plain::Switch(default)),
        Kind::Number { default, unit, .. } => Some(Plain::Number(default, unit)),
        Kind::Choice { default, .. } => Some(Plain::Text(default.to_owned())),
        Kind::Address { default } => default.parse().ok().map(Plain::Address),
        Kind::Text { .. } | Kind::Texts { .. } => None,
        Kind::Windows => Some(Plain::Windows(None)),
    }
}

/// `true` or `false`.
pub(super) fn switch(value: &Value) -> Result<bool, String> {
    value
        .to_bool()
        .ok_or_else(|| format!("expects true or false, not {}", what_is(value)))
}

/// Any text.
pub(super) fn text(value: &Value, raw: Option<&str>) -> Result<String, String> {
    match (value, raw) {
        (Value::String(_, text), _) => Ok(text.clone()),
        (_, Some(raw)) => Ok(raw.to_owned()),
        _ => Err(format!("expects text, not {}", what_is(value))),
    }
}

/// One of a few words.
pub(super) fn choice(
    value: &Value,
    raw: Option<&str>,
    of: &[&'static str],
) -> Result<String, String> {
    let word = text(value, raw)?;
    if of.contains(&word.as_str()) {
        return Ok(word);
    }
    let meant = did_you_mean(nearest(&word, of.iter().copied()));
    Err(format!(
        "expects {}, not {}{meant}",
        listed(of, "or"),
        quoted(&word)
    ))
}

/// What a value is, for a message that must not show it.
pub(super) fn what_is(value: &Value) -> &'static str {
    match value {
        Value::String(..) => "text",
        Value::Char(..) => "a character",
        Value::Bool(..) => "true or false",
        Value::Num(_, number) if number.to_i128().is_some() || number.to_u128().is_some() => {
            "a whole number"
        }
        Value::Num(..) => "a number with a fraction",
        Value::Empty(..) => "nothing",
        Value::Dict(..) if is_date(value) => "a date",
        Value::Dict(..) => "a table",
        Value::Array(..) => "a list",
    }
}

/// Whether the value is a TOML date, which arrives as a table with one key of the parser's own.
pub(super) fn is_date(value: &Value) -> bool {
    value
        .as_dict()
        .is_some_and(|dict| dict.contains_key("$__toml_private_datetime"))
}

fn number(value: &Value, least: u64, most: u64, unit: Unit) -> Result<Plain, String> {
    let found = value.to_i128().or_else(|| {
        value
            .to_u128()
            .and_then(|number| i128::try_from(number).ok())
    });
    let Some(found) = found else {
        return Err(format!("expects a whole number, not {}", what_is(value)));
    };
    match u64::try_from(found) {
        Ok(number) if (least..=most).contains(&number) => Ok(Plain::Number(number, unit)),
        _ => Err(format!(
            "{found} is not in the range {least} to {}",
            unit.show(most)
        )),
    }
}

fn address(value: &Value) -> Result<SocketAddr, String> {
    let form = "expects an IP address with a port, such as \"127.0.0.1:8080\"";
    let text = value
        .as_str()
        .ok_or_else(|| format!("{form}, not {}", what_is(value)))?;
    text.parse()
        .map_err(|_| format!("{form}, not {}", quoted(text)))
}

fn texts(value: &Value) -> Result<Plain, Vec<Flaw>> {
    let list = list(value, "expects a list of text")?;
    if list.is_empty() {
        let detail = "the list is empty".to_owned();
        return Err(vec![Flaw {
            element: None,
            detail,
        }]);
    }
    let read = |element: &Value| text(element, None);
    each(list, read).map(Plain::Texts)
}

fn windows(value: &Value) -> Result<Plain, Vec<Flaw>> {
    if value.as_str() == Some("off") {
        return Ok(Plain::Windows(Some(Vec::new())));
    }
    let list = list(
        value,
        "expects a list such as [\"60/min\", \"1000/h\"], or \"off\"",
    )?;
    if list.is_empty() {
        return Ok(Plain::Windows(None));
    }
    let mut lengths = Vec::new();
    let mut windows = each(list, |element| {
        let window = element.as_str().and_then(RateWindow::read).ok_or_else(|| {
            let found = element
                .as_str()
                .map_or_else(|| what_is(element).to_owned(), quoted);
            format!("expects calls per `s`, `min` or `h`, such as \"60/min\", not {found}")
        })?;
        if lengths.contains(&window.length) {
            return Err("a second window of the same length".to_owned());
        }
        lengths.push(window.length);
        Ok(window)
    })?;
    windows.sort_by_key(|window| window.length);
    Ok(Plain::Windows(Some(windows)))
}

fn list<'v>(value: &'v Value, form: &str) -> Result<&'v [Value], Vec<Flaw>> {
    value.as_array().ok_or_else(|| {
        let detail = format!("{form}, not {}", what_is(value));
        vec![Flaw {
            element: None,
            detail,
        }]
    })
}

fn each<T>(
    list: &[Value],
    mut read: impl FnMut(&Value) -> Result<T, String>,
) -> Result<Vec<T>, Vec<Flaw>> {
    let mut sound = Vec::new();
    let mut flaws = Vec::new();
    for (index, element) in list.iter().enumerate() {
        match read(element) {
            Ok(value) => sound.push(value),
            Err(detail) => flaws.push(Flaw {
                element: Some(index),
                detail,
            }),
        }
    }
    if flaws.is_empty() {
        Ok(sound)
    } else {
        Err(flaws)
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(switch) => write!(f, "{switch}"),
            Self::Number(number, unit) => f.write_str(&unit.show(*number)),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Texts(texts) => write!(f, "{} entries", texts.len()),
            Self::Address(address) => write!(f, "{address}"),
            Self::Windows(Some(windows)) => f.write_str(&rate::show(windows)),
            Self::Windows(None) => f.write_str("what the vendor publishes"),
        }
    }
}
