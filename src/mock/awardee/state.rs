//! What the twin of Awardee keeps, and how it looks on the wire.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::super::{
    ids::{Ids, as_uuid},
    shelf::Shelf,
    time::date_time,
};

/// A tag, without its id.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    /// The name as it is compared.
    pub(super) folded: String,
    pub(super) color: Option<String>,
    pub(super) created_unix_ms: u64,
}

/// A conversation, without its id; its tags are ids of the palette.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) created_unix_ms: u64,
    pub(super) tags: BTreeSet<String>,
}

/// A tag as the vendor shows it; every member is always there.
#[derive(Serialize)]
pub(super) struct TagModel<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    color: Option<&'a str>,
    created_at: String,
}

/// A list that is counted and cut into numbered pages.
#[derive(Serialize)]
pub(super) struct List<T> {
    object: &'static str,
    total: usize,
    page: u64,
    page_size: u64,
    data: Vec<T>,
}

/// A conversation as the vendor shows it: no member of it tells the tags.
#[derive(Serialize)]
pub(super) struct ConversationModel<'a> {
    pub(super) object: &'static str,
    pub(super) id: &'a str,
    pub(super) chatbot_id: &'a str,
    pub(super) status: &'static str,
    pub(super) priority: &'static str,
    pub(super) title: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    pub(super) assigned_to: Option<&'a str>,
    pub(super) created_at: String,
}

/// When the things that were there from the start were made: 2026-05-01.
const SEEDED_UNIX_MS: u64 = 1_777_593_600_000;

impl Tag {
    pub(super) fn new(name: &str, color: Option<&str>, created_unix_ms: u64) -> Self {
        Self {
            name: name.to_owned(),
            folded: folded(name),
            color: color.map(str::to_owned),
            created_unix_ms,
        }
    }

    pub(super) fn model<'a>(&'a self, id: &'a str) -> TagModel<'a> {
        TagModel {
            object: "conversation_tag",
            id,
            name: &self.name,
            color: self.color.as_deref(),
            created_at: time(self.created_unix_ms),
        }
    }
}

impl Conversation {
    pub(super) fn seeded() -> Self {
        Self::created(SEEDED_UNIX_MS)
    }

    pub(super) fn created(unix_ms: u64) -> Self {
        Self {
            created_unix_ms: unix_ms,
            tags: BTreeSet::new(),
        }
    }
}

impl<T> List<T> {
    /// Page `page`, counted from 1, of at most `page_size` items.
    pub(super) fn cut(items: impl Iterator<Item = T>, page: u64, page_size: u64) -> Self {
        let mut total = 0;
        let begin = page.saturating_sub(1).saturating_mul(page_size);
        let end = begin.saturating_add(page_size);
        let mut data = Vec::new();
        for (place, item) in (0_u64..).zip(items) {
            total += 1;
            if (begin..end).contains(&place) {
                data.push(item);
            }
        }
        Self {
            object: "list",
            total,
            page,
            page_size,
            data,
        }
    }
}

/// How names are compared.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The vendor writes the offset out.
pub(super) fn time(unix_ms: u64) -> String {
    format!("{}+00:00", date_time(unix_ms))
}

/// The palette at the start: names, or objects with `name` and perhaps `color` and `id`.
pub(super) fn seeded(seeds: &[Value], ids: &mut Ids) -> Shelf<Tag> {
    let mut tags = Shelf::new();
    for (place, seed) in (0..).zip(seeds) {
        let Some(name) = seed.as_str().or_else(|| seed.get("name")?.as_str()) else {
            continue;
        };
        let own = seed.get("id").and_then(Value::as_str).and_then(as_uuid);
        let id = own.unwrap_or_else(|| ids.uuid());
        let color = seed.get("color").and_then(Value::as_str);
        tags.put(&id, Tag::new(name, color, SEEDED_UNIX_MS + place * 1_000));
    }
    tags
}
