//! The answers of the canonical API, one form for every vendor.

mod text;

pub use text::{ChangeAnswer, ConversationTags};

use adapters::{CatalogueTag, Element, Tag};
use serde::Serialize;
use serde_json::value::RawValue;

/// A tag on a conversation. An id that the catalogue does not know has nothing but its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagOnConversation {
    /// The text form, in the vendor's spelling.
    pub tag: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its value.
    pub value: Option<String>,
    /// The vendor's id; `None` where the vendor holds names.
    pub id: Option<String>,
}

impl TagOnConversation {
    /// What an element looks like to a caller; a value that is not a tag is never shown.
    pub fn of(element: &Element) -> Option<Self> {
        match element {
            Element::Tag(held) => Some(Self::named(&held.tag, held.id().map(str::to_owned))),
            Element::Unknown { id } => Some(Self {
                tag: None,
                name: None,
                value: None,
                id: Some(id.clone()),
            }),
            Element::Foreign { .. } => None,
        }
    }

    /// A tag and its id.
    pub fn named(tag: &Tag, id: Option<String>) -> Self {
        Self {
            tag: Some(tag.encode()),
            name: Some(tag.name.clone()),
            value: tag.value.clone(),
            id,
        }
    }
}

/// The tags among the elements, in one order for every vendor: by folded name and value, then by spelling
/// and id; unknown ids last.
pub fn tags(elements: &[Element]) -> Vec<TagOnConversation> {
    sorted(elements)
        .into_iter()
        .filter_map(TagOnConversation::of)
        .collect()
}

fn sorted(elements: &[Element]) -> Vec<&Element> {
    let mut sorted: Vec<&Element> = elements.iter().collect();
    sorted.sort_by_key(|element| {
        let held = element.tag();
        (
            held.is_none(),
            held.map(|held| (&held.identity, &held.tag)),
            element.id(),
        )
    });
    sorted
}

/// A tag of the catalogue. What the vendor cannot hold is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogueAnswer {
    /// The text form, in the vendor's spelling.
    pub tag: String,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Option<String>,
    /// The vendor's id.
    pub id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: Option<String>,
}

impl CatalogueAnswer {
    /// What a tag of the catalogue looks like to a caller.
    pub fn of(listed: &CatalogueTag) -> Self {
        Self {
            tag: listed.tag.encode(),
            name: listed.tag.name.clone(),
            value: listed.tag.value.clone(),
            id: listed.id.clone(),
            description: listed.description.clone(),
            color: listed.color.clone(),
            created_at: listed.created_at.clone(),
        }
    }
}

/// A tag of the catalogue and what the vendor could not hold of it.
#[derive(Debug, Serialize)]
pub struct EditAnswer {
    /// The tag as it is now.
    #[serde(flatten)]
    pub tag: CatalogueAnswer,
    /// The members that were dropped.
    pub lost: Vec<&'static str>,
}

/// A page of the catalogue.
#[derive(Debug, Serialize)]
pub struct CataloguePage {
    /// The tags, by folded name and value.
    pub tags: Vec<CatalogueAnswer>,
    /// Where the next page begins; none after the last.
    pub next_cursor: Option<String>,
}

/// What an edit of the catalogue would do.
#[derive(Debug, Serialize)]
pub struct EditDryRun {
    /// What would be written.
    pub calls: Vec<PlannedCall>,
    /// The members that would be dropped.
    pub lost: Vec<&'static str>,
}

/// What a change would do.
#[derive(Debug, Serialize)]
pub struct DryRun<'a> {
    /// The route's name.
    pub route: &'a str,
    /// The vendor's name.
    pub vendor: &'a str,
    /// The vendor's id of the conversation.
    pub conversation: &'a str,
    /// The set as it is, where the change has to read it.
    pub before: Option<Vec<PlannedTag>>,
    /// The set as it would be.
    pub after: Option<Vec<PlannedTag>>,
    /// What would be read.
    pub reads: Vec<PlannedRead>,
    /// What would be written, in order.
    pub calls: Vec<PlannedCall>,
    /// Whether a reader at the vendor sees the old set or the new one and nothing between.
    pub atomic: bool,
    /// What the vendor could not hold.
    pub lost: &'a [String],
}

/// A tag in a planned set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PlannedTag {
    /// One that there is.
    There(TagOnConversation),
    /// One that would be made first: its id is not known yet.
    Created {
        /// The text form.
        tag: String,
        /// Its name.
        name: String,
        /// Its value.
        value: Option<String>,
        /// Stands where the id will stand.
        id: CreatedSlot,
    },
}

/// Stands where the id of a tag will stand that is made first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreatedSlot {
    /// The text form of the tag.
    pub created: String,
}

/// A planned read.
#[derive(Debug, Serialize)]
pub struct PlannedRead {
    /// The method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// Why it is made.
    pub why: &'static str,
}

/// A planned write.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedCall {
    /// The method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// The body as sent, with `{"created":"<text form>"}` where an id is still to come.
    pub body: Option<Box<RawValue>>,
    /// Why it is made.
    pub why: &'static str,
}
