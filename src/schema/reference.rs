//! JSON pointers and `$ref`s, which never leave the document.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::Problem;

/// What a document is called among the validator's resources; it is never fetched.
pub(super) const DOCUMENT_URI: &str = "tagway:/document";

/// Longest chain of references that is followed.
const MAX_HOPS: usize = 32;

/// Bytes that may not stand in a URI's fragment as they are.
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Keywords below which a `$ref` is data.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "examples"];

/// The pointer to a member of what `pointer` leads to.
pub(super) fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The pointer that a `$ref` holds; `None` if it leads out of the document.
pub(super) fn pointer_of(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let pointer = percent_decode_str(fragment).decode_utf8().ok()?;
    (pointer.is_empty() || pointer.starts_with('/')).then(|| pointer.into_owned())
}

/// The URI of what `pointer` leads to, for schemas that stand outside the document.
pub(super) fn uri_of(pointer: &str) -> String {
    format!(
        "{DOCUMENT_URI}#{}",
        utf8_percent_encode(pointer, NOT_IN_FRAGMENT)
    )
}

/// Where a chain of objects that are nothing but a `$ref` ends, and what stands there.
pub(super) fn resolved<'d>(root: &'d Value, pointer: &str) -> Option<(String, &'d Value)> {
    let mut pointer = pointer.to_owned();
    for _ in 0..MAX_HOPS {
        let value = root.pointer(&pointer)?;
        match value
            .as_object()
            .filter(|it| it.len() == 1)
            .and_then(|it| it.get("$ref"))
        {
            Some(Value::String(next)) => pointer = pointer_of(next)?,
            _ => return Some((pointer, value)),
        }
    }
    None
}

/// Every reference below `value` that leads nowhere or out of the document.
pub(super) fn dangling(root: &Value, value: &Value, pointer: &str, found: &mut Vec<Problem>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let place = below(pointer, name);
                match member {
                    Value::String(reference) if name == "$ref" => {
                        let target = pointer_of(reference);
                        if target.is_none_or(|it| resolved(root, &it).is_none()) {
                            found.push(Problem {
                                pointer: place,
                                detail: format!(
                                    "the reference `{reference}` leads nowhere in this document"
                                ),
                            });
                        }
                    }
                    _ if DATA.contains(&name.as_str()) => {}
                    _ => dangling(root, member, &place, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                dangling(root, item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A copy of a schema whose references name the document, so that it can stand outside of it.
pub(super) fn anchored(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| {
                let member = match member {
                    Value::String(reference) if name == "$ref" && reference.starts_with('#') => {
                        Value::String(format!("{DOCUMENT_URI}{reference}"))
                    }
                    _ if DATA.contains(&name.as_str()) => member.clone(),
                    _ => anchored(member),
                };
                (name.clone(), member)
            })
            .collect(),
        Value::Array(items) => items.iter().map(anchored).collect(),
        _ => schema.clone(),
    }
}
