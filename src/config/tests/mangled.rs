//! Files that nobody would write: the reader must end, and point into the file.

use proptest::prelude::*;

use super::super::{Place, Secrets, load};
use super::{MOCK, VENDORS, variables};

const WHOLE: &str = r#"
[server]
listen = "127.0.0.1:8080"
deadline_ms = 15_000
[[clients]]
name = "crm"
key_sha256 = ["0000000000000000000000000000000000000000000000000000000000000000"]
routes = ["desk", "sales"]
scopes = ["read"]
[routes]
sales = { vendor = "maple", base_url = "https://10.0.0.1", secret = "env:K", maple.flag = "ja" }
desk.rate = ["60/min"]
desk.vendor = "cedar"
"#;

/// Pieces that have a meaning somewhere.
const PIECES: [&str; 16] = [
    "\n",
    "=",
    ".",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "\"",
    "'",
    ",",
    "1979-05-27",
    "routes",
    "ä",
    "-1",
    "\r\n",
];

proptest! {
    #[test]
    fn a_mangled_file_is_judged_with_places_inside_it(
        cuts in prop::collection::vec((0..WHOLE.len(), 0usize..12, 0..PIECES.len()), 1..4),
        raw in "[ -~]{0,12}",
        name in "TAGWAY_[A-Z_]{0,20}",
    ) {
        let mut text = WHOLE.to_owned();
        for (at, length, piece) in cuts {
            let chars: Vec<char> = text.chars().collect();
            let (before, after) = (chars.iter().take(at), chars.iter().skip(at + length));
            text = before.copied().chain(PIECES[piece].chars()).chain(after.copied()).collect();
        }
        let environment = variables(&[("TAGWAY_ROUTES__DESK__ACCOUNT", &raw), (&name, &raw)]);
        if let Err(faults) = load(&text, "f", &environment, VENDORS, Secrets::Skip) {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                if let Place::File { line, column, .. } = fault.place {
                    let width = text.split('\n').nth(line - 1).map(|line| line.chars().count());
                    prop_assert!(width.is_some_and(|width| column <= width + 1), "{text}\n{line}:{column}");
                }
            }
        }
    }

    #[test]
    fn any_text_at_all_is_judged(text in "\\PC{0,60}") {
        let whole = format!("{MOCK}flag = {text}\n");
        prop_assert!(load(&whole, "f", &variables(&[]), VENDORS, Secrets::Skip).is_err());
        let _ = load(&text, "f", &variables(&[("TAGWAY_SERVER", &text)]), VENDORS, Secrets::Skip);
    }
}
