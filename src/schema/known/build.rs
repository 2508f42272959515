//! Building the tree: which schemas judge one value together, and what they say of it.

use super::{Known, Node};
use crate::schema::reference::{below, pointer_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most nodes of one schema; what lies beyond counts as foreseen.
const MAX_NODES: usize = 20_000;

/// Deepest chain of schemas that judge one value together.
const MAX_DEPTH: usize = 32;

/// Keywords whose schemas judge the same value.
const SAME_VALUE: [&str; 6] = ["allOf", "anyOf", "oneOf", "if", "then", "else"];

const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];

/// What a schema says of a value on its own, as far as that is easily told; it says too little rather than too much.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Judged {
    /// Allowed types; any where nothing is said.
    pub(super) types: Option<BTreeSet<&'static str>>,
    /// Allowed values.
    pub(super) values: Option<Vec<Value>>,
}

/// The tree of the schema at a pointer.
pub(super) fn known(root: &Value, pointer: &str) -> Known {
    let mut builder = Builder {
        root,
        known: Known::default(),
        by_schemas: HashMap::new(),
    };
    builder.node(BTreeSet::from([pointer.to_owned()]));
    builder.known
}

/// Follows schemas to the values that they judge together.
struct Builder<'d> {
    root: &'d Value,
    known: Known,
    /// The node of the schemas at these pointers: a schema may hold itself.
    by_schemas: HashMap<BTreeSet<String>, usize>,
}

impl Builder<'_> {
    fn node(&mut self, schemas: BTreeSet<String>) -> Option<usize> {
        if let Some(known) = self.by_schemas.get(&schemas) {
            return Some(*known);
        }
        let at = self.known.nodes.len();
        if at == MAX_NODES {
            return None;
        }
        self.known.nodes.push(Node::default());
        self.by_schemas.insert(schemas.clone(), at);
        let judged = schemas.iter().map(|schema| self.judged(schema, 0));
        let judged = judged.reduce(Judged::or).unwrap_or_default();
        let mut all = BTreeSet::new();
        for schema in &schemas {
            self.together(schema, &mut all);
        }
        let mut node = self.described(&all);
        node.judged = judged;
        if let Some(slot) = self.known.nodes.get_mut(at) {
            *slot = node;
        }
        Some(at)
    }

    /// The node of a value that all of these judge, or one of them.
    fn described(&mut self, schemas: &BTreeSet<String>) -> Node {
        let mut node = Node::default();
        let mut members: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let (mut items, mut others) = (BTreeSet::new(), BTreeSet::new());
        let root = self.root;
        for pointer in schemas {
            let Some(Value::Object(schema)) = root.pointer(pointer) else {
                // `true` allows whatever there is.
                node.is_open |= root.pointer(pointer) == Some(&Value::Bool(true));
                continue;
            };
            if let Some(Value::Object(named)) = schema.get("properties") {
                let place = below(pointer, "properties");
                for name in named.keys() {
                    members.entry(name).or_default().insert(below(&place, name));
                }
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(allowed)) => node.is_open |= allowed,
                Some(_) => drop(others.insert(below(pointer, "additionalProperties"))),
                None => {}
            }
            node.is_open |= ["patternProperties", "$dynamicRef"]
                .iter()
                .any(|keyword| schema.contains_key(*keyword));
            if schema.contains_key("items") {
                items.insert(below(pointer, "items"));
            }
            node.is_open |= says_nothing_of_members(schema);
        }
        node.members = members
            .into_iter()
            .filter_map(|(name, schemas)| Some((name.to_owned(), self.node(schemas)?)))
            .collect();
        node.items = (!items.is_empty()).then(|| self.node(items)).flatten();
        node.others = (!others.is_empty()).then(|| self.node(others)).flatten();
        node.is_open |= self.known.nodes.len() == MAX_NODES;
        node
    }

    /// Every schema that judges the same value as this one.
    fn together(&self, pointer: &str, all: &mut BTreeSet<String>) {
        if !all.insert(pointer.to_owned()) {
            return;
        }
        for other in self.beside(pointer) {
            self.together(&other, all);
        }
    }

    fn beside(&self, pointer: &str) -> Vec<String> {
        let Some(Value::Object(schema)) = self.root.pointer(pointer) else {
            return Vec::new();
        };
        let referred = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(pointer_of);
        let mut beside: Vec<String> = referred.into_iter().collect();
        for keyword in SAME_VALUE {
            let place = below(pointer, keyword);
            match schema.get(keyword) {
                Some(Value::Array(branches)) => {
                    beside.extend((0..branches.len()).map(|at| format!("{place}/{at}")));
                }
                Some(_) => beside.push(place),
                None => {}
            }
        }
        beside
    }

    fn judged(&self, pointer: &str, depth: usize) -> Judged {
        let schema = match self.root.pointer(pointer) {
            Some(Value::Object(schema)) if depth < MAX_DEPTH => schema,
            _ => return Judged::default(),
        };
        let mut judged = Judged {
            types: match schema.get("type") {
                Some(Value::String(one)) => Some(BTreeSet::from_iter(type_named(one))),
                Some(Value::Array(several)) => {
                    let names = several.iter().filter_map(Value::as_str);
                    Some(names.filter_map(type_named).collect())
                }
                _ => None,
            },
            values: match (schema.get("enum"), schema.get("const")) {
                (Some(Value::Array(values)), _) => Some(values.clone()),
                (_, Some(value)) => Some(vec![value.clone()]),
                _ => None,
            },
        };
        if let Some(target) = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(pointer_of)
        {
            judged = judged.and(self.judged(&target, depth + 1));
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let Some(Value::Array(branches)) = schema.get(keyword) else {
                continue;
            };
            let place = below(pointer, keyword);
            let branches =
                (0..branches.len()).map(|at| self.judged(&format!("{place}/{at}"), depth + 1));
            let together = match keyword {
                "allOf" => branches.reduce(Judged::and),
                _ => branches.reduce(Judged::or),
            };
            judged = judged.and(together.unwrap_or_default());
        }
        judged
    }
}

