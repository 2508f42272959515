//! Awardee: a conversation carries a set of tag ids; a write replaces the whole set.
//!
//! Facts from the vendor's tag guide and API pages; the vendored document `schemas/awardee.json` names the
//! source of each and marks what is assumed.

mod json;
mod rates;
mod refusal;
#[cfg(test)]
mod tests;

use crate::{
    Adapter, Answer, BadId, Body, Call, Carried, Catalogue, CatalogueRules, CatalogueTag, Edit,
    EditError, Element, Goal, Handle, HeldTag, Identity, Naming, NewTags, Path, Repeat, Rules,
    Step, Tag, UniqueNames, Unreadable, Vendor, VendorProblem, WindowSeen, Writes, Written, limit,
    parse, path::query, reader::Keep, settings::Settings,
};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc};

/// The vendor.
pub(crate) static VENDOR: Vendor = Vendor {
    name: "awardee",
    hosts: &["api.awardee.dev"],
    base_url: "https://api.awardee.dev/v1",
    document: include_str!("../../schemas/awardee.json"),
    // For a whole organisation, whatever key or token is used.
    rate: &["60/min", "1000/h"],
    settings: &[],
    operations: &[
        (LIST, Keep::Everything),
        (CREATE, Keep::Everything),
        (DELETE, Keep::Everything),
        (READ, Keep::Everything),
        (REPLACE, Keep::Everything),
    ],
    probes: include_str!("probes.json"),
    build,
};

const LIST: &str = "list_conversation_tags";
const CREATE: &str = "create_conversation_tag";
const DELETE: &str = "delete_conversation_tag";
const READ: &str = "get_conversation_tags";
const REPLACE: &str = "replace_conversation_tags";

/// Largest page (pagination guide: cap of `page_size`).
const PAGE_SIZE: usize = 100;

fn build(_settings: &Settings, document: &serde_json::Value) -> Arc<dyn Adapter> {
    let name = limit(
        document,
        "/components/schemas/CreateConversationTag/properties/name/maxLength",
    );
    let name = name.unwrap_or(crate::SAFE_CHARS);
    let id = document.pointer("/components/schemas/ConversationTag/properties/id");
    Arc::new(Awardee {
        id: id.cloned().unwrap_or_else(|| json!({"type": "string"})),
        rules: Rules {
            writes: Writes::ReplaceSet,
            naming: Naming::Ids,
            new_tags: NewTags {
                name,
                value: name,
                text: name,
            },
            catalogue: CatalogueRules {
                description: None,
                color: true,
                created_at: true,
                update: false,
                read_one: false,
                unique: UniqueNames::CaseInsensitive,
            },
        },
    })
}

#[derive(Debug)]
struct Awardee {
    rules: Rules,
    /// The document's schema of a tag's id.
    id: Value,
}

impl Adapter for Awardee {
    fn vendor(&self) -> &'static Vendor {
        &VENDOR
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Ids are UUIDs, which are equal without regard to case.
    fn conversation_key(&self, conversation: String) -> String {
        conversation.to_ascii_lowercase()
    }

    fn credential(&self, secret: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {secret}"))
    }

    fn list(&self) -> Call {
        list(0)
    }

    fn total(&self, answer: &Answer) -> Result<Option<usize>, Unreadable> {
        parse::<json::List>(answer).map(|tags| Some(tags.total))
    }

    fn listed(
        &self,
        page: usize,
        answer: &Answer,
        listed: &mut Vec<CatalogueTag>,
    ) -> Result<Option<Call>, Unreadable> {
        let tags: json::List = parse(answer)?;
        let (got, total) = (tags.data.len(), tags.total);
        // Pages overlap while tags are made, so only what was not there yet counts.
        let mut seen: HashSet<String> = listed.iter().filter_map(|tag| tag.id.clone()).collect();
        for tag in tags.data {
            if seen.insert(tag.id.clone()) {
                listed.push(catalogue_tag(tag)?);
            }
        }
        match listed.len() < total {
            false => Ok(None),
            true if got == 0 => Err(Unreadable(format!(
                "{} of {total} tags were sent",
                listed.len()
            ))),
            true => Ok(Some(list(page + 1))),
        }
    }

    fn read(&self, conversation: &str) -> Result<Call, BadId> {
        read(conversation, 0)
    }

    fn carried(
        &self,
        conversation: &str,
        page: usize,
        answer: &Answer,
        carried: &mut Carried,
    ) -> Result<Option<Call>, Unreadable> {
        let tags: json::List = parse(answer)?;
        let (got, total) = (tags.data.len(), tags.total);
        let before = carried.0.len();
        let mut seen: HashSet<String> = carried
            .0
            .iter()
            .filter_map(Element::id)
            .map(str::to_owned)
            .collect();
        for tag in tags.data {
            if seen.insert(tag.id.clone()) {
                carried.0.push(held(tag));
            }
        }
        if carried.0.len() >= total {
            return Ok(None);
        }
        // The second answer may repeat the first, which was asked for without a page; later ones may not.
        let no_progress = carried.0.len() == before && page != 1;
        if got == 0 || no_progress {
            return Err(Unreadable(format!(
                "{} of {total} tags were sent",
                carried.0.len()
            )));
        }
        read(conversation, page + 1)
            .map(Some)
            .map_err(Unreadable::because)
    }

