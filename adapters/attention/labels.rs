//! Attention's catalogue: a tag is an option of a label, a bare tag a label without options.
//!
//! An option is made, changed and deleted by sending all options of its label, so each of these needs the
//! label as it is.

use super::{Attention, CREATE, DELETE, LABEL, UPDATE, json};
use crate::{
    Answer, Attributes, BadId, Body, Call, CatalogueTag, EditError, HeldTag, Identity, Path,
    Repeat, Tag, Update,
    fold::fold,
    parse, quoted,
    reader::Keep,
    rules::{HAS_OPTIONS, NO_OPTIONS},
};
use http::Method;

impl Attention {
    /// The tags that a label stands for.
    pub(super) fn listed_of(&self, label: &json::Label) -> Vec<CatalogueTag> {
        let created_at = label
            .created_at
            .as_ref()
            .and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let listed = |tag: Tag, id: Option<String>, description: Option<&String>| CatalogueTag {
            identity: Identity::of(&tag),
            tag,
            id,
            holder: Some(label.uuid.clone()),
            description: description.filter(|text| !text.is_empty()).cloned(),
            color: None,
            created_at: created_at.map(|at| at.to_string()),
        };
        match label.options.as_deref() {
            None | Some([]) => {
                vec![listed(
                    Tag::bare(&label.name),
                    Some(label.uuid.clone()),
                    label.description.as_ref(),
                )]
            }
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
    pub(super) fn new_label(&self, new: &HeldTag, attributes: &Attributes) -> Call {
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
        match (&new.tag.value, &attributes.description) {
            (Some(value), description) => {
                body.push(",\"options\":[");
                body.push(&option(value, description.as_deref()));
                body.push("]");
            }
            (None, Some(description)) => {
                body.push(",\"description\":");
                body.push_string(description);
            }
            (None, None) => {}
        }
        body.push("}");
        call(
            CREATE,
            Method::POST,
            path(),
            Some(body),
            Repeat::LookUpFirst,
            "there is no label of this name",
        )
    }

    /// The call that gives a label one option more; `None` when it has it already.
    pub(super) fn new_option(
        &self,
        new: &HeldTag,
        attributes: &Attributes,
        read: &Answer,
    ) -> Result<Option<Call>, EditError> {
        let label = whole(read)?;
        if self
            .listed_of(&label)
            .iter()
            .any(|listed| listed.identity == new.identity)
        {
            return Ok(None);
        }
        let value = match (&new.tag.value, has_options(&label)) {
            (Some(value), true) => value,
            (Some(_), false) => return Err(EditError::Unsupported(NO_OPTIONS)),
            (None, _) => return Err(EditError::Unsupported(HAS_OPTIONS)),
        };
        let mut options = known(&label);
        options.push(option(value, attributes.description.as_deref()));
        replace_options(&label, &options, "the label does not know the option").map(Some)
    }

    /// The call that changes a label without options.
    pub(super) fn change_label(
        &self,
        listed: &CatalogueTag,
        update: &Update,
    ) -> Result<Call, EditError> {
        let mut members = Vec::new();
        if let Some(tag) = &update.tag {
            members.push(format!("\"name\":{}", quoted(&tag.name)));
        }
        if let Some(description) = &update.description {
            // An empty text clears (the vendor's reference).
            members.push(format!(
                "\"description\":{}",
                quoted(description.as_deref().unwrap_or_default())
            ));
        }
        let body = Body::text(format!("{{{}}}", members.join(",")));
        let path = one(listed)?;
        Ok(call(
            UPDATE,
            Method::PATCH,
            path,
            Some(body),
            Repeat::ReplacesSet,
            "the label is to be changed",
        ))
    }

    /// The call that changes an option; `None` when the label does not have it any more or has it so already.
    pub(super) fn change_option(
        &self,
        listed: &CatalogueTag,
        update: &Update,
        read: &Answer,
    ) -> Result<Option<Call>, EditError> {
        let label = whole(read)?;
        if is_bare_label(listed) {
            return match has_options(&label) {
                true => Err(EditError::Unsupported(HAS_OPTIONS)),
                false => self.change_label(listed, update).map(Some),
            };
        }
        let wanted = update.tag.as_ref().unwrap_or(&listed.tag);
        let mut options = Vec::new();
        for known in label.options.iter().flatten() {
            let is_it = self.is_option(listed, &known.value);
            let value = wanted
                .value
                .as_deref()
                .filter(|_| is_it)
                .unwrap_or(&known.value);
            let description = match &update.description {
                Some(changed) if is_it => Some(changed.as_deref().unwrap_or_default()),
                _ => known.description.as_deref(),
            };
            options.push(option(value, description));
        }
        if options == known(&label) {
            return Ok(None);
        }
        replace_options(
            &label,
            &options,
            "an option is changed by sending all of the label's options",
        )
        .map(Some)
    }

    /// The call that deletes a label.
    pub(super) fn delete_label(&self, listed: &CatalogueTag) -> Result<Call, EditError> {
        Ok(call(
            DELETE,
            Method::DELETE,
            one(listed)?,
            None,
            Repeat::Commutes,
            "the label is to go",
        ))
    }

    /// The call that takes an option off its label, the last one with the label; `None` when it is off.
    pub(super) fn delete_option(
        &self,
        listed: &CatalogueTag,
        read: &Answer,
    ) -> Result<Option<Call>, EditError> {
        let label = whole(read)?;
        if is_bare_label(listed) {
            // With options it is no bare tag any more, and the options stay.
            return match has_options(&label) {
                true => Ok(None),
                false => self.delete_label(listed).map(Some),
            };
        }
        let options: Vec<&json::LabelOption> = label.options.iter().flatten().collect();
        let rest: Vec<String> = options
            .iter()
            .filter(|known| !self.is_option(listed, &known.value))
            .map(|known| option(&known.value, known.description.as_deref()))
            .collect();
        if rest.len() == options.len() {
            return Ok(None);
        }
        if rest.is_empty() {
            return self.delete_label(listed).map(Some);
        }
        replace_options(&label, &rest, "an option is deleted by sending the others").map(Some)
    }

    fn is_option(&self, listed: &CatalogueTag, value: &str) -> bool {
        listed.identity.value == self.tag("", value.to_owned()).value.as_deref().map(fold)
    }
}

/// Whether the tag was listed as a label of its own; an option has no id, even the one that is the bare tag.
fn is_bare_label(listed: &CatalogueTag) -> bool {
    listed.id.is_some()
}

fn has_options(label: &json::Label) -> bool {
    label
        .options
        .as_ref()
        .is_some_and(|options| !options.is_empty())
}

/// The path of the catalogue.
pub(super) fn path() -> Path {
    Path::new().fixed("labels")
}

/// The call that reads one label.
pub(super) fn read(id: &str) -> Result<Call, BadId> {
    let why = "an option is changed by sending all of the label's options";
    Ok(call(
        LABEL,
        Method::GET,
        path().id(id)?,
        None,
        Repeat::Read,
        why,
    ))
}

fn one(listed: &CatalogueTag) -> Result<Path, BadId> {
    path().id(listed.holder.as_deref().unwrap_or_default())
}

/// A label whose options can be sent back as they are: nothing is known of other members, and an update has no
/// place for them.
fn whole(read: &Answer) -> Result<json::Label, EditError> {
    let label = parse::<json::LabelEnvelope>(read)?.data;
    match label
        .options
        .iter()
        .flatten()
        .all(|option| option.others.is_empty())
    {
        true => Ok(label),
        false => Err(EditError::Unsupported(
            "the label's options hold more than the vendor's document has a place for",
        )),
    }
}

fn known(label: &json::Label) -> Vec<String> {
    let options = label.options.iter().flatten();
    options
        .map(|known| option(&known.value, known.description.as_deref()))
        .collect()
}

fn replace_options(
    label: &json::Label,
    options: &[String],
    why: &'static str,
) -> Result<Call, EditError> {
    let body = Body::text(format!("{{\"options\":[{}]}}", options.join(",")));
    let path = path().id(&label.uuid)?;
    Ok(call(
        UPDATE,
        Method::PATCH,
        path,
        Some(body),
        Repeat::ReplacesSet,
        why,
    ))
}

fn option(value: &str, description: Option<&str>) -> String {
    match description {
        Some(description) => format!(
            "{{\"value\":{},\"description\":{}}}",
            quoted(value),
            quoted(description)
        ),
        None => format!("{{\"value\":{}}}", quoted(value)),
    }
}

fn call(
    operation: &'static str,
    method: Method,
    path: Path,
    body: Option<Body>,
    repeat: Repeat,
    why: &'static str,
) -> Call {
    Call {
        operation,
        method,
        path,
        query: String::new(),
        body,
        keep: Keep::Everything,
        repeat,
        why,
    }
}