impl Judged {
    /// A value has to satisfy both; where both list values one list is enough, which is too little.
    fn and(self, other: Self) -> Self {
        let types = match (self.types, other.types) {
            (Some(one), Some(two)) => Some(one.intersection(&two).copied().collect()),
            (one, two) => one.or(two),
        };
        Self {
            types,
            values: self.values.or(other.values),
        }
    }

    /// A value has to satisfy one of the two.
    fn or(self, other: Self) -> Self {
        let values = match (self.listed(), other.listed()) {
            (Some(mut one), Some(two)) => {
                one.extend(two);
                Some(one)
            }
            _ => None,
        };
        let types = match (self.types, other.types) {
            (Some(mut one), Some(two)) => {
                one.extend(two);
                Some(one)
            }
            _ => None,
        };
        Self { types, values }
    }

    /// The values, where they can be listed.
    fn listed(&self) -> Option<Vec<Value>> {
        let only_null = || {
            self.types
                .as_ref()
                .is_some_and(|types| types.iter().eq(["null"].iter()))
        };
        self.values
            .clone()
            .or_else(|| only_null().then(|| vec![Value::Null]))
    }
}

/// Whether a schema lets an object be whatever it likes: it does not name a member, nor leave that to another schema.
fn says_nothing_of_members(schema: &serde_json::Map<String, Value>) -> bool {
    let elsewhere = ["properties", "additionalProperties", "$ref"]
        .iter()
        .chain(&SAME_VALUE);
    if elsewhere
        .clone()
        .any(|keyword| schema.contains_key(*keyword))
    {
        return false;
    }
    match schema.get("type") {
        None => !["enum", "const", "items", "required"]
            .iter()
            .any(|keyword| schema.contains_key(*keyword)),
        Some(Value::String(one)) => one == "object",
        Some(several) => several
            .as_array()
            .is_some_and(|several| several.iter().any(|one| one == "object")),
    }
}

fn type_named(name: &str) -> Option<&'static str> {
    TYPES.into_iter().find(|known| *known == name)
}
