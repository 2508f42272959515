//! The strong entity tag of a conversation's set: content, not history.

use adapters::{Carried, Element};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// How many bytes of the hash are told.
const TOLD: usize = 18;

/// A hash over the account, the conversation and what it carries: pairs in their spelling, which says how they fold,
/// ids, unknown ids and values that are not tags. The order at the vendor does not count. With its quotes.
pub fn etag(account: &str, conversation: &str, carried: &Carried) -> String {
    let mut text = Vec::with_capacity(64 * carried.0.len());
    let mut ends = Vec::with_capacity(carried.0.len());
    for element in &carried.0 {
        let begin = text.len();
        line(&mut text, element);
        ends.push((begin, text.len()));
    }
    let line = |&(begin, end): &(usize, usize)| text.get(begin..end).unwrap_or_default();
    ends.sort_unstable_by(|one, other| line(one).cmp(line(other)));
    let mut sorted = Vec::with_capacity(account.len() + conversation.len() + text.len() + 18);
    part(&mut sorted, Some(account));
    part(&mut sorted, Some(conversation));
    for ends in &ends {
        sorted.extend_from_slice(line(ends));
    }
    let digest = Sha256::digest(&sorted);
    let mut tag = String::with_capacity(2 + TOLD.div_ceil(3) * 4);
    tag.push('"');
    URL_SAFE_NO_PAD.encode_string(&digest[..TOLD], &mut tag);
    tag.push('"');
    tag
}

/// Each line tells where it ends, so that no two of them run into each other.
fn line(text: &mut Vec<u8>, element: &Element) {
    match element {
        Element::Tag(held) => {
            text.push(b't');
            part(text, Some(&held.tag.name));
            part(text, held.tag.value.as_deref());
            part(text, held.id());
        }
        Element::Unknown { id } => {
            text.push(b'i');
            part(text, Some(id));
        }
        Element::Foreign { name, entry } => {
            text.push(b'f');
            part(text, Some(name));
            part(text, Some(&entry.value));
        }
    }
}

/// The length before each part keeps two parts apart whatever they hold. That of most takes one byte, as what is hashed
/// is what the hash costs.
fn part(text: &mut Vec<u8>, part: Option<&str>) {
    let Some(part) = part else {
        text.push(u8::MAX);
        return;
    };
    match u8::try_from(part.len()) {
        Ok(length) if length < u8::MAX - 1 => text.push(length),
        _ => {
            text.push(u8::MAX - 1);
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        }
    }
    text.extend_from_slice(part.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::{Entry, Handle, HeldTag, Tag};

    fn tag(text: &str) -> Element {
        Element::from(HeldTag::new(
            Tag::decode(text),
            Handle::Id(format!("id-{text}")),
        ))
    }

    #[test]
    fn the_order_does_not_count_and_all_content_does() {
        let of = |elements: Vec<Element>| etag("account", "c", &Carried(elements));
        let foreign = |value: &str| Element::Foreign {
            name: "n".into(),
            entry: Entry {
                key: "\"n\"".into(),
                value: value.into(),
            },
        };
        assert_eq!(
            of(vec![tag("a"), tag("b=c")]),
            of(vec![tag("b=c"), tag("a")])
        );
        let different = [
            of(vec![]),
            of(vec![tag("a")]),
            of(vec![tag("A")]),
            of(vec![tag("a=")]),
            of(vec![Element::Unknown { id: "a".into() }]),
            of(vec![foreign("1")]),
            of(vec![foreign("1.0")]),
            of(vec![tag(&"a".repeat(253))]),
            of(vec![tag(&"a".repeat(254))]),
            of(vec![tag(&"a".repeat(255))]),
            of(vec![tag("a"), tag("b")]),
            of(vec![tag("b"), tag("b")]),
            etag("other", "c", &Carried(vec![])),
            etag("account", "d", &Carried(vec![])),
            etag("accountc", "", &Carried(vec![])),
        ];
        let distinct: std::collections::BTreeSet<_> = different.iter().collect();
        assert_eq!(distinct.len(), different.len());
    }
}
