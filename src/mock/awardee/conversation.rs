//! The conversations of Awardee, and the set of tags on each.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    super::{answer, ids::as_uuid, page, target::Query},
    Awardee,
    palette::page_and_size,
    refusal::Refusal,
    state::{Conversation, ConversationModel, List, TagModel, time},
};

const STATUS: &str = "open";
const PRIORITY: &str = "medium";

impl Awardee {
    pub(super) fn carried(
        &mut self,
        id: &str,
        query: &Query,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let (page, size) = page_and_size(query);
        let carried = self.meet(id, now_unix_ms)?.1.tags.clone();
        Ok(answer::json(
            StatusCode::OK,
            &List::cut(self.models(&carried), page, size),
        ))
    }

    /// The array becomes the set; the answer holds all of it, whatever its size.
    pub(super) fn replace(
        &mut self,
        id: &str,
        body: &Value,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        self.meet(id, now_unix_ms)?;
        let asked = body
            .get("tag_ids")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let mut wanted = BTreeSet::new();
        for tag in asked.filter_map(Value::as_str) {
            let known = as_uuid(tag).filter(|tag| self.tags.contains(tag));
            wanted
                .insert(known.ok_or_else(|| {
                    Refusal::bad_field("tag_ids", &format!("{tag} is not a tag"))
                })?);
        }
        self.meet(id, now_unix_ms)?.1.tags.clone_from(&wanted);
        let size = u64::try_from(wanted.len()).unwrap_or(u64::MAX).max(25);
        Ok(answer::json(
            StatusCode::OK,
            &List::cut(self.models(&wanted), 1, size),
        ))
    }

    pub(super) fn conversation_of(
        &mut self,
        id: &str,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let (id, conversation) = self.meet(id, now_unix_ms)?;
        let conversation = conversation.clone();
        Ok(answer::json(
            StatusCode::OK,
            &self.model(&id, &conversation),
        ))
    }

    /// Every conversation here is open, of medium priority and assigned to nobody. `sort` has no effect: its values
    /// are not documented.
    pub(super) fn list_conversations(&self, query: &Query) -> Result<Response<Bytes>, Refusal> {
        let after = query
            .last("cursor")
            .map(|cursor| page::place(cursor).ok_or_else(Refusal::bad_cursor));
        let holds = |name: &str, value: &str| query.last(name).is_none_or(|wanted| wanted == value);
        let unassigned =
            query.last("assigned_to").is_none() || query.last("include_unassigned") == Some("true");
        let any = unassigned
            && holds("status", STATUS)
            && holds("priority", PRIORITY)
            && holds("chatbot_id", &self.chatbot_id);
        let found = self.conversations.newest_first().filter(|_| any);
        let items = found.map(|(place, id, conversation)| (place, self.model(id, conversation)));
        let size = usize::try_from(query.number("limit").unwrap_or(25)).unwrap_or(usize::MAX);
        let slice = page::slice(items, after.transpose()?, size, true);
        let next = slice.next.filter(|_| slice.more).map(page::cursor);
        let body = json!({ "object": "list", "has_more": slice.more, "next_cursor": next, "data": slice.items });
        Ok(answer::json(StatusCode::OK, &body))
    }

    fn meet(&mut self, id: &str, now_unix_ms: u64) -> Result<(String, &mut Conversation), Refusal> {
        let missing = || Refusal::not_found("conversation");
        let id = as_uuid(id).ok_or_else(missing)?;
        let conversation = self
            .conversations
            .meet(&id, || Conversation::created(now_unix_ms))
            .ok_or_else(missing)?;
        Ok((id, conversation))
    }

    /// The tags as objects, in the order of the palette.
    fn models<'a>(&'a self, carried: &'a BTreeSet<String>) -> impl Iterator<Item = TagModel<'a>> {
        let tags = self
            .tags
            .newest_first()
            .filter(|(_, id, _)| carried.contains(*id));
        tags.map(|(_, id, tag)| tag.model(id))
    }

    fn model<'a>(&'a self, id: &'a str, conversation: &Conversation) -> ConversationModel<'a> {
        ConversationModel {
            object: "conversation",
            id,
            chatbot_id: &self.chatbot_id,
            status: STATUS,
            priority: PRIORITY,
            title: None,
            summary: None,
            assigned_to: None,
            created_at: time(conversation.created_unix_ms),
        }
    }
}
