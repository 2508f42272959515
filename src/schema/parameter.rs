use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::check::{Check, Violation};
use super::reference;

/// Deepest nesting of a parameter's schema that is looked into for its types.
const MAX_DEPTH: usize = 16;

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) check: Check,
    pub(super) shape: Shape,
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// Among the headers, whose names have no case.
    Header,
    /// In a cookie.
    Cookie,
}

/// How text becomes the JSON value that the schema speaks of.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// JSON types of the value, or of an array's items.
    types: BTreeSet<String>,
    array: bool,
    /// Items of an array stand in one value, between commas.
    commas: bool,
    /// The schema says nothing but that the value is a text.
    any_text: bool,
}

/// What a schema may say besides, without any effect on which values are valid.
const REMARKS: [&str; 6] = [
    "title",
    "description",
    "example",
    "examples",
    "default",
    "deprecated",
];

impl Parameter {
    /// The name as the document spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether a request without it is invalid.
    pub fn required(&self) -> bool {
        self.required
    }

    /// What the value of [`Parameter::read`] must satisfy.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// The JSON value that the decoded texts of a request stand for; `None` if there are none.
    ///
    /// A number or a boolean is read where the schema allows no string. Several texts make an array.
    pub fn read(&self, texts: &[&str]) -> Option<Value> {
        let item = |text: &str| self.shape.item(text);
        match texts {
            [] => None,
            [one] if self.shape.array && self.shape.commas => {
                Some(one.split(',').map(item).collect())
            }
            [one] if !self.shape.array => Some(item(one)),
            several => Some(several.iter().map(|text| item(text)).collect()),
        }
    }

    /// What is wrong with the decoded texts that a request gives for this parameter.
    pub fn violations(&self, texts: &[&str]) -> Vec<Violation> {
        let broken = |keyword: &str, detail: &str| {
            vec![Violation {
                pointer: String::new(),
                keyword: keyword.to_owned(),
                detail: detail.to_owned(),
            }]
        };
        if texts.len() > 1 && !self.shape.array {
            return broken("maxItems", "is given more than once");
        }
        if self.shape.any_text && texts.len() == 1 {
            return Vec::new();
        }
        match self.read(texts) {
            Some(value) => self.check.violations(&value),
            None if self.required => broken("required", "is required"),
            None => Vec::new(),
        }
    }
}

impl Shape {
    /// The shape that a parameter object describes.
    pub(super) fn of(root: &Value, parameter: &Value) -> Self {
        let mut types = BTreeSet::new();
        let mut shape = Self::default();
        if let Some(schema) = parameter.get("schema") {
            gather(root, schema, &mut types, 0);
            if types.contains("array") {
                shape.array = true;
                types.clear();
                items(root, schema, &mut types, 0);
            }
        }
        let form = parameter.get("in").and_then(Value::as_str) == Some("query");
        shape.commas = parameter
            .get("explode")
            .and_then(Value::as_bool)
            .map_or(!form, |explode| !explode);
        shape.types = types;
        let schema = parameter.get("schema").and_then(Value::as_object);
        shape.any_text = schema.is_some_and(|schema| {
            schema.get("type").and_then(Value::as_str) == Some("string")
                && schema
                    .keys()
                    .all(|name| name == "type" || REMARKS.contains(&name.as_str()))
        });
        shape
    }

    fn item(&self, text: &str) -> Value {
        let may = |kind: &str| self.types.contains(kind);
        let as_text = || Value::String(text.to_owned());
        if may("string") {
            return as_text();
        }
        if (may("integer") || may("number"))
            && let Ok(number) = text.parse::<Number>()
        {
            return Value::Number(number);
        }
        match text {
            "true" if may("boolean") => Value::Bool(true),
            "false" if may("boolean") => Value::Bool(false),
            _ => as_text(),
        }
    }
}

/// The schema itself or what it refers to, and the branches below it.
fn branches<'d>(root: &'d Value, schema: &'d Value) -> Vec<&'d Value> {
    let mut found = Vec::new();
    if let Some(Value::String(target)) = schema.get("$ref")
        && let Some(pointer) = reference::pointer_of(target)
        && let Some((_, target)) = reference::resolved(root, &pointer)
    {
        found.push(target);
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(list)) = schema.get(keyword) {
            found.extend(list);
        }
    }
    found
}

fn gather(root: &Value, schema: &Value, types: &mut BTreeSet<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match schema.get("type") {
        Some(Value::String(kind)) => {
            types.insert(kind.clone());
        }
        Some(Value::Array(kinds)) => {
            types.extend(kinds.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        _ => {}
    }
    for branch in branches(root, schema) {
        gather(root, branch, types, depth + 1);
    }
}

fn items(root: &Value, schema: &Value, types: &mut BTreeSet<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Some(item) = schema.get("items") {
        gather(root, item, types, depth + 1);
    }
    for branch in branches(root, schema) {
        items(root, branch, types, depth + 1);
    }
}
