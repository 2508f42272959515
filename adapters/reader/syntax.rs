//! The grammar of RFC 8259 as a machine that can stop and go on at any byte.

use super::leap::{ahead, digits, leap, plain, scalar, spaces};
use super::projection::{Kind, Projection};
use super::{Feed, ReadError};

/// Checks the document and tells the projection of its values and names.
#[derive(Debug)]
pub(super) struct Machine {
    state: State,
    /// Whether the string at hand is a member name.
    is_name: bool,
    /// What is to come of `true`, `false` or `null`.
    literal: &'static [u8],
    open: Vec<Kind>,
    depth: usize,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    CommaOrEnd,
    Done,
    Text,
    Escape,
    /// Hex digits that are to come.
    Hex(u8),
    Literal,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    Power,
}

impl Machine {
    pub(super) fn new(depth: usize) -> Self {
        Self {
            state: State::Value,
            is_name: false,
            literal: b"",
            open: Vec::with_capacity(8),
            depth,
        }
    }

    /// Takes the next bytes, which are whole characters.
    pub(super) fn run(&mut self, feed: Feed<'_>, to: &mut Projection) -> Result<(), ReadError> {
        let mut at = 0;
        loop {
            if let State::CommaOrEnd | State::ValueOrEnd | State::NameOrEnd = self.state
                && let Some(level) = to.skips()
            {
                (at, self.state) = leap(
                    feed.bytes,
                    at,
                    self.state,
                    &mut self.open,
                    level,
                    self.depth,
                );
            }
            if let State::CommaOrEnd | State::NameOrEnd = self.state
                && to.is_on_the_way()
                && self.open.last() == Some(&Kind::Object)
            {
                at = self.pass_members(feed, at, to)?;
            }
            let Some(&byte) = feed.bytes.get(at) else {
                break;
            };
            match self.state {
                State::Text => {
                    at += plain(feed.bytes.get(at..).unwrap_or_default());
                    match feed.bytes.get(at) {
                        None => break,
                        Some(b'"') if self.is_name => {
                            to.end_name(feed, at + 1)?;
                            self.is_name = false;
                            self.state = State::Colon;
                        }
                        Some(b'"') => self.end(feed, at + 1, Kind::Scalar, to)?,
                        Some(b'\\') => self.state = State::Escape,
                        Some(_) => return Err(syntax(feed, at, to)),
                    }
                    at += 1;
                    continue;
                }
                State::Escape => {
                    self.state = match byte {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text,
                        b'u' => State::Hex(4),
                        _ => return Err(syntax(feed, at, to)),
                    };
                }
                State::Hex(left) if byte.is_ascii_hexdigit() => {
                    self.state = if left > 1 {
                        State::Hex(left - 1)
                    } else {
                        State::Text
                    };
                }
                State::Hex(_) => return Err(syntax(feed, at, to)),
                State::Literal => {
                    let Some((_, rest)) = self
                        .literal
                        .split_first()
                        .filter(|&(&wanted, _)| wanted == byte)
                    else {
                        return Err(syntax(feed, at, to));
                    };
                    self.literal = rest;
                    if rest.is_empty() {
                        self.end(feed, at + 1, Kind::Scalar, to)?;
                    }
                }
                State::Minus
                | State::Zero
                | State::Integer
                | State::Point
                | State::Fraction
                | State::Exponent
                | State::ExponentSign
                | State::Power => match (self.state.after_digit(byte), self.state.ends_number()) {
                    (Some(state), _) => {
                        self.state = state;
                        if byte.is_ascii_digit() && state != State::Zero {
                            at = digits(feed.bytes, at);
                            continue;
                        }
                    }
                    (None, true) if !byte.is_ascii_digit() => {
                        self.end(feed, at, Kind::Scalar, to)?;
                        continue;
                    }
                    _ => return Err(syntax(feed, at, to)),
                },
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => {
                    at = spaces(feed.bytes, at);
                    continue;
                }
                State::ValueOrEnd if byte == b']' => self.close(feed, at, Kind::Array, to)?,
                State::Value | State::ValueOrEnd => self.begin(feed, at, byte, to)?,
                State::NameOrEnd if byte == b'}' => self.close(feed, at, Kind::Object, to)?,
                State::Name | State::NameOrEnd if byte == b'"' => {
                    to.begin_name(feed, at);
                    self.is_name = true;
                    self.state = State::Text;
                }
                State::Colon if byte == b':' => self.state = State::Value,
                State::CommaOrEnd => match (self.open.last(), byte) {
                    (Some(Kind::Array), b',') => self.state = State::Value,
                    (_, b',') => self.state = State::Name,
                    (Some(Kind::Array), b']') => self.close(feed, at, Kind::Array, to)?,
                    (Some(Kind::Object), b'}') => self.close(feed, at, Kind::Object, to)?,
                    _ => return Err(syntax(feed, at, to)),
                },
                State::Done => {
                    return Err(ReadError::TrailingData {
                        offset: feed.offset(at),
                    });
                }
                State::Name | State::NameOrEnd | State::Colon => return Err(syntax(feed, at, to)),
            }
            at += 1;
        }
        Ok(())
    }

