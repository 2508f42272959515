//! When two tags are the same tag: trimmed, NFC, lower-cased per character, NFC.

use crate::Tag;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What two spellings of one tag have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The folded name.
    pub name: String,
    /// The folded value.
    pub value: Option<String>,
}

impl Identity {
    /// Folds name and value, each on its own.
    pub fn of(tag: &Tag) -> Self {
        Self {
            name: fold(&tag.name),
            value: tag.value.as_deref().map(fold),
        }
    }
}

/// Folds one string. Idempotent; the result is trimmed and in NFC.
///
/// Lower-casing is per `char`: `str::to_lowercase` turns a final sigma into another letter, so that a
/// name would fold differently with its neighbours.
pub fn fold(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.chars().flat_map(char::to_lowercase).collect(),
        _ => text.nfc().flat_map(char::to_lowercase).collect(),
    };
    lower.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_fold_to_one() {
        for (one, other) in [
            ("Billing", " billing\t"),
            ("É", "e\u{301}"),
            ("\u{212a}elvin", "kelvin"),
            ("ΟΔΟΣ", "οδοσ"),
            ("\u{3000}a\u{a0}", "A"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(
            fold("ß"),
            fold("ss"),
            "folding is lower-casing, not Unicode case folding"
        );
        assert_ne!(
            Identity::of(&Tag::bare("a")),
            Identity::of(&Tag::valued("a", ""))
        );
    }

    #[test]
    fn folding_any_single_character_twice_changes_nothing_more() {
        for c in '\0'..=char::MAX {
            let once = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn folding_is_idempotent(text in r"[\u{0}-\u{10ffff}]{0,6}|[Iiİı\u{300}-\u{36f}\u{345}Σσς ]{0,8}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
