//! The conversations of Attention, and the map of labels on each.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{
    super::{answer, target, target::Query},
    Attention,
    refusal::Refusal,
    state::{
        Attributes, Conversation, ConversationModel, Empty, Links, Participant, map, time,
        transcript,
    },
};
use crate::schema::Operation;

const TITLE: &str = "Review of the first quarter";
const DURATION_SECS: u32 = 2_700;
const LARGEST_PAGE: u64 = 50;
const PARTICIPANTS: [Participant; 2] = [
    Participant {
        id: "part-uuid-1",
        email: "jane@example.com",
        name: "Jane Smith",
        organizer: true,
        status: "accepted",
    },
    Participant {
        id: "part-uuid-2",
        email: "john@customer.example",
        name: "John Doe",
        organizer: false,
        status: "accepted",
    },
];

#[derive(Deserialize)]
struct Replacement<'a> {
    #[serde(borrow)]
    labels: &'a RawValue,
}

impl Attention {
    /// The map becomes the conversation's, in the bytes in which it came. The answer is the whole conversation.
    pub(super) fn replace(
        &mut self,
        id: &str,
        operation: &Operation,
        request: &Request<Bytes>,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        self.meet(id, now_unix_ms)?;
        target::check(operation, &target::body(request)?)?;
        let labels = serde_json::from_slice(request.body())
            .map(|body: Replacement<'_>| map(body.labels.get()));
        let labels = labels
            .ok()
            .flatten()
            .ok_or_else(|| Refusal::invalid("labels must be one object"))?;
        let conversation = self.meet(id, now_unix_ms)?;
        conversation.labels = labels;
        let conversation = conversation.clone();
        Ok(answer::json(
            StatusCode::OK,
            &self.show(id, &conversation, &self.transcript),
        ))
    }

    /// `detailedTranscript=false` leaves the transcript empty.
    pub(super) fn conversation_of(
        &mut self,
        id: &str,
        query: &Query,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let detailed = query.last("detailedTranscript") != Some("false");
        let conversation = self.meet(id, now_unix_ms)?.clone();
        let short = transcript(0);
        let transcript = if detailed { &self.transcript } else { &short };
        Ok(answer::json(
            StatusCode::OK,
            &self.show(id, &conversation, transcript),
        ))
    }

    /// Newest first, without transcripts. Filters that are not about title, owner, team or time have no effect; times
    /// are compared as UTC text.
    pub(super) fn list_conversations(&self, query: &Query) -> Response<Bytes> {
        let page = query.number("page").unwrap_or(1);
        let size = query.number("size").unwrap_or(LARGEST_PAGE);
        let holds = |name: &str, value: &str| query.last(name).is_none_or(|wanted| wanted == value);
        let titled = query
            .last("filter[title]")
            .is_none_or(|part| TITLE.to_lowercase().contains(&part.to_lowercase()));
        let any = titled
            && holds("filter[owner.id]", &self.organization.user_id)
            && holds("filter[team.id]", &self.organization.team_id);
        let wanted = |conversation: &Conversation| {
            let created = time(conversation.created_unix_ms);
            any && query
                .last("fromDateTime")
                .is_none_or(|from| created.as_str() >= from)
                && query
                    .last("toDateTime")
                    .is_none_or(|to| created.as_str() <= to)
        };
        let found: Vec<_> = self
            .conversations
            .newest_first()
            .filter(|(_, _, one)| wanted(one))
            .collect();
        let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let begin =
            usize::try_from(page.saturating_sub(1).saturating_mul(size)).unwrap_or(usize::MAX);
        let short = transcript(0);
        let shown = found
            .into_iter()
            .skip(begin)
            .take(usize::try_from(size).unwrap_or(usize::MAX));
        let data: Vec<_> = shown
            .map(|(_, id, conversation)| self.show(id, conversation, &short))
            .collect();
        let meta = json!({
            "totalRecords": total, "pageCount": total.div_ceil(size), "pageNumber": page, "pageSize": size,
        });
        let own = Links {
            own: format!("/v2/conversations?page={page}&size={size}"),
        };
        answer::json(
            StatusCode::OK,
            &Page {
                data,
                links: own,
                meta,
            },
        )
    }

    fn meet(&mut self, id: &str, now_unix_ms: u64) -> Result<&mut Conversation, Refusal> {
        let made = || Conversation::created(now_unix_ms);
        self.conversations
            .meet(id, made)
            .ok_or_else(|| Refusal::not_found("conversation"))
    }

    fn show<'a>(
        &'a self,
        id: &'a str,
        conversation: &'a Conversation,
        transcript: &'a RawValue,
    ) -> ConversationModel<'a> {
        let created = conversation.created_unix_ms;
        let [organizer, _] = PARTICIPANTS;
        let attributes = Attributes {
            uuid: id,
            title: TITLE,
            created_at: time(created),
            finished_at: time(created + u64::from(DURATION_SECS) * 1_000),
            user_uuid: &self.organization.user_id,
            team_uuid: &self.organization.team_id,
            archived: false,
            private: false,
            is_internal: false,
            is_empty: false,
            media_duration: DURATION_SECS,
            media_storage_status: "ready",
            transcript_status: "completed",
            crm_export_status: "exported",
            import_status: "completed",
            transcript,
            participants: PARTICIPANTS,
            attendees: [organizer],
            import_metadata: Empty {},
            extracted_intelligence: Empty {},
            confirmed_extracted_intelligence: Empty {},
            labels: &conversation.labels,
            label_tags_to_filter: [],
            deprecated_label_categories: [],
        };
        let links = Links {
            own: format!("/v2/conversations/{id}"),
        };
        ConversationModel {
            kind: "conversations",
            id,
            attributes,
            links,
        }
    }
}

#[derive(serde::Serialize)]
struct Page<'a> {
    data: Vec<ConversationModel<'a>>,
    links: Links,
    meta: serde_json::Value,
}
