//! Hashing of names that a document gives.

use std::hash::Hasher;

/// For names that a document gives: nobody who answers or asks can add to them, so that a hash without a secret is safe.
#[derive(Debug, Default)]
pub(super) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, tail) = bytes.as_chunks::<8>();
        let body = words
            .iter()
            .fold(self.0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
        let last = tail
            .iter()
            .fold(1, |last, byte| last << 8 | u64::from(*byte));
        self.0 = mix(body, last);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = mix(self.0, u64::from(byte));
    }

    fn write_usize(&mut self, length: usize) {
        self.0 = mix(self.0, length as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

fn mix(hash: u64, word: u64) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR)
}
