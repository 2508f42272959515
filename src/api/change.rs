//! From a checked body, or a path, to a change.

use super::router::ChangeKind;
use crate::error::{Code, Error};
use adapters::{Change, Identity, RemoveRef, Tag, TagRef, fold, path::check_id};
use serde_json::Value;
use std::collections::{BTreeMap, btree_map::Entry};

/// Longest text of a tag in the path, in characters; as the API's document says of bodies.
const MAX_TEXT: usize = 4_096;

/// The change that a request asks for; `body` is what its schema accepted.
///
/// # Errors
/// `invalid-request` for what a schema cannot say: nothing to change, one tag in both lists, two values of one
/// name, an id that could never be sent; `invalid-path` for a tag in the path.
pub(super) fn change(kind: &ChangeKind, body: Option<&Value>) -> Result<Change, Error> {
    match kind {
        ChangeKind::Clear => Ok(Change::Replace(Vec::new())),
        ChangeKind::AddOne(tag) => Ok(Change::Patch {
            add: vec![in_path(tag)?],
            remove: Vec::new(),
        }),
        ChangeKind::RemoveOne(tag) => Ok(Change::Patch {
            add: Vec::new(),
            remove: vec![RemoveRef::Tag(in_path(tag)?)],
        }),
        ChangeKind::Replace => {
            let wanted = list(body, "tags", reference)?;
            Ok(Change::Replace(wanted))
        }
        ChangeKind::Patch => {
            let add = list(body, "add", reference)?;
            let remove = list(body, "remove", |value, pointer| {
                match value.get("any_value") {
                    Some(_) => Ok(RemoveRef::AnyValue(text(value, "name"))),
                    None => reference(value, pointer).map(RemoveRef::Tag),
                }
            })?;
            patch(add, remove)
        }
    }
}

/// The change by two lists.
///
/// # Errors
/// `invalid-request` for nothing to change, one tag in both lists, and two values of one name.
pub(super) fn patch(add: Vec<TagRef>, remove: Vec<RemoveRef>) -> Result<Change, Error> {
    if add.is_empty() && remove.is_empty() {
        return Err(invalid().at("", "`add` and `remove` are both empty"));
    }
    consistent(&add, &remove)?;
    Ok(Change::Patch { add, remove })
}

fn list<T>(
    body: Option<&Value>,
    name: &str,
    item: impl Fn(&Value, &dyn Fn() -> String) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let items = body
        .and_then(|body| body.get(name))
        .and_then(Value::as_array);
    let items = items.map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .enumerate()
        .map(|(at, value)| item(value, &|| format!("/{name}/{at}")))
        .collect()
}

/// `pointer` is where it stands.
fn reference(value: &Value, pointer: &dyn Fn() -> String) -> Result<TagRef, Error> {
    if let Some(text) = value.as_str() {
        return Ok(TagRef::Tag(Tag::decode(text)));
    }
    if value.get("id").is_some() {
        let id = text(value, "id");
        check_id(&id).map_err(|error| invalid().at(pointer() + "/id", error.to_string()))?;
        return Ok(TagRef::Id(id));
    }
    let tag = Tag {
        name: text(value, "name"),
        value: value
            .get("value")
            .and_then(Value::as_str)
            .map(str::to_owned),
    };
    Ok(TagRef::Tag(tag))
}

