//! ElevenLabs' catalogue: tags with a title and a description.

use super::{CREATE, DELETE, UPDATE};
use crate::{BadId, Body, Call, Edit, Path, Repeat, reader::Keep};
use http::Method;

/// The call that makes an edit.
pub(super) fn call(edit: Edit<'_>) -> Result<Call, BadId> {
    let tags = Path::new().fixed("v1/convai/tags");
    let (operation, method, path, body, repeat, why) = match edit {
        Edit::Create { new, attributes } => {
            let mut body = Body::default();
            body.push("{\"title\":");
            body.push_string(&new.tag.encode());
            if let Some(description) = &attributes.description {
                body.push(",\"description\":");
                body.push_string(description);
            }
            body.push("}");
            let why = "the catalogue does not know the tag";
            (
                CREATE,
                Method::POST,
                tags,
                Some(body),
                Repeat::LookUpFirst,
                why,
            )
        }
        Edit::Update { listed, update } => {
            let mut members = Vec::new();
            if let Some(tag) = &update.tag {
                members.push(("title", tag.encode()));
            }
            if let Some(description) = &update.description {
                // What null does is not documented, so an empty text clears.
                members.push(("description", description.clone().unwrap_or_default()));
            }
            let mut body = Body::default();
            for (at, (name, value)) in members.iter().enumerate() {
                body.push(if at == 0 { "{" } else { "," });
                body.push_string(name);
                body.push(":");
                body.push_string(value);
            }
            body.push(if members.is_empty() { "{}" } else { "}" });
            let path = tags.id(listed.id.as_deref().unwrap_or_default())?;
            (
                UPDATE,
                Method::PATCH,
                path,
                Some(body),
                Repeat::ReplacesSet,
                "the tag is to be changed",
            )
        }
        Edit::Delete { listed } => {
            let path = tags.id(listed.id.as_deref().unwrap_or_default())?;
            (
                DELETE,
                Method::DELETE,
                path,
                None,
                Repeat::Commutes,
                "the tag is to go",
            )
        }
    };
    Ok(Call {
        operation,
        method,
        path,
        query: String::new(),
        body,
        keep: Keep::Everything,
        repeat,
        why,
    })
}
