//! The usual form of a change's body: nothing but texts of tags.
//!
//! What has this form satisfies the schema, so it is read in one pass, without a document that is made of it, held
//! against the schema and read again.

use adapters::{RemoveRef, Tag, TagRef};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use std::fmt;

/// Most tags in a list, and longest text of one in bytes: in bytes it is never longer than the schema's characters.
const MOST: usize = 1_000;
const LONGEST: usize = 4_096;

/// What such a body adds and removes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) add: Vec<TagRef>,
    pub(super) remove: Vec<RemoveRef>,
}

/// Reads a body of this form. Nothing for any other one, sound or not: it has to be read and judged in full.
pub(super) fn read(body: &[u8]) -> Option<Plain> {
    // A list would be taken for the members in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let Members { add, remove } = serde_json::from_slice(body).ok()?;
    let fits = |list: &[Text]| list.len() <= MOST;
    if (add.is_empty() && remove.is_empty()) || !fits(&add) || !fits(&remove) {
        return None;
    }
    let tag = |Text(tag): Text| TagRef::Tag(tag);
    Some(Plain {
        add: add.into_iter().map(tag).collect(),
        remove: remove.into_iter().map(tag).map(RemoveRef::Tag).collect(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(default)]
    add: Vec<Text>,
    #[serde(default)]
    remove: Vec<Text>,
}

struct Text(Tag);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Read)
    }
}

struct Read;

impl Visitor<'_> for Read {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
        match text.len() {
            0..=LONGEST => Ok(Text(Tag::decode(text))),
            _ => Err(E::custom("too long")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{change, router::ChangeKind};
    use super::*;
    use crate::{gateway::OPENAPI, json, schema::Document};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::sync::LazyLock;

    /// What a body means when it is read and judged in full; nothing if its schema refuses it.
    fn in_full(body: &[u8]) -> Option<Result<adapters::Change, Vec<u8>>> {
        let value = json::parse(body).ok()?;
        let operation = DOCUMENT
            .operation(ChangeKind::Patch.id())
            .expect("described");
        let is_valid = operation.request().expect("a body").is_valid(&value);
        let told = |error: crate::error::Error| error.body("r");
        is_valid.then(|| change::change(&ChangeKind::Patch, Some(&value)).map_err(told))
    }

    fn in_short(body: &[u8]) -> Option<Result<adapters::Change, Vec<u8>>> {
        let Plain { add, remove } = read(body)?;
        Some(change::patch(add, remove).map_err(|error| error.body("r")))
    }

    static DOCUMENT: LazyLock<Document> =
        LazyLock::new(|| Document::compile("gateway", OPENAPI, &|_| None).expect("it compiles"));

    #[test]
    fn only_the_usual_form_is_read() {
        let most = json!({"add": vec!["a"; 1_000], "remove": vec!["b"; 1_000]}).to_string();
        let longest = json!({"add": ["a".repeat(4_096)]}).to_string();
        for body in [
            &most,
            &longest,
            r#"{"add":["billing","a=b"]}"#,
            r#" {"remove" : ["a"], "add":[] } "#,
            "{\"add\":[\"\\u00e9\\n\\\"\",\"\"]}",
            r#"{"add":["a","A"],"remove":[" a"]}"#,
            r#"{"add":["s=1","s=2"]}"#,
        ] {
            let short = in_short(body.as_bytes());
            assert!(short.is_some(), "{body}");
            assert_eq!(short, in_full(body.as_bytes()), "{body}");
        }
        let many = json!({"add": vec!["a"; 1_001]}).to_string();
        let long = json!({"add": ["a".repeat(4_097)]}).to_string();
        for body in [
            "",
            "{}",
            "[]",
            r#"[["a"],["b"]]"#,
            r#"{"add":[]}"#,
            r#"{"add":null,"remove":["a"]}"#,
            r#"{"add":"a"}"#,
            r#"{"add":["a"],"add":["b"]}"#,
            r#"{"add":["a"],"more":[]}"#,
            r#"{"add":["a",{"id":"x"}]}"#,
            r#"{"add":["a",1]}"#,
            r#"{"add":["a"]} x"#,
            r#"{"add":["\ud800"]}"#,
            &many,
            &long,
        ] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_in_short_is_what_is_read_in_full(
            add in prop::collection::vec("[a-cA\\\\= \"]{0,3}|.{0,5}", 0..5),
            remove in proptest::option::of(prop::collection::vec("[a-c=]{0,3}", 0..4)),
            other in proptest::option::of(prop_oneof![Just(json!(null)), Just(json!({"id": "x"})), Just(json!(7))]),
            cut in 0_usize..400,
        ) {
            let mut body = json!({"add": add});
            if let (Some(other), Some(Value::Array(items))) = (other, body.get_mut("add")) {
                items.push(other);
            }
            if let Some(remove) = remove {
                body["remove"] = json!(remove);
            }
            let text = body.to_string();
            let cut = &text.as_bytes()[..cut.min(text.len())];
            for body in [text.as_bytes(), cut] {
                if let Some(short) = in_short(body) {
                    prop_assert_eq!(Some(short), in_full(body));
                }
            }
        }
    }
}
