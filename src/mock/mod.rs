//! Stateful twins of the vendors: they keep what was written and answer as the vendor's published material says.
//!
//! A twin is a pure state machine. It knows no clock, does no I/O and draws all its ids from a seed, so that a socket,
//! an in-process caller and a simulation drive the same behaviour. The twins share no translation code with the
//! crate `adapters`: a mistake made twice must not cancel out.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

use crate::schema::Document;

mod answer;
mod attention;
mod awardee;
mod clock;
mod control;
mod conversations;
mod elevenlabs;
mod embedded;
mod expect;
mod faults;
mod ids;
mod log;
mod meter;
mod page;
mod reading;
mod received;
mod script;
mod seed;
mod served;
mod session;
mod shelf;
mod shell;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod time;

pub use control::{CONTROL_OPENAPI, control};
pub use embedded::{Lost, TwinBody, exchange};
pub use faults::{Class, Effect, Struck, short_form};
pub use log::{Recorded, RecordedBody, RecordedFault};
pub use reading::Misread;
pub use received::{LateCall, Received};
pub use served::{SESSION, Served};
pub use session::Refused;
pub use shell::serve;

/// One vendor's behaviour: `(state, request, now) -> (answer, state)`; no clock, no I/O, no randomness but the seed.
pub trait Twin: Send {
    /// Answers one request, given with the path that the vendor publishes, base path included.
    ///
    /// `now_unix_ms` should not go backwards; rate windows, creation times and idempotency keys hang on it.
    fn answer(&mut self, request: &Request<Bytes>, now_unix_ms: u64) -> Response<Bytes>;

    /// An error that the twin has no state for, in the vendor's form; the state stays as it is.
    fn failure(&mut self, status: StatusCode, now_unix_ms: u64) -> Response<Bytes>;

    /// Takes other rate windows from now on, all of them empty; a reset brings those of the [`Options`] back.
    fn set_windows(&mut self, windows: &[Window]);

    /// Goes back to the state that the [`Options`] describe; the same ids will come again.
    fn reset(&mut self);

    /// What a conversation holds, as JSON text: an array of tag ids or a map of labels. `None` when it was not seen.
    fn content(&self, id: &str) -> Option<String>;

    /// Puts a state there that the vendor's own API might not allow (unknown ids, values that are not strings),
    /// creating the conversation. Answers false, and changes nothing, where the text is not of the vendor's shape.
    fn set_content(&mut self, id: &str, json: &str) -> bool;

    /// [`Twin::content`], parsed. Of a key that stands twice the last value is shown.
    fn conversation(&self, id: &str) -> Option<Value> {
        self.content(id)
            .and_then(|text| serde_json::from_str(&text).ok())
    }

    /// [`Twin::set_content`] for a value that is already parsed.
    fn set_conversation(&mut self, id: &str, content: Value) -> bool {
        self.set_content(id, &content.to_string())
    }
}

/// How a twin is to behave. Whatever the vendor does not document and a test wants to choose is here.
#[derive(Clone, Debug)]
pub struct Options {
    /// All ids follow from it and from how many were given out before.
    pub seed: u64,
    /// Roughly how many bytes of transcript an answer with a whole conversation carries.
    pub transcript_bytes: usize,
    /// The conversations there are. With `None` each comes to be at first sight.
    pub conversations: Option<BTreeSet<String>>,
    /// Requests allowed per length of time, together; with none there is no limit.
    pub windows: Vec<Window>,
    /// The one key that is taken. With `None` any key is, but there must be one.
    pub key: Option<String>,
    /// The catalogue at the start, oldest first: each a name, or an object like the vendor's own tag, of which only
    /// the name is needed (an id of one's own choosing is kept). What is neither is left out.
    pub tags: Vec<Value>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            transcript_bytes: 2_048,
            conversations: None,
            windows: Vec::new(),
            key: None,
            tags: Vec::new(),
        }
    }
}

/// A fixed window of a rate limit; windows begin at whole multiples of their length since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many requests fit.
    pub requests: u32,
    /// How long the window is, in milliseconds; 0 counts as 1.
    pub length_ms: u64,
}

/// A vendor that has a twin.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The vendor's name in the configuration.
    pub name: &'static str,
    /// The text of the vendored OpenAPI document.
    pub document: &'static str,
    /// Makes the twin in the state that the options describe.
    pub build: fn(&Options, Arc<Document>) -> Box<dyn Twin>,
}

/// Every vendor that has a twin; the only list of them.
pub const TWINS: &[Kind] = &[
    Kind {
        name: "elevenlabs",
        document: include_str!("../../schemas/elevenlabs.json"),
        build: elevenlabs::build,
    },
    Kind {
        name: "awardee",
        document: include_str!("../../schemas/awardee.json"),
        build: awardee::build,
    },
    Kind {
        name: "attention",
        document: include_str!("../../schemas/attention.json"),
        build: attention::build,
    },
];