    /// Goes past the scalar members of an object on the way that are left out, and stands at the value of the first
    /// that is not. What is not well formed and complete in the feed is not begun.
    fn pass_members(
        &mut self,
        feed: Feed<'_>,
        mut at: usize,
        to: &mut Projection,
    ) -> Result<usize, ReadError> {
        while let Some(member) = ahead(feed.bytes, at, self.state) {
            to.plain_name(feed, member.name)?;
            match scalar(feed.bytes, member.value).filter(|_| !to.wants_next()) {
                Some(end) => {
                    to.pass(feed, member.value..end);
                    self.state = State::CommaOrEnd;
                    at = end;
                }
                None => {
                    self.state = State::Value;
                    return Ok(member.value);
                }
            }
        }
        Ok(at)
    }

    /// Ends the document after `len` bytes.
    pub(super) fn finish(&mut self, len: u64, to: &mut Projection) -> Result<(), ReadError> {
        let feed = Feed {
            bytes: b"",
            start: len,
        };
        if self.state.ends_number() {
            self.end(feed, 0, Kind::Scalar, to)?;
        }
        if self.state == State::Done {
            Ok(())
        } else {
            Err(ReadError::Cut { offset: len })
        }
    }

    fn begin(
        &mut self,
        feed: Feed<'_>,
        at: usize,
        byte: u8,
        to: &mut Projection,
    ) -> Result<(), ReadError> {
        let (kind, state) = match byte {
            b'"' => (Kind::Scalar, State::Text),
            b'{' => (Kind::Object, State::NameOrEnd),
            b'[' => (Kind::Array, State::ValueOrEnd),
            b'-' => (Kind::Scalar, State::Minus),
            b'0' => (Kind::Scalar, State::Zero),
            b'1'..=b'9' => (Kind::Scalar, State::Integer),
            b't' | b'f' | b'n' => (Kind::Scalar, State::Literal),
            _ => return Err(syntax(feed, at, to)),
        };
        self.literal = match byte {
            b't' => b"rue",
            b'f' => b"alse",
            _ => b"ull",
        };
        let level = self.open.len();
        if kind != Kind::Scalar && level >= self.depth {
            return Err(to.fault(
                feed,
                at,
                ReadError::TooDeep {
                    offset: feed.offset(at),
                },
            ));
        }
        to.begin(feed, at, kind, level)?;
        if kind != Kind::Scalar {
            self.open.push(kind);
        }
        self.state = state;
        Ok(())
    }

    fn close(
        &mut self,
        feed: Feed<'_>,
        at: usize,
        kind: Kind,
        to: &mut Projection,
    ) -> Result<(), ReadError> {
        self.open.pop();
        self.end(feed, at + 1, kind, to)
    }

    /// The value ended just before `at`.
    fn end(
        &mut self,
        feed: Feed<'_>,
        at: usize,
        kind: Kind,
        to: &mut Projection,
    ) -> Result<(), ReadError> {
        self.state = if self.open.is_empty() {
            State::Done
        } else {
            State::CommaOrEnd
        };
        to.end(feed, at, kind, self.open.len())
    }
}

impl State {
    /// Whether a number may end here.
    fn ends_number(self) -> bool {
        matches!(
            self,
            Self::Zero | Self::Integer | Self::Fraction | Self::Power
        )
    }

    /// The state inside a number after one more byte that belongs to it.
    fn after_digit(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus | Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Exponent | Self::ExponentSign | Self::Power, b'0'..=b'9') => Self::Power,
            (Self::Zero | Self::Integer, b'.') => Self::Point,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::ExponentSign,
            _ => return None,
        })
    }
}

fn syntax(feed: Feed<'_>, at: usize, to: &mut Projection) -> ReadError {
    to.fault(
        feed,
        at,
        ReadError::Syntax {
            offset: feed.offset(at),
        },
    )
}
