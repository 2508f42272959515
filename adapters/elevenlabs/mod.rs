//! ElevenLabs: a conversation carries a set of tag ids; some are added with one call, one is removed with one.
//!
//! Facts from the vendor's OpenAPI document as published on 2026-08-22 and its official SDKs; the vendored
//! document `schemas/elevenlabs.json` names the source of each.

mod edit;
mod json;
#[cfg(test)]
mod tests;

use crate::{
    Adapter, Answer, BadId, Body, Call, Carried, Catalogue, CatalogueRules, CatalogueTag, Edit,
    EditError, Element, Goal, Identity, Naming, NewTags, Path, ProblemKind, Repeat, Rules, Step,
    Tag, UniqueNames, Unreadable, Vendor, VendorProblem, Writes, Written, limit, parse,
    path::query, reader::Keep, settings::Settings,
};
use http::Method;
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc};

/// The vendor.
pub(crate) static VENDOR: Vendor = Vendor {
    name: "elevenlabs",
    hosts: &[
        "api.elevenlabs.io",
        "api.us.elevenlabs.io",
        "api.eu.residency.elevenlabs.io",
        "api.in.residency.elevenlabs.io",
        "api.sg.residency.elevenlabs.io",
    ],
    base_url: "https://api.elevenlabs.io",
    document: include_str!("../../schemas/elevenlabs.json"),
    // No number is published for these endpoints.
    rate: &[],
    settings: &[],
    operations: &[
        (LIST, Keep::Everything),
        (CREATE, Keep::Everything),
        (UPDATE, Keep::Everything),
        (DELETE, Keep::Everything),
        (DETAIL, Keep::Only(&[&["conversation_id"], &["tag_ids"]])),
        (ASSIGN, Keep::Everything),
        (UNASSIGN, Keep::Everything),
    ],
    probes: include_str!("probes.json"),
    build,
};

const LIST: &str = "list_conversation_tags_route";
const CREATE: &str = "create_conversation_tag_route";
const UPDATE: &str = "update_conversation_tag_route";
const DELETE: &str = "delete_conversation_tag_route";
const DETAIL: &str = "get_conversation_history_route";
const ASSIGN: &str = "assign_conversation_tags_route";
const UNASSIGN: &str = "unassign_conversation_tag_route";

/// Where the document limits a description.
const DESCRIPTION: &str = "/components/schemas/CreateConversationTagRequestModel/properties/description/anyOf/0/maxLength";

/// Largest page of the catalogue (OpenAPI: page_size, maximum).
const PAGE_SIZE: &str = "100";

fn build(_settings: &Settings, document: &serde_json::Value) -> Arc<dyn Adapter> {
    let per_call = limit(
        document,
        "/components/schemas/AssignConversationTagsRequestModel/properties/tag_ids/maxItems",
    );
    let title = limit(
        document,
        "/components/schemas/CreateConversationTagRequestModel/properties/title/maxLength",
    );
    let title = title.unwrap_or(crate::SAFE_CHARS);
    Arc::new(ElevenLabs {
        rules: Rules {
            writes: Writes::AddAndRemove {
                adds_per_call: per_call.unwrap_or(1).max(1),
            },
            naming: Naming::Ids,
            new_tags: NewTags {
                name: title,
                value: title,
                text: title,
            },
            catalogue: CatalogueRules {
                description: limit(document, DESCRIPTION).or(Some(usize::MAX)),
                color: false,
                created_at: true,
                update: true,
                read_one: true,
                unique: UniqueNames::No,
            },
        },
    })
}

#[derive(Debug)]
struct ElevenLabs {
    rules: Rules,
}

impl Adapter for ElevenLabs {
    fn vendor(&self) -> &'static Vendor {
        &VENDOR
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn credential(&self, secret: &str) -> (&'static str, String) {
        ("xi-api-key", secret.to_owned())
    }

    fn list(&self) -> Call {
        list(None)
    }

