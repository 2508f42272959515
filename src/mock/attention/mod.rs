//! The twin of Attention: labels with options, and one replaceable map of them per conversation.
//!
//! Where the vendor's material is silent, the twin takes one side, and a client must be fit for both:
//! - the key is taken with and without `Bearer`, as the vendor's guide and its reference pages differ;
//! - errors are `{code, title, detail}`, a request that the document rejects is 400, a 429 names no waiting time;
//! - label names are compared exactly, and any name and value may stand in a conversation's map;
//! - a deleted or renamed label leaves the maps of conversations as they are;
//! - the catalogue comes whole, without pages, newest first.
//!
//! The analysis that a change of labels may start at the vendor leaves no trace here: the log shows `skip_analysis`.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::ALLOW};
use serde_json::value::RawValue;

use self::{
    refusal::Refusal,
    state::{Conversation, Label, Organization, transcript},
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

mod conversation;
mod labels;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

struct Attention {
    options: Options,
    document: Arc<Document>,
    organization: Organization,
    transcript: Box<RawValue>,
    ids: Ids,
    labels: Shelf<Label>,
    conversations: Conversations<Conversation>,
    meter: Meter,
}

pub(super) fn build(options: &Options, document: Arc<Document>) -> Box<dyn Twin> {
    Box::new(Attention::new(options.clone(), document))
}

impl Attention {
    fn new(options: Options, document: Arc<Document>) -> Self {
        let mut ids = Ids::new(options.seed, 0);
        Self {
            organization: Organization::new(&mut Ids::new(options.seed, 2)),
            transcript: transcript(options.transcript_bytes),
            labels: state::seeded(&options.tags, &mut ids),
            ids,
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
        self.admit(request, now_unix_ms)?;
        match target::route(&document, request) {
            Route::Operation(operation, ids) => {
                let id = ids.first().map(String::as_str).unwrap_or_default();
                self.perform(operation, id, request, now_unix_ms)
            }
            Route::OtherMethod(methods) => Ok(answer::with(
                Refusal::other_method().answer(),
                ALLOW,
                &methods,
            )),
            Route::Nothing => Err(Refusal::not_found("path")),
        }
    }

    fn admit(&mut self, request: &Request<Bytes>, now_unix_ms: u64) -> Result<(), Refusal> {
        let given = target::authorization(request).unwrap_or_default();
        let key = target::bearer(given).unwrap_or(given);
        if key.is_empty()
            || self
                .options
                .key
                .as_ref()
                .is_some_and(|wanted| wanted != key)
        {
            return Err(Refusal::unauthorized());
        }
        self.meter
            .take(now_unix_ms)
            .map_err(|_wait| Refusal::too_fast())
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
            "list_labels" => Ok(self.list_labels()),
            "create_label" => self.create_label(&labels::body(operation, request)?, now_unix_ms),
            "get_label" => self.get_label(id, StatusCode::OK),
            "update_label" => self.update_label(id, &labels::body(operation, request)?),
            "delete_label" => self.delete_label(id),
            "replace_conversation_labels" => self.replace(id, operation, request, now_unix_ms),
            "get_conversation" => self.conversation_of(id, &query, now_unix_ms),
            "list_conversations" => Ok(self.list_conversations(&query)),
            _ => Err(Refusal::not_found("path")),
        }
    }
}

impl Twin for Attention {
    fn answer(&mut self, request: &Request<Bytes>, now_unix_ms: u64) -> Response<Bytes> {
        self.outcome(request, now_unix_ms)
            .unwrap_or_else(Refusal::answer)
    }

    fn failure(&mut self, status: StatusCode, _now_unix_ms: u64) -> Response<Bytes> {
        Refusal::failure(status).answer()
    }

    fn set_windows(&mut self, windows: &[Window]) {
        self.meter = Meter::new(windows);
    }

    fn reset(&mut self) {
        *self = Self::new(self.options.clone(), Arc::clone(&self.document));
    }

    /// The map as it was written, byte for byte.
    fn content(&self, id: &str) -> Option<String> {
        self.conversations
            .get(id)
            .map(|conversation| conversation.labels.get().to_owned())
    }

    /// Takes any map, even one that names a label twice.
    fn set_content(&mut self, id: &str, json: &str) -> bool {
        let Some(labels) = state::map(json) else {
            return false;
        };
        let before = self
            .conversations
            .get(id)
            .cloned()
            .unwrap_or_else(Conversation::seeded);
        self.conversations
            .put(id, Conversation { labels, ..before });
        true
    }
}
