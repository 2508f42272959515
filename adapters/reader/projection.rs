//! What is kept: follows the document's structure and writes the projection.

use super::left_out::LeftOut;
use super::names::{Decoded, Mark, duplicate};
use super::paths::{Paths, Place};
use super::{Feed, Keep, ReadError};
use std::ops::Range;

/// What kind of value begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Array,
    Object,
}

/// Told of every value and member name, it collects the kept parts.
///
/// Levels count the containers around a value.
#[derive(Debug)]
pub(super) struct Projection {
    paths: Paths,
    limit: usize,
    out: Vec<u8>,
    /// The member names, as received, of the open objects on the way.
    names: Vec<u8>,
    marks: Vec<Mark>,
    open: Vec<Open>,
    part: Part,
    /// Where the value goes that comes next in the document or in an object on the way.
    next: Option<Place>,
    copy: Copy,
    /// Where the bytes to copy begin in the feed.
    from: usize,
    /// Where somebody wants to know what is left out.
    notes: Option<LeftOut>,
}

/// The part of the document that the reader is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    OnTheWay,
    /// A subtree at this level that is kept whole.
    Kept(usize),
    /// A subtree at this level that is left out.
    Skipped(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copy {
    Nothing,
    ToOut,
    ToNames,
    ToNotes,
}

/// A container on the way, or an object in a kept part.
#[derive(Debug)]
struct Open {
    kind: Kind,
    place: Place,
    is_empty: bool,
    offset: u64,
    names: usize,
    marks: usize,
}

/// Room that is taken at first: most of what is kept of an answer needs no more.
const FIRST_ROOM: usize = 512;

/// The bound on [`Projection::names`]: far more than the member names of any answer, far less than an answer.
const HELD_NAMES: usize = 256 << 10;

impl Projection {
    pub(super) fn new(keep: Keep, limit: usize) -> Self {
        Self {
            paths: Paths::new(keep),
            limit: limit.min(u32::MAX as usize),
            out: Vec::new(),
            names: Vec::new(),
            marks: Vec::with_capacity(24),
            open: Vec::with_capacity(8),
            part: Part::OnTheWay,
            next: Some(Paths::ROOT),
            copy: Copy::Nothing,
            from: 0,
            notes: None,
        }
    }

    pub(super) fn note(&mut self) {
        self.notes = Some(LeftOut::with_room());
    }

    pub(super) fn into_parts(self) -> (Vec<u8>, LeftOut) {
        (self.out, self.notes.unwrap_or_default())
    }

    /// The level of the subtree that is being left out.
    pub(super) fn skips(&self) -> Option<usize> {
        match self.part {
            Part::Skipped(level) => Some(level),
            Part::OnTheWay | Part::Kept(_) => None,
        }
    }

    /// Whether the reader is neither in a kept subtree nor in one that is left out.
    pub(super) fn is_on_the_way(&self) -> bool {
        self.part == Part::OnTheWay
    }

    /// Whether the value of the member that was just named is kept, or leads to what is.
    pub(super) fn wants_next(&self) -> bool {
        self.next.is_some()
    }

    /// Takes, in an object on the way, the whole of a name without escapes: with its quotes it is there in the feed.
    pub(super) fn plain_name(
        &mut self,
        feed: Feed<'_>,
        name: Range<usize>,
    ) -> Result<(), ReadError> {
        let Some(open) = self.open.last() else {
            return Ok(());
        };
        self.marks.push(Mark {
            start: u32::try_from(self.names.len()).unwrap_or(u32::MAX),
            distance: u32::try_from(feed.offset(name.start) - open.offset).unwrap_or(u32::MAX),
            hash: 0,
        });
        let text = feed.bytes.get(name).unwrap_or_default();
        append(&mut self.names, text, HELD_NAMES)?;
        let inside = text.get(1..text.len().saturating_sub(1));
        self.next = self
            .paths
            .plain_member(open.place, inside.unwrap_or_default());
        if self.next.is_some() {
            self.separate()?;
            append(&mut self.out, text, self.limit)?;
            self.write(b":")?;
        }
        Ok(())
    }

    /// Leaves out the scalar value of the member that was just named: the whole of it is there in the feed.
    pub(super) fn pass(&mut self, feed: Feed<'_>, value: Range<usize>) {
        let (Some(notes), Some(open), Some(mark)) =
            (&mut self.notes, self.open.last(), self.marks.last())
        else {
            return;
        };
        let name = self.names.get(mark.start as usize..).unwrap_or_default();
        let value = feed.bytes.get(value).unwrap_or_default();
        let first = value.first().copied().unwrap_or_default();
        if notes.begin(self.paths.path(open.place), name, true, first, true) {
            notes.more(value);
        }
    }

    /// A value begins at `at`.
    pub(super) fn begin(
        &mut self,
        feed: Feed<'_>,
        at: usize,
        kind: Kind,
        level: usize,
    ) -> Result<(), ReadError> {
        match self.part {
            Part::Skipped(_) => return Ok(()),
            Part::Kept(_) => {
                if kind == Kind::Object {
                    self.push_open(kind, Paths::ROOT, feed.offset(at));
                }
                return Ok(());
            }
            Part::OnTheWay => {}
        }
        let is_element = self
            .open
            .last()
            .is_some_and(|open| open.kind == Kind::Array);
        let place = match self.open.last() {
            Some(open) if is_element => self.paths.elements(open.place),
            _ => self.next.take(),
        };
        let Some(place) = place else {
            if !is_element {
                self.leave_out(feed, at, kind);
            }
            self.part = Part::Skipped(level);
            return Ok(());
        };
        if is_element {
            self.separate()?;
        }
        if kind == Kind::Scalar || self.paths.is_whole(place) {
            self.part = Part::Kept(level);
            (self.copy, self.from) = (Copy::ToOut, at);
            if kind == Kind::Object {
                self.push_open(kind, place, feed.offset(at));
            }
            return Ok(());
        }
        self.write(if kind == Kind::Object { b"{" } else { b"[" })?;
        self.push_open(kind, place, feed.offset(at));
        Ok(())
    }

    /// The value ended just before `at`.
    pub(super) fn end(
        &mut self,
        feed: Feed<'_>,
        at: usize,
        kind: Kind,
        level: usize,
    ) -> Result<(), ReadError> {
        match self.part {
            Part::Skipped(root) => {
                if root == level {
                    self.copy_up_to(feed, at)?;
                    self.copy = Copy::Nothing;
                    self.part = Part::OnTheWay;
                }
            }
            Part::Kept(root) => {
                if kind == Kind::Object {
                    self.copy_up_to(feed, at)?;
                    self.from = at;
                    self.pop_open()?;
                }
                if root == level {
                    self.copy_up_to(feed, at)?;
                    self.copy = Copy::Nothing;
                    self.part = Part::OnTheWay;
                }
            }
            Part::OnTheWay => {
                self.pop_open()?;
                self.write(if kind == Kind::Object { b"}" } else { b"]" })?;
            }
        }
        Ok(())
    }

    /// A member name begins; its opening quote is at `at`.
    pub(super) fn begin_name(&mut self, feed: Feed<'_>, at: usize) {
        let start = match self.part {
            Part::Skipped(_) => return,
            Part::Kept(_) => self.out.len() + at - self.from,
            Part::OnTheWay => {
                (self.copy, self.from) = (Copy::ToNames, at);
                self.names.len()
            }
        };
        let object = self.open.last().map_or(0, |open| open.offset);
        self.marks.push(Mark {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            distance: u32::try_from(feed.offset(at) - object).unwrap_or(u32::MAX),
            hash: 0,
        });
    }

    /// The member name's closing quote is just before `at`.
    pub(super) fn end_name(&mut self, feed: Feed<'_>, at: usize) -> Result<(), ReadError> {
        if self.part != Part::OnTheWay {
            return Ok(());
        }
        self.copy_up_to(feed, at)?;
        self.copy = Copy::Nothing;
        let (Some(open), Some(mark)) = (self.open.last(), self.marks.last()) else {
            return Ok(());
        };
        let text = self.names.get(mark.start as usize..).unwrap_or_default();
        let name = Decoded::new(text);
        if name.clone().has_unpaired_surrogate() {
            let offset = open.offset + u64::from(mark.distance);
            return Err(ReadError::Syntax { offset });
        }
        self.next = self.paths.member(open.place, name);
        if self.next.is_some() {
            let start = mark.start as usize;
            self.separate()?;
            let text = self.names.get(start..).unwrap_or_default();
            append(&mut self.out, text, self.limit)?;
            self.write(b":")?;
        }
        Ok(())
    }

    /// Copies what is kept of the feed before `at`, and is ready for the next feed.
    pub(super) fn copy_up_to(&mut self, feed: Feed<'_>, at: usize) -> Result<(), ReadError> {
        let (text, limit) = match self.copy {
            Copy::Nothing => return Ok(()),
            Copy::ToOut => (&mut self.out, self.limit),
            Copy::ToNames => (&mut self.names, HELD_NAMES),
            Copy::ToNotes => {
                let bytes = feed.bytes.get(self.from..at).unwrap_or_default();
                self.notes.iter_mut().for_each(|notes| notes.more(bytes));
                self.from = 0;
                return Ok(());
            }
        };
        append(
            text,
            feed.bytes.get(self.from..at).unwrap_or_default(),
            limit,
        )?;
        self.from = 0;
        Ok(())
    }

    /// The error to report for a fault that was found at `at`: what had to be kept before it may have been too much.
    pub(super) fn fault(&mut self, feed: Feed<'_>, at: usize, fault: ReadError) -> ReadError {
        self.copy_up_to(feed, at).err().unwrap_or(fault)
    }

    /// Notes the member whose value begins at `at` and is left out.
    fn leave_out(&mut self, feed: Feed<'_>, at: usize, kind: Kind) {
        let (Some(notes), Some(open), Some(mark)) =
            (&mut self.notes, self.open.last(), self.marks.last())
        else {
            return;
        };
        let name = self.names.get(mark.start as usize..).unwrap_or_default();
        let first = feed.bytes.get(at).copied().unwrap_or_default();
        let is_scalar = kind == Kind::Scalar;
        let path = self.paths.path(open.place);
        let is_plain = !name.contains(&b'\\');
        if notes.begin(path, name, is_plain, first, is_scalar) && is_scalar {
            (self.copy, self.from) = (Copy::ToNotes, at);
        }
    }

    fn push_open(&mut self, kind: Kind, place: Place, offset: u64) {
        self.open.push(Open {
            kind,
            place,
            is_empty: true,
            offset,
            names: self.names.len(),
            marks: self.marks.len(),
        });
    }

    fn pop_open(&mut self) -> Result<(), ReadError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let text = if self.part == Part::OnTheWay {
            &self.names
        } else {
            &self.out
        };
        let marks = self.marks.get_mut(open.marks..).unwrap_or_default();
        if let Some(mark) = duplicate(text, marks) {
            let offset = open.offset + u64::from(mark.distance);
            return Err(ReadError::DuplicateMember { offset });
        }
        self.marks.truncate(open.marks);
        self.names.truncate(open.names);
        Ok(())
    }

    /// Writes the comma between two parts of the innermost container on the way.
    fn separate(&mut self) -> Result<(), ReadError> {
        let is_first = self
            .open
            .last_mut()
            .is_none_or(|open| std::mem::take(&mut open.is_empty));
        if is_first { Ok(()) } else { self.write(b",") }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        append(&mut self.out, bytes, self.limit)
    }
}

/// Appends within the limit, and without more room than the limit.
fn append(text: &mut Vec<u8>, bytes: &[u8], limit: usize) -> Result<(), ReadError> {
    let len = text.len() + bytes.len();
    if len > limit {
        return Err(ReadError::KeptTooMuch { limit });
    }
    if len > text.capacity() {
        let room = len.max(limit.min(FIRST_ROOM.max(2 * text.capacity())));
        text.reserve_exact(room - text.len());
    }
    text.extend_from_slice(bytes);
    Ok(())
}
