//! Answers: does all that we rely on still hold?

use super::{
    Direction, Finding, Pair, Severity,
    relied::{Change, Samples},
    schemas::{self, Difference, Place},
};
use serde_json::{Value, json};

pub(super) fn compare(pair: &Pair<'_>, samples: &Samples, findings: &mut Vec<Finding>) {
    let operation = &pair.before.id;
    let mut say = |severity, pointer: &str, what: String, values: Option<Value>| {
        let finding = pair.finding(severity, Direction::Received, pointer, what);
        findings.push(Finding { values, ..finding });
    };
    for (status, new) in pair.after.answers() {
        let known = pair.before.answers().find(|(known, _)| *known == status);
        match (known, new) {
            (None, _) if status == "202" => {
                let what = "202 is a success now: the effect may come later";
                say(Severity::Breaking, "", what.to_owned(), None);
            }
            (None, None) if breaks(samples, operation, "", &Change::Remove) => {
                let what = format!("{status} comes without the body that is read");
                say(Severity::Breaking, "", what, None);
            }
            (None, _) => {
                let what = format!("{status} is a success too, as every 2xx is");
                say(Severity::Widening, "", what, None);
            }
            (Some((_, Some(_))), None) => {
                let relied = breaks(samples, operation, "", &Change::Remove);
                let severity = worst_if(relied);
                say(
                    severity,
                    "",
                    format!("{status} has no JSON body any more"),
                    None,
                );
            }
            (Some((_, None)), Some(_)) => {
                let what = format!("{status} has a JSON body now");
                say(Severity::Harmless, "", what, None);
            }
            (Some((_, None)), None) => {}
            (Some((_, Some(old))), Some(new)) => {
                for place in schemas::differences(old, new) {
                    let (severity, what, values) = judged(samples, operation, &place);
                    say(severity, &place.pointer, what, values);
                }
            }
        }
    }
    for (status, _) in pair.before.answers() {
        if !pair.after.answers().any(|(now, _)| now == status) {
            let what = format!("{status} is not described any more");
            say(Severity::Harmless, "", what, None);
        }
    }
}

fn judged(samples: &Samples, operation: &str, place: &Place) -> (Severity, String, Option<Value>) {
    let missing = || breaks(samples, operation, &place.pointer, &Change::Remove);
    let told = |severity, what: &str| (severity, what.to_owned(), None);
    match &place.difference {
        Difference::Removed | Difference::NowOptional => {
            let what = match place.difference {
                Difference::Removed => "is not described any more",
                _ => "may be missing now",
            };
            match missing() {
                true => told(Severity::Breaking, &format!("{what}, and is relied on")),
                false => told(
                    Severity::Harmless,
                    &format!("{what}, and nothing relies on it"),
                ),
            }
        }
        Difference::Added { .. } => told(
            Severity::Harmless,
            "is new; unknown members are passed over",
        ),
        Difference::NowRequired => told(Severity::Harmless, "is always there now"),
        Difference::Undecided(why) => told(
            if missing() {
                Severity::Undecided
            } else {
                Severity::Harmless
            },
            &format!("is described in another way: {why}"),
        ),
        Difference::Values {
            gained: None, lost, ..
        } => (
            Severity::Harmless,
            "fewer values can come".to_owned(),
            lost.clone(),
        ),
        Difference::Values {
            gained: Some(gained),
            ..
        } => {
            let relied = samples_of(gained)
                .into_iter()
                .any(|value| breaks(samples, operation, &place.pointer, &Change::Set(value)));
            let (severity, what) = match relied {
                true => (
                    Severity::Breaking,
                    "values can come that are not understood",
                ),
                false => (
                    Severity::Widening,
                    "values can come that did not before, and are read",
                ),
            };
            (severity, what.to_owned(), Some(gained.clone()))
        }
    }
}

fn breaks(samples: &Samples, operation: &str, pointer: &str, change: &Change) -> bool {
    samples.breaks(operation, pointer, change)
}

fn worst_if(relied: bool) -> Severity {
    if relied {
        Severity::Breaking
    } else {
        Severity::Harmless
    }
}

/// Some values of a schema that the algebra made: one for each of its forms.
fn samples_of(schema: &Value) -> Vec<Value> {
    for choice in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(choice).and_then(Value::as_array) {
            return branches.iter().flat_map(samples_of).collect();
        }
    }
    if let Some(only) = schema.get("const") {
        return vec![only.clone()];
    }
    if let Some(listed) = schema.get("enum").and_then(Value::as_array) {
        return listed.clone();
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["null", "boolean", "number", "string", "array", "object"],
    };
    let length = schema
        .get("minLength")
        .and_then(Value::as_u64)
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(1);
    let values = kinds.into_iter().map(|kind| match kind {
        "boolean" => json!(true),
        "integer" => schema.get("minimum").cloned().unwrap_or(json!(7)),
        "number" => schema.get("minimum").cloned().unwrap_or(json!(7.5)),
        "string" => json!("x".repeat(length.min(1 << 16))),
        "array" => json!([]),
        "object" => json!({}),
        _ => Value::Null,
    });
    values.collect()
}
