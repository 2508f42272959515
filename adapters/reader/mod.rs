//! An incremental JSON reader that keeps a projection of a large answer.
//!
//! Vendors send whole transcripts where a few members are wanted. The reader is fed an answer in chunks of any size,
//! checks every byte of it against RFC 8259 and UTF-8, and holds on to nothing but the wanted parts. How the answer
//! is cut into chunks never changes the result or the error.

mod leap;
mod left_out;
mod names;
mod paths;
mod projection;
mod syntax;

#[cfg(test)]
mod tests;

pub use left_out::{LeftOut, Member};

use projection::Projection;
use syntax::Machine;

/// Which parts of an answer are kept.
#[derive(Clone, Copy, Debug)]
pub enum Keep {
    /// The whole document, byte for byte, without the white space around it.
    Everything,
    /// The subtrees at these paths: member names from the root, where `"*"` is every element of an array (and never
    /// a member of an object).
    ///
    /// A kept subtree comes through byte for byte. Containers on the way to it are written anew without white space;
    /// they hold only what leads to kept parts, under names spelled as received. Where the document has a scalar on
    /// the way, it is kept; a container of the wrong kind is kept as an empty one of its own kind. So a schema check
    /// of the projection still sees the wrong type.
    Only(&'static [&'static [&'static str]]),
}

/// How much an answer may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the answer.
    pub streamed: u64,
    /// Bytes of the projection; more than 4 GiB counts as 4 GiB.
    pub kept: usize,
    /// Arrays and objects inside each other, in skipped parts too.
    pub depth: usize,
}

impl Default for Limits {
    /// 64 MiB streamed, 1 MiB kept, 32 levels.
    fn default() -> Self {
        Self {
            streamed: 64 << 20,
            kept: 1 << 20,
            depth: 32,
        }
    }
}

/// Why an answer cannot be used. Offsets count bytes from the start of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or an unpaired surrogate escape in a member name of an object on the way to a kept part.
    #[error("not JSON at byte {offset}")]
    Syntax {
        /// The first byte that cannot be there.
        offset: u64,
    },
    /// Two members of one object have the same name once escapes are decoded. Looked for in objects on the way to or
    /// inside kept parts, when the object ends.
    #[error("a member name occurs twice, at byte {offset} again")]
    DuplicateMember {
        /// Where the name occurs for the second time.
        offset: u64,
    },
    /// More containers inside each other than [`Limits::depth`].
    #[error("nested too deeply at byte {offset}")]
    TooDeep {
        /// The bracket or brace that is one too many.
        offset: u64,
    },
    /// The answer is longer than [`Limits::streamed`].
    #[error("the answer is longer than {limit} bytes")]
    StreamedTooMuch {
        /// Bytes that would have been read.
        limit: u64,
    },
    /// The projection is larger than [`Limits::kept`], or the member names of the objects on the way, which are held
    /// to find duplicates, are larger than 256 KiB.
    #[error("more than {limit} bytes of the answer would have to be kept")]
    KeptTooMuch {
        /// Bytes that would have been kept.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The first byte of what is not a character.
        offset: u64,
    },
    /// The answer ended before the document did; an empty answer too.
    #[error("cut off after {offset} bytes")]
    Cut {
        /// Bytes that were received.
        offset: u64,
    },
    /// Something other than white space after the document.
    #[error("data after the document at byte {offset}")]
    TrailingData {
        /// The first byte of it.
        offset: u64,
    },
}

/// Reads one answer. After an error every later call gives that error again.
///
/// Memory is at most [`Limits::kept`], up to 24 bytes for each member of the kept objects that are open at the time, up
/// to 3.25 MiB for the member names of the open objects on the way (the names of one answer are a few KiB), and a
/// little per level.
#[derive(Debug)]
pub struct Reader {
    limit: u64,
    streamed: u64,
    /// Bytes that the machine has seen: all but the unfinished character.
    checked: u64,
    unfinished: Unfinished,
    machine: Machine,
    projection: Projection,
    failed: Option<ReadError>,
}

impl Reader {
    /// A reader at the start of an answer.
    pub fn new(keep: Keep, limits: Limits) -> Self {
        Self {
            limit: limits.streamed,
            streamed: 0,
            checked: 0,
            unfinished: Unfinished::default(),
            machine: Machine::new(limits.depth),
            projection: Projection::new(keep, limits.kept),
            failed: None,
        }
    }

