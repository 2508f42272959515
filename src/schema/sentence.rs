//! What a violation says. Limits come from the schema; of the value only its kind and size are told,
//! since it may be long, secret or hostile.

use jsonschema::JsonType;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

/// Longest text of a schema (a pattern, a list of values) that is repeated, in characters.
const MAX_QUOTE: usize = 160;

/// For a choice of which no form fits and none can be said to be meant.
pub(super) fn no_form(forms: usize) -> String {
    format!("fits none of the {forms} forms that are allowed here")
}

/// For every other keyword.
pub(super) fn of(kind: &Kind, value: &Value) -> String {
    let size = size(value);
    match kind {
        Kind::Type { kind } => format!("must be {}, is {}", wanted(kind), name_of(value)),
        Kind::MinLength { limit } => {
            format!(
                "must have at least {}, has {size}",
                count(*limit, "character")
            )
        }
        Kind::MaxLength { limit } => {
            format!(
                "must have at most {}, has {size}",
                count(*limit, "character")
            )
        }
        Kind::MinItems { limit } => {
            format!("must have at least {}, has {size}", count(*limit, "item"))
        }
        Kind::MaxItems { limit } => {
            format!("must have at most {}, has {size}", count(*limit, "item"))
        }
        Kind::AdditionalItems { limit } => {
            format!(
                "must have at most {}, has {size}",
                count(*limit as u64, "item")
            )
        }
        Kind::MinProperties { limit } => {
            format!("must have at least {}, has {size}", count(*limit, "member"))
        }
        Kind::MaxProperties { limit } => {
            format!("must have at most {}, has {size}", count(*limit, "member"))
        }
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::Pattern { pattern } => format!("must match the pattern `{}`", quoted(pattern)),
        Kind::Format { format } => format!("must have the format `{format}`"),
        Kind::Constant { expected_value } => {
            format!("must be {}", quoted(&expected_value.to_string()))
        }
        Kind::Enum { options } => format!("must be one of {}", quoted(&options.to_string())),
        Kind::UniqueItems => "must not hold the same item twice".to_owned(),
        Kind::Contains => "must hold an item of the required form".to_owned(),
        Kind::UnevaluatedItems { .. } => "holds items that are not allowed here".to_owned(),
        Kind::PropertyNames { .. } => "has a member whose name is not allowed".to_owned(),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        Kind::Not { .. } => "has a form that is excluded here".to_owned(),
        Kind::OneOfMultipleValid { .. } => {
            "fits more than one of the forms that are allowed here".to_owned()
        }
        _ => "cannot be checked".to_owned(),
    }
}

fn wanted(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(only) => with_article(*only).to_owned(),
        TypeKind::Multiple(set) => {
            let names: Vec<&str> = set.iter().map(with_article).collect();
            names.join(" or ")
        }
    }
}

fn with_article(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

fn count(limit: u64, noun: &str) -> String {
    if limit == 1 {
        format!("1 {noun}")
    } else {
        format!("{limit} {noun}s")
    }
}

fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(MAX_QUOTE).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}
