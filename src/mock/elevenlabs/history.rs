//! The conversations of ElevenLabs, and the tags on them.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    super::{answer, page, target::Query},
    ElevenLabs,
    catalogue::{after, page_size},
    refusal::Refusal,
    state::{Conversation, HistoryModel, Metadata, SummaryModel},
};

const AGENT_NAME: &str = "Service desk";
const CALL_SECS: u64 = 240;

impl ElevenLabs {
    /// Adds, and ignores what is there already. One unknown tag and nothing is applied.
    pub(super) fn assign(
        &mut self,
        id: &str,
        body: &Value,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        self.meet(id, now_unix_ms)?;
        let asked: Vec<&str> = body
            .get("tag_ids")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if let Some(unknown) = asked.iter().find(|tag| !self.tags.contains(tag)) {
            return Err(Refusal::no_tag(unknown));
        }
        let conversation = self.meet(id, now_unix_ms)?;
        conversation
            .tags
            .extend(asked.into_iter().map(str::to_owned));
        Ok(answer::empty(StatusCode::NO_CONTENT))
    }

    /// A tag of the catalogue that the conversation does not carry is 204 too; an id that neither knows is 404.
    pub(super) fn unassign(
        &mut self,
        id: &str,
        tag: &str,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let known = self.tags.contains(tag);
        let conversation = self.meet(id, now_unix_ms)?;
        if conversation.tags.remove(tag) || known {
            Ok(answer::empty(StatusCode::NO_CONTENT))
        } else {
            Err(Refusal::no_tag(tag))
        }
    }

    /// The whole conversation, its transcript included; the tags are ids only.
    pub(super) fn history(
        &mut self,
        id: &str,
        query: &Query,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let traced = query.last("format") == Some("opentelemetry");
        let otlp_traces = traced.then(|| json!({ "resourceSpans": [] }));
        let conversation = self.meet(id, now_unix_ms)?.clone();
        let model = HistoryModel {
            agent_id: &self.agent_id,
            agent_name: AGENT_NAME,
            status: "done",
            user_id: None,
            metadata: Metadata {
                start_time_unix_secs: conversation.started_unix_secs,
                call_duration_secs: CALL_SECS,
                cost_fiat: None,
            },
            conversation_id: id,
            has_audio: false,
            has_user_audio: false,
            has_response_audio: false,
            has_auxiliary_audio: false,
            transcript: &self.transcript,
            tag_ids: &conversation.tags,
            otlp_traces,
        };
        Ok(answer::json(StatusCode::OK, &model))
    }

    pub(super) fn histories(&self, query: &Query) -> Result<Response<Bytes>, Refusal> {
        let size = page_size(query, 30);
        let (from, until) = (
            query.number("call_start_after_unix"),
            query.number("call_start_before_unix"),
        );
        let tags = query.all("tag_ids");
        let of_agent = query
            .last("agent_id")
            .is_none_or(|agent| agent == self.agent_id);
        let wanted = |conversation: &Conversation| {
            of_agent
                && from.is_none_or(|from| conversation.started_unix_secs >= from)
                && until.is_none_or(|until| conversation.started_unix_secs <= until)
                && (tags.is_empty() || tags.iter().any(|tag| conversation.tags.contains(*tag)))
        };
        let found = self
            .conversations
            .newest_first()
            .filter(|(_, _, conversation)| wanted(conversation));
        let items = found.map(|(place, id, conversation)| (place, self.summary(id, conversation)));
        let slice = match query.last("sort_direction") {
            Some("asc") => page::slice(items.rev(), after(query)?, size, false),
            _ => page::slice(items, after(query)?, size, true),
        };
        let body = json!({
            "conversations": slice.items,
            "next_cursor": slice.next.map(page::cursor),
            "has_more": slice.more,
        });
        Ok(answer::json(StatusCode::OK, &body))
    }

    fn meet(&mut self, id: &str, now_unix_ms: u64) -> Result<&mut Conversation, Refusal> {
        let made = || Conversation::started(now_unix_ms / 1_000);
        self.conversations
            .meet(id, made)
            .ok_or_else(|| Refusal::no_conversation(id))
    }

    fn summary<'a>(
        &'a self,
        conversation_id: &'a str,
        conversation: &'a Conversation,
    ) -> SummaryModel<'a> {
        SummaryModel {
            agent_id: &self.agent_id,
            agent_name: AGENT_NAME,
            conversation_id,
            start_time_unix_secs: conversation.started_unix_secs,
            call_duration_secs: CALL_SECS,
            message_count: 12,
            status: "done",
            call_successful: "success",
            tag_ids: &conversation.tags,
        }
    }
}
