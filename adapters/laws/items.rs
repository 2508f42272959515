//! What is carried and what is listed, in the terms of the oracle.

use super::gateway::FLAG;
use super::twin::{Kind, Listed, Row, Twin};
use crate::{Element, Tag, quoted};

/// One thing that is carried. `id` is what the vendor tells it apart by: an id, or the text of a map entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Tag { id: String, tag: Tag },
    Unknown { id: String },
    Foreign { id: String, name: String },
}

impl Item {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Tag { id, .. } | Self::Unknown { id } | Self::Foreign { id, .. } => id,
        }
    }

    /// The folded name of a tag.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Tag { tag, .. } => Some(low(&tag.name)),
            Self::Unknown { .. } | Self::Foreign { .. } => None,
        }
    }

    pub(super) fn is(&self, wanted: &Tag) -> bool {
        match self {
            Self::Tag { tag, .. } => same(tag, wanted),
            Self::Unknown { .. } | Self::Foreign { .. } => false,
        }
    }

    pub(super) fn listed(kind: Kind, id: &str, tag: Tag) -> Self {
        let id = match kind {
            Kind::Attention => entry(&tag),
            // Ids of tags that the test makes are not foreseen, their titles are.
            _ if id.starts_with("made") => made(&tag),
            _ => id.to_owned(),
        };
        Self::Tag { id, tag }
    }

    /// An element in the terms of the oracle.
    pub(super) fn of(kind: Kind, element: &Element) -> Self {
        match element {
            Element::Unknown { id } => Self::Unknown { id: id.clone() },
            Element::Foreign { name, entry } => {
                let id = format!("{}:{}", entry.key, entry.value);
                Self::Foreign {
                    id,
                    name: name.clone(),
                }
            }
            Element::Tag(held) => match &held.entry {
                Some(entry) => Self::Tag {
                    id: format!("{}:{}", entry.key, entry.value),
                    tag: held.tag.clone(),
                },
                None => Self::listed(kind, held.id().unwrap_or("made"), held.tag.clone()),
            },
        }
    }
}

pub(super) fn carried(twin: &Twin, row: &Row) -> Item {
    match row {
        Row::Id(id) => {
            let known = twin.catalogue.iter().find(|tag| tag.id == *id);
            // Only Awardee sends names with the ids that a conversation carries.
            match known.filter(|tag| twin.kind == Kind::Awardee || !tag.is_fresh) {
                Some(tag) => Item::listed(twin.kind, id, split(&tag.name)),
                None => Item::Unknown { id: id.clone() },
            }
        }
        Row::Entry(key, value) => {
            let (id, name) = (format!("{key}:{value}"), serde_json::from_str(key).unwrap());
            match serde_json::from_str::<String>(value) {
                Ok(value) => Item::Tag {
                    id,
                    tag: Tag {
                        name,
                        value: (value != FLAG).then_some(value),
                    },
                },
                Err(_) => Item::Foreign { id, name },
            }
        }
    }
}

pub(super) fn options_of(label: &Listed) -> Vec<Item> {
    let tag = |option: &String| Tag {
        name: label.name.clone(),
        value: (option != FLAG).then(|| option.clone()),
    };
    if label.options.is_empty() {
        return vec![Item::listed(Kind::Attention, "", Tag::bare(&label.name))];
    }
    label
        .options
        .iter()
        .map(|option| Item::listed(Kind::Attention, "", tag(option)))
        .collect()
}

/// The names here have no backslash and no sign in them.
pub(super) fn split(title: &str) -> Tag {
    match title.split_once('=') {
        Some((name, value)) => Tag::valued(name, value),
        None => Tag::bare(title),
    }
}

pub(super) fn made(tag: &Tag) -> String {
    format!("made:{}={}", tag.name, tag.value.as_deref().unwrap_or("-"))
}

/// The map entry that is sent for a tag.
pub(super) fn entry(tag: &Tag) -> String {
    format!(
        "{}:{}",
        quoted(&tag.name),
        quoted(tag.value.as_deref().unwrap_or(FLAG))
    )
}

pub(super) fn same(one: &Tag, other: &Tag) -> bool {
    low(&one.name) == low(&other.name)
        && one.value.as_deref().map(low) == other.value.as_deref().map(low)
}

/// Enough for the letters that occur here.
pub(super) fn low(text: &str) -> String {
    text.trim().to_lowercase()
}
