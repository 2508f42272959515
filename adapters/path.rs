//! Paths of vendor calls: whatever an id holds, it stays one segment.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

/// Everything outside RFC 3986's unreserved set is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Longest id in bytes; the vendors' own are below 64.
pub const MAX_ID_BYTES: usize = 256;

/// An encoded path, relative to a base URL; starts with `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    segments: usize,
}

impl Path {
    /// An empty path, to be extended.
    pub fn new() -> Self {
        Self {
            text: String::with_capacity(64),
            segments: 0,
        }
    }

    /// Appends fixed segments such as `v1/convai/tags`.
    #[must_use]
    pub fn fixed(mut self, segments: &'static str) -> Self {
        self.text.push('/');
        self.text.push_str(segments);
        self.segments += segments.split('/').count();
        self
    }

    /// Appends an id as one segment, encoded.
    ///
    /// # Errors
    /// When the id breaks [`check_id`].
    pub fn id(mut self, id: &str) -> Result<Self, BadId> {
        check_id(id)?;
        self.text.push('/');
        self.text.extend(utf8_percent_encode(id, RESERVED));
        self.segments += 1;
        Ok(self)
    }

    /// The encoded text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many segments it has; a finished URL is held against it.
    pub fn segments(&self) -> usize {
        self.segments
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Appends `name=value` to an encoded query.
pub fn query(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    query.extend(utf8_percent_encode(value, RESERVED));
}

/// An id that may not stand in a vendor's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Blank, or longer than [`MAX_ID_BYTES`].
    #[error("an id must have 1 to {MAX_ID_BYTES} bytes and not be blank")]
    Length,
    /// `.` or `..`, which a URL parser resolves away.
    #[error("an id must not be `.` or `..`")]
    Dots,
    /// A control character or one of `/ \ ? # %`.
    #[error("an id must not hold control characters or any of `/ \\ ? # %`")]
    Character,
}

/// Ids are opaque, but some of their bytes may never reach a URL. Holds for the caller's ids and the vendor's alike.
///
/// # Errors
/// Which rule the id breaks.
pub fn check_id(id: &str) -> Result<(), BadId> {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(is_usual) {
        return Ok(());
    }
    if id.trim().is_empty() || id.len() > MAX_ID_BYTES {
        return Err(BadId::Length);
    }
    if id == "." || id == ".." {
        return Err(BadId::Dots);
    }
    if id
        .chars()
        .any(|c| c.is_control() || matches!(c, '/' | '\\' | '?' | '#' | '%'))
    {
        return Err(BadId::Character);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_ids_are_refused() {
        for id in [
            "",
            " ",
            ".",
            "..",
            "../../admin",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a%2Fb",
            "a\r\nX: y",
            "\0",
            &"x".repeat(257),
        ] {
            assert!(Path::new().fixed("v1").id(id).is_err(), "{id:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn an_accepted_id_stays_one_segment(id in any::<String>()) {
            if let Ok(path) = Path::new().fixed("v1/c").id(&id).map(|path| path.fixed("tags")) {
                prop_assert_eq!(path.as_str().matches('/').count(), 4);
                prop_assert_eq!(path.segments(), 4);
                prop_assert!(path.as_str().bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'\\')));
            }
        }
    }
}
