//! Two schemas, compared place by place.

use super::document::Schema;
use crate::schema::{lost, refused_sample};
use serde_json::{Map, Value};

/// How deep schemas are followed; deeper nesting counts as anything.
const DEEPEST: usize = 24;

/// Keywords that judge nothing.
const ANNOTATIONS: [&str; 10] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "discriminator",
    "format",
];

/// A place at which two schemas differ.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Pointer into the described value, with `*` for each element of a list.
    pub(super) pointer: String,
    pub(super) difference: Difference,
}

/// How they differ there.
#[derive(Clone, Debug)]
pub(super) enum Difference {
    /// The member is described by the old one only.
    Removed,
    /// The member is described by the new one only.
    Added {
        /// And it has to be there.
        required: bool,
    },
    /// The member has to be there now.
    NowRequired,
    /// The member may be missing now.
    NowOptional,
    /// Other values are allowed.
    Values {
        /// What the new schema allows, in one piece.
        now: Value,
        /// Allowed before and not now, as a schema.
        lost: Option<Value>,
        /// Allowed now and not before, as a schema.
        gained: Option<Value>,
    },
    /// Whether other values are allowed cannot be decided.
    Undecided(String),
}

/// Every place at which two schemas differ, in the order of the old one.
pub(super) fn differences(old: Schema<'_>, new: Schema<'_>) -> Vec<Place> {
    let mut places = Vec::new();
    walk(&inlined(old), &inlined(new), "", &mut places);
    places
}

/// The schema in one piece: references replaced by what they lead to, annotations left out.
pub(super) fn inlined(schema: Schema<'_>) -> Value {
    inline(schema, schema.value, 0)
}

/// The part of a schema that describes what a pointer leads to.
pub(super) fn at<'a>(schema: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(schema, |here, name| match name {
            "*" => here.get("items"),
            _ => here.get("properties")?.get(unescaped(name)),
        })
}

/// Whether a schema asks for the member that a pointer leads to.
pub(super) fn requires(schema: &Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return false;
    };
    let required = at(schema, parent).and_then(|parent| parent.get("required")?.as_array());
    required.is_some_and(|names| names.iter().any(|one| one == &unescaped(name)))
}

/// What `sent` allows and `allowed` does not: a schema of it, or a sample with the reason.
///
/// # Errors
/// Why it cannot be decided.
pub(super) fn beyond(sent: &Value, allowed: &Value) -> Result<Option<Value>, String> {
    match lost(sent, allowed) {
        Ok(lost) => Ok(lost),
        Err(why) => match refused_sample(sent, allowed) {
            Some(sample) => Ok(Some(Value::String(sample))),
            None => Err(why),
        },
    }
}

fn walk(old: &Value, new: &Value, pointer: &str, places: &mut Vec<Place>) {
    if old == new {
        return;
    }
    let mut say = |pointer: String, difference| {
        places.push(Place {
            pointer,
            difference,
        });
    };
    let (mut old_own, mut new_own) = (old.clone(), new.clone());
    let mut children = Vec::new();
    if let (Some(old_members), Some(new_members)) = (members(old), members(new)) {
        let below = |name: &str| format!("{pointer}/{}", escaped(name));
        let is_required =
            |schema: &Value, name: &str| requires(schema, &format!("/{}", escaped(name)));
        for (name, before) in old_members {
            match new_members.get(name) {
                None if is_required(new, name) => {
                    let why = "it is asked for, and its form is not said any more";
                    say(below(name), Difference::Undecided(why.to_owned()));
                }
                None => say(below(name), Difference::Removed),
                Some(after) => {
                    match (is_required(old, name), is_required(new, name)) {
                        (true, false) => say(below(name), Difference::NowOptional),
                        (false, true) => say(below(name), Difference::NowRequired),
                        _ => {}
                    }
                    children.push((before, after, below(name)));
                }
            }
        }
        for name in new_members.keys() {
            if !old_members.contains_key(name) {
                let required = is_required(new, name);
                say(below(name), Difference::Added { required });
            }
        }
        without(&mut old_own, &["properties", "required"]);
        without(&mut new_own, &["properties", "required"]);
    } else if let (Some(before), Some(after)) = (old.get("items"), new.get("items")) {
        children.push((before, after, format!("{pointer}/*")));
        without(&mut old_own, &["items"]);
        without(&mut new_own, &["items"]);
    }
    if old_own != new_own {
        let both = (beyond(&old_own, &new_own), beyond(&new_own, &old_own));
        match both {
            (Ok(None), Ok(None)) => {}
            (Ok(lost), Ok(gained)) => say(
                pointer.to_owned(),
                Difference::Values {
                    now: new_own,
                    lost,
                    gained,
                },
            ),
            (Err(why), _) | (_, Err(why)) => say(pointer.to_owned(), Difference::Undecided(why)),
        }
    }
    for (before, after, pointer) in children {
        walk(before, after, &pointer, places);
    }
}

/// The members of a schema that is about objects and nothing else.
fn members(schema: &Value) -> Option<&Map<String, Value>> {
    let chooses = ["anyOf", "oneOf", "allOf", "not"]
        .iter()
        .any(|keyword| schema.get(keyword).is_some());
    if chooses {
        return None;
    }
    schema.get("properties")?.as_object()
}

fn inline(schema: Schema<'_>, value: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Bool(true);
    }
    let value = schema.document.resolved(value);
    let Some(keywords) = value.as_object() else {
        return value.clone();
    };
    if keywords.contains_key("$ref") {
        // It leads nowhere, so nothing is said.
        return Value::Bool(true);
    }
    let deeper = |value: &Value| inline(schema, value, depth + 1);
    let kept = keywords
        .iter()
        .filter(|(name, _)| !ANNOTATIONS.contains(&name.as_str()) && !name.starts_with("x-"));
    let written = kept.map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(members)) => members
                .iter()
                .map(|(name, member)| (name.clone(), deeper(member)))
                .collect(),
            ("anyOf" | "oneOf" | "allOf", Value::Array(branches)) => {
                branches.iter().map(deeper).collect()
            }
            ("items" | "not" | "additionalProperties", _) => deeper(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    written.collect()
}

fn without(schema: &mut Value, keywords: &[&str]) {
    if let Some(schema) = schema.as_object_mut() {
        schema.retain(|name, _| !keywords.contains(&name.as_str()));
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}
