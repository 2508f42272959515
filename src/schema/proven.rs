//! Texts whose every schema is known to compile, because a test has compiled them.

use sha2::{Digest, Sha256};

/// A line for each, as `sha256sum` writes it.
const SUMS: &str = include_str!("../../schemas/SHA256SUMS");

/// Whether a text is one of them, to the byte.
pub(super) fn is_known(text: &str) -> bool {
    let digest = base16(&Sha256::digest(text));
    SUMS.lines()
        .filter_map(|line| line.split_whitespace().next())
        .any(|known| known == digest)
}

fn base16(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gateway::{OPENAPI, kept},
        schema::compile,
    };
    use adapters::VENDORS;

    #[test]
    fn all_texts_that_are_built_in_are_known_and_none_is_that_does_not_compile_whole() {
        let vendored = VENDORS.iter().map(|vendor| vendor.document);
        let texts: Vec<&str> = vendored.chain([OPENAPI]).collect();
        for text in &texts {
            let name = text.lines().find(|line| line.contains("\"title\""));
            let advice = "write the sums anew: cd schemas && sha256sum $(cut -c67- SHA256SUMS)";
            assert!(is_known(text), "{name:?} has changed; {advice}");
            let compiled = compile::document("whole", text, &|_| None, false);
            assert!(compiled.is_ok(), "{name:?}: {compiled:?}");
        }
        for vendor in VENDORS {
            let compiled = compile::document("cut", vendor.document, &kept(vendor), false);
            assert!(compiled.is_ok(), "{}: {compiled:?}", vendor.name);
        }
        assert_eq!(SUMS.lines().count(), texts.len(), "a line for nothing");
    }

    #[test]
    fn a_text_that_differs_by_a_byte_is_not_known() {
        assert!(!is_known(&format!("{OPENAPI} ")));
        assert!(!is_known(""));
    }
}
