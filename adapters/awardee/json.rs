//! Awardee's JSON as it travels.

use serde::Deserialize;

/// A tag: every member is documented as required, `color` may be null.
#[derive(Deserialize)]
pub(super) struct Tag {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) color: Option<String>,
    pub(super) created_at: String,
}

/// The envelope of every list of tags; `total` counts what all pages hold together.
#[derive(Deserialize)]
pub(super) struct List {
    pub(super) total: usize,
    pub(super) data: Vec<Tag>,
}

/// The flat error envelope; `error` is the stable code.
#[derive(Deserialize)]
pub(super) struct Problem {
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) request_id: Option<String>,
}
