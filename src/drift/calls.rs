//! The call itself: is it still there, does its path lead there, are its parameters and its key still taken?

use super::{Described, Direction, Finding, Pair, Severity, document::Operation, schemas};
use adapters::{Adapter, Vendor};
use http::Uri;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// An id that any vendor's path can hold.
const SOME_ID: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

/// An operation that is not described any more.
pub(super) fn gone(vendor: &Vendor, operation: &Operation<'_>) -> Finding {
    let is_used = vendor.operations.iter().any(|(id, _)| *id == operation.id);
    Finding {
        severity: if is_used {
            Severity::Breaking
        } else {
            Severity::Harmless
        },
        operation: operation.id.clone(),
        direction: Direction::Sent,
        pointer: String::new(),
        what: format!(
            "{} {} is not described any more",
            operation.method.to_ascii_uppercase(),
            operation.path
        ),
        values: None,
    }
}

/// Whether the document's servers have another base path than the one that calls are made below.
pub(super) fn moved(vendor: &Vendor, new: &Described) -> Option<Finding> {
    let path = |url: &str| {
        Some(
            url.parse::<Uri>()
                .ok()?
                .path()
                .trim_end_matches('/')
                .to_owned(),
        )
    };
    let ours = path(vendor.base_url)?;
    let servers = new.value().get("servers")?.as_array()?;
    let theirs: Vec<String> = servers
        .iter()
        .filter_map(|server| path(server.get("url")?.as_str()?))
        .collect();
    if theirs.is_empty() || theirs.contains(&ours) {
        return None;
    }
    Some(Finding {
        severity: Severity::Breaking,
        operation: "*".to_owned(),
        direction: Direction::Sent,
        pointer: String::new(),
        what: format!(
            "the servers' base path is `{}` and no longer `{ours}`",
            theirs.join("`, `")
        ),
        values: None,
    })
}

pub(super) fn compare(adapter: &dyn Adapter, pair: &Pair<'_>, findings: &mut Vec<Finding>) {
    let mut say = |severity, pointer: &str, what: String| {
        findings.push(pair.finding(severity, Direction::Sent, pointer, what));
    };
    let (before, after) = (pair.before, pair.after);
    if (before.method, places(before.path)) != (after.method, places(after.path)) {
        let what = format!(
            "it is {} {} and no longer {} {}",
            after.method.to_ascii_uppercase(),
            after.path,
            before.method.to_ascii_uppercase(),
            before.path
        );
        say(Severity::Breaking, "", what);
    }
    let ours = adapter.credential("").0;
    let (wanted, had) = (after.key_headers(), before.key_headers());
    if !wanted.is_empty() && !wanted.iter().any(|name| name == ours) {
        let what = format!("the key is expected in `{}`", wanted.join("`, `"));
        say(Severity::Breaking, &format!("header/{ours}"), what);
    } else if wanted != had && !wanted.is_empty() {
        let what = "the ways to send the key are others, and ours is among them".to_owned();
        say(Severity::Harmless, &format!("header/{ours}"), what);
    }
    let sent = queries(adapter, &before.id);
    let old: Vec<&Value> = before.parameters().collect();
    for parameter in after.parameters() {
        let (place, name) = names(parameter);
        let pointer = format!("{place}/{name}");
        let is_sent = place == "path" || sent.iter().any(|(sent, _)| sent == name);
        let known = old.iter().find(|one| names(one) == (place, name));
        let required = parameter.get("required") == Some(&Value::Bool(true));
        match known {
            None if place == "path" => {}
            None if required && !is_sent => {
                say(
                    Severity::Breaking,
                    &pointer,
                    "has to be sent now".to_owned(),
                );
            }
            None => say(Severity::Widening, &pointer, "can be sent".to_owned()),
            Some(known) => {
                let was = known.get("required") == Some(&Value::Bool(true));
                if required && !was && !is_sent {
                    say(
                        Severity::Breaking,
                        &pointer,
                        "has to be sent now".to_owned(),
                    );
                }
            }
        }
        let schema = parameter.get("schema").map(|value| {
            schemas::inlined(super::document::Schema {
                document: after.document,
                value,
            })
        });
        for (_, value) in sent
            .iter()
            .filter(|(sent, _)| place == "query" && sent == name)
        {
            if let Some(schema) = &schema
                && !takes(schema, value)
            {
                let what = format!("`{value}` is sent and not allowed any more");
                say(Severity::Breaking, &pointer, what);
            }
        }
    }
    let new: Vec<(&str, &str)> = after.parameters().map(names).collect();
    for (place, name) in old.iter().map(|parameter| names(parameter)) {
        if place == "path" || new.contains(&(place, name)) {
            continue;
        }
        let is_sent = place == "query" && sent.iter().any(|(sent, _)| sent == name);
        let severity = if is_sent {
            Severity::Breaking
        } else {
            Severity::Harmless
        };
        let what = "is not described any more".to_owned();
        say(severity, &format!("{place}/{name}"), what);
    }
}

/// The place and the name of a parameter.
fn names(parameter: &Value) -> (&str, &str) {
    let text = |name: &str| {
        parameter
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    (text("in"), text("name"))
}

/// The fixed segments of a path, by position.
fn places(path: &str) -> Vec<Option<&str>> {
    path.split('/')
        .map(|segment| (!segment.starts_with('{')).then_some(segment))
        .collect()
}

/// What the adapter sends in the query of an operation's first call.
fn queries(adapter: &dyn Adapter, operation: &str) -> Vec<(String, String)> {
    let calls = [Some(adapter.list()), adapter.read(SOME_ID).ok()];
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    calls
        .into_iter()
        .flatten()
        .filter(|call| call.operation == operation)
        .flat_map(|call| {
            let pairs = call
                .query
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            pairs
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a schema takes a value of the query: as text, or as what the text says.
fn takes(schema: &Value, text: &str) -> bool {
    let Ok(check) = jsonschema::validator_for(schema) else {
        return true;
    };
    let read = serde_json::from_str::<Value>(text).ok();
    check.is_valid(&Value::from(text)) || read.is_some_and(|value| check.is_valid(&value))
}
