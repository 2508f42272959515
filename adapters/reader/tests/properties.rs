//! The reader against a plain projection of parsed values, and against serde_json as the judge of what is JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::{Keep, Limits, ReadError, Reader, project};
use super::NOTHING;
use super::generate::{json, mutate, mutations, name, paths, sizes, spell};

fn chunked(
    keep: Keep,
    limits: Limits,
    mut bytes: &[u8],
    sizes: &[usize],
) -> Result<Vec<u8>, ReadError> {
    let mut reader = Reader::new(keep, limits);
    for &size in sizes.iter().cycle() {
        let (chunk, rest) = bytes.split_at(size.min(bytes.len()));
        reader.push(chunk)?;
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    reader.finish()
}

fn projected(value: &Value, paths: &[&[&'static str]]) -> Value {
    if paths.iter().any(|path| path.is_empty()) {
        return value.clone();
    }
    let below = |step: &str| -> Vec<&[&'static str]> {
        paths
            .iter()
            .filter(|path| path[0] == step)
            .map(|path| &path[1..])
            .collect()
    };
    match value {
        Value::Array(elements) => match below("*") {
            paths if paths.is_empty() => Value::Array(Vec::new()),
            paths => elements
                .iter()
                .map(|element| projected(element, &paths))
                .collect(),
        },
        Value::Object(members) => {
            let wanted = members
                .iter()
                .filter(|(name, _)| *name != "*" && !below(name).is_empty());
            wanted
                .map(|(name, member)| (name.clone(), projected(member, &below(name))))
                .collect()
        }
        scalar => scalar.clone(),
    }
}

fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// Whether any object has two members of one name, or `None` where serde_json cannot hold a string or number.
fn has_duplicates(bytes: &[u8]) -> Option<bool> {
    match serde_json::from_slice::<Unique>(bytes) {
        Ok(Unique) => Some(false),
        Err(error) => error.to_string().starts_with("twice").then_some(true),
    }
}

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        let mut twice = false;
        while let Some((name, Self)) = members.next_entry::<String, Self>()? {
            twice |= !names.insert(name);
        }
        if twice {
            Err(A::Error::custom("twice"))
        } else {
            Ok(self)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_projection_is_that_of_the_parsed_value(
        value in json(), paths in paths(), noise in vec(any::<u8>(), 1..32), sizes in sizes(),
    ) {
        let text = spell(&value, &noise);
        let kept = chunked(Keep::Only(paths), Limits::default(), &text, &sizes);
        let kept = kept.map_err(|error| TestCaseError::fail(error.to_string()))?;
        // Both are parsed, so that both have what serde_json makes of a number.
        let parsed = |text: &[u8]| serde_json::from_slice::<Value>(text).map_err(|error| TestCaseError::fail(error.to_string()));
        prop_assert_eq!(parsed(&kept)?, projected(&parsed(&text)?, paths));
    }

    #[test]
    fn a_kept_member_is_kept_byte_for_byte(
        members in btree_map(name(), json(), 0..4), noise in vec(any::<u8>(), 1..32),
        sizes in sizes(),
    ) {
        let text = spell(&Value::Object(members.into_iter().collect()), &noise);
        let kept = chunked(Keep::Only(&[&["a"], &["😀"]]), Limits::default(), &text, &sizes);
        let kept = kept.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let raw = |text: &[u8]| -> BTreeMap<String, String> {
            let members: BTreeMap<String, &RawValue> = serde_json::from_slice(text).unwrap_or_default();
            members.into_iter().map(|(name, raw)| (name, raw.get().to_owned())).collect()
        };
        let mut wanted = raw(&text);
        wanted.retain(|name, _| name == "a" || name == "😀");
        prop_assert_eq!(raw(&kept), wanted);
        prop_assert!(serde_json::from_slice::<BTreeMap<String, &RawValue>>(&kept).is_ok());
    }

    #[test]
    fn everything_gives_the_bytes_back(value in json(), noise in vec(any::<u8>(), 1..32), sizes in sizes()) {
        let text = spell(&value, &noise);
        let kept = chunked(Keep::Everything, Limits::default(), &text, &sizes);
        prop_assert_eq!(kept, Ok(text.trim_ascii().to_vec()));
    }

    #[test]
    fn a_name_that_occurs_twice_is_found(
        names in vec(name(), 0..5), noise in vec(any::<u8>(), 1..32), inside in json(), sizes in sizes(),
    ) {
        let members: Vec<Vec<u8>> = names
            .iter()
            .map(|name| [&spell(&Value::from(name.as_str()), &noise), &b":"[..], &spell(&inside, &noise)].concat())
            .collect();
        let object = [b"{", &members.join(&b","[..])[..], b"}"].concat();
        let element = [b"[", &object[..], b"]"].concat();
        let is_twice = names.iter().collect::<BTreeSet<_>>().len() < names.len();
        for (keep, text, looks) in [
            (NOTHING, &object, true),
            (NOTHING, &element, false),
            (Keep::Only(&[&["a"]]), &object, true),
            (Keep::Only(&[&["*", "a"]]), &element, true),
            (Keep::Everything, &element, true),
        ] {
            let found = chunked(keep, Limits::default(), text, &sizes);
            let is_found = matches!(found, Err(ReadError::DuplicateMember { .. }));
            prop_assert_eq!(is_found, is_twice && looks);
            prop_assert!(is_found || found.is_ok());
        }
    }

    #[test]
    fn what_is_json_is_what_serde_json_takes(
        value in json(), noise in vec(any::<u8>(), 1..32), mutations in mutations(), sizes in sizes(),
    ) {
        let text = mutate(spell(&value, &noise), &mutations);
        // Inside an array on the way to nothing, every value is skipped and names are not looked at.
        let inside = [b"[", &text[..], b"]"].concat();
        prop_assert_eq!(chunked(NOTHING, Limits::default(), &inside, &sizes).is_ok(), is_json(&inside));
        match chunked(Keep::Everything, Limits::default(), &text, &sizes) {
            Ok(_) => prop_assert!(is_json(&text) && has_duplicates(&text) != Some(true)),
            Err(ReadError::DuplicateMember { .. }) => {
                prop_assert!(!is_json(&text) || has_duplicates(&text) != Some(false));
            }
            Err(_) => prop_assert!(!is_json(&text)),
        }
    }

    #[test]
    fn a_cut_document_is_no_document(
        value in json(), paths in paths(), noise in vec(any::<u8>(), 1..32), end in any::<Index>(), sizes in sizes(),
    ) {
        let mut text = spell(&value, &noise);
        text.truncate(end.index(text.len()));
        for keep in [Keep::Everything, Keep::Only(paths)] {
            match chunked(keep, Limits::default(), &text, &sizes) {
                Ok(_) => prop_assert!(is_json(&text)),
                Err(error) => {
                    prop_assert_eq!(error, ReadError::Cut { offset: text.len() as u64 });
                    prop_assert!(!is_json(&text));
                }
            }
        }
    }

    #[test]
    fn chunks_change_nothing(
        value in json(), paths in paths(), noise in vec(any::<u8>(), 1..32), mutations in mutations(), sizes in sizes(),
        streamed in 0..200_u64, kept in 0..100_usize, depth in 0..6_usize,
    ) {
        let text = mutate(spell(&value, &noise), &mutations);
        for limits in [Limits::default(), Limits { streamed, kept, depth }] {
            for keep in [Keep::Everything, Keep::Only(paths)] {
                let whole = project(keep, limits, &text);
                prop_assert_eq!(chunked(keep, limits, &text, &sizes), whole.clone());
                prop_assert!(whole.is_err() || whole.is_ok_and(|kept| kept.len() <= limits.kept && is_json(&kept)));
            }
        }
    }
}
