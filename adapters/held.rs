//! What a conversation carries, in canonical terms, with the vendor's own state beside it.

use crate::{Identity, Tag, fold::fold};
use std::sync::Arc;

/// How the vendor addresses a tag on a conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handle {
    /// By an opaque id.
    Id(String),
    /// By its name and value; it has no id.
    Name,
    /// By the id that creation number `n` of the same plan brings.
    Created(usize),
}

/// A tag that a conversation carries or shall carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTag {
    /// In the vendor's spelling.
    pub tag: Tag,
    /// The folded form of `tag`.
    pub identity: Identity,
    /// How the vendor addresses it.
    pub handle: Handle,
    /// The map entry as received; `None` where the vendor holds ids, and for an entry of ours.
    pub entry: Option<Entry>,
}

impl HeldTag {
    /// A tag as a vendor addresses it.
    pub fn new(tag: Tag, handle: Handle) -> Self {
        let identity = Identity::of(&tag);
        Self {
            tag,
            identity,
            handle,
            entry: None,
        }
    }

    /// The vendor's id, where it has one.
    pub fn id(&self) -> Option<&str> {
        match &self.handle {
            Handle::Id(id) => Some(id),
            Handle::Name | Handle::Created(_) => None,
        }
    }
}

/// One member of a vendor's label map, byte for byte as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The member's name with its quotes, as JSON text.
    pub key: Box<str>,
    /// The member's value as JSON text.
    pub value: Box<str>,
}

/// One thing that a conversation carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// A tag, shared: it is in the state, the plan and the answer at once.
    Tag(Arc<HeldTag>),
    /// An id that the catalogue does not know: listed, kept by a change, removed by a replace.
    Unknown {
        /// The vendor's id.
        id: String,
    },
    /// A map entry whose value is not a string: not a tag, never listed, kept by every change.
    Foreign {
        /// The decoded name.
        name: String,
        /// The entry as received.
        entry: Entry,
    },
}

impl From<HeldTag> for Element {
    fn from(held: HeldTag) -> Self {
        Self::Tag(Arc::new(held))
    }
}

impl Element {
    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&HeldTag> {
        match self {
            Self::Tag(held) => Some(held),
            Self::Unknown { .. } | Self::Foreign { .. } => None,
        }
    }

    /// The creation of the same plan that brings its id, if it is one that has none yet.
    pub fn creation(&self) -> Option<usize> {
        match self.tag()?.handle {
            Handle::Created(creation) => Some(creation),
            Handle::Id(_) | Handle::Name => None,
        }
    }

    /// The map entry as received, where there is one.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Tag(held) => held.entry.as_ref(),
            Self::Foreign { entry, .. } => Some(entry),
            Self::Unknown { .. } => None,
        }
    }

    /// The vendor's id, where there is one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Tag(held) => held.id(),
            Self::Unknown { id } => Some(id),
            Self::Foreign { .. } => None,
        }
    }

    /// Whether both stand for the same thing at the vendor, whatever is known about it.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Foreign { entry: one, .. }, Self::Foreign { entry: other, .. }) => {
                one.key == other.key
            }
            (Self::Foreign { .. }, _) | (_, Self::Foreign { .. }) => false,
            (Self::Tag(one), Self::Tag(other)) if one.id().is_none() && other.id().is_none() => {
                one.tag == other.tag && one.handle == other.handle
            }
            (one, other) => one.id().is_some() && one.id() == other.id(),
        }
    }
}

/// A conversation's whole set, in the order of the vendor's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried(pub Vec<Element>);

impl Carried {
    /// The tags among the elements.
    pub fn tags(&self) -> impl Iterator<Item = &HeldTag> {
        self.0.iter().filter_map(Element::tag)
    }

    /// Whether this very element is carried.
    pub fn holds(&self, element: &Element) -> bool {
        self.0.iter().any(|held| held.is_same(element))
    }

    /// The elements that are here and not in `other`, in the order they have here.
    pub fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Element> {
        let ids: std::collections::HashSet<&str> = other.0.iter().filter_map(Element::id).collect();
        self.0.iter().filter(move |element| match element.id() {
            Some(id) => !ids.contains(id),
            None => !other.holds(element),
        })
    }

    /// Whether a map entry that is not a tag stands under this folded name.
    pub fn foreign(&self, folded_name: &str) -> bool {
        self.0.iter().any(|element| match element {
            Element::Foreign { name, .. } => fold(name) == folded_name,
            Element::Tag(_) | Element::Unknown { .. } => false,
        })
    }
}
