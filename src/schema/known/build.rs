//! Building the tree: which schemas judge one value together, and what they say of it.

use super::{Known, Name, Node, types::Types};
use crate::schema::reference::pointer_of;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, HashMap},
    hash::{Hash, Hasher},
    ptr::from_ref,
};

/// Most nodes of one schema; what lies beyond counts as foreseen.
const MAX_NODES: usize = 20_000;

/// Deepest chain of schemas that judge one value together.
const MAX_DEPTH: usize = 32;

/// Keywords whose schemas judge the same value.
const SAME_VALUE: [&str; 6] = ["allOf", "anyOf", "oneOf", "if", "then", "else"];

/// What a schema says of a value on its own, as far as that is easily told; it says too little rather than too much.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Judged {
    /// Allowed types; any where nothing is said.
    pub(super) types: Option<Types>,
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
    builder.node(root.pointer(pointer).into_iter().collect());
    builder.known
}

/// Follows schemas to the values that they judge together.
struct Builder<'d> {
    root: &'d Value,
    known: Known,
    /// The node of these schemas: a schema may hold itself.
    by_schemas: HashMap<Schemas<'d>, usize>,
}

/// Schemas of one document, each once, in the order of their addresses: their pointers would be longer to compare.
#[derive(Clone, Default)]
struct Schemas<'d>(Vec<&'d Value>);

impl<'d> Schemas<'d> {
    /// Answers false where it is there already.
    fn add(&mut self, schema: &'d Value) -> bool {
        let found = self
            .0
            .binary_search_by_key(&from_ref(schema), |one| from_ref(*one));
        if let Err(at) = found {
            self.0.insert(at, schema);
        }
        found.is_err()
    }

    fn places(&self) -> impl Iterator<Item = *const Value> {
        self.0.iter().map(|schema| from_ref(*schema))
    }
}

impl<'d> FromIterator<&'d Value> for Schemas<'d> {
    fn from_iter<I: IntoIterator<Item = &'d Value>>(schemas: I) -> Self {
        let mut all = Self::default();
        for schema in schemas {
            all.add(schema);
        }
        all
    }
}

impl PartialEq for Schemas<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.places().eq(other.places())
    }
}

impl Eq for Schemas<'_> {}

impl Hash for Schemas<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.places().for_each(|place| place.hash(state));
    }
}

impl<'d> Builder<'d> {
    fn node(&mut self, schemas: Schemas<'d>) -> Option<usize> {
        if let Some(known) = self.by_schemas.get(&schemas) {
            return Some(*known);
        }
        let at = self.known.nodes.len();
        if at == MAX_NODES {
            return None;
        }
        self.known.nodes.push(Node::default());
        self.by_schemas.insert(schemas.clone(), at);
        let judged = schemas.0.iter().map(|schema| self.judged(schema, 0));
        let judged = judged.reduce(Judged::or).unwrap_or_default();
        let mut all = Schemas::default();
        for schema in schemas.0 {
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
    fn described(&mut self, schemas: &Schemas<'d>) -> Node {
        let mut node = Node::default();
        let mut members: BTreeMap<&str, Schemas<'d>> = BTreeMap::new();
        let (mut items, mut others) = (Schemas::default(), Schemas::default());
        for schema in &schemas.0 {
            let Value::Object(schema) = schema else {
                // `true` allows whatever there is.
                node.is_open |= **schema == Value::Bool(true);
                continue;
            };
            if let Some(Value::Object(named)) = schema.get("properties") {
                for (name, member) in named {
                    members.entry(name).or_default().add(member);
                }
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(allowed)) => node.is_open |= allowed,
                Some(schema) => drop(others.add(schema)),
                None => {}
            }
            node.is_open |= ["patternProperties", "$dynamicRef"]
                .iter()
                .any(|keyword| schema.contains_key(*keyword));
            if let Some(schema) = schema.get("items") {
                items.add(schema);
            }
            node.is_open |= says_nothing_of_members(schema);
        }
        node.members = members
            .into_iter()
            .filter_map(|(name, schemas)| Some((Name(name.into()), self.node(schemas)?)))
            .collect();
        let mut below = |schemas: Schemas<'d>| {
            let is_told = !schemas.0.is_empty();
            is_told.then(|| self.node(schemas)).flatten()
        };
        node.items = below(items);
        node.others = below(others);
        node.is_open |= self.known.nodes.len() == MAX_NODES;
        node
    }

    /// Every schema that judges the same value as this one.
    fn together(&self, schema: &'d Value, all: &mut Schemas<'d>) {
        if !all.add(schema) {
            return;
        }
        let Value::Object(members) = schema else {
            return;
        };
        if let Some(target) = self.referred(members) {
            self.together(target, all);
        }
        for keyword in SAME_VALUE {
            match members.get(keyword) {
                Some(Value::Array(branches)) => {
                    for branch in branches {
                        self.together(branch, all);
                    }
                }
                Some(schema) => self.together(schema, all),
                None => {}
            }
        }
    }

    fn referred(&self, schema: &'d Map<String, Value>) -> Option<&'d Value> {
        let target = schema.get("$ref").and_then(Value::as_str)?;
        self.root.pointer(&pointer_of(target)?)
    }

    fn judged(&self, schema: &'d Value, depth: usize) -> Judged {
        let schema = match schema {
            Value::Object(schema) if depth < MAX_DEPTH => schema,
            _ => return Judged::default(),
        };
        let mut judged = Judged {
            types: match schema.get("type") {
                Some(Value::String(one)) => Some(Types::named(one)),
                Some(Value::Array(several)) => {
                    let names = several.iter().filter_map(Value::as_str);
                    Some(names.map(Types::named).fold(Types::NONE, Types::or))
                }
                _ => None,
            },
            values: match (schema.get("enum"), schema.get("const")) {
                (Some(Value::Array(values)), _) => Some(values.clone()),
                (_, Some(value)) => Some(vec![value.clone()]),
                _ => None,
            },
        };
        if let Some(target) = self.referred(schema) {
            judged = judged.and(self.judged(target, depth + 1));
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let Some(Value::Array(branches)) = schema.get(keyword) else {
                continue;
            };
            let branches = branches.iter().map(|branch| self.judged(branch, depth + 1));
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
            (Some(one), Some(two)) => Some(one.and(two)),
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
            (Some(one), Some(two)) => Some(one.or(two)),
            _ => None,
        };
        Self { types, values }
    }

    /// The values, where they can be listed.
    fn listed(&self) -> Option<Vec<Value>> {
        let only_null = || self.types == Some(Types::named("null"));
        self.values
            .clone()
            .or_else(|| only_null().then(|| vec![Value::Null]))
    }
}

/// Whether a schema lets an object be whatever it likes: it does not name a member, nor leave that to another schema.
fn says_nothing_of_members(schema: &Map<String, Value>) -> bool {
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
