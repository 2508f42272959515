//! The two answers that nearly every request gets, as JSON.
//!
//! They are written from what is held, without a copy of every tag and without a serializer that looks at every name and
//! character: of an answer with three tags that took 14,000 instructions, and so it takes about 3,000 (by callgrind).

use super::sorted;
use adapters::{Element, Tag};

/// Room for a tag beside its texts.
const TAG: usize = 48;

/// Room for the rest of an answer.
const REST: usize = 128;

/// The tags that a conversation carries.
#[derive(Clone, Copy, Debug)]
pub struct ConversationTags<'a> {
    /// The route's name.
    pub route: &'a str,
    /// The vendor's id of the conversation.
    pub conversation: &'a str,
    /// What it carries.
    pub tags: &'a [Element],
}

/// What a change did. Nothing is lost where tags are only put on and taken off.
#[derive(Clone, Copy, Debug)]
pub struct ChangeAnswer<'a> {
    /// The route's name.
    pub route: &'a str,
    /// The vendor's id of the conversation.
    pub conversation: &'a str,
    /// Carried after and not before.
    pub added: &'a [Element],
    /// Carried before and not after.
    pub removed: &'a [Element],
    /// Whether nothing was read, so that the two lists are what was asked.
    pub assumed: bool,
    /// The set after the change, where it was asked for.
    pub tags: Option<&'a [Element]>,
}

impl ConversationTags<'_> {
    /// The body of the answer.
    pub fn json(&self) -> Vec<u8> {
        let mut text = begun(self.route, self.conversation, self.tags);
        text.extend_from_slice(b",\"tags\":");
        tags(&mut text, self.tags);
        text.push(b'}');
        text
    }
}

impl ChangeAnswer<'_> {
    /// The body of the answer.
    pub fn json(&self) -> Vec<u8> {
        let mut text = begun(self.route, self.conversation, self.added);
        text.extend_from_slice(b",\"added\":");
        tags(&mut text, self.added);
        text.extend_from_slice(b",\"removed\":");
        tags(&mut text, self.removed);
        text.extend_from_slice(match self.assumed {
            true => b",\"assumed\":true,\"tags\":",
            false => b",\"assumed\":false,\"tags\":",
        });
        match self.tags {
            Some(set) => tags(&mut text, set),
            None => text.extend_from_slice(b"null"),
        }
        text.extend_from_slice(b",\"lost\":[]}");
        text
    }
}

/// The first two members, with room for an answer of these tags.
fn begun(route: &str, conversation: &str, tags: &[Element]) -> Vec<u8> {
    let of_tag = |element: &Element| {
        let name = element.tag().map_or(0, |held| held.tag.name.len());
        TAG + 2 * name + element.id().map_or(0, str::len)
    };
    let of_tags: usize = tags.iter().map(of_tag).sum();
    let mut text = Vec::with_capacity(REST + conversation.len() + of_tags);
    text.extend_from_slice(b"{\"route\":");
    string(&mut text, route);
    text.extend_from_slice(b",\"conversation\":");
    string(&mut text, conversation);
    text
}

/// As [`super::tags`] lists them.
fn tags(text: &mut Vec<u8>, elements: &[Element]) {
    text.push(b'[');
    let begin = text.len();
    for element in sorted(elements) {
        let separator: &[u8] = if text.len() > begin { b"," } else { b"" };
        match element {
            Element::Tag(held) => {
                text.extend_from_slice(separator);
                tag(text, &held.tag, held.id());
            }
            Element::Unknown { id } => {
                text.extend_from_slice(separator);
                text.extend_from_slice(b"{\"tag\":null,\"name\":null,\"value\":null,\"id\":");
                string(text, id);
                text.push(b'}');
            }
            Element::Foreign { .. } => {}
        }
    }
    text.push(b']');
}

fn tag(text: &mut Vec<u8>, tag: &Tag, id: Option<&str>) {
    text.extend_from_slice(b"{\"tag\":");
    match &tag.value {
        // The text form of such a tag is its name.
        None if !tag.name.contains('=') => string(text, &tag.name),
        _ => string(text, &tag.encode()),
    }
    text.extend_from_slice(b",\"name\":");
    string(text, &tag.name);
    text.extend_from_slice(b",\"value\":");
    string_or_null(text, tag.value.as_deref());
    text.extend_from_slice(b",\"id\":");
    string_or_null(text, id);
    text.push(b'}');
}

fn string_or_null(text: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => string(text, value),
        None => text.extend_from_slice(b"null"),
    }
}

fn string(text: &mut Vec<u8>, value: &str) {
    let escaped = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    // Without an end in the middle, so that many bytes are looked at in one step.
    if value
        .bytes()
        .fold(false, |found, byte| found | escaped(byte))
    {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(text, value);
        return;
    }
    text.push(b'"');
    text.extend_from_slice(value.as_bytes());
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::{Entry, Handle, HeldTag};
    use proptest::prelude::*;
    use serde_json::json;

    fn element() -> impl Strategy<Value = Element> {
        let text = || prop_oneof![3 => r#"[a-c=\\"]{0,4}"#, 1 => any::<String>()];
        let tag =
            (text(), proptest::option::of(text())).prop_map(|(name, value)| Tag { name, value });
        prop_oneof![
            4 => (tag, proptest::option::of(text())).prop_map(|(tag, id)| {
                Element::from(HeldTag::new(tag, id.map_or(Handle::Name, Handle::Id)))
            }),
            1 => text().prop_map(|id| Element::Unknown { id }),
            1 => text().prop_map(|name| Element::Foreign {
                name,
                entry: Entry { key: "\"n\"".into(), value: "1".into() },
            }),
        ]
    }

    proptest! {
        #[test]
        fn answers_have_the_members_of_their_document(
            route in "[a-z]{1,8}", conversation in any::<String>(), assumed: bool,
            added in prop::collection::vec(element(), 0..4), removed in prop::collection::vec(element(), 0..4),
            set in proptest::option::of(prop::collection::vec(element(), 0..4)),
        ) {
            let (route, conversation) = (route.as_str(), conversation.as_str());
            let read = ConversationTags { route, conversation, tags: &added }.json();
            let expected = json!({"route": route, "conversation": conversation, "tags": super::super::tags(&added)});
            prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&read).ok(), Some(expected));
            let changed = ChangeAnswer {
                route, conversation, added: &added, removed: &removed, assumed, tags: set.as_deref(),
            };
            let expected = json!({
                "route": route, "conversation": conversation, "assumed": assumed, "lost": [],
                "added": super::super::tags(&added), "removed": super::super::tags(&removed),
                "tags": set.as_deref().map(super::super::tags),
            });
            prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&changed.json()).ok(), Some(expected));
        }
    }
}
