//! The strong entity tag of a conversation's set: content, not history.

use adapters::{Carried, Element};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A hash over the account, the conversation and what it carries: folded pairs with their spelling, ids,
/// unknown ids and values that are not tags. The order at the vendor does not count. With its quotes.
pub fn etag(account: &str, conversation: &str, carried: &Carried) -> String {
    let mut lines: Vec<Vec<u8>> = carried.0.iter().map(line).collect();
    lines.sort_unstable();
    let mut hash = Sha256::new();
    let mut feed = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    feed(account.as_bytes());
    feed(conversation.as_bytes());
    for line in &lines {
        feed(line);
    }
    let digest = hash.finalize();
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..18]))
}

fn line(element: &Element) -> Vec<u8> {
    let mut line = Vec::with_capacity(128);
    let mut part = |text: Option<&str>| {
        // The length before each part keeps two parts apart whatever they hold.
        line.extend(
            text.map_or(u64::MAX, |text| text.len() as u64)
                .to_be_bytes(),
        );
        line.extend(text.unwrap_or_default().as_bytes());
    };
    match element {
        Element::Tag(held) => {
            part(Some("tag"));
            part(Some(&held.identity.name));
            part(held.identity.value.as_deref());
            part(Some(&held.tag.name));
            part(held.tag.value.as_deref());
            part(held.id());
        }
        Element::Unknown { id } => {
            part(Some("id"));
            part(Some(id));
        }
        Element::Foreign { name, entry } => {
            part(Some("foreign"));
            part(Some(name));
            part(Some(&entry.value));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::{Entry, Handle, HeldTag, Tag};

    fn tag(text: &str) -> Element {
        Element::Tag(HeldTag::new(
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
            etag("other", "c", &Carried(vec![])),
            etag("account", "d", &Carried(vec![])),
        ];
        let distinct: std::collections::BTreeSet<_> = different.iter().collect();
        assert_eq!(distinct.len(), different.len());
    }
}
