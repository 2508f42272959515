//! The tag catalogue of ElevenLabs: titles are not unique, the list comes newest first.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    super::{answer, page, shelf, target::Query},
    ElevenLabs,
    refusal::Refusal,
    state::{Tag, TagModel, new_id},
};

impl ElevenLabs {
    /// As in the vendor's own example, `next_cursor` is there although `has_more` is false; only an empty page has none.
    pub(super) fn list_tags(&self, query: &Query) -> Result<Response<Bytes>, Refusal> {
        let size = page_size(query, 100);
        let items = self
            .tags
            .newest_first()
            .map(|(place, id, tag)| (place, self.model(id, tag)));
        let slice = page::slice(items, after(query)?, size, true);
        let body = json!({
            "conversation_tags": slice.items,
            "next_cursor": slice.next.map(page::cursor),
            "has_more": slice.more,
        });
        Ok(answer::json(StatusCode::OK, &body))
    }

    /// 200, not 201. There is no key that would tell a repeat from a second tag of the same title.
    pub(super) fn create_tag(
        &mut self,
        body: &Value,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        if self.tags.len() >= shelf::MOST_TAGS {
            return Err(Refusal::full());
        }
        let tag = Tag {
            title: body
                .get("title")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            description: body
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned),
            created_at_unix_secs: now_unix_ms / 1_000,
        };
        let id = new_id(&mut self.ids);
        self.tags.put(&id, tag);
        self.get_tag(&id)
    }

    pub(super) fn get_tag(&self, id: &str) -> Result<Response<Bytes>, Refusal> {
        let tag = self.tags.get(id).ok_or_else(|| Refusal::no_tag(id))?;
        Ok(answer::json(StatusCode::OK, &self.model(id, tag)))
    }

    /// A member that is left out or null stays; an empty description clears it.
    pub(super) fn update_tag(
        &mut self,
        id: &str,
        body: &Value,
    ) -> Result<Response<Bytes>, Refusal> {
        let tag = self.tags.get_mut(id).ok_or_else(|| Refusal::no_tag(id))?;
        if let Some(title) = body.get("title").and_then(Value::as_str) {
            tag.title = title.to_owned();
        }
        if let Some(description) = body.get("description").and_then(Value::as_str) {
            tag.description = Some(description.to_owned());
        }
        self.get_tag(id)
    }

    pub(super) fn delete_tag(&mut self, id: &str) -> Result<Response<Bytes>, Refusal> {
        self.tags.remove(id).ok_or_else(|| Refusal::no_tag(id))?;
        for conversation in self.conversations.all_mut() {
            conversation.tags.remove(id);
        }
        Ok(answer::empty(StatusCode::NO_CONTENT))
    }

    fn model<'a>(&'a self, tag_id: &'a str, tag: &'a Tag) -> TagModel<'a> {
        TagModel {
            tag_id,
            workspace_id: &self.workspace_id,
            owner_user_id: &self.owner_user_id,
            title: &tag.title,
            description: tag.description.as_deref(),
            created_at_unix_secs: tag.created_at_unix_secs,
        }
    }
}

/// How many items a page is to hold.
pub(super) fn page_size(query: &Query, unless_given: u64) -> usize {
    usize::try_from(query.number("page_size").unwrap_or(unless_given)).unwrap_or(usize::MAX)
}

/// The place after which the page begins.
pub(super) fn after(query: &Query) -> Result<Option<u64>, Refusal> {
    let cursor = query.last("cursor").filter(|cursor| !cursor.is_empty());
    cursor
        .map(|cursor| page::place(cursor).ok_or_else(Refusal::bad_cursor))
        .transpose()
}
