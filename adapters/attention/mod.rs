//! Attention: a conversation carries a map of label names to option values; a write replaces the whole map.
//!
//! Facts from the vendor's reference pages and from clients in use; the vendored document
//! `schemas/attention.json` names the source of each and marks what is assumed.

mod bodies;
mod json;
mod labels;
#[cfg(test)]
mod tests;

use crate::{
    Adapter, Answer, BadId, Call, Carried, Catalogue, CatalogueRules, CatalogueTag, Edit,
    EditError, Element, Entry, Goal, Handle, HeldTag, Naming, NewTags, Path, Repeat, Rules,
    SAFE_CHARS, Step, Tag, UniqueNames, Unreadable, Vendor, VendorProblem, Writes, Written, limit,
    parse,
    path::query,
    reader::Keep,
    settings::{Setting, SettingKind, SettingValue, Settings},
};
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// The vendor.
pub(crate) static VENDOR: Vendor = Vendor {
    name: "attention",
    hosts: &["api.attention.tech"],
    base_url: "https://api.attention.tech/v2",
    document: include_str!("../../schemas/attention.json"),
    // A limit exists, its number is not published.
    rate: &[],
    settings: SETTINGS,
    operations: &[
        (LIST, Keep::Everything),
        (CREATE, Keep::Everything),
        (LABEL, Keep::Everything),
        (UPDATE, Keep::Everything),
        (DELETE, Keep::Everything),
        (READ, KEPT),
        (REPLACE, KEPT),
    ],
    probes: include_str!("probes.json"),
    build,
};

const LIST: &str = "list_labels";
const CREATE: &str = "create_label";
const LABEL: &str = "get_label";
const UPDATE: &str = "update_label";
const DELETE: &str = "delete_label";
const READ: &str = "get_conversation";
const REPLACE: &str = "replace_conversation_labels";

/// A conversation's answer holds its whole transcript.
const KEPT: Keep = Keep::Only(&[&["id"], &["attributes", "labels"]]);

const SETTINGS: &[Setting] = &[
    Setting {
        name: "skip_analysis",
        kind: SettingKind::Bool { default: true },
        doc: "Whether a change of labels leaves the vendor's CRM analysis alone; with false every write starts one.",
    },
    Setting {
        name: "flag_value",
        kind: SettingKind::Text {
            default: "true",
            max_chars: SAFE_CHARS,
        },
        doc: "The value that stands for a tag without a value. The vendor documents none.",
    },
    Setting {
        name: "auth_scheme",
        kind: SettingKind::Choice {
            default: "bearer",
            of: &["bearer", "raw"],
        },
        doc: "How the key is sent: as a bearer token (the vendor's guide) or as it is (its reference pages).",
    },
    Setting {
        name: "ai_flow",
        kind: SettingKind::Bool { default: false },
        doc: "`aiFlow` of labels made by the gateway. With false, the REST default, the product may not show them; with true the vendor's own flow may set them.",
    },
    Setting {
        name: "all_teams",
        kind: SettingKind::Bool { default: false },
        doc: "`allTeams` of labels made by the gateway; false is the REST default.",
    },
];

fn build(settings: &Settings, document: &serde_json::Value) -> Arc<dyn Adapter> {
    let flag = |name: &str, default: bool| match settings.get(name) {
        Some(SettingValue::Bool(value)) => *value,
        _ => default,
    };
    let text = |name: &str, default: &str| match settings.get(name) {
        Some(SettingValue::Text(value)) => value.clone(),
        _ => default.to_owned(),
    };
    let name = limit(
        document,
        "/components/schemas/CreateLabel/properties/name/maxLength",
    )
    .unwrap_or(SAFE_CHARS);
    let value = limit(
        document,
        "/components/schemas/LabelOptionInput/properties/value/maxLength",
    )
    .unwrap_or(SAFE_CHARS);
    let description = limit(
        document,
        "/components/schemas/CreateLabel/properties/description/maxLength",
    )
    .unwrap_or(usize::MAX);
    Arc::new(Attention {
        skip_analysis: flag("skip_analysis", true),
        raw_key: text("auth_scheme", "bearer") == "raw",
        ai_flow: flag("ai_flow", false),
        all_teams: flag("all_teams", false),
        rules: Rules {
            writes: Writes::ReplaceSet,
            naming: Naming::Labels {
                flag_value: text("flag_value", "true"),
            },
            new_tags: NewTags {
                name,
                value,
                text: usize::MAX,
            },
            catalogue: CatalogueRules {
                description: Some(description),
                color: false,
                created_at: true,
                update: true,
                read_one: true,
                unique: UniqueNames::Exact,
            },
        },
    })
}

#[derive(Debug)]
struct Attention {
    skip_analysis: bool,
    raw_key: bool,
    ai_flow: bool,
    all_teams: bool,
    rules: Rules,
}

impl Attention {
    fn flag_value(&self) -> &str {
        match &self.rules.naming {
            Naming::Labels { flag_value } => flag_value,
            Naming::Ids => "true",
        }
    }

    fn tag(&self, name: &str, value: String) -> Tag {
        Tag {
            name: name.to_owned(),
            value: (value != self.flag_value()).then_some(value),
        }
    }

