//! Which calls a rule is about.

use serde_json::Value;

use super::super::reading::{Faults, meant, misread};
use crate::schema::{Document, Operation};

/// Which calls a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Calls {
    /// Every call, also one that the document does not know.
    Any,
    /// Every operation that only reads.
    Reads,
    /// Every operation that does more than read.
    Writes,
    /// One operation, by its id in the document.
    Operation(String),
}

impl Calls {
    /// Whether a call is one of them.
    pub(in crate::mock) fn hold(&self, operation: Option<&Operation>) -> bool {
        let reads = |operation: &Operation| operation.method().is_safe();
        match self {
            Self::Any => true,
            Self::Reads => operation.is_some_and(reads),
            Self::Writes => operation.is_some_and(|operation| !reads(operation)),
            Self::Operation(id) => operation.is_some_and(|operation| operation.id() == id),
        }
    }

    /// Reads `any`, `reads`, `writes`, an operation's id, or a method and a path template.
    pub(in crate::mock) fn read(
        value: Option<&Value>,
        pointer: String,
        document: &Document,
        faults: &mut Faults,
    ) -> Self {
        let text = match value {
            None => return Self::Any,
            Some(Value::String(text)) => text.as_str(),
            Some(_) => {
                faults.push(misread(pointer, "has to be a text"));
                return Self::Any;
            }
        };
        match text {
            "any" => return Self::Any,
            "reads" => return Self::Reads,
            "writes" => return Self::Writes,
            _ => {}
        }
        let by_path = |operation: &Operation| {
            text.split_once(' ').is_some_and(|(method, path)| {
                let below = path
                    .strip_prefix(document.base_path().trim_end_matches('/'))
                    .unwrap_or(path);
                method.eq_ignore_ascii_case(operation.method().as_str())
                    && [path, below]
                        .into_iter()
                        .any(|given| same_template(given, operation.template()))
            })
        };
        let found = document
            .operations()
            .find(|operation| operation.id() == text || by_path(operation));
        match found {
            Some(operation) => Self::Operation(operation.id().to_owned()),
            None => {
                let near = meant(text, document.operations().map(Operation::id));
                faults.push(misread(
                    pointer,
                    format!("`{text}` is no operation of {}{near}", document.name()),
                ));
                Self::Any
            }
        }
    }

    /// The text that [`Calls::read`] takes.
    pub(in crate::mock) fn text(&self) -> &str {
        match self {
            Self::Any => "any",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Operation(id) => id,
        }
    }
}

/// Whether two path templates are the same but for the names of their parameters.
fn same_template(one: &str, other: &str) -> bool {
    let unnamed = |template: &str| -> Vec<String> {
        let steps = template.split('/');
        steps
            .map(|step| match step.starts_with('{') {
                true => "{}".to_owned(),
                false => step.to_owned(),
            })
            .collect()
    };
    unnamed(one) == unnamed(other)
}