    /// The same reader, which also notes what [`Self::finish_noting`] gives. The projection and the errors stay what they
    /// are.
    #[must_use]
    pub fn noting(mut self) -> Self {
        self.projection.note();
        self
    }

    /// Takes the next bytes of the answer.
    ///
    /// # Errors
    /// Everything but [`ReadError::Cut`].
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), ReadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.take(chunk);
        self.failed = result.err();
        result
    }

    /// Ends the answer and gives the projection, which is a valid JSON document.
    ///
    /// # Errors
    /// The error of an earlier [`push`](Self::push), or one that shows only at the end.
    pub fn finish(self) -> Result<Vec<u8>, ReadError> {
        self.finish_noting().map(|(projection, _)| projection)
    }

    /// Ends the answer and gives the projection, and which members of the objects on the way it lacks: none where the
    /// reader is not [noting](Self::noting).
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn finish_noting(mut self) -> Result<(Vec<u8>, LeftOut), ReadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Unfinished { bytes, len } = self.unfinished;
        // Half a character is a cut string, but a fault of its own outside of strings.
        self.machine_takes(bytes.get(..len).unwrap_or_default())?;
        self.machine.finish(self.checked, &mut self.projection)?;
        Ok(self.projection.into_parts())
    }

    /// Bytes taken so far; stays at or below [`Limits::streamed`].
    pub fn streamed(&self) -> u64 {
        self.streamed
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), ReadError> {
        let room = usize::try_from(self.limit - self.streamed).unwrap_or(usize::MAX);
        let within = chunk.get(..room).unwrap_or(chunk);
        self.streamed += within.len() as u64;
        for block in within.chunks(BLOCK) {
            self.take_block(block)?;
        }
        if within.len() < chunk.len() {
            return Err(ReadError::StreamedTooMuch { limit: self.limit });
        }
        Ok(())
    }

    fn take_block(&mut self, block: &[u8]) -> Result<(), ReadError> {
        let mut rest = block;
        while self.unfinished.len > 0 {
            let Some((&byte, tail)) = rest.split_first() else {
                return Ok(());
            };
            rest = tail;
            let character = self.unfinished.with(byte);
            let so_far = character.bytes.get(..character.len).unwrap_or_default();
            match std::str::from_utf8(so_far) {
                Ok(_) => {
                    self.unfinished = Unfinished::default();
                    self.machine_takes(so_far)?;
                }
                Err(error) if error.error_len().is_none() => self.unfinished = character,
                Err(_) => return Err(self.not_utf8()),
            }
        }
        let Err(error) = std::str::from_utf8(rest) else {
            return self.machine_takes(rest);
        };
        let (valid, tail) = rest.split_at(error.valid_up_to());
        self.machine_takes(valid)?;
        if error.error_len().is_some() {
            return Err(self.not_utf8());
        }
        self.unfinished = tail
            .iter()
            .fold(Unfinished::default(), |all, &byte| all.with(byte));
        Ok(())
    }

    fn machine_takes(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let feed = Feed {
            bytes,
            start: self.checked,
        };
        self.checked += bytes.len() as u64;
        self.machine.run(feed, &mut self.projection)?;
        self.projection.copy_up_to(feed, bytes.len())
    }

    fn not_utf8(&self) -> ReadError {
        ReadError::NotUtf8 {
            offset: self.checked,
        }
    }
}

/// Reads an answer that is there as a whole.
///
/// # Errors
/// As [`Reader::push`] and [`Reader::finish`].
pub fn project(keep: Keep, limits: Limits, bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mut reader = Reader::new(keep, limits);
    reader.push(bytes)?;
    reader.finish()
}

/// Bytes that are looked at twice, for UTF-8 and for JSON, while they are in the nearest cache.
const BLOCK: usize = 16 << 10;

/// The start of a character that the next chunk must finish.
#[derive(Clone, Copy, Debug, Default)]
struct Unfinished {
    bytes: [u8; 4],
    len: usize,
}

impl Unfinished {
    fn with(mut self, byte: u8) -> Self {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
        self
    }
}

/// A piece of the answer and where it starts in it.
#[derive(Clone, Copy)]
struct Feed<'a> {
    bytes: &'a [u8],
    start: u64,
}

impl Feed<'_> {
    fn offset(self, at: usize) -> u64 {
        self.start + at as u64
    }
}
