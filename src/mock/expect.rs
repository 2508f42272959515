//! What a test expects that a twin receives, and what came instead.

use http::Method;
use serde_json::{Value, json};

use super::{
    Recorded, RecordedBody,
    faults::Calls,
    reading::{Faults, Members, Misread, misread},
};
use crate::schema::{Document, Found, Operation};

/// Calls that are expected.
#[derive(Debug, Default)]
pub(super) struct Expectations(Vec<Expectation>);

#[derive(Debug)]
struct Expectation {
    calls: Calls,
    /// The path without its query; none is any.
    path: Option<String>,
    /// What the body has to hold; none is any.
    body: Option<Value>,
    /// How often; none is once or more.
    times: Option<u64>,
}

/// Most expectations at once.
const MOST: usize = 1_000;
/// Most calls that are told in words where nothing expected them.
const MOST_UNEXPECTED: usize = 100;

impl Expectations {
    /// Reads `{"expectations": [{"operation": "writes", "path": "/v1/x", "body": {…}, "times": 1}]}` and puts them behind
    /// those that are there.
    ///
    /// # Errors
    /// Everything that is wrong, with its place; then all stays as it was.
    pub(super) fn extend(&mut self, body: &Value, document: &Document) -> Result<(), Vec<Misread>> {
        let mut faults = Faults::new();
        let mut read = Vec::new();
        if let Some(members) = Members::of(body, "", &["expectations"], &mut faults) {
            if members.get("expectations").is_none() {
                members.missing("expectations", &mut faults);
            }
            for (pointer, item) in members.items("expectations", &mut faults) {
                read.extend(Expectation::read(item, &pointer, document, &mut faults));
            }
        }
        if read.len() + self.0.len() > MOST {
            let most = format!("there are at most {MOST} expectations");
            faults.push(misread("/expectations", most));
        }
        if faults.is_empty() {
            self.0.extend(read);
            Ok(())
        } else {
            Err(faults)
        }
    }

    pub(super) fn shown(&self) -> Value {
        let all: Vec<Value> = self.0.iter().map(Expectation::shown).collect();
        json!({ "expectations": all })
    }

    /// Holds the calls against what is expected. A call counts for every expectation that it meets; one that meets none
    /// is told with the expectation that it comes nearest to.
    pub(super) fn verify<'a>(
        &self,
        calls: impl Iterator<Item = &'a Recorded>,
        document: &Document,
    ) -> Value {
        let mut seen = vec![0_u64; self.0.len()];
        let mut unexpected = Vec::new();
        let mut unexpected_calls = 0_u64;
        for call in calls {
            let operation = operation(document, call);
            let differences: Vec<Vec<String>> = self
                .0
                .iter()
                .map(|expectation| expectation.differences(call, operation))
                .collect();
            let mut met = false;
            for (seen, differences) in seen.iter_mut().zip(&differences) {
                if differences.is_empty() {
                    *seen += 1;
                    met = true;
                }
            }
            if met {
                continue;
            }
            unexpected_calls += 1;
            if unexpected.len() < MOST_UNEXPECTED {
                let nearest = differences
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, one)| one.len());
                unexpected.push(json!({
                    "call": call,
                    "nearest": nearest.map(|(place, _)| place),
                    "differences": nearest.map(|(_, differences)| differences),
                }));
            }
        }
        let held = self.0.iter().zip(&seen).map(|(expectation, seen)| {
            let satisfied = match expectation.times {
                Some(times) => *seen == times,
                None => *seen > 0,
            };
            let mut shown = expectation.shown();
            shown["seen"] = json!(seen);
            shown["satisfied"] = json!(satisfied);
            (satisfied, shown)
        });
        let (satisfied, held): (Vec<bool>, Vec<Value>) = held.unzip();
        json!({
            "satisfied": satisfied.iter().all(|one| *one),
            "expectations": held,
            "unexpected_calls": unexpected_calls,
            "unexpected": unexpected,
        })
    }
}

impl Expectation {
    fn read(
        value: &Value,
        pointer: &str,
        document: &Document,
        faults: &mut Faults,
    ) -> Option<Self> {
        let known = ["operation", "path", "body", "times"];
        let members = Members::of(value, pointer, &known, faults)?;
        Some(Self {
            calls: Calls::read(
                members.get("operation"),
                members.at("operation"),
                document,
                faults,
            ),
            path: members.text("path", faults).map(str::to_owned),
            body: members.get("body").cloned(),
            times: members.number("times", 0..=u64::MAX, faults),
        })
    }

    fn shown(&self) -> Value {
        json!({ "operation": self.calls.text(), "path": self.path, "body": self.body, "times": self.times })
    }

    /// In what a call is another one; nothing where it is the one.
    fn differences(&self, call: &Recorded, operation: Option<&Operation>) -> Vec<String> {
        let mut told = Vec::new();
        if !self.calls.hold(operation) {
            let met = operation.map_or("no operation of the document", Operation::id);
            told.push(format!("the operation is {met}, not {}", self.calls.text()));
        }
        let path = call.path.split('?').next().unwrap_or_default();
        if let Some(wanted) = self.path.as_deref().filter(|wanted| *wanted != path) {
            told.push(format!("the path is {path}, not {wanted}"));
        }
        if let Some(wanted) = &self.body {
            let given = match &call.body {
                Some(RecordedBody::Json(raw)) => serde_json::from_str(raw.get()).ok(),
                Some(RecordedBody::Text(text)) => Some(json!(text)),
                None => None,
            };
            match given {
                Some(given) => compare(wanted, &given, "", &mut told),
                None => told.push("there is no body that can be compared".to_owned()),
            }
        }
        told
    }
}

/// Objects may hold more than is wanted; all else has to be the same.
fn compare(wanted: &Value, given: &Value, pointer: &str, told: &mut Vec<String>) {
    match (wanted, given) {
        (Value::Object(wanted), Value::Object(given)) => {
            for (name, wanted) in wanted {
                let pointer = format!("{pointer}/{name}");
                match given.get(name) {
                    Some(given) => compare(wanted, given, &pointer, told),
                    None => told.push(format!("{pointer} of the body is missing")),
                }
            }
        }
        (wanted, given) if wanted != given => {
            told.push(format!("{pointer} of the body is {given}, not {wanted}"));
        }
        _ => {}
    }
}

fn operation<'d>(document: &'d Document, call: &'d Recorded) -> Option<&'d Operation> {
    let path = call.path.split('?').next()?;
    let below = path.strip_prefix(document.base_path().trim_end_matches('/'))?;
    let method = Method::from_bytes(call.method.as_bytes()).ok()?;
    match document.find(&method, below) {
        Found::Operation(operation, _) => Some(operation),
        Found::OtherMethod(_) | Found::Nothing => None,
    }
}
