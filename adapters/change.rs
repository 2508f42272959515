//! What a caller asks of a conversation's tags.

use crate::Tag;

/// How a caller names a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagRef {
    /// By its text.
    Tag(Tag),
    /// By the vendor's id.
    Id(String),
}

/// What a caller wants removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoveRef {
    /// One tag: the exact identity, or the id.
    Tag(TagRef),
    /// Every tag of a name, the bare one included.
    AnyValue(String),
}

/// A change of a conversation's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Some tags on, some off, as one.
    Patch {
        /// To be there after.
        add: Vec<TagRef>,
        /// Not to be there after.
        remove: Vec<RemoveRef>,
    },
    /// The whole wanted set; an empty one clears.
    Replace(Vec<TagRef>),
}

/// Where in a change something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Member of `add`, from 0.
    Add(usize),
    /// Member of `remove`, from 0.
    Remove(usize),
    /// Member of the wanted set, from 0.
    Wanted(usize),
}
