//! The twin of ElevenLabs: conversation tags as of its OpenAPI document of 2026-08-22.
//!
//! Where the vendor's material is silent, the twin takes one side, and a client must be fit for both:
//! - an unknown tag in an assignment is 404 and nothing of the call is applied;
//! - taking off a known tag that is not on the conversation is 204 (404 is as likely);
//! - deleting a tag takes it off every conversation at once;
//! - `null` in an update leaves the member as it is;
//! - several `tag_ids` in the filter of the conversation list mean any of them; filters that are not about tags, time,
//!   agent or order have no effect.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode, header::ALLOW};
use serde_json::value::RawValue;

use self::{
    refusal::Refusal,
    state::{Conversation, Tag, transcript},
};
use super::{
    Options, Twin, Window, answer,
    conversations::Conversations,
    ids::Ids,
    meter::Meter,
    shelf::Shelf,
    target::{self, Query, Route},
};
use crate::schema::{Document, Operation};

mod catalogue;
mod history;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

struct ElevenLabs {
    options: Options,
    document: Arc<Document>,
    workspace_id: String,
    owner_user_id: String,
    agent_id: String,
    transcript: Box<RawValue>,
    ids: Ids,
    traces: Ids,
    tags: Shelf<Tag>,
    conversations: Conversations<Conversation>,
    meter: Meter,
}

/// The header that repeats `detail.request_id`; it stands on every answer.
const TRACE: HeaderName = HeaderName::from_static("x-trace-id");

pub(super) fn build(options: &Options, document: Arc<Document>) -> Box<dyn Twin> {
    Box::new(ElevenLabs::new(options.clone(), document))
}

impl ElevenLabs {
    fn new(options: Options, document: Arc<Document>) -> Self {
        let mut people = Ids::new(options.seed, 2);
        let mut ids = Ids::new(options.seed, 0);
        Self {
            workspace_id: people.hex(32),
            owner_user_id: format!("user_{}", people.hex(26)),
            agent_id: format!("agent_{}", people.hex(26)),
            transcript: transcript(options.transcript_bytes),
            tags: state::seeded(&options.tags, &mut ids),
            ids,
            traces: Ids::new(options.seed, 1),
            conversations: Conversations::new(options.conversations.as_ref(), |_| {
                Conversation::seeded()
            }),
            meter: Meter::new(&options.windows),
            options,
            document,
        }
    }

    fn outcome(
        &mut self,
        request: &Request<Bytes>,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let document = Arc::clone(&self.document);
        let (operation, ids) = match target::route(&document, request) {
            Route::Operation(operation, ids) => (operation, ids),
            Route::OtherMethod(methods) => {
                let refused = Refusal::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
                return Ok(answer::with(refused.answer(""), ALLOW, &methods));
            }
            Route::Nothing => return Err(Refusal::text(StatusCode::NOT_FOUND, "Not Found")),
        };
        self.admit(request, now_unix_ms)?;
        self.perform(operation, &ids, request, now_unix_ms)
    }

    /// A missing key is refused in the older form of the error, a wrong one in the newer.
    fn admit(&mut self, request: &Request<Bytes>, now_unix_ms: u64) -> Result<(), Refusal> {
        let key = request
            .headers()
            .get("xi-api-key")
            .map(|key| key.as_bytes());
        match (key, &self.options.key) {
            (None | Some([]), _) => return Err(Refusal::missing_key()),
            (Some(given), Some(wanted)) if given != wanted.as_bytes() => {
                return Err(Refusal::wrong_key());
            }
            _ => {}
        }
        // No header says how long to wait: a 429 that was seen live had none.
        self.meter
            .take(now_unix_ms)
            .map_err(|_wait| Refusal::too_fast())
    }

    fn perform(
        &mut self,
        operation: &Operation,
        ids: &[String],
        request: &Request<Bytes>,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let query = Query::of(request);
        let faults = query.faults(operation);
        if !faults.is_empty() {
            return Err(Refusal::bad_query(&faults));
        }
        match (operation.id(), ids) {
            ("list_conversation_tags_route", _) => self.list_tags(&query),
            ("create_conversation_tag_route", _) => {
                self.create_tag(&checked(operation, request)?, now_unix_ms)
            }
            ("get_conversation_tag_route", [tag]) => self.get_tag(tag),
            ("update_conversation_tag_route", [tag]) => {
                self.update_tag(tag, &checked(operation, request)?)
            }
            ("delete_conversation_tag_route", [tag]) => self.delete_tag(tag),
            ("assign_conversation_tags_route", [conversation]) => {
                self.assign(conversation, &checked(operation, request)?, now_unix_ms)
            }
            ("unassign_conversation_tag_route", [conversation, tag]) => {
                self.unassign(conversation, tag, now_unix_ms)
            }
            ("get_conversation_history_route", [conversation]) => {
                self.history(conversation, &query, now_unix_ms)
            }
            ("get_conversation_histories_route", _) => self.histories(&query),
            _ => Err(Refusal::text(StatusCode::NOT_FOUND, "Not Found")),
        }
    }
}

impl Twin for ElevenLabs {
    fn answer(&mut self, request: &Request<Bytes>, now_unix_ms: u64) -> Response<Bytes> {
        let trace = self.traces.hex(32);
        let answer = self
            .outcome(request, now_unix_ms)
            .unwrap_or_else(|refusal| refusal.answer(&trace));
        answer::with(answer, TRACE, &trace)
    }

    fn failure(&mut self, status: StatusCode, _now_unix_ms: u64) -> Response<Bytes> {
        let trace = self.traces.hex(32);
        answer::with(Refusal::failure(status).answer(&trace), TRACE, &trace)
    }

    fn set_windows(&mut self, windows: &[Window]) {
        self.meter = Meter::new(windows);
    }

    fn reset(&mut self) {
        *self = Self::new(self.options.clone(), Arc::clone(&self.document));
    }

    fn content(&self, id: &str) -> Option<String> {
        let tags = &self.conversations.get(id)?.tags;
        serde_json::to_string(tags).ok()
    }

    fn set_content(&mut self, id: &str, json: &str) -> bool {
        let Ok(tags) = serde_json::from_str(json) else {
            return false;
        };
        let before = self
            .conversations
            .get(id)
            .cloned()
            .unwrap_or_else(Conversation::seeded);
        self.conversations.put(id, Conversation { tags, ..before });
        true
    }
}

fn checked(operation: &Operation, request: &Request<Bytes>) -> Result<serde_json::Value, Refusal> {
    let body = target::body(request)?;
    target::check(operation, &body)?;
    Ok(body)
}
