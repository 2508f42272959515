//! The fast way through skipped parts and past members: whole tokens at a time.
//!
//! Only tokens that are well formed and complete in the bytes at hand are leapt over. Before anything else the leap
//! ends, and the machine takes that token byte by byte and finds what is wrong with it, if anything is. So a leap
//! changes the speed and nothing else.

use super::projection::Kind;
use super::syntax::State;
use std::ops::Range;

/// Leaps from `at`, in the container on top of `open`, and gives the place and state to go on from.
///
/// `state` is one of [`State::CommaOrEnd`], [`State::ValueOrEnd`] and [`State::NameOrEnd`]. The container at `level`
/// is not closed, and none is opened that would make `open` longer than `depth`.
pub(super) fn leap(
    bytes: &[u8],
    mut at: usize,
    mut state: State,
    open: &mut Vec<Kind>,
    level: usize,
    depth: usize,
) -> (usize, State) {
    let mut is_object = open.last() == Some(&Kind::Object);
    loop {
        let token = spaces(bytes, at);
        let Some(&byte) = bytes.get(token) else {
            return (at, state);
        };
        let closes = byte == if is_object { b'}' } else { b']' };
        if closes {
            if open.len() <= level + 1 {
                return (at, state);
            }
            open.pop();
            is_object = open.last() == Some(&Kind::Object);
            state = State::CommaOrEnd;
            at = token + 1;
            continue;
        }
        let item = match (state, byte) {
            (State::CommaOrEnd, b',') => spaces(bytes, token + 1),
            (State::CommaOrEnd, _) => return (at, state),
            _ => token,
        };
        let value = if is_object {
            name(bytes, item)
        } else {
            Some(item)
        };
        let Some((start, first)) = value.and_then(|start| Some((start, *bytes.get(start)?))) else {
            return (at, state);
        };
        if let b'{' | b'[' = first
            && open.len() < depth
        {
            is_object = first == b'{';
            open.push(if is_object { Kind::Object } else { Kind::Array });
            state = if is_object {
                State::NameOrEnd
            } else {
                State::ValueOrEnd
            };
            at = start + 1;
            continue;
        }
        let Some(end) = scalar(bytes, start) else {
            return (at, state);
        };
        (at, state) = (end, State::CommaOrEnd);
    }
}

/// A member whose name has no escapes, as far as the place where its value begins.
pub(super) struct Ahead {
    /// The name with its quotes.
    pub(super) name: Range<usize>,
    /// The first byte of the value.
    pub(super) value: usize,
}

/// The member that comes next in an object, if it is well formed up to its value.
///
/// `state` is [`State::CommaOrEnd`] or [`State::NameOrEnd`].
#[inline]
pub(super) fn ahead(bytes: &[u8], at: usize, state: State) -> Option<Ahead> {
    let token = spaces(bytes, at);
    let start = match (state, bytes.get(token)?) {
        (State::CommaOrEnd, b',') => spaces(bytes, token + 1),
        (State::NameOrEnd, _) => token,
        _ => return None,
    };
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let quote = start + 1 + plain(bytes.get(start + 1..)?);
    if bytes.get(quote) != Some(&b'"') {
        return None;
    }
    let colon = spaces(bytes, quote + 1);
    if bytes.get(colon) != Some(&b':') {
        return None;
    }
    let value = spaces(bytes, colon + 1);
    (value < bytes.len()).then_some(Ahead {
        name: start..quote + 1,
        value,
    })
}

/// Where the text, number or literal at `at` ends; nothing for a container.
#[inline]
pub(super) fn scalar(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string(bytes, at),
        b'n' => literal(bytes, at, b"null"),
        b't' => literal(bytes, at, b"true"),
        b'f' => literal(bytes, at, b"false"),
        _ => number(bytes, at),
    }
}

/// Bytes before the first that is not simply part of a string: a quote, a backslash or a control byte.
///
/// Eight bytes at a time: most strings are too short for a call of memchr, and a second look for control bytes, to be
/// faster.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, &word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(word);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        // A subtraction borrows only above a byte that is one of those searched for, so the lowest bit is right.
        let below = |value: u64, bound: u64| value.wrapping_sub(ONES * bound) & !value;
        let found = (below(quote, 1) | below(backslash, 1) | below(word, 0x20)) & (ONES * 0x80);
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    words.len() * 8 + tail.iter().position(ends).unwrap_or(tail.len())
}

/// The place of the first byte from `at` on that is not white space.
#[inline]
pub(super) fn spaces(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The place of the first byte from `at` on that is not a digit.
#[inline]
pub(super) fn digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Where the value of the member whose name is at `at` begins.
#[inline]
fn name(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let colon = spaces(bytes, string(bytes, at)?);
    (bytes.get(colon) == Some(&b':')).then(|| spaces(bytes, colon + 1))
}

/// Where the string whose opening quote is at `at` ends.
#[inline]
fn string(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += plain(bytes.get(at..)?);
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'"', _) => return Some(at + 1),
            (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => at += 2,
            (b'\\', Some(b'u')) if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => {
                at += 6
            }
            _ => return None,
        }
    }
}

#[inline]
fn literal(bytes: &[u8], at: usize, literal: &[u8]) -> Option<usize> {
    bytes
        .get(at..)?
        .starts_with(literal)
        .then_some(at + literal.len())
}

/// Where the number at `at` ends; at least one byte must follow, else it may go on.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let start = if bytes.get(at) == Some(&b'-') {
        at + 1
    } else {
        at
    };
    let mut end = match bytes.get(start)? {
        b'0' => start + 1,
        b'1'..=b'9' => digits(bytes, start + 1),
        _ => return None,
    };
    if bytes.get(end) == Some(&b'.') {
        end = some_digits(bytes, end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let has_sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        end = some_digits(bytes, end + 1 + usize::from(has_sign))?;
    }
    (end < bytes.len()).then_some(end)
}

#[inline]
fn some_digits(bytes: &[u8], at: usize) -> Option<usize> {
    let end = digits(bytes, at);
    (end > at).then_some(end)
}