fn text(value: &Value, member: &str) -> String {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The tag that a path names.
///
/// # Errors
/// `invalid-path` for an id that could never be sent, a text that is too long, and `.` and `..`.
pub(super) fn in_path(text: &str) -> Result<TagRef, Error> {
    let invalid = |why: String| {
        Error::new(Code::InvalidPath, "the tag in the path is not acceptable").at("tag", why)
    };
    if text.chars().count() > MAX_TEXT {
        return Err(invalid(format!(
            "a text form has at most {MAX_TEXT} characters"
        )));
    }
    if let Some(id) = text.strip_prefix("id:") {
        check_id(id).map_err(|error| invalid(error.to_string()))?;
        return Ok(TagRef::Id(id.to_owned()));
    }
    if let Some(named) = text.strip_prefix("name:") {
        return Ok(TagRef::Tag(Tag::decode(named)));
    }
    if text == "." || text == ".." {
        return Err(invalid(
            "write `name:` before a text that a URL resolves away".to_owned(),
        ));
    }
    Ok(TagRef::Tag(Tag::decode(text)))
}

/// What contradicts itself whatever the vendor knows; ids are looked at once they have names.
fn consistent(add: &[TagRef], remove: &[RemoveRef]) -> Result<(), Error> {
    let mut values = BTreeMap::new();
    for (at, reference) in add.iter().enumerate() {
        let TagRef::Tag(tag) = reference else {
            continue;
        };
        let Identity { name, value } = Identity::of(tag);
        let is_other = match values.entry(name) {
            Entry::Vacant(first) => {
                first.insert(value);
                false
            }
            Entry::Occupied(earlier) => *earlier.get() != value,
        };
        if is_other {
            let why = "another value of this name stands before it, and a conversation carries one per name";
            return Err(invalid().at(format!("/add/{at}"), why));
        }
    }
    for (at, reference) in remove.iter().enumerate() {
        let in_both = match reference {
            RemoveRef::AnyValue(name) => values.contains_key(&fold(name)),
            RemoveRef::Tag(TagRef::Tag(tag)) => {
                let identity = Identity::of(tag);
                values.get(&identity.name) == Some(&identity.value)
            }
            RemoveRef::Tag(id @ TagRef::Id(_)) => add.contains(id),
        };
        if in_both {
            return Err(invalid().at(format!("/remove/{at}"), "the same tag stands in `add`"));
        }
    }
    Ok(())
}

fn invalid() -> Error {
    Error::new(Code::InvalidRequest, "the request is not possible")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_have_three_forms() -> Result<(), Error> {
        let body = json!({"add": ["a=b", {"name": "c", "value": null}, {"id": "x"}], "remove": [{"name": "d", "any_value": true}]});
        let expected = Change::Patch {
            add: vec![
                TagRef::Tag(Tag::valued("a", "b")),
                TagRef::Tag(Tag::bare("c")),
                TagRef::Id("x".into()),
            ],
            remove: vec![RemoveRef::AnyValue("d".into())],
        };
        assert_eq!(change(&ChangeKind::Patch, Some(&body))?, expected);
        let add = |text: &str| change(&ChangeKind::AddOne(text.into()), None);
        let one = |reference: TagRef| Change::Patch {
            add: vec![reference],
            remove: vec![],
        };
        assert_eq!(add("id:x")?, one(TagRef::Id("x".into())));
        assert_eq!(add("name:id:x")?, one(TagRef::Tag(Tag::bare("id:x"))));
        assert_eq!(add("name:..")?, one(TagRef::Tag(Tag::bare(".."))));
        Ok(())
    }

    #[test]
    fn contradictions_are_found_where_they_stand() {
        for (body, pointer) in [
            (json!({"add": [], "remove": []}), ""),
            (
                json!({"add": ["a", "A"], "remove": ["b", " a "]}),
                "/remove/1",
            ),
            (json!({"add": ["s=1", "s=2"]}), "/add/1"),
            (json!({"add": ["s=1", "S"]}), "/add/1"),
            (
                json!({"add": ["s=1"], "remove": [{"name": "S", "any_value": true}]}),
                "/remove/0",
            ),
            (json!({"add": [{"id": "../x"}]}), "/add/0/id"),
            (
                json!({"add": [{"id": "x"}], "remove": [{"id": "x"}]}),
                "/remove/0",
            ),
        ] {
            let error = change(&ChangeKind::Patch, Some(&body)).expect_err("refused");
            let told: Value = serde_json::from_slice(&error.body("r")).expect("JSON");
            assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
        }
        assert!(change(&ChangeKind::AddOne("..".into()), None).is_err());
        assert!(change(&ChangeKind::AddOne("id:a/b".into()), None).is_err());
    }
}
