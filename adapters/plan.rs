//! What to send to a vendor, as data: a dry run prints the very calls that would be made.

use crate::{held::Element, path::Path, reader::Keep};
use bytes::Bytes;
use http::Method;

/// One vendor call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation's id in the vendor's document.
    pub operation: &'static str,
    /// The method.
    pub method: Method,
    /// The path below the route's base URL, encoded.
    pub path: Path,
    /// The query, without its `?`, encoded; empty for none.
    pub query: String,
    /// The JSON body, if there is one.
    pub body: Option<Body>,
    /// What of a successful answer is kept.
    pub keep: Keep,
    /// What a second arrival would do.
    pub repeat: Repeat,
    /// Why the call is made, for the reader of a dry run.
    pub why: &'static str,
}

/// What a second arrival of a call would do at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Nothing: it only reads.
    Read,
    /// Nothing, as long as no other call about the same tag lies between.
    Commutes,
    /// Nothing: the vendor knows the call by its idempotency key.
    Keyed,
    /// It may undo what somebody did meanwhile.
    ReplacesSet,
    /// It may make a second one: look before sending again.
    LookUpFirst,
}

/// A JSON body, perhaps with places for ids that an earlier step of the plan brings.
#[derive(Clone, Debug, Default)]
pub struct Body {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Created(usize),
}

/// Room that a piece of text takes at first: for the ids of a few tags.
const FIRST_ROOM: usize = 128;

impl Body {
    /// A body that refers to nothing.
    pub fn text(text: String) -> Self {
        Self {
            pieces: vec![Piece::Text(text)],
        }
    }

    /// Appends JSON text.
    pub fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => {
                let mut piece = String::with_capacity(FIRST_ROOM.max(text.len()));
                piece.push_str(text);
                self.pieces.push(Piece::Text(piece));
            }
        }
    }

    /// Appends a string, quoted and escaped.
    pub fn push_string(&mut self, string: &str) {
        let is_plain = |byte: u8| byte >= 0x20 && !matches!(byte, b'"' | b'\\');
        match string.bytes().all(is_plain) {
            true => ["\"", string, "\""].iter().for_each(|part| self.push(part)),
            false => self.push(&quoted(string)),
        }
    }

    /// Appends the id that creation number `creation` brings.
    pub fn push_created(&mut self, creation: usize) {
        self.pieces.push(Piece::Created(creation));
    }

    /// The bytes to send; `None` while an id that it refers to is missing.
    pub fn render<'a>(&self, created: impl Fn(usize) -> Option<&'a str>) -> Option<Bytes> {
        if let [Piece::Text(text)] = self.pieces.as_slice() {
            return Some(Bytes::copy_from_slice(text.as_bytes()));
        }
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Created(creation) => text.push_str(&quoted(created(*creation)?)),
            }
        }
        Some(Bytes::from(text))
    }

    /// The body as a dry run shows it: `{"created":"<text form>"}` where an id is still to come.
    pub fn preview<'a>(&self, created: impl Fn(usize) -> &'a str) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Created(creation) => {
                    text.push_str("{\"created\":");
                    text.push_str(&quoted(created(*creation)));
                    text.push('}');
                }
            }
        }
        text
    }
}

/// One write of a plan and what it makes true.
#[derive(Clone, Debug)]
pub struct Step {
    /// What to send.
    pub call: Call,
    /// What is on the conversation once it took effect.
    pub adds: Vec<Element>,
    /// What is off it then.
    pub removes: Vec<Element>,
}

/// A JSON string with its quotes.
pub fn quoted(string: &str) -> String {
    serde_json::Value::from(string).to_string()
}
