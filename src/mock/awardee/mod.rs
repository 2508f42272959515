//! The twin of Awardee: a palette of tags, and one replaceable set of them per conversation.
//!
//! Where the vendor's material is silent, the twin takes one side, and a client must be fit for both:
//! - an id that is no UUID is 404 in a path, and an unknown tag in a replace is 400 with nothing applied;
//! - names are compared trimmed and in Unicode lower case, and stored as they came;
//! - the tags of a conversation come in pages like the palette's, the answer to a replace holds the whole set;
//! - only answers that succeeded are kept under an idempotency key, and bodies are the same if their bytes are;
//! - a request without a valid key is not counted against the rate limit.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode};
use serde_json::Value;

use self::{
    refusal::Refusal,
    replay::Replays,
    state::{Conversation, Tag},
};
use super::{
    Options, Twin, Window, answer,
    conversations::Conversations,
    ids::{Ids, as_uuid},
    meter::Meter,
    shelf::Shelf,
    target::{self, Query, Route},
};
use crate::schema::{Document, Operation};

mod conversation;
mod palette;
mod rates;
mod refusal;
mod replay;
mod state;
#[cfg(test)]
mod tests;

struct Awardee {
    options: Options,
    document: Arc<Document>,
    chatbot_id: String,
    ids: Ids,
    requests: Ids,
    tags: Shelf<Tag>,
    conversations: Conversations<Conversation>,
    replays: Replays,
    meter: Meter,
}

/// New on every answer, a replayed one too; errors repeat it as `request_id`.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) fn build(options: &Options, document: Arc<Document>) -> Box<dyn Twin> {
    Box::new(Awardee::new(options.clone(), document))
}

impl Awardee {
    fn new(options: Options, document: Arc<Document>) -> Self {
        let mut ids = Ids::new(options.seed, 0);
        let known = options
            .conversations
            .as_ref()
            .map(|known| known.iter().filter_map(|id| as_uuid(id)).collect());
        Self {
            chatbot_id: Ids::new(options.seed, 2).uuid(),
            tags: state::seeded(&options.tags, &mut ids),
            ids,
            requests: Ids::new(options.seed, 1),
            conversations: Conversations::new(known.as_ref(), |_| Conversation::seeded()),
            replays: Replays::new(),
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
        self.admit(request, now_unix_ms)?;
        match target::route(&document, request) {
            Route::Operation(operation, ids) => {
                let id = ids.first().map(String::as_str).unwrap_or_default();
                self.perform(operation, id, request, now_unix_ms)
            }
            Route::OtherMethod(methods) => Err(Refusal::other_method(methods)),
            Route::Nothing => Err(Refusal::not_found("path")),
        }
    }

    fn admit(&mut self, request: &Request<Bytes>, now_unix_ms: u64) -> Result<(), Refusal> {
        let key = target::authorization(request)
            .and_then(target::bearer)
            .unwrap_or_default();
        match &self.options.key {
            _ if key.is_empty() => return Err(Refusal::missing_key()),
            Some(wanted) if wanted != key => return Err(Refusal::wrong_key()),
            _ => {}
        }
        self.meter.take(now_unix_ms).map_err(Refusal::too_fast)
    }

    fn perform(
        &mut self,
        operation: &Operation,
        id: &str,
        request: &Request<Bytes>,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let query = Query::of(request);
        let faults = query.faults(operation);
        if !faults.is_empty() {
            return Err(Refusal::bad_query(&faults));
        }
        match operation.id() {
            "list_conversation_tags" => Ok(self.list_tags(&query)),
            "create_conversation_tag" => self.create_tag_once(operation, request, now_unix_ms),
            "delete_conversation_tag" => self.delete_tag(id),
            "get_conversation_tags" => self.carried(id, &query, now_unix_ms),
            "replace_conversation_tags" => {
                self.replace(id, &checked(operation, request)?, now_unix_ms)
            }
            "get_conversation" => self.conversation_of(id, now_unix_ms),
            "list_conversations" => self.list_conversations(&query),
            _ => Err(Refusal::not_found("path")),
        }
    }
}

impl Twin for Awardee {
    fn answer(&mut self, request: &Request<Bytes>, now_unix_ms: u64) -> Response<Bytes> {
        let request_id = format!("req_{}", self.requests.hex(24));
        let answer = match self.outcome(request, now_unix_ms) {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(&request_id),
        };
        rates::with_headers(
            answer::with(answer, REQUEST_ID, &request_id),
            &mut self.meter,
            now_unix_ms,
        )
    }

    fn failure(&mut self, status: StatusCode, now_unix_ms: u64) -> Response<Bytes> {
        let request_id = format!("req_{}", self.requests.hex(24));
        let refused = Refusal::failure(status).answer(&request_id);
        let refused = answer::with(refused, REQUEST_ID, &request_id);
        rates::with_headers(refused, &mut self.meter, now_unix_ms)
    }

    fn set_windows(&mut self, windows: &[Window]) {
        self.meter = Meter::new(windows);
    }

    fn reset(&mut self) {
        *self = Self::new(self.options.clone(), Arc::clone(&self.document));
    }

    fn content(&self, id: &str) -> Option<String> {
        let conversation = self.conversations.get(&as_uuid(id)?)?;
        serde_json::to_string(&conversation.tags).ok()
    }

    /// Takes ids of the palette only: the vendor shows a conversation's tags as whole objects.
    fn set_content(&mut self, id: &str, json: &str) -> bool {
        let (Some(id), Ok(tags)) = (as_uuid(id), serde_json::from_str::<Vec<String>>(json)) else {
            return false;
        };
        let known = |tag: &String| as_uuid(tag).filter(|tag| self.tags.contains(tag));
        let Some(tags) = tags.iter().map(known).collect() else {
            return false;
        };
        let before = self
            .conversations
            .get(&id)
            .cloned()
            .unwrap_or_else(Conversation::seeded);
        self.conversations.put(&id, Conversation { tags, ..before });
        true
    }
}

fn checked(operation: &Operation, request: &Request<Bytes>) -> Result<Value, Refusal> {
    let body = target::body(request)?;
    target::check(operation, &body)?;
    Ok(body)
}
