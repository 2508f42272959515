//! Attention's catalogue: a tag is an option of a label, a bare tag a label without options.

use super::{Attention, CREATE, UPDATE, json};
use crate::{
    Answer, Body, Call, CatalogueTag, HeldTag, Identity, Path, Repeat, Tag, Unreadable, parse,
    quoted, reader::Keep,
};
use http::Method;

impl Attention {
    pub(super) fn listed_of(&self, label: &json::Label) -> Vec<CatalogueTag> {
        let listed = |tag: Tag, id: Option<String>, description: Option<&String>| CatalogueTag {
            identity: Identity::of(&tag),
            tag,
            id,
            holder: Some(label.uuid.clone()),
            description: description.filter(|text| !text.is_empty()).cloned(),
            color: None,
            created_at: label
                .created_at
                .as_ref()
                .and_then(|at| at.parse::<jiff::Timestamp>().ok())
                .map(|at| at.to_string()),
        };
        match label.options.as_deref() {
            None | Some([]) => vec![listed(
                Tag::bare(&label.name),
                Some(label.uuid.clone()),
                label.description.as_ref(),
            )],
            Some(options) => options
                .iter()
                .map(|option| {
                    listed(
                        self.tag(&label.name, option.value.clone()),
                        None,
                        option.description.as_ref(),
                    )
                })
                .collect(),
        }
    }

    /// The call that makes a label, with one option for a tag that has a value.
    pub(super) fn new_label(&self, new: &HeldTag) -> Call {
        let mut body = Body::default();
        body.push("{\"name\":");
        body.push_string(&new.tag.name);
        body.push(if self.ai_flow {
            ",\"aiFlow\":true"
        } else {
            ",\"aiFlow\":false"
        });
        body.push(if self.all_teams {
            ",\"allTeams\":true"
        } else {
            ",\"allTeams\":false"
        });
        if let Some(value) = &new.tag.value {
            body.push(",\"options\":[");
            body.push(&option(value, None));
            body.push("]");
        }
        body.push("}");
        Call {
            operation: CREATE,
            method: Method::POST,
            path: path(),
            query: String::new(),
            body: Some(body),
            keep: Keep::Everything,
            repeat: Repeat::LookUpFirst,
            why: "there is no label of this name",
        }
    }

    /// The call that gives a label one option more; `None` when it has it already.
    pub(super) fn new_option(
        &self,
        new: &HeldTag,
        read: &Answer,
    ) -> Result<Option<Call>, Unreadable> {
        let mut body = Body::default();
        let label = parse::<json::LabelEnvelope>(read)?.data;
        if self
            .listed_of(&label)
            .iter()
            .any(|listed| listed.identity == new.identity)
        {
            return Ok(None);
        }
        let Some(value) = &new.tag.value else {
            return Err(Unreadable::because("the label has got options meanwhile"));
        };
        body.push("{\"options\":[");
        for known in label.options.iter().flatten() {
            body.push(&option(&known.value, known.description.as_deref()));
            body.push(",");
        }
        body.push(&option(value, None));
        body.push("]}");
        Ok(Some(Call {
            operation: UPDATE,
            method: Method::PATCH,
            path: path().id(&label.uuid).map_err(Unreadable::because)?,
            query: String::new(),
            body: Some(body),
            keep: Keep::Everything,
            repeat: Repeat::ReplacesSet,
            why: "the label does not know the option",
        }))
    }
}

/// The path of the catalogue.
pub(super) fn path() -> Path {
    Path::new().fixed("labels")
}

fn option(value: &str, description: Option<&str>) -> String {
    let mut text = format!("{{\"value\":{}", quoted(value));
    if let Some(description) = description {
        text.push_str(",\"description\":");
        text.push_str(&quoted(description));
    }
    text.push('}');
    text
}
