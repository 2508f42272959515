//! What a twin starts with, given from outside.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    Window,
    reading::{Faults, Members, Misread, misread},
};

/// Another start for a twin.
#[derive(Debug)]
pub(super) struct Seed {
    /// The catalogue, as [`super::Options::tags`] has it; none keeps the one that there is.
    pub(super) tags: Option<Vec<Value>>,
    /// Conversations and what they hold, as JSON text.
    pub(super) contents: Vec<(String, String)>,
}

/// The body: contents stay as they were written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    tags: Option<Vec<Value>>,
    #[serde(default)]
    conversations: BTreeMap<String, Box<RawValue>>,
}

/// The longest window: a year.
const LONGEST_MS: u64 = 31_536_000_000;
/// Most windows of a quota.
const MOST_WINDOWS: usize = 16;

impl Seed {
    /// Reads `{"tags": ["vip"], "conversations": {"c": content}}`.
    pub(super) fn read(body: &[u8]) -> Result<Self, Vec<Misread>> {
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| vec![misread("", format!("not a start: {error}"))])?;
        let contents = body.conversations.into_iter();
        Ok(Self {
            tags: body.tags,
            contents: contents
                .map(|(id, content)| (id, content.get().to_owned()))
                .collect(),
        })
    }
}

/// Reads `{"windows": [{"requests": 60, "length_ms": 60000}]}`; an empty list is no limit.
pub(super) fn windows(body: &Value) -> Result<Vec<Window>, Vec<Misread>> {
    let mut faults = Faults::new();
    let mut windows = Vec::new();
    if let Some(members) = Members::of(body, "", &["windows"], &mut faults) {
        if members.get("windows").is_none() {
            members.missing("windows", &mut faults);
        }
        for (pointer, item) in members.items("windows", &mut faults) {
            let known = ["requests", "length_ms"];
            let Some(window) = Members::of(item, &pointer, &known, &mut faults) else {
                continue;
            };
            for name in known {
                if window.get(name).is_none() {
                    window.missing(name, &mut faults);
                }
            }
            let requests = window.number("requests", 0..=u64::from(u32::MAX), &mut faults);
            let length_ms = window.number("length_ms", 1..=LONGEST_MS, &mut faults);
            if let (Some(requests), Some(length_ms)) = (requests, length_ms) {
                windows.push(Window {
                    requests: u32::try_from(requests).unwrap_or(u32::MAX),
                    length_ms,
                });
            }
        }
    }
    if windows.len() > MOST_WINDOWS {
        let most = format!("a quota has at most {MOST_WINDOWS} windows");
        faults.push(misread("/windows", most));
    }
    if faults.is_empty() {
        Ok(windows)
    } else {
        Err(faults)
    }
}
