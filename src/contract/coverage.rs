//! What the calls of a run reached of the vendor's document.

use super::session::Exchange;
use crate::{
    drift::{Described, whole_schema},
    schema::{Document, Operation},
};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Keywords that hold schemas, and judge by them.
const HOLDERS: [&str; 7] = [
    "properties",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "additionalProperties",
];

/// What was reached, and how much there is.
#[derive(Debug, Default, Serialize)]
pub struct Coverage {
    /// For each operation of the document, the statuses that it answered; empty where it was not called.
    pub operations: BTreeMap<String, BTreeSet<u16>>,
    /// For each keyword, at how many of its places a value was judged by it.
    pub keywords: BTreeMap<String, Reached>,
    /// Where answers broke the document: operation, status, and what is wrong.
    pub violations: BTreeSet<String>,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// Places where a value was judged.
    pub reached: usize,
    /// Places in all.
    pub of: usize,
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct Seen {
    statuses: BTreeMap<String, BTreeSet<u16>>,
    places: BTreeSet<(String, String)>,
    violations: BTreeSet<String>,
    described: Option<Described>,
}

impl Seen {
    /// Takes a call and its answer in.
    pub(super) fn take(
        &mut self,
        document: &Document,
        operation: &Operation,
        body: Option<&Value>,
        exchange: &Exchange,
    ) {
        let status = exchange.status.as_u16();
        let statuses = self.statuses.entry(operation.id().to_owned());
        statuses.or_default().insert(status);
        let check = operation.response(status);
        if let (Some(check), Some(json)) = (check, &exchange.json) {
            let violations = check.violations(json).into_iter();
            let told = violations.map(|violation| {
                format!(
                    "{} {status} `{}` {}",
                    operation.id(),
                    violation.pointer,
                    violation.detail
                )
            });
            self.violations.extend(told);
        }
        let Some(described) = self.described(document) else {
            return;
        };
        let sent = schema_of(&described, operation.id(), None).zip(body.cloned());
        let status = status.to_string();
        let received =
            schema_of(&described, operation.id(), Some(&status)).zip(exchange.json.clone());
        for (place, found) in [("sent", sent), (status.as_str(), received)] {
            if let Some((schema, value)) = found {
                let root = format!("{} {place}", operation.id());
                walk(&schema, Some(&value), &root, &mut self.places);
            }
        }
        self.described = Some(described);
    }

    /// What that comes to.
    pub(super) fn coverage(&mut self, document: &Document) -> Coverage {
        let mut coverage = Coverage {
            violations: self.violations.clone(),
            ..Coverage::default()
        };
        let mut all = BTreeSet::new();
        let described = self.described(document);
        for operation in document.operations() {
            let id = operation.id();
            let statuses = self.statuses.get(id).cloned().unwrap_or_default();
            coverage.operations.insert(id.to_owned(), statuses);
            let Some(described) = &described else {
                continue;
            };
            let successes = described.success_statuses(id);
            let places = [None]
                .into_iter()
                .chain(successes.iter().map(|status| Some(status.as_str())));
            for place in places {
                if let Some(schema) = schema_of(described, id, place) {
                    let root = format!("{id} {}", place.unwrap_or("sent"));
                    walk(&schema, None, &root, &mut all);
                }
            }
        }
        for (place, keyword) in &all {
            let reached = coverage.keywords.entry(keyword.clone()).or_default();
            reached.of += 1;
            if self.places.contains(&(place.clone(), keyword.clone())) {
                reached.reached += 1;
            }
        }
        self.described = described;
        coverage
    }

    fn described(&mut self, document: &Document) -> Option<Described> {
        let text = || Described::read(&document.value().to_string()).ok();
        self.described.take().or_else(text)
    }
}

fn schema_of(described: &Described, operation: &str, status: Option<&str>) -> Option<Value> {
    whole_schema(described, operation, status)
}

/// Notes the keywords that judge a value; without a value, all that there are.
fn walk(
    schema: &Value,
    value: Option<&Value>,
    place: &str,
    places: &mut BTreeSet<(String, String)>,
) {
    let Some(keywords) = schema.as_object() else {
        return;
    };
    for (keyword, argument) in keywords {
        if !HOLDERS.contains(&keyword.as_str()) {
            places.insert((place.to_owned(), keyword.clone()));
        }
        match (keyword.as_str(), argument) {
            ("properties", Value::Object(members)) => {
                for (name, member) in members {
                    let here = value.map(|value| value.get(name));
                    if here != Some(None) {
                        walk(member, here.flatten(), &format!("{place}/{name}"), places);
                    }
                }
            }
            ("items", items) => match value {
                None => walk(items, None, &format!("{place}/*"), places),
                Some(value) => {
                    for item in value.as_array().into_iter().flatten() {
                        walk(items, Some(item), &format!("{place}/*"), places);
                    }
                }
            },
            ("anyOf" | "oneOf" | "allOf", Value::Array(branches)) => {
                for (at, branch) in branches.iter().enumerate() {
                    walk(branch, value, &format!("{place}/{keyword}{at}"), places);
                }
            }
            _ => {}
        }
    }
}