    fn listed(
        &self,
        _page: usize,
        answer: &Answer,
        listed: &mut Vec<CatalogueTag>,
    ) -> Result<Option<Call>, Unreadable> {
        let page: json::TagPage = parse(answer)?;
        listed.extend(page.conversation_tags.into_iter().map(catalogue_tag));
        // The vendor's own example has a cursor on its last page, so `has_more` decides.
        match (page.has_more, page.next_cursor) {
            (false, _) => Ok(None),
            (true, Some(cursor)) if !cursor.is_empty() => Ok(Some(list(Some(&cursor)))),
            (true, _) => Err(Unreadable::because(
                "`has_more` is true and there is no `next_cursor`",
            )),
        }
    }

    fn read(&self, conversation: &str) -> Result<Call, BadId> {
        Ok(Call {
            operation: DETAIL,
            method: Method::GET,
            path: conversation_path().id(conversation)?,
            query: String::new(),
            body: None,
            keep: Keep::Only(&[&["conversation_id"], &["tag_ids"]]),
            repeat: Repeat::Read,
            why: "what the conversation carries has to be known",
        })
    }

    fn carried(
        &self,
        conversation: &str,
        _page: usize,
        answer: &Answer,
        carried: &mut Carried,
    ) -> Result<Option<Call>, Unreadable> {
        let detail: json::Detail = parse(answer)?;
        if detail.conversation_id != conversation {
            return Err(Unreadable::because(
                "the answer is about another conversation",
            ));
        }
        let ids = once(detail.tag_ids);
        carried
            .0
            .extend(ids.into_iter().map(|id| Element::Unknown { id }));
        Ok(None)
    }

    fn write(&self, conversation: &str, goal: Goal<'_>) -> Result<Vec<Step>, BadId> {
        let (adds, removes): (Vec<&Element>, Vec<&Element>) = match goal {
            Goal::Known { before, after } => (
                after.without(before).collect(),
                before.without(after).collect(),
            ),
            Goal::Blind(asked) => (
                asked
                    .iter()
                    .filter(|(_, on)| *on)
                    .map(|(element, _)| element)
                    .collect(),
                asked
                    .iter()
                    .filter(|(_, on)| !*on)
                    .map(|(element, _)| element)
                    .collect(),
            ),
        };
        let Writes::AddAndRemove { adds_per_call } = self.rules.writes else {
            return Ok(Vec::new());
        };
        let mut steps = Vec::new();
        for chunk in adds.chunks(adds_per_call) {
            steps.push(assign(conversation, chunk)?);
        }
        for element in removes {
            if let Some(id) = element.id() {
                steps.push(unassign(conversation, id, element)?);
            }
        }
        Ok(steps)
    }

    fn written(&self, _conversation: &str, _answer: &Answer) -> Result<Written, Unreadable> {
        Ok(Written::Nothing)
    }

    fn before_edit(&self, _edit: Edit<'_>, _catalogue: &Catalogue) -> Result<Option<Call>, BadId> {
        Ok(None)
    }

    fn edit(&self, edit: Edit<'_>, _read: Option<&Answer>) -> Result<Option<Call>, EditError> {
        Ok(Some(edit::call(edit)?))
    }

    fn edited(&self, edit: Edit<'_>, answer: &Answer) -> Result<CatalogueTag, Unreadable> {
        edit.shown(catalogue_tag(parse(answer)?))
    }