    fn element(&self, key: Box<str>, value: Box<str>) -> Result<Element, Unreadable> {
        let name: String = serde_json::from_str(&key).map_err(Unreadable::because)?;
        let entry = Entry { key, value };
        Ok(match serde_json::from_str::<String>(&entry.value) {
            Ok(value) => Element::from(HeldTag {
                entry: Some(entry),
                ..HeldTag::new(self.tag(&name, value), Handle::Name)
            }),
            Err(_) => Element::Foreign { name, entry },
        })
    }

    fn carried_in(&self, conversation: &str, answer: &Answer) -> Result<Carried, Unreadable> {
        let read: json::Conversation = parse(answer)?;
        if read.id != conversation {
            return Err(Unreadable::because(
                "the answer is about another conversation",
            ));
        }
        let entries = read
            .attributes
            .labels
            .map(|labels| labels.0)
            .unwrap_or_default();
        entries
            .into_iter()
            .map(|(key, value)| self.element(key.into(), value.into()))
            .collect::<Result<_, _>>()
            .map(Carried)
    }
}

impl Adapter for Attention {
    fn vendor(&self) -> &'static Vendor {
        &VENDOR
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn credential(&self, secret: &str) -> (&'static str, String) {
        (
            "authorization",
            if self.raw_key {
                secret.to_owned()
            } else {
                format!("Bearer {secret}")
            },
        )
    }

    fn list(&self) -> Call {
        Call {
            operation: LIST,
            method: Method::GET,
            path: labels::path(),
            query: String::new(),
            body: None,
            keep: Keep::Everything,
            repeat: Repeat::Read,
            why: "spellings have to be matched with the labels that exist",
        }
    }

    fn listed(
        &self,
        _page: usize,
        answer: &Answer,
        listed: &mut Vec<CatalogueTag>,
    ) -> Result<Option<Call>, Unreadable> {
        let labels: json::LabelList = parse(answer)?;
        listed.extend(labels.data.iter().flat_map(|label| self.listed_of(label)));
        Ok(None)
    }

    fn read(&self, conversation: &str) -> Result<Call, BadId> {
        let mut text = String::new();
        query(&mut text, "detailedTranscript", "false");
        Ok(Call {
            operation: READ,
            method: Method::GET,
            path: Path::new().fixed("conversations").id(conversation)?,
            query: text,
            body: None,
            keep: KEPT,
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
        *carried = self.carried_in(conversation, answer)?;
        Ok(None)
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
        let call = Call {
            operation: REPLACE,
            method: Method::PUT,
            path: Path::new()
                .fixed("conversations")
                .id(conversation)?
                .fixed("labels"),
            query: String::new(),
            body: Some(bodies::replace(
                after,
                self.flag_value(),
                self.skip_analysis,
            )),
            keep: KEPT,
            repeat: Repeat::ReplacesSet,
            why: "the vendor only replaces the whole map",
        };
        Ok(vec![Step {
            call,
            adds,
            removes,
        }])
    }

    fn written(&self, conversation: &str, answer: &Answer) -> Result<Written, Unreadable> {
        // The vendor's own example answers a write of two labels with an empty map.
        self.carried_in(conversation, answer).map(Written::Shown)
    }

    fn before_edit(&self, edit: Edit<'_>, catalogue: &Catalogue) -> Result<Option<Call>, BadId> {
        let holder = match edit {
            Edit::Create { new, .. } => catalogue
                .named(&new.identity.name)
                .find_map(|listed| listed.holder.as_deref()),
            // A bare tag's label may have got options since it was listed, which must not change with it.
            Edit::Update { listed, .. } | Edit::Delete { listed } => listed.holder.as_deref(),
        };
        holder.map(labels::read).transpose()
    }

    fn edit(&self, edit: Edit<'_>, read: Option<&Answer>) -> Result<Option<Call>, EditError> {
        match (edit, read) {
            (Edit::Create { new, attributes }, None) => Ok(Some(self.new_label(new, attributes))),
            (Edit::Create { new, attributes }, Some(read)) => {
                self.new_option(new, attributes, read)
            }
            (Edit::Update { listed, update }, None) => self.change_label(listed, update).map(Some),
            (Edit::Update { listed, update }, Some(read)) => {
                self.change_option(listed, update, read)
            }
            (Edit::Delete { listed }, None) => self.delete_label(listed).map(Some),
            (Edit::Delete { listed }, Some(read)) => self.delete_option(listed, read),
        }
    }

    fn edited(&self, edit: Edit<'_>, answer: &Answer) -> Result<CatalogueTag, Unreadable> {
        let label = parse::<json::LabelEnvelope>(answer)?.data;
        let identity = edit.identity();
        let mut listed = self.listed_of(&label).into_iter();
        listed
            .find(|listed| listed.identity == identity)
            .ok_or_else(|| Unreadable::because("the label does not show the tag"))
    }

    fn emits(&self) -> Vec<(&'static str, Value)> {
        bodies::emitted(&self.rules)
    }

    fn problem(&self, answer: &Answer) -> VendorProblem {
        let mut problem = VendorProblem::by_status(answer);
        if let Ok(said) = parse::<json::Problem>(answer) {
            let first = said.errors.into_iter().next().unwrap_or_default();
            problem.code = said.code.or(first.code).and_then(|code| match code {
                serde_json::Value::String(code) => Some(code),
                serde_json::Value::Number(code) => Some(code.to_string()),
                _ => None,
            });
            problem.message = said
                .detail
                .or(said.message)
                .or(said.title)
                .or(first.detail)
                .or(first.title);
        }
        problem
    }
}
