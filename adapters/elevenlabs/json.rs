//! ElevenLabs' JSON as it travels.

use serde::Deserialize;
use serde_json::Value;

/// OpenAPI: `ConversationTagResponseModel`, what is relied on.
#[derive(Deserialize)]
pub(super) struct Tag {
    pub(super) tag_id: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) created_at_unix_secs: i64,
}

/// OpenAPI: `GetConversationTagsPageResponseModel`.
#[derive(Deserialize)]
pub(super) struct TagPage {
    pub(super) conversation_tags: Vec<Tag>,
    pub(super) has_more: bool,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

/// OpenAPI: `GetConversationResponseModel`; `tag_ids` is not required, and missing means none.
#[derive(Deserialize)]
pub(super) struct Detail {
    pub(super) conversation_id: String,
    #[serde(default)]
    pub(super) tag_ids: Vec<String>,
}

/// Every error; `detail` has at least four shapes.
#[derive(Deserialize)]
pub(super) struct Problem {
    #[serde(default)]
    pub(super) detail: Value,
}

/// What the shapes of `detail` have in common.
#[derive(Default)]
pub(super) struct Said {
    pub(super) code: Option<String>,
    pub(super) status: Option<String>,
    pub(super) message: Option<String>,
    pub(super) request_id: Option<String>,
}

/// Reads a list of validation errors, the current and the older object, and a plain text.
pub(super) fn said(detail: Value) -> Said {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    match detail {
        Value::String(message) => Said {
            message: Some(message),
            ..Said::default()
        },
        Value::Array(errors) => {
            let first = errors.first();
            Said {
                code: text(first.and_then(|error| error.get("type"))),
                message: text(first.and_then(|error| error.get("msg"))),
                ..Said::default()
            }
        }
        Value::Object(detail) => Said {
            code: text(detail.get("code")),
            status: text(detail.get("status")),
            message: text(detail.get("message")),
            request_id: text(detail.get("request_id")),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => Said::default(),
    }
}
