//! The palette of Awardee: names are unique without regard to case, the list comes newest first.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

use super::{
    super::{answer, ids::as_uuid, shelf, target::Query},
    Awardee, checked,
    refusal::Refusal,
    replay::Earlier,
    state::{List, Tag, folded},
};
use crate::schema::Operation;

impl Awardee {
    /// `search` finds names that hold the text, without regard to case.
    pub(super) fn list_tags(&self, query: &Query) -> Response<Bytes> {
        let (page, size) = page_and_size(query);
        let search = query.last("search").map(folded).unwrap_or_default();
        let found = self
            .tags
            .newest_first()
            .filter(|(_, _, tag)| tag.folded.contains(&search));
        let list = List::cut(found.map(|(_, id, tag)| tag.model(id)), page, size);
        answer::json(StatusCode::OK, &list)
    }

    /// Creates, or repeats the answer that the same idempotency key was given within 24 hours.
    pub(super) fn create_tag_once(
        &mut self,
        operation: &Operation,
        request: &Request<Bytes>,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let name = match self.replays.earlier(request, now_unix_ms) {
            None => return self.create_tag(&checked(operation, request)?, now_unix_ms),
            Some(Earlier::None(name)) => name,
            Some(Earlier::Same(answer)) => return Ok(answer),
            Some(Earlier::Other) => return Err(Refusal::key_reused()),
            Some(Earlier::BadKey) => {
                return Err(Refusal::bad_form(
                    "Idempotency-Key takes 1 to 255 characters",
                ));
            }
        };
        let answer = self.create_tag(&checked(operation, request)?, now_unix_ms)?;
        self.replays
            .keep(&name, request.body(), &answer, now_unix_ms);
        Ok(answer)
    }

    /// Takes the tag off every conversation too.
    pub(super) fn delete_tag(&mut self, id: &str) -> Result<Response<Bytes>, Refusal> {
        let id = as_uuid(id)
            .filter(|id| self.tags.remove(id).is_some())
            .ok_or_else(|| Refusal::not_found("tag"))?;
        for conversation in self.conversations.all_mut() {
            conversation.tags.remove(&id);
        }
        Ok(answer::empty(StatusCode::NO_CONTENT))
    }

    fn create_tag(&mut self, body: &Value, now_unix_ms: u64) -> Result<Response<Bytes>, Refusal> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        let tag = Tag::new(name, body.get("color").and_then(Value::as_str), now_unix_ms);
        if self
            .tags
            .newest_first()
            .any(|(_, _, other)| other.folded == tag.folded)
        {
            return Err(Refusal::name_taken());
        }
        if self.tags.len() >= shelf::MOST_TAGS {
            return Err(Refusal::bad_form(
                "the palette holds as many tags as it can",
            ));
        }
        let id = self.ids.uuid();
        let answer = answer::json(StatusCode::CREATED, &tag.model(&id));
        self.tags.put(&id, tag);
        Ok(answer)
    }
}

/// The page, 1 by default, and its size, 25 by default.
pub(super) fn page_and_size(query: &Query) -> (u64, u64) {
    (
        query.number("page").unwrap_or(1),
        query.number("page_size").unwrap_or(25),
    )
}
