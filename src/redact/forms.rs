//! The forms in which a credential may stand in a text, and where they begin and end there.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Which credential a pattern belongs to: its SHA-256.
pub(super) type Id = [u8; 32];

/// Shortest form that is looked for, in bytes.
const MIN_BYTES: usize = 6;

/// All forms of one credential.
pub(super) struct Forms {
    pub(super) id: Id,
    pub(super) patterns: Vec<Pattern>,
}

/// One form. It is found escaped and percent-encoded as well.
pub(super) struct Pattern {
    pub(super) of: Id,
    bytes: Zeroizing<Vec<u8>>,
    alphabet: Alphabet,
}

/// Which bytes are the same.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Each only itself.
    Plain,
    /// Hexadecimal digits in either case.
    Hex,
    /// Base64, where the form for URLs writes two digits in another way.
    Base64,
}

impl Forms {
    /// Those of a credential itself, and of its SHA-256.
    pub(super) fn of_secret(secret: &[u8]) -> Self {
        let Self { id, mut patterns } = Self::of_digest(&Sha256::digest(secret).into());
        let mut add = |bytes: Zeroizing<Vec<u8>>, alphabet| {
            if bytes.len() >= MIN_BYTES {
                patterns.push(Pattern {
                    of: id,
                    bytes,
                    alphabet,
                });
            }
        };
        add(Zeroizing::new(secret.to_vec()), Alphabet::Plain);
        add(hex(secret), Alphabet::Hex);
        add(base64(secret), Alphabet::Base64);
        for before in 0..3 {
            add(base64_within(secret, before), Alphabet::Base64);
        }
        if std::str::from_utf8(secret).is_err() {
            add(numbers(secret), Alphabet::Plain);
        }
        Self { id, patterns }
    }

    /// Those of a SHA-256.
    pub(super) fn of_digest(digest: &Id) -> Self {
        let pattern = |bytes, alphabet| Pattern {
            of: *digest,
            bytes,
            alphabet,
        };
        Self {
            id: *digest,
            patterns: vec![
                pattern(hex(digest), Alphabet::Hex),
                pattern(base64(digest), Alphabet::Base64),
            ],
        }
    }
}

impl Pattern {
    /// The folded first byte.
    pub(super) fn first(&self) -> u8 {
        self.bytes.first().copied().map_or(0, folded)
    }

    /// Where it ends in `text`, if it begins at `at`.
    pub(super) fn ends(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let equal = rest.iter().zip(self.bytes.iter());
        let equal = equal
            .take_while(|(read, wanted)| self.alphabet.same(**read, **wanted))
            .count();
        let plain = (equal == self.bytes.len()).then_some(at + equal);
        // Where it differs stands no escape, nor before: no way of reading makes it the same.
        let seen = rest.get(..=equal).unwrap_or(rest);
        if !seen.iter().copied().any(is_escape) {
            return plain;
        }
        let read = WAYS.iter().filter_map(|way| self.ends_read(*way, text, at));
        read.chain(plain).max()
    }

    fn ends_read(&self, way: Way, text: &[u8], at: usize) -> Option<usize> {
        let mut end = at;
        for wanted in self.bytes.iter() {
            let (read, behind) = way.read(text, end)?;
            if !self.alphabet.same(read, *wanted) {
                return None;
            }
            end = behind;
        }
        Some(end)
    }
}

/// Which two bytes any form may begin with, in any way of reading, and which may stand next to each other near its
/// beginning; what is forgotten stays in it.
pub(super) struct Begins {
    first: Vec<[bool; 256]>,
    /// A bit for each pair, so that it stays in the processor's cache.
    near: Vec<[u64; 4]>,
}

