//! Probes as they are written down.

use super::session::Exchange;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// An id that nothing has.
pub(super) const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

/// All probes of a vendor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub(super) probes: Vec<Probe>,
}

/// One assumption and the calls that put it to the test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Probe {
    /// Lower case and hyphens; the scratch tags of the probe have it in their names.
    pub(super) name: String,
    pub(super) assumes: String,
    pub(super) source: String,
    pub(super) expected: String,
    pub(super) change: String,
    #[serde(default)]
    pub(super) reads_only: bool,
    pub(super) steps: Vec<Step>,
}

/// One call. In its texts `${name}` stands for what is known: `prefix`, `conversation`, `nowhere` and what earlier
/// steps saved.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The operation's id in the vendor's document.
    pub(super) call: String,
    #[serde(default)]
    pub(super) path: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) query: Vec<(String, String)>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Value>,
    /// Whether the key is left out.
    #[serde(default)]
    pub(super) without_key: bool,
    /// What later steps need: a name, and where it stands in the answer.
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
    /// What is asked. Without it the call only leads to the question, and has to succeed.
    pub(super) expect: Option<Expect>,
}

/// What is expected of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// Any of these, such as `404` or `4xx`; none: any success.
    #[serde(default)]
    pub(super) status: Vec<String>,
    /// A JSON Schema of the body.
    pub(super) body: Option<Value>,
    /// JSON Schemas of headers, as texts.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Value>,
}

impl Script {
    /// Reads probes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

impl Step {
    /// The step with what is known in place of the names.
    pub(super) fn filled(&self, known: &BTreeMap<String, String>) -> Self {
        let text = |text: &String| filled(text, known);
        let value = |value: &Option<Value>| value.as_ref().map(|value| filled_value(value, known));
        let pair = |(name, value): (&String, &String)| (name.clone(), text(value));
        Self {
            call: self.call.clone(),
            path: self.path.iter().map(pair).collect(),
            query: self
                .query
                .iter()
                .map(|(name, value)| pair((name, value)))
                .collect(),
            headers: self.headers.iter().map(pair).collect(),
            body: value(&self.body),
            without_key: self.without_key,
            save: self.save.clone(),
            expect: self.expect.as_ref().map(|expect| Expect {
                status: expect.status.clone(),
                body: value(&expect.body),
                headers: expect.headers.clone(),
            }),
        }
    }
}

impl Expect {
    /// What of the answer is not as expected, if anything.
    pub(super) fn flaw(&self, exchange: &Exchange) -> Option<String> {
        let status = exchange.status.as_u16();
        let is_listed = match self.status.as_slice() {
            [] => exchange.status.is_success(),
            listed => listed.iter().any(|one| match one.strip_suffix("xx") {
                Some(class) => class == (status / 100).to_string(),
                None => *one == status.to_string(),
            }),
        };
        if !is_listed {
            return Some(format!("the status is {status}"));
        }
        if let Some(schema) = &self.body {
            let body = exchange.json.as_ref().unwrap_or(&Value::Null);
            if let Some(flaw) = broken(schema, body) {
                return Some(format!("the body {flaw}"));
            }
        }
        self.headers.iter().find_map(|(name, schema)| {
            let header = exchange
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            let value = header.map_or(Value::Null, Value::from);
            broken(schema, &value).map(|flaw| format!("the header {name} {flaw}"))
        })
    }
}

fn broken(schema: &Value, value: &Value) -> Option<String> {
    let check = match jsonschema::validator_for(schema) {
        Ok(check) => check,
        Err(error) => return Some(format!("cannot be judged: {error}")),
    };
    let error = check.iter_errors(value).next()?;
    Some(format!(
        "at `{}`: {}",
        error.instance_path(),
        error.masked()
    ))
}

fn filled_value(value: &Value, known: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(filled(text, known)),
        Value::Array(items) => items.iter().map(|item| filled_value(item, known)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (filled(name, known), filled_value(value, known)))
            .collect(),
        other => other.clone(),
    }
}

fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    known.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
    })
}