    fn emits(&self) -> Vec<(&'static str, Value)> {
        let Writes::AddAndRemove { adds_per_call } = self.rules.writes else {
            return Vec::new();
        };
        let title =
            json!({"type": "string", "minLength": 1, "maxLength": self.rules.new_tags.text});
        let description = match self.rules.catalogue.description {
            Some(limit) if limit != usize::MAX => json!({"type": "string", "maxLength": limit}),
            _ => json!({"type": "string"}),
        };
        let tag = json!({"title": title, "description": description});
        let id = json!({"type": "string", "minLength": 1});
        let ids = json!({"type": "array", "items": id, "minItems": 1, "maxItems": adds_per_call});
        let closed = |properties: &Value, required: &[&str]| {
            json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false
            })
        };
        vec![
            (CREATE, closed(&tag, &["title"])),
            (UPDATE, closed(&tag, &[])),
            (ASSIGN, closed(&json!({"tag_ids": ids}), &["tag_ids"])),
        ]
    }

    fn problem(&self, answer: &Answer) -> VendorProblem {
        let mut problem = VendorProblem::by_status(answer);
        if let Ok(json::Problem { detail }) = parse(answer) {
            let said = json::said(detail);
            // Seen with 400 for a malformed id of a resource (third-party report).
            if said.status.as_deref() == Some("invalid_uid") {
                problem.kind = ProblemKind::NotFound;
            }
            // The key is fine and lacks a right for this operation (third-party report).
            if said.status.as_deref() == Some("missing_permissions") {
                problem.refuses_key = false;
            }
            problem.code = said.code.or(said.status);
            problem.message = said.message;
            problem.request_id = said.request_id;
        }
        if problem.request_id.is_none() {
            problem.request_id = answer
                .headers
                .get("x-trace-id")
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned);
        }
        problem
    }
}

/// Each id where it stands first. Few are compared with each other sooner than they are hashed.
fn once(mut ids: Vec<String>) -> Vec<String> {
    const FEW: usize = 16;
    if ids.len() > FEW {
        let mut seen = HashSet::with_capacity(ids.len());
        ids.retain(|id| seen.insert(id.clone()));
        return ids;
    }
    let is_repeated = |at: usize, id| ids.iter().take(at).any(|earlier| earlier == id);
    if ids.iter().enumerate().any(|(at, id)| is_repeated(at, id)) {
        let mut seen: Vec<String> = Vec::with_capacity(ids.len());
        for id in ids {
            if !seen.contains(&id) {
                seen.push(id);
            }
        }
        return seen;
    }
    ids
}

fn conversation_path() -> Path {
    Path::new().fixed("v1/convai/conversations")
}

fn list(cursor: Option<&str>) -> Call {
    let mut text = String::new();
    query(&mut text, "page_size", PAGE_SIZE);
    if let Some(cursor) = cursor {
        query(&mut text, "cursor", cursor);
    }
    Call {
        operation: LIST,
        method: Method::GET,
        path: Path::new().fixed("v1/convai/tags"),
        query: text,
        body: None,
        keep: Keep::Everything,
        repeat: Repeat::Read,
        why: "names have to be turned into ids",
    }
}

fn assign(conversation: &str, elements: &[&Element]) -> Result<Step, BadId> {
    let mut body = Body::default();
    body.push("{\"tag_ids\":[");
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            body.push(",");
        }
        match element.creation() {
            Some(creation) => body.push_created(creation),
            None => body.push_string(element.id().unwrap_or_default()),
        }
    }
    body.push("]}");
    Ok(Step {
        call: Call {
            operation: ASSIGN,
            method: Method::POST,
            path: conversation_path().id(conversation)?.fixed("tags"),
            query: String::new(),
            body: Some(body),
            keep: Keep::Everything,
            repeat: Repeat::Commutes,
            why: "adds the tags that are not on the conversation",
        },
        adds: elements.iter().map(|element| (*element).clone()).collect(),
        removes: Vec::new(),
    })
}

fn unassign(conversation: &str, id: &str, element: &Element) -> Result<Step, BadId> {
    Ok(Step {
        call: Call {
            operation: UNASSIGN,
            method: Method::DELETE,
            path: conversation_path().id(conversation)?.fixed("tags").id(id)?,
            query: String::new(),
            body: None,
            keep: Keep::Everything,
            repeat: Repeat::Commutes,
            why: "takes a tag off the conversation",
        },
        adds: Vec::new(),
        removes: vec![element.clone()],
    })
}

fn catalogue_tag(tag: json::Tag) -> CatalogueTag {
    let text = Tag::decode(&tag.title);
    CatalogueTag {
        identity: Identity::of(&text),
        tag: text,
        id: Some(tag.tag_id),
        holder: None,
        // An empty text is how a description is taken away.
        description: tag.description.filter(|text| !text.is_empty()),
        color: None,
        created_at: jiff::Timestamp::from_second(tag.created_at_unix_secs)
            .ok()
            .map(|at| at.to_string()),
    }
}