    fn write(&self, conversation: &str, goal: Goal<'_>) -> Result<Vec<Step>, BadId> {
        let Goal::Known { before, after } = goal else {
            return Ok(Vec::new());
        };
        let adds: Vec<Element> = after.without(before).cloned().collect();
        let removes: Vec<Element> = before.without(after).cloned().collect();
        if adds.is_empty() && removes.is_empty() {
            return Ok(Vec::new());
        }
        let mut body = Body::default();
        body.push("{\"tag_ids\":[");
        for (at, element) in after.0.iter().enumerate() {
            if at > 0 {
                body.push(",");
            }
            match element.creation() {
                Some(creation) => body.push_created(creation),
                None => body.push_string(element.id().unwrap_or_default()),
            }
        }
        body.push("]}");
        let call = Call {
            operation: REPLACE,
            method: Method::PUT,
            path: Path::new()
                .fixed("conversations")
                .id(conversation)?
                .fixed("tags"),
            query: String::new(),
            body: Some(body),
            keep: Keep::Everything,
            repeat: Repeat::ReplacesSet,
            why: "the vendor only replaces the whole set",
        };
        Ok(vec![Step {
            call,
            adds,
            removes,
        }])
    }

    fn written(&self, _conversation: &str, answer: &Answer) -> Result<Written, Unreadable> {
        let tags: json::List = parse(answer)?;
        let mut seen = HashSet::new();
        let total = tags.total;
        let carried = Carried(
            tags.data
                .into_iter()
                .filter(|tag| seen.insert(tag.id.clone()))
                .map(held)
                .collect(),
        );
        // The answer may be the first page of a larger set.
        Ok(if carried.0.len() >= total {
            Written::Proven(carried)
        } else {
            Written::Nothing
        })
    }

    fn before_edit(&self, _edit: Edit<'_>, _catalogue: &Catalogue) -> Result<Option<Call>, BadId> {
        Ok(None)
    }

    fn edit(&self, edit: Edit<'_>, _read: Option<&Answer>) -> Result<Option<Call>, EditError> {
        let tags = Path::new().fixed("conversation-tags");
        let call = |operation, method, path, body, repeat, why| Call {
            operation,
            method,
            path,
            query: String::new(),
            body,
            keep: Keep::Everything,
            repeat,
            why,
        };
        match edit {
            Edit::Create { new, attributes } => {
                let mut body = Body::default();
                body.push("{\"name\":");
                body.push_string(&new.tag.encode());
                if let Some(color) = &attributes.color {
                    body.push(",\"color\":");
                    body.push_string(color);
                }
                body.push("}");
                let why = "the catalogue does not know the tag";
                Ok(Some(call(
                    CREATE,
                    Method::POST,
                    tags,
                    Some(body),
                    Repeat::Keyed,
                    why,
                )))
            }
            Edit::Delete { listed } => {
                let id = listed.id.as_deref().unwrap_or_default();
                let path = tags.id(id)?;
                Ok(Some(call(
                    DELETE,
                    Method::DELETE,
                    path,
                    None,
                    Repeat::Commutes,
                    "the tag is to go",
                )))
            }
            Edit::Update { .. } => Err(EditError::Unsupported(
                "the vendor has no call that changes a tag",
            )),
        }
    }

    fn edited(&self, edit: Edit<'_>, answer: &Answer) -> Result<CatalogueTag, Unreadable> {
        edit.shown(catalogue_tag(parse(answer)?)?)
    }

    fn emits(&self) -> Vec<(&'static str, Value)> {
        let name = json!({"type": "string", "minLength": 1, "maxLength": self.rules.new_tags.text});
        let color = json!({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"});
        // What is sent are ids that the vendor gave.
        let ids = json!({"type": "array", "items": self.id});
        vec![
            (
                CREATE,
                json!({
                    "type": "object", "properties": {"name": name, "color": color}, "required": ["name"],
                    "additionalProperties": false
                }),
            ),
            (
                REPLACE,
                json!({
                    "type": "object", "properties": {"tag_ids": ids}, "required": ["tag_ids"],
                    "additionalProperties": false
                }),
            ),
        ]
    }

    fn problem(&self, answer: &Answer) -> VendorProblem {
        refusal::problem(answer)
    }

    fn windows(&self, headers: &HeaderMap) -> Vec<WindowSeen> {
        rates::windows(headers)
    }
}

fn list(page: usize) -> Call {
    Call {
        operation: LIST,
        method: Method::GET,
        path: Path::new().fixed("conversation-tags"),
        query: page_query(page + 1),
        body: None,
        keep: Keep::Everything,
        repeat: Repeat::Read,
        why: "names have to be turned into ids",
    }
}

fn read(conversation: &str, page: usize) -> Result<Call, BadId> {
    Ok(Call {
        operation: READ,
        method: Method::GET,
        path: Path::new()
            .fixed("conversations")
            .id(conversation)?
            .fixed("tags"),
        // Whether this list takes a page is not documented, so the first time none is asked for; when the
        // answer then is not the whole set, the pages are asked for from the first one on.
        query: if page == 0 {
            String::new()
        } else {
            page_query(page)
        },
        body: None,
        keep: Keep::Everything,
        repeat: Repeat::Read,
        why: "what the conversation carries has to be known",
    })
}

/// `page` counts from 1.
fn page_query(page: usize) -> String {
    let mut text = String::new();
    query(&mut text, "page", &page.to_string());
    query(&mut text, "page_size", &PAGE_SIZE.to_string());
    text
}

fn held(tag: json::Tag) -> Element {
    Element::from(HeldTag::new(Tag::decode(&tag.name), Handle::Id(tag.id)))
}

fn catalogue_tag(tag: json::Tag) -> Result<CatalogueTag, Unreadable> {
    let text = Tag::decode(&tag.name);
    let created_at: jiff::Timestamp = tag.created_at.parse().map_err(Unreadable::because)?;
    Ok(CatalogueTag {
        identity: Identity::of(&text),
        tag: text,
        id: Some(tag.id),
        holder: None,
        description: None,
        color: tag.color,
        created_at: Some(created_at.to_string()),
    })
}
