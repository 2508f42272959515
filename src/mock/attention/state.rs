//! What the twin of Attention keeps, and how it looks on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::super::{ids::Ids, shelf::Shelf, time::date_time};

/// Who owns everything here.
#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) team_id: String,
}

/// A label, without its id.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) ai_flow: bool,
    pub(super) all_teams: bool,
    pub(super) options: Vec<LabelOption>,
    pub(super) created_unix_ms: u64,
}

/// One of the values that a label can take.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LabelOption {
    pub(super) value: String,
    #[serde(default)]
    pub(super) description: String,
}

/// A conversation, without its id.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) created_unix_ms: u64,
    /// A JSON object in the very bytes in which it came.
    pub(super) labels: Box<RawValue>,
}

/// A label as the vendor shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LabelModel<'a> {
    pub(super) uuid: &'a str,
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    pub(super) ai_flow: bool,
    pub(super) all_teams: bool,
    pub(super) is_default_template: bool,
    pub(super) options: &'a [LabelOption],
    #[serde(rename = "organizationUUID")]
    pub(super) organization_uuid: &'a str,
    pub(super) created_at: String,
}

/// What single labels and the catalogue come in.
#[derive(Serialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

/// A conversation as the vendor shows it: a resource at the top level.
#[derive(Serialize)]
pub(super) struct ConversationModel<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) id: &'a str,
    pub(super) attributes: Attributes<'a>,
    pub(super) links: Links,
}

/// A part of what the vendor shows, in its order: the labels stand behind the transcript.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attributes<'a> {
    pub(super) uuid: &'a str,
    pub(super) title: &'static str,
    pub(super) created_at: String,
    pub(super) finished_at: String,
    #[serde(rename = "userUUID")]
    pub(super) user_uuid: &'a str,
    #[serde(rename = "teamUUID")]
    pub(super) team_uuid: &'a str,
    pub(super) archived: bool,
    pub(super) private: bool,
    pub(super) is_internal: bool,
    pub(super) is_empty: bool,
    pub(super) media_duration: u32,
    pub(super) media_storage_status: &'static str,
    pub(super) transcript_status: &'static str,
    pub(super) crm_export_status: &'static str,
    pub(super) import_status: &'static str,
    pub(super) transcript: &'a RawValue,
    pub(super) participants: [Participant; 2],
    pub(super) attendees: [Participant; 1],
    pub(super) import_metadata: Empty,
    pub(super) extracted_intelligence: Empty,
    pub(super) confirmed_extracted_intelligence: Empty,
    pub(super) labels: &'a RawValue,
    #[serde(rename = "labelTagsToFilterIfNA")]
    pub(super) label_tags_to_filter: [u8; 0],
    pub(super) deprecated_label_categories: [u8; 0],
}

/// Somebody who was there.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Participant {
    pub(super) id: &'static str,
    pub(super) email: &'static str,
    pub(super) name: &'static str,
    pub(super) organizer: bool,
    pub(super) status: &'static str,
}

/// `{}`.
#[derive(Serialize)]
pub(super) struct Empty {}

/// Where a resource or a page is found.
#[derive(Serialize)]
pub(super) struct Links {
    #[serde(rename = "self")]
    pub(super) own: String,
}

/// When the things that were there from the start were made: 2026-05-01.
const SEEDED_UNIX_MS: u64 = 1_777_593_600_000;

impl Organization {
    pub(super) fn new(ids: &mut Ids) -> Self {
        Self {
            id: ids.uuid(),
            user_id: ids.uuid(),
            team_id: ids.uuid(),
        }
    }
}

impl Conversation {
    pub(super) fn seeded() -> Self {
        Self::created(SEEDED_UNIX_MS)
    }

    pub(super) fn created(unix_ms: u64) -> Self {
        Self {
            created_unix_ms: unix_ms,
            labels: map("{}").unwrap_or_default(),
        }
    }
}

/// The text as a JSON object, kept in its own bytes; `None` for anything else.
pub(super) fn map(json: &str) -> Option<Box<RawValue>> {
    let raw: Box<RawValue> = serde_json::from_str(json).ok()?;
    raw.get().starts_with('{').then_some(raw)
}

/// The vendor writes UTC as `Z`.
pub(super) fn time(unix_ms: u64) -> String {
    format!("{}Z", date_time(unix_ms))
}

/// The catalogue at the start: names, or objects with `name` and perhaps `description`, `aiFlow`, `allTeams`,
/// `options` and `uuid`.
pub(super) fn seeded(seeds: &[Value], ids: &mut Ids) -> Shelf<Label> {
    let mut labels = Shelf::new();
    for (place, seed) in (0..).zip(seeds) {
        let Some(name) = seed.as_str().or_else(|| seed.get("name")?.as_str()) else {
            continue;
        };
        let id = seed
            .get("uuid")
            .and_then(Value::as_str)
            .map_or_else(|| ids.uuid(), str::to_owned);
        labels.put(
            &id,
            Label::read(name.trim(), seed, SEEDED_UNIX_MS + place * 1_000),
        );
    }
    labels
}

impl Label {
    /// Reads the members besides the name; what is left out takes the vendor's default.
    pub(super) fn read(name: &str, body: &Value, created_unix_ms: u64) -> Self {
        let flag = |member| {
            body.get(member)
                .and_then(Value::as_bool)
                .unwrap_or_default()
        };
        Self {
            name: name.to_owned(),
            description: body
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            ai_flow: flag("aiFlow"),
            all_teams: flag("allTeams"),
            options: options(body).unwrap_or_default(),
            created_unix_ms,
        }
    }
}

/// The options in a body, if it has any list of them.
pub(super) fn options(body: &Value) -> Option<Vec<LabelOption>> {
    let list = body.get("options")?.as_array()?;
    list.iter()
        .map(|option| LabelOption::deserialize(option).ok())
        .collect()
}

/// A transcript of about so many bytes; `{}` for 0.
pub(super) fn transcript(bytes: usize) -> Box<RawValue> {
    let mut text = String::new();
    let mut second = 0;
    while text.len() + 20 < bytes {
        let (speaker, words) = match second % 12 {
            0 => (
                "Jane Smith",
                "Thank you for your time today. Shall we begin with the numbers?",
            ),
            _ => (
                "John Doe",
                "Please do. The price of the second offer is what we should talk about.",
            ),
        };
        let comma = if second == 0 { "" } else { "," };
        text.push_str(&format!(
            r#"{comma}{{"speaker":"{speaker}","start":{second},"text":"{words}"}}"#
        ));
        second += 6;
    }
    let text = if text.is_empty() {
        "{}".to_owned()
    } else {
        format!(r#"{{"sentences":[{text}]}}"#)
    };
    // The text is put together from constants and numbers, so it always is JSON.
    RawValue::from_string(text).unwrap_or_default()
}
