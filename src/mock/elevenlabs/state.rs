//! What the twin of ElevenLabs keeps, and how it looks on the wire.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::super::{ids::Ids, shelf::Shelf};

/// A tag, without its id.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) created_at_unix_secs: u64,
}

/// A conversation, without its id. `tags` may name ids that the catalogue does not know.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) started_unix_secs: u64,
    pub(super) tags: BTreeSet<String>,
}

/// `ConversationTagResponseModel`; every member is always there.
#[derive(Serialize)]
pub(super) struct TagModel<'a> {
    pub(super) tag_id: &'a str,
    pub(super) workspace_id: &'a str,
    pub(super) owner_user_id: &'a str,
    pub(super) title: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) created_at_unix_secs: u64,
}

/// `GetConversationResponseModel` in the order of the vendor's document, where the tags stand behind the transcript.
#[derive(Serialize)]
pub(super) struct HistoryModel<'a> {
    pub(super) agent_id: &'a str,
    pub(super) agent_name: &'static str,
    pub(super) status: &'static str,
    pub(super) user_id: Option<&'a str>,
    pub(super) metadata: Metadata,
    pub(super) conversation_id: &'a str,
    pub(super) has_audio: bool,
    pub(super) has_user_audio: bool,
    pub(super) has_response_audio: bool,
    pub(super) has_auxiliary_audio: bool,
    pub(super) transcript: &'a RawValue,
    pub(super) tag_ids: &'a BTreeSet<String>,
    /// Only there when it is asked for with `format=opentelemetry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) otlp_traces: Option<Value>,
}

/// The required part of the vendor's call metadata.
#[derive(Serialize)]
pub(super) struct Metadata {
    pub(super) start_time_unix_secs: u64,
    pub(super) call_duration_secs: u64,
    pub(super) cost_fiat: Option<f64>,
}

/// `ConversationSummaryResponseModel`.
#[derive(Serialize)]
pub(super) struct SummaryModel<'a> {
    pub(super) agent_id: &'a str,
    pub(super) agent_name: &'static str,
    pub(super) conversation_id: &'a str,
    pub(super) start_time_unix_secs: u64,
    pub(super) call_duration_secs: u64,
    pub(super) message_count: u64,
    pub(super) status: &'static str,
    pub(super) call_successful: &'static str,
    pub(super) tag_ids: &'a BTreeSet<String>,
}

/// When the things that were there from the start were made: 2026-05-01, a little after tags came to be.
pub(super) const SEEDED_UNIX_SECS: u64 = 1_777_593_600;

impl Conversation {
    pub(super) fn seeded() -> Self {
        Self::started(SEEDED_UNIX_SECS)
    }

    pub(super) fn started(unix_secs: u64) -> Self {
        Self {
            started_unix_secs: unix_secs,
            tags: BTreeSet::new(),
        }
    }
}

/// The catalogue at the start: titles, or objects with `title` and perhaps `description` and `tag_id`.
pub(super) fn seeded(seeds: &[Value], ids: &mut Ids) -> Shelf<Tag> {
    let mut tags = Shelf::new();
    for (place, seed) in (0..).zip(seeds) {
        let Some(title) = seed.as_str().or_else(|| seed.get("title")?.as_str()) else {
            continue;
        };
        let id = seed
            .get("tag_id")
            .and_then(Value::as_str)
            .map_or_else(|| new_id(ids), str::to_owned);
        let tag = Tag {
            title: title.to_owned(),
            description: seed
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned),
            created_at_unix_secs: SEEDED_UNIX_SECS + place,
        };
        tags.put(&id, tag);
    }
    tags
}

/// The shape that the vendor's examples show; it promises none.
pub(super) fn new_id(ids: &mut Ids) -> String {
    format!("tag_{}", ids.hex(20))
}

/// A transcript of about so many bytes; empty for 0.
pub(super) fn transcript(bytes: usize) -> Box<RawValue> {
    let mut text = String::from("[");
    let mut seconds = 0;
    while text.len() + 1 < bytes {
        let (role, message) = match seconds % 14 {
            0 => (
                "agent",
                "Good morning, you are speaking with the service desk. How can I help?",
            ),
            _ => (
                "user",
                "My invoice of last month shows an amount that I cannot explain to myself.",
            ),
        };
        let comma = if seconds == 0 { "" } else { "," };
        text.push_str(&format!(
            r#"{comma}{{"role":"{role}","message":"{message}","time_in_call_secs":{seconds}}}"#
        ));
        seconds += 7;
    }
    text.push(']');
    // The text is put together from constants and numbers, so it always is JSON.
    RawValue::from_string(text).unwrap_or_default()
}
