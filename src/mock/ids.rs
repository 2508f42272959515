//! Ids that follow from a seed and a counter.

/// A stream of ids; the same seed and stream give the same ids in the same order.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    state: u64,
}

/// Odd, and its multiples spread well over 64 bits (the golden ratio's fraction), as the SplitMix64 generator wants.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Ids {
    /// `stream` keeps apart what is counted apart, so that a request more does not shift the ids of the tags.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut ids = Self {
            state: stream.wrapping_mul(STEP.rotate_left(32)),
        };
        ids.state = ids.next() ^ seed;
        ids
    }

    /// `digits` lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    /// A UUID with the version and variant of a random one (RFC 9562, version 4).
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let high = (high & !0xf000) | 0x4000;
        let low = (low & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The text as a UUID in lower case, or `None` if it is not written as one.
pub(super) fn as_uuid(text: &str) -> Option<String> {
    let shape = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    shape.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_follow_from_seed_and_stream() {
        let take = |seed, stream| {
            let mut ids = Ids::new(seed, stream);
            [ids.uuid(), ids.hex(20), ids.uuid()]
        };
        assert_eq!(take(1, 0), take(1, 0));
        let all: BTreeSet<String> = [take(1, 0), take(1, 1), take(2, 0), take(2, 1)]
            .concat()
            .into_iter()
            .collect();
        assert_eq!(all.len(), 12);
    }

    #[test]
    fn uuids_say_version_four() {
        let mut ids = Ids::new(7, 3);
        for _ in 0..200 {
            let id = ids.uuid();
            assert_eq!(as_uuid(&id), Some(id.clone()));
            assert_eq!(&id[14..15], "4");
            assert!("89ab".contains(&id[19..20]), "{id}");
        }
    }

    #[test]
    fn only_the_hyphenated_form_is_a_uuid() {
        assert_eq!(
            as_uuid("A3C5E7D9-1B2F-4A6C-9E8D-7C5B3A1E0F9D").as_deref(),
            Some("a3c5e7d9-1b2f-4a6c-9e8d-7c5b3a1e0f9d")
        );
        for text in [
            "",
            "a3c5e7d91b2f4a6c9e8d7c5b3a1e0f9d",
            "g3c5e7d9-1b2f-4a6c-9e8d-7c5b3a1e0f9d",
            "a3c5e7d9-1b2f-4a6c-9e8d-7c5b3a1e0fé",
        ] {
            assert_eq!(as_uuid(text), None, "{text}");
        }
    }
}
