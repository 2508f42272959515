//! The header `Idempotency-Key`.

use super::{
    fields::Headers,
    headers::{bad, single},
};
use crate::error::Error;
use http::HeaderName;

/// Longest key, in characters.
const MAX_KEY: usize = 255;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Refuses the key of a request that changes nothing.
///
/// # Errors
/// When it is there.
pub(super) fn refuse(headers: &Headers) -> Result<(), Error> {
    match headers.has(&IDEMPOTENCY_KEY) {
        true => Err(bad(
            &IDEMPOTENCY_KEY,
            "it is possible on requests that change something only",
        )),
        false => Ok(()),
    }
}

/// Reads `Idempotency-Key`: visible ASCII, bare or as a quoted string (RFC 8941, 3.3.3); both spellings are one key.
///
/// # Errors
/// Another form, or more than [`MAX_KEY`] characters.
pub(super) fn read(headers: &Headers) -> Result<Option<String>, Error> {
    let malformed = || {
        bad(
            &IDEMPOTENCY_KEY,
            &format!("it is 1 to {MAX_KEY} visible ASCII characters, bare or quoted"),
        )
    };
    let Some(text) = single(headers, &IDEMPOTENCY_KEY)? else {
        return Ok(None);
    };
    let key = match text.strip_prefix('"') {
        None => text.to_owned(),
        Some(rest) => {
            let inner = rest.strip_suffix('"').ok_or_else(malformed)?;
            unquoted(inner).ok_or_else(malformed)?
        }
    };
    let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    match is_visible && (1..=MAX_KEY).contains(&key.len()) {
        true => Ok(Some(key)),
        false => Err(malformed()),
    }
}

/// The refusal of a key where nothing is remembered.
pub(super) fn is_off() -> Error {
    bad(
        &IDEMPOTENCY_KEY,
        "this gateway keeps no store, and ignoring the key would not be safe",
    )
}

/// The content of a quoted string; `None` where a quote or a backslash stands by itself.
fn unquoted(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => return None,
            '\\' => text.push(chars.next().filter(|next| matches!(next, '"' | '\\'))?),
            _ => text.push(char),
        }
    }
    Some(text)
}
