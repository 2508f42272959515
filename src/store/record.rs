//! What the store keeps: a key, and what is known under it.

use std::fmt;

/// Under what a record is kept: a keyed hash, so that nothing of the caller can be read from the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey(pub [u8; 32]);

/// What is known under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// A hash of the request that the key was first used with.
    pub fingerprint: [u8; 32],
    /// How far that request has got.
    pub state: RecordState,
    /// From this time on the record counts as gone, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// How far a request has got. The bytes belong to the layer above.
#[derive(Clone, PartialEq, Eq)]
pub enum RecordState {
    /// Begun; what it takes to carry it to its end.
    Open(Vec<u8>),
    /// At its end; the answer.
    Done(Vec<u8>),
}

impl RecordState {
    /// The bytes of the layer above.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Open(bytes) | Self::Done(bytes) => bytes,
        }
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth, ..] = self.0;
        write!(
            f,
            "RecordKey({first:02x}{second:02x}{third:02x}{fourth:02x}…)"
        )
    }
}

impl fmt::Debug for RecordState {
    /// Only how long it is: answers belong to callers, not to logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Open(_) => "Open",
            Self::Done(_) => "Done",
        };
        write!(f, "{name}({} bytes)", self.bytes().len())
    }
}
