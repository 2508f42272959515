//! A scripted writer from outside: somebody else who changes conversations in between.

use std::collections::BTreeMap;

use serde_json::{Value, json, value::RawValue};

use super::{
    Twin,
    faults::Calls,
    reading::{Faults, Members, Misread, misread},
};
use crate::schema::{Document, Operation};

/// What somebody else will do, step by step; each step once.
#[derive(Debug, Default)]
pub(super) struct Script {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    calls: Calls,
    /// Behind which of these calls, counted from 1.
    nth: u64,
    conversation: String,
    edit: Edit,
    met: u64,
    outcome: Outcome,
}

#[derive(Clone, Debug)]
enum Edit {
    /// The whole content.
    Set(Value),
    /// Ids, or labels with their values.
    Add(Value),
    /// Ids, or names of labels.
    Remove(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Waiting,
    Done,
    /// The vendor's conversations cannot hold it.
    Impossible,
}

/// Most steps of a script.
const MOST_STEPS: usize = 1_000;

const MEMBERS: &[&str] = &["operation", "nth", "conversation", "set", "add", "remove"];

impl Script {
    /// Reads `{"steps": [{"operation": "reads", "nth": 1, "conversation": "c", "add": ["id"]}]}` and puts the steps behind
    /// those that are there.
    ///
    /// # Errors
    /// Everything that is wrong, with its place; then the script stays as it was.
    pub(super) fn extend(&mut self, body: &Value, document: &Document) -> Result<(), Vec<Misread>> {
        let mut faults = Faults::new();
        let mut steps = Vec::new();
        if let Some(members) = Members::of(body, "", &["steps"], &mut faults) {
            if members.get("steps").is_none() {
                members.missing("steps", &mut faults);
            }
            for (pointer, item) in members.items("steps", &mut faults) {
                steps.extend(Step::read(item, &pointer, document, &mut faults));
            }
        }
        if steps.len() + self.steps.len() > MOST_STEPS {
            let most = format!("a script has at most {MOST_STEPS} steps");
            faults.push(misread("/steps", most));
        }
        if faults.is_empty() {
            self.steps.extend(steps);
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Does what comes behind this call, which the twin has answered.
    pub(super) fn after(&mut self, operation: Option<&Operation>, twin: &mut dyn Twin) {
        for step in &mut self.steps {
            if step.outcome == Outcome::Waiting && step.calls.hold(operation) {
                step.met += 1;
                if step.met == step.nth {
                    step.outcome = if step.edit.carry_out(&step.conversation, twin) {
                        Outcome::Done
                    } else {
                        Outcome::Impossible
                    };
                }
            }
        }
    }

    /// Every step, and what came of it.
    pub(super) fn shown(&self) -> Value {
        let step = |step: &Step| {
            let (name, value) = match &step.edit {
                Edit::Set(value) => ("set", value.clone()),
                Edit::Add(value) => ("add", value.clone()),
                Edit::Remove(names) => ("remove", json!(names)),
            };
            json!({
                "operation": step.calls.text(),
                "nth": step.nth,
                "conversation": step.conversation,
                name: value,
                "outcome": match step.outcome {
                    Outcome::Waiting => "waiting",
                    Outcome::Done => "done",
                    Outcome::Impossible => "impossible",
                },
            })
        };
        json!({ "steps": self.steps.iter().map(step).collect::<Vec<_>>() })
    }
}

impl Step {
    fn read(
        value: &Value,
        pointer: &str,
        document: &Document,
        faults: &mut Faults,
    ) -> Option<Self> {
        let members = Members::of(value, pointer, MEMBERS, faults)?;
        let calls = Calls::read(
            members.get("operation"),
            members.at("operation"),
            document,
            faults,
        );
        let nth = members.number("nth", 1..=u64::MAX, faults).unwrap_or(1);
        if members.get("conversation").is_none() {
            members.missing("conversation", faults);
        }
        let conversation = members.text("conversation", faults)?.to_owned();
        let given = ["set", "add", "remove"]
            .into_iter()
            .filter_map(|name| Some((name, members.get(name)?)));
        let given: Vec<(&str, &Value)> = given.collect();
        let [(name, value)] = given[..] else {
            faults.push(misread(pointer, "give one of `set`, `add` and `remove`"));
            return None;
        };
        let edit = match name {
            "set" => Edit::Set(value.clone()),
            "add" => Edit::Add(value.clone()),
            _ => Edit::Remove(texts(value).unwrap_or_else(|| {
                faults.push(misread(members.at(name), "has to be a list of texts"));
                Vec::new()
            })),
        };
        Some(Self {
            calls,
            nth,
            conversation,
            edit,
            met: 0,
            outcome: Outcome::Waiting,
        })
    }
}

impl Edit {
    fn carry_out(&self, conversation: &str, twin: &mut dyn Twin) -> bool {
        let before = twin.content(conversation);
        let after = match self {
            Self::Set(content) => Some(content.to_string()),
            Self::Add(added) => add(before.as_deref(), added),
            Self::Remove(names) => remove(before.as_deref(), names),
        };
        after.is_some_and(|after| twin.set_content(conversation, &after))
    }
}

/// Labels with their values in the very bytes in which they came.
type Labels = BTreeMap<String, Box<RawValue>>;

fn add(before: Option<&str>, added: &Value) -> Option<String> {
    if let Some(added) = texts(added) {
        let mut ids: Vec<String> = serde_json::from_str(before.unwrap_or("[]")).ok()?;
        ids.extend(added);
        return serde_json::to_string(&ids).ok();
    }
    let mut labels: Labels = serde_json::from_str(before.unwrap_or("{}")).ok()?;
    let added: Labels = serde_json::from_str(&added.to_string()).ok()?;
    labels.extend(added);
    serde_json::to_string(&labels).ok()
}

fn remove(before: Option<&str>, names: &[String]) -> Option<String> {
    let before = before?;
    if let Ok(ids) = serde_json::from_str::<Vec<String>>(before) {
        let kept = ids.iter().filter(|id| !names.contains(id));
        return serde_json::to_string(&kept.collect::<Vec<_>>()).ok();
    }
    let mut labels: Labels = serde_json::from_str(before).ok()?;
    labels.retain(|name, _| !names.contains(name));
    serde_json::to_string(&labels).ok()
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect()
}
