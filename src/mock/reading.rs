//! Reading the bodies of the control paths, with the place of everything that is wrong.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer;

/// One thing that is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misread {
    /// Where, as a JSON pointer; empty is the whole.
    pub pointer: String,
    /// What.
    pub detail: String,
}

/// A JSON object whose members are taken one by one; what is wrong is gathered, not thrown.
pub(super) struct Members<'a> {
    pointer: String,
    map: &'a Map<String, Value>,
}

/// What is wrong so far.
pub(super) type Faults = Vec<Misread>;

/// The body as JSON, or what is wrong with it.
pub(super) fn json_of(body: &[u8]) -> Result<Value, Faults> {
    serde_json::from_slice(body).map_err(|error| vec![misread("", format!("not JSON: {error}"))])
}

/// The answer that tells what is wrong.
pub(super) fn refused(faults: &[Misread]) -> Response<Bytes> {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let body = json!({ "error": told.join("; "), "errors": faults });
    answer::json(StatusCode::BAD_REQUEST, &body)
}

pub(super) fn misread(pointer: impl Into<String>, detail: impl Into<String>) -> Misread {
    Misread {
        pointer: pointer.into(),
        detail: detail.into(),
    }
}

/// The name that was meant, as the end of a sentence; empty where none is near.
pub(super) fn meant<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let near = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4);
    near.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

impl std::fmt::Display for Misread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.detail),
            pointer => write!(f, "{pointer}: {}", self.detail),
        }
    }
}

impl<'a> Members<'a> {
    /// The members of an object, which has no others than these.
    pub(super) fn of(
        value: &'a Value,
        pointer: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let Value::Object(map) = value else {
            faults.push(misread(pointer, "has to be an object"));
            return None;
        };
        for name in map.keys().filter(|name| !known.contains(&name.as_str())) {
            let near = meant(name, known.iter().copied());
            let step = name.replace('~', "~0").replace('/', "~1");
            faults.push(misread(
                format!("{pointer}/{step}"),
                format!("there is no such member{near}"),
            ));
        }
        Some(Self {
            pointer: pointer.to_owned(),
            map,
        })
    }

    pub(super) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    /// A whole number in a range.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
        faults: &mut Faults,
    ) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            faults.push(misread(
                self.at(name),
                format!(
                    "has to be a whole number from {} to {}",
                    range.start(),
                    range.end()
                ),
            ));
        }
        number
    }

    pub(super) fn text(&self, name: &str, faults: &mut Faults) -> Option<&'a str> {
        let value = self.get(name)?;
        if !value.is_string() {
            faults.push(misread(self.at(name), "has to be a text"));
        }
        value.as_str()
    }

    pub(super) fn flag(&self, name: &str, faults: &mut Faults) -> Option<bool> {
        let value = self.get(name)?;
        if !value.is_boolean() {
            faults.push(misread(self.at(name), "has to be true or false"));
        }
        value.as_bool()
    }

    /// The items of a list with their pointers; nothing where there is no such member.
    pub(super) fn items(&self, name: &str, faults: &mut Faults) -> Vec<(String, &'a Value)> {
        let pointer = self.at(name);
        match self.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(place, item)| (format!("{pointer}/{place}"), item))
                .collect(),
            Some(_) => {
                faults.push(misread(pointer, "has to be a list"));
                Vec::new()
            }
        }
    }

    /// Says that a member is missing.
    pub(super) fn missing(&self, name: &str, faults: &mut Faults) {
        faults.push(misread(
            self.pointer.clone(),
            format!("the member `{name}` is missing"),
        ));
    }
}
