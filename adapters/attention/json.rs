//! Attention's JSON as it travels.

use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, value::RawValue};
use std::fmt;

/// A conversation; what else it holds is dropped while it is read.
#[derive(Deserialize)]
pub(super) struct Conversation {
    pub(super) id: String,
    pub(super) attributes: Attributes,
}

/// `labels` is an object; clients in use guard against null. A missing one is not understood.
#[derive(Deserialize)]
pub(super) struct Attributes {
    #[serde(deserialize_with = "present")]
    pub(super) labels: Option<Labels>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Labels>, D::Error> {
    Option::deserialize(deserializer)
}

/// Names and values byte for byte, in the order of the answer.
pub(super) struct Labels(pub(super) Vec<(RawText, RawText)>);

/// JSON text as received.
pub(super) struct RawText(Box<RawValue>);

impl From<RawText> for Box<str> {
    fn from(text: RawText) -> Self {
        text.0.into()
    }
}

impl<'de> Deserialize<'de> for RawText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> de::Visitor<'de> for Entries {
            type Value = Labels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of labels")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Labels(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A label of the catalogue, keyed by `uuid`; without options it is a bare tag.
#[derive(Deserialize)]
pub(super) struct Label {
    pub(super) uuid: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) options: Option<Vec<LabelOption>>,
    #[serde(default, rename = "createdAt")]
    pub(super) created_at: Option<String>,
}

/// One value that a label can have.
#[derive(Deserialize)]
pub(super) struct LabelOption {
    pub(super) value: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// Whatever else an option may come to hold.
    #[serde(flatten)]
    pub(super) others: serde_json::Map<String, Value>,
}

/// A single label stands under `data`.
#[derive(Deserialize)]
pub(super) struct LabelEnvelope {
    pub(super) data: Label,
}

/// The list of labels; whether it has pages is not known.
#[derive(Deserialize)]
pub(super) struct LabelList {
    pub(super) data: Vec<Label>,
}

/// An error, in the shapes that clients in use decode.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    pub(super) code: Option<Value>,
    pub(super) title: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) message: Option<String>,
    pub(super) errors: Vec<Inner>,
}

/// An error inside a list of errors.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Inner {
    pub(super) code: Option<Value>,
    pub(super) title: Option<String>,
    pub(super) detail: Option<String>,
}
