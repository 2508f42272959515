//! `tagway key`: a client key and its hash.

use super::{FINDINGS, FINE, err, out};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Random bytes of a key: too many to be guessed, so that a plain hash is enough.
const KEY_BYTES: usize = 32;

pub(super) fn run() -> u8 {
    let mut bytes = [0; KEY_BYTES];
    if let Err(error) = getrandom::fill(&mut bytes) {
        err(&format!("the system gives no random bytes: {error}"));
        return FINDINGS;
    }
    let key = format!("tagway_{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash: String = Sha256::digest(key.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    out(&format!("key         {key}"));
    out(&format!("key_sha256  {hash}"));
    FINE
}