impl Begins {
    pub(super) const fn new() -> Self {
        Self {
            first: Vec::new(),
            near: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, pattern: &Pattern) {
        let like =
            |wanted: u8| (0..=u8::MAX).filter(move |read| pattern.alphabet.same(*read, wanted));
        let escapes = || (0..=u8::MAX).filter(|byte| is_escape(*byte));
        if self.first.is_empty() {
            self.first.resize(256, [false; 256]);
            self.near.resize(256, [0; 4]);
            for one in escapes() {
                if let Some(seconds) = self.first.get_mut(usize::from(one)) {
                    seconds.fill(true);
                }
            }
        }
        let pairs = pattern.bytes.windows(2).take(MIN_BYTES - 1);
        for (at, pair) in pairs.enumerate() {
            let &[wanted, next] = pair else { continue };
            for one in like(wanted) {
                for other in like(next) {
                    if let Some(bits) = self.near.get_mut(usize::from(one)) {
                        bits[usize::from(other / 64)] |= 1 << (other % 64);
                    }
                }
                if at > 0 {
                    continue;
                }
                for other in like(next).chain(escapes()) {
                    if let Some(seconds) = self.first.get_mut(usize::from(one)) {
                        seconds[usize::from(other)] = true;
                    }
                }
            }
        }
    }

    /// Whether a form may begin at `at`.
    pub(super) fn may_begin(&self, text: &[u8], at: usize) -> bool {
        // No form has a single byte.
        let (Some(one), Some(other)) = (text.get(at), text.get(at + 1)) else {
            return false;
        };
        let seconds = self.first.get(usize::from(*one));
        seconds.is_some_and(|seconds| seconds[usize::from(*other)])
    }

    /// The first place from `at` on where a form may begin in a text without escapes. As the shortest form has
    /// [`MIN_BYTES`], each covers one of the pairs that are looked at.
    pub(super) fn next(&self, text: &[u8], mut at: usize) -> usize {
        while let Some(&[one, other]) = text.get(at + MIN_BYTES - 2..at + MIN_BYTES) {
            let bits = self.near.get(usize::from(one)).copied().unwrap_or_default();
            if bits[usize::from(other / 64)] >> (other % 64) & 1 == 1 {
                return at;
            }
            at += MIN_BYTES - 1;
        }
        text.len()
    }
}

/// Whether any byte can be read in another way than as itself.
pub(super) fn has_escapes(text: &[u8]) -> bool {
    // Without an end in the middle, so that many bytes are looked at in one step.
    text.iter()
        .fold(false, |found, byte| found | is_escape(*byte))
}

/// How a text can be read, other than as it is.
#[derive(Clone, Copy)]
enum Way {
    /// Percent-encoded, as in a URL.
    Url,
    /// The same with `+` for a blank, as in a form.
    Form,
    /// With escapes, as in a JSON string or in Rust's `Debug`, so many times.
    Escaped(u8),
}

const WAYS: [Way; 5] = [
    Way::Url,
    Way::Form,
    Way::Escaped(1),
    Way::Escaped(2),
    Way::Escaped(3),
];

impl Way {
    /// The byte at `at`, and the place behind it.
    fn read(self, text: &[u8], at: usize) -> Option<(u8, usize)> {
        let byte = *text.get(at)?;
        match (self, byte) {
            (Self::Url | Self::Form, b'%') => {
                let digits = text.get(at + 1..).unwrap_or_default().iter();
                let read = number(digits.copied(), 2);
                Some(read.map_or((byte, at + 1), |read| (read, at + 3)))
            }
            (Self::Form, b'+') => Some((b' ', at + 1)),
            (Self::Url | Self::Form | Self::Escaped(0), _) => Some((byte, at + 1)),
            (Self::Escaped(times), _) => {
                let inner = Self::Escaped(times - 1);
                let (read, behind) = inner.read(text, at)?;
                if read != b'\\' {
                    return Some((read, behind));
                }
                let escaped = match inner.read(text, behind) {
                    Some((b'u', mut end)) => {
                        let digits = std::iter::from_fn(|| {
                            let (digit, behind) = inner.read(text, end)?;
                            end = behind;
                            Some(digit)
                        });
                        number(digits, 4).map(|read| (read, end))
                    }
                    Some((read, end)) if matches!(read, b'"' | b'\'' | b'\\' | b'/') => {
                        Some((read, end))
                    }
                    _ => None,
                };
                Some(escaped.unwrap_or((read, behind)))
            }
        }
    }
}

impl Alphabet {
    fn same(self, read: u8, wanted: u8) -> bool {
        match self {
            Self::Plain => read == wanted,
            Self::Hex => read.eq_ignore_ascii_case(&wanted),
            Self::Base64 => read == wanted || matches!((read, wanted), (b'-', b'+') | (b'_', b'/')),
        }
    }
}

/// What the first byte of a form that begins at `at` can be, folded; each once.
pub(super) fn firsts(text: &[u8], at: usize) -> [Option<u8>; WAYS.len() + 1] {
    let mut firsts = [None; WAYS.len() + 1];
    let Some(byte) = text.get(at).copied() else {
        return firsts;
    };
    firsts[0] = Some(folded(byte));
    if is_escape(byte) {
        for (at_way, way) in WAYS.iter().enumerate() {
            let read = way.read(text, at).map(|(read, _)| folded(read));
            if !firsts.contains(&read) {
                firsts[at_way + 1] = read;
            }
        }
    }
    firsts
}

/// Bytes that are the same in some alphabet are the same here.
fn folded(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        _ => byte.to_ascii_lowercase(),
    }
}

/// Whether a byte can be read in another way than as itself.
fn is_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'+')
}

/// What so many hexadecimal digits stand for, if that is an ASCII character: credentials have no others.
fn number(digits: impl Iterator<Item = u8>, count: usize) -> Option<u8> {
    let (mut number, mut read) = (0_u32, 0);
    for digit in digits.take(count) {
        number = number * 16 + char::from(digit).to_digit(16)?;
        read += 1;
    }
    let number = u8::try_from(number).ok()?;
    (read == count && number.is_ascii()).then_some(number)
}

fn hex(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let digit = |half: u8| match half {
        0..10 => b'0' + half,
        _ => b'a' + half - 10,
    };
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Zeroizing::new(digits.map(digit).collect())
}

/// The bytes as numbers with commas between them.
fn numbers(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(bytes.len() * 5));
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            all.extend_from_slice(b", ");
        }
        let digits = [byte / 100, byte / 10 % 10, byte % 10];
        let leading = digits.iter().take(2).take_while(|digit| **digit == 0);
        let leading = leading.count();
        all.extend(digits.iter().skip(leading).map(|digit| b'0' + digit));
    }
    all
}

fn base64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(STANDARD_NO_PAD.encode(bytes).into_bytes())
}

/// What is in base64 of these bytes behind `before` others (of each three) and before any: without the digits that
/// hold bits of those.
fn base64_within(bytes: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(vec![0; before]);
    all.extend_from_slice(bytes);
    let mut digits = base64(&all);
    if !all.len().is_multiple_of(3) {
        digits.pop();
    }
    digits.drain(..(before * 4).div_ceil(3));
    digits
}
