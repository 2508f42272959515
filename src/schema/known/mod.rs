//! What a schema names: which members a value may have by name, for telling those that it does not name.
//!
//! A document of a vendor allows unknown members in answers, so that no validator tells them. Where several forms are
//! allowed a member is known if one of them names it: what is told as unknown is unknown in every form.

mod build;
mod types;

use super::names::NameHasher;
use build::Judged;
use serde_json::Value;
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
};
use types::Types;

/// Deepest nesting that is looked at in a value.
const MAX_VALUE_DEPTH: usize = 64;

/// A schema's members by name, down to the leaves.
#[derive(Debug, Default)]
pub struct Known {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    members: HashMap<Name, usize, BuildHasherDefault<NameHasher>>,
    items: Option<usize>,
    /// Members that have no name in the schema but are foreseen there.
    others: Option<usize>,
    /// Nothing is said about members, or too much.
    is_open: bool,
    judged: Judged,
}

/// A member's name, found by its bytes: those of an answer are known to be text, and need not be looked at again.
#[derive(Debug, PartialEq, Eq)]
struct Name(Box<str>);

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_bytes().hash(state);
    }
}

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot(Option<usize>);

/// What a schema says against a value, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Nothing.
    Nothing,
    /// It is of another type.
    Type,
    /// It is none of the values that are listed.
    Value,
}

impl Known {
    /// The tree of the schema at a pointer of a document whose schemas are in the dialect of OpenAPI 3.1.
    pub(super) fn of(root: &Value, pointer: &str) -> Self {
        build::known(root, pointer)
    }

    /// The root.
    pub fn root(&self) -> Spot {
        Spot((!self.nodes.is_empty()).then_some(0))
    }

    /// The place of what stands under a name, be it named or foreseen; `None` where it is neither.
    pub fn member(&self, of: Spot, name: &str) -> Option<Spot> {
        let Some(node) = self.node(of) else {
            return Some(Spot(None));
        };
        match (node.named(name.as_bytes()), node.others) {
            (Some((_, member)), _) => Some(Spot(Some(member))),
            (None, Some(other)) => Some(Spot(Some(other))),
            (None, None) => node.is_open.then_some(Spot(None)),
        }
    }

    /// The place of the elements of a list.
    pub fn items(&self, of: Spot) -> Option<Spot> {
        match self.node(of) {
            Some(node) => node.items.map(|items| Spot(Some(items))),
            None => Some(Spot(None)),
        }
    }

    /// The place at the end of a path of names, where `*` is every element of a list.
    pub fn place(&self, path: &[&str]) -> Option<Spot> {
        let step = |at: Spot, step: &&str| match *step {
            "*" => self.items(at),
            name => self.member(at, name),
        };
        path.iter().try_fold(self.root(), step)
    }

    /// Whether a member is named or foreseen and nothing is said against its value, as far as a look at its JSON shows:
    /// of a container it may be the first byte, of a scalar that is long a part of it.
    pub fn passes(&self, of: Spot, name: &[u8], json: &[u8], is_whole: bool) -> bool {
        let Some(node) = self.node(of) else {
            return true;
        };
        let member = match (node.named(name), node.others) {
            (Some((_, member)), _) | (None, Some(member)) => self.nodes.get(member),
            (None, None) => return node.is_open,
        };
        let Some(Judged { types, values }) = member.map(|member| &member.judged) else {
            return true;
        };
        let is_listed = |value: &Value| match (value, json) {
            (Value::String(text), [b'"', inside @ .., b'"']) => {
                text.as_bytes() == inside && !inside.contains(&b'\\')
            }
            _ => false,
        };
        types.is_none_or(|types| types.meets(Types::of_json(json)))
            && values
                .as_ref()
                .is_none_or(|values| is_whole && values.iter().any(is_listed))
    }

    /// What it says against a value that stands there; of a container only the type is looked at.
    pub fn against(&self, at: Spot, value: &Value) -> Against {
        let Some(Judged { types, values }) = self.node(at).map(|node| &node.judged) else {
            return Against::Nothing;
        };
        if types.is_some_and(|types| !types.meets(Types::of(value))) {
            return Against::Type;
        }
        match values {
            Some(values) if !values.contains(value) => Against::Value,
            _ => Against::Nothing,
        }
    }

    /// Tells every member that is neither named nor foreseen: the general pointer to its object, its name, its value.
    /// What is below it is not told.
    pub fn unknown<'v>(&self, value: &'v Value, tell: &mut dyn FnMut(&[&str], &'v str, &'v Value)) {
        self.walk(self.root(), value, &mut Vec::new(), tell);
    }

    /// A pointer into a value as a pointer into the schema: `*` for positions in a list and for members that have no
    /// name in the schema.
    pub fn general(&self, pointer: &str) -> String {
        let mut general = String::with_capacity(pointer.len());
        let mut at = self.root();
        for escaped in pointer.split('/').skip(1) {
            let name = escaped.replace("~1", "/").replace("~0", "~");
            let node = self.node(at);
            let named = node.and_then(|node| node.named(name.as_bytes()));
            general.push('/');
            match (named, node) {
                (Some((_, member)), _) => {
                    general.push_str(escaped);
                    at = Spot(Some(member));
                }
                (None, Some(node)) => {
                    general.push('*');
                    at = Spot(node.items.or(node.others));
                }
                (None, None) => general.push('*'),
            }
        }
        general
    }

    fn walk<'v, 's>(
        &'s self,
        at: Spot,
        value: &'v Value,
        path: &mut Vec<&'s str>,
        tell: &mut dyn FnMut(&[&str], &'v str, &'v Value),
    ) {
        let Some(node) = self.node(at).filter(|_| path.len() < MAX_VALUE_DEPTH) else {
            return;
        };
        match value {
            Value::Array(items) => {
                let Some(of_items) = node.items else {
                    return;
                };
                path.push("*");
                for item in items
                    .iter()
                    .filter(|item| item.is_object() || item.is_array())
                {
                    self.walk(Spot(Some(of_items)), item, path, tell);
                }
                path.pop();
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let (step, below) = match node.named(name.as_bytes()) {
                        Some((name, below)) => (name, Some(below)),
                        None if node.others.is_some() => ("*", node.others),
                        None if node.is_open => continue,
                        None => {
                            tell(path, name, member);
                            continue;
                        }
                    };
                    if member.is_object() || member.is_array() {
                        path.push(step);
                        self.walk(Spot(below), member, path, tell);
                        path.pop();
                    }
                }
            }
            _ => {}
        }
    }

    fn node(&self, at: Spot) -> Option<&Node> {
        self.nodes.get(at.0?)
    }
}

impl Node {
    fn named(&self, name: &[u8]) -> Option<(&str, usize)> {
        let (name, member) = self.members.get_key_value(name)?;
        Some((&name.0, *member))
    }
}

/// What JSON calls the kind of a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
