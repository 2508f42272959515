//! The order in which a document names its paths and methods, which a parsed JSON value does not keep.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The paths of a document's text and what each of them holds, in order; empty where there are none.
///
/// # Errors
///
/// Whatever keeps the text from being JSON of that shape.
pub(super) fn paths(text: &str) -> Result<Vec<(String, Vec<String>)>, serde_json::Error> {
    let outline: Outline = serde_json::from_str(text)?;
    Ok(outline
        .paths
        .0
        .into_iter()
        .map(|(path, item)| (path, item.0.into_iter().map(|(key, _)| key).collect()))
        .collect())
}

#[derive(serde::Deserialize)]
struct Outline {
    #[serde(default)]
    paths: Members<Members<IgnoredAny>>,
}

/// The members of an object, in order.
struct Members<T>(Vec<(String, T)>);

struct MembersVisitor<T>(PhantomData<T>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
    type Value = Members<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
