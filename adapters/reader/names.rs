//! Member names: decoding their escapes, and finding two that are the same.

use super::leap::plain;
use std::ops::Range;

/// The bytes of a JSON string with its escapes decoded. An unpaired surrogate becomes the three bytes that its number
/// would have in UTF-8, so that different names never look the same.
#[derive(Clone, Debug)]
pub(super) struct Decoded<'a> {
    rest: &'a [u8],
    escape: [u8; 4],
    waiting: Range<usize>,
    unpaired: bool,
}

/// Where a member name is, for the search for duplicates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Of the opening quote in the text that holds the name.
    pub(super) start: u32,
    /// Bytes from the opening brace of the object to the name.
    pub(super) distance: u32,
    /// Of the name, once it is looked for.
    pub(super) hash: u32,
}

impl<'a> Decoded<'a> {
    /// `text` is well formed, begins with the opening quote and goes at least to the closing one.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text.get(1..).unwrap_or_default(),
            escape: [0; 4],
            waiting: 0..0,
            unpaired: false,
        }
    }

    /// Whether the string holds a surrogate escape that is not half of a pair.
    pub(super) fn has_unpaired_surrogate(mut self) -> bool {
        let end = |byte: &u8| matches!(byte, b'"' | b'\\');
        if self.rest.iter().copied().find(end) == Some(b'"') {
            return false;
        }
        self.by_ref().for_each(drop);
        self.unpaired
    }

    fn escaped(&mut self) -> Option<u8> {
        let (&letter, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match letter {
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.code_point(),
            itself => itself,
        })
    }

    /// The first byte of the character whose `\u` was just read; the others wait.
    fn code_point(&mut self) -> Option<u8> {
        let unit = hex(self.rest)?;
        self.rest = self.rest.get(4..)?;
        let mut character = char::from_u32(unit);
        if let (0xD800..=0xDBFF, Some(after)) = (unit, self.rest.strip_prefix(br"\u"))
            && let Some(low @ 0xDC00..=0xDFFF) = hex(after)
        {
            character = char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
            self.rest = after.get(4..)?;
        }
        self.waiting = 1..match character {
            Some(character) => character.encode_utf8(&mut self.escape).len(),
            None => {
                let [.., high, low] = unit.to_be_bytes();
                self.escape = [
                    0xED,
                    0x80 | (high & 0x0F) << 2 | low >> 6,
                    0x80 | low & 0x3F,
                    0,
                ];
                self.unpaired = true;
                3
            }
        };
        self.escape.first().copied()
    }
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let Some(at) = self.waiting.next() {
            return self.escape.get(at).copied();
        }
        match self.rest.split_first()? {
            (b'"', _) => {
                self.rest = &[];
                None
            }
            (b'\\', rest) => {
                self.rest = rest;
                self.escaped()
            }
            (&byte, rest) => {
                self.rest = rest;
                Some(byte)
            }
        }
    }
}

/// The first name that occurs for a second time, among names that are all in `text`. Changes their order.
pub(super) fn duplicate(text: &[u8], marks: &mut [Mark]) -> Option<Mark> {
    let text_of = |mark: &Mark| text.get(mark.start as usize..).unwrap_or_default();
    let name = |mark: &Mark| Decoded::new(text_of(mark));
    let mut seen = Seen::default();
    let mut may_be = false;
    for mark in marks.iter_mut() {
        mark.hash = hash(text_of(mark));
        may_be |= !seen.is_new(mark.hash);
    }
    if !may_be {
        return None;
    }
    // Few names have the same hash unless they are the same, so few are compared.
    marks.sort_unstable_by(|a, b| {
        let names = || name(a).cmp(name(b)).then(a.distance.cmp(&b.distance));
        a.hash.cmp(&b.hash).then_with(names)
    });
    let pairs = marks.windows(2).filter_map(|pair| match pair {
        [first, second] if first.hash == second.hash && name(first).eq(name(second)) => {
            Some(*second)
        }
        _ => None,
    });
    pairs.min_by_key(|mark| mark.distance)
}

/// Which hashes there may have been: the names of most objects differ in these few bits.
#[derive(Default)]
struct Seen([u64; 16]);

impl Seen {
    /// Whether there was none like this; there is from now on.
    fn is_new(&mut self, hash: u32) -> bool {
        let bit = 1 << (hash % 64);
        let Some(word) = self.0.get_mut(hash as usize / 64 % 16) else {
            return false;
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// Of the name whose opening quote `text` begins with; the same for every spelling of a name. Names that an answer
/// chooses to collide are compared as if there were no hash.
fn hash(text: &[u8]) -> u32 {
    let inside = text.get(1..).unwrap_or_default();
    match inside.split_at_checked(plain(inside)) {
        Some((name, [b'"', ..])) => hash_bytes(name),
        _ => hash_bytes(&Decoded::new(text).collect::<Vec<u8>>()),
    }
}

/// Eight bytes at a time, each multiplied into what was before.
fn hash_bytes(name: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, tail) = name.as_chunks::<8>();
    let body = words
        .iter()
        .fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let last = tail
        .iter()
        .fold(1, |last, byte| last << 8 | u64::from(*byte));
    let hash = mix(body, last);
    (hash ^ hash >> 32) as u32
}

fn hex(text: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(text.get(..4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}
