//! The part of a response schema that a projection of the answer can be judged by.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::KeptPaths;
use super::reference;

/// Deepest nesting of schemas on the way to a kept member.
const MAX_DEPTH: usize = 64;

/// Keywords that hold for what is left of a container, whichever of its members are gone.
const STAYING: [&str; 1] = ["type"];

/// Keywords that count or name the elements of an array, none of which a projection drops.
const COUNTING: [&str; 2] = ["minItems", "maxItems"];

/// Keywords that can decide about a kept member in a way that cannot be cut down to it.
const OPAQUE: [&str; 8] = [
    "$dynamicRef",
    "dependentSchemas",
    "else",
    "if",
    "patternProperties",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Kept members, as a tree.
#[derive(Debug, Default)]
struct Kept<'a> {
    /// A path ends here: everything below is kept.
    whole: bool,
    members: BTreeMap<&'a str, Kept<'a>>,
    items: Option<Box<Kept<'a>>>,
}

/// The schema for the projection, with references that name the document.
///
/// # Errors
///
/// A sentence on what stands on the way to a kept member and cannot be cut down to it.
pub(super) fn pruned(root: &Value, schema: &Value, kept: KeptPaths) -> Result<Value, String> {
    let mut tree = Kept::default();
    for path in kept {
        tree.add(path);
    }
    prune(root, schema, &tree, 0)
}

impl<'a> Kept<'a> {
    fn add(&mut self, path: &[&'a str]) {
        match path {
            [] => self.whole = true,
            ["*", rest @ ..] => self.items.get_or_insert_default().add(rest),
            [name, rest @ ..] => self.members.entry(name).or_default().add(rest),
        }
    }
}

fn prune(root: &Value, schema: &Value, kept: &Kept<'_>, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err("schemas on the way to a kept member nest without end".to_owned());
    }
    let Some(members) = schema.as_object().filter(|_| !kept.whole) else {
        return Ok(reference::anchored(schema));
    };
    if let Some(keyword) = OPAQUE.iter().find(|it| members.contains_key(**it)) {
        return Err(format!(
            "`{keyword}` on the way to a kept member cannot be cut down to it"
        ));
    }
    let mut left = Map::new();
    for keyword in STAYING {
        copy(members, keyword, &mut left);
    }
    let mut all = Vec::new();
    if let Some(Value::String(target)) = members.get("$ref") {
        let target = reference::pointer_of(target)
            .and_then(|pointer| root.pointer(&pointer))
            .ok_or_else(|| "a reference leads nowhere".to_owned())?;
        all.push(prune(root, target, kept, depth + 1)?);
    }
    if let Some(Value::Array(branches)) = members.get("allOf") {
        for branch in branches {
            all.push(prune(root, branch, kept, depth + 1)?);
        }
    }
    if !all.is_empty() {
        left.insert("allOf".to_owned(), Value::Array(all));
    }
    object(root, members, kept, depth, &mut left)?;
    if let Some(items) = &kept.items {
        array(root, members, items, depth, &mut left)?;
    }
    Ok(Value::Object(left))
}

/// Kept members of an object: their schemas, and which of them must be there.
fn object(
    root: &Value,
    schema: &Map<String, Value>,
    kept: &Kept<'_>,
    depth: usize,
    left: &mut Map<String, Value>,
) -> Result<(), String> {
    let mut properties = Map::new();
    for (name, below) in &kept.members {
        let named = schema.get("properties").and_then(|it| it.get(name));
        // A member without a schema of its own falls to that of all others.
        if let Some(member) = named.or_else(|| schema.get("additionalProperties")) {
            let member = prune(root, member, below, depth + 1)?;
            properties.insert((*name).to_owned(), member);
        }
    }
    if !properties.is_empty() {
        left.insert("properties".to_owned(), Value::Object(properties));
    }
    if let Some(Value::Array(required)) = schema.get("required") {
        let required: Vec<Value> = required
            .iter()
            .filter(|name| {
                name.as_str()
                    .is_some_and(|it| kept.members.contains_key(it))
            })
            .cloned()
            .collect();
        if !required.is_empty() {
            left.insert("required".to_owned(), Value::Array(required));
        }
    }
    Ok(())
}

/// Elements of an array of which something is kept.
fn array(
    root: &Value,
    schema: &Map<String, Value>,
    kept: &Kept<'_>,
    depth: usize,
    left: &mut Map<String, Value>,
) -> Result<(), String> {
    for keyword in COUNTING {
        copy(schema, keyword, left);
    }
    if let Some(items) = schema.get("items") {
        left.insert("items".to_owned(), prune(root, items, kept, depth + 1)?);
    }
    if let Some(Value::Array(first)) = schema.get("prefixItems") {
        let first = first
            .iter()
            .map(|item| prune(root, item, kept, depth + 1))
            .collect::<Result<Vec<_>, _>>()?;
        left.insert("prefixItems".to_owned(), Value::Array(first));
    }
    Ok(())
}

fn copy(from: &Map<String, Value>, keyword: &str, to: &mut Map<String, Value>) {
    if let Some(value) = from.get(keyword) {
        to.insert(keyword.to_owned(), value.clone());
    }
}
