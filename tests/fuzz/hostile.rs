//! Hostile ids and names on every path that takes one: no twin sees a call that its vendor's document does not have.

use crate::targets::run;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// How many are tried; the figure that is promised is 100,000, for a release build.
const COUNT: &str = "TAGWAY_HOSTILE_IDS";

/// What ids are put together from.
const PARTS: [&str; 40] = [
    "..",
    "../",
    "/",
    "//",
    "/..",
    "\\",
    "..\\",
    ";",
    "?",
    "?a=b",
    "#",
    "&",
    "=",
    "%",
    "%2e",
    "%2F",
    "%252e",
    "%00",
    "\r\n",
    "\r\nX-Evil: 1",
    "\0",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "é",
    "漢",
    "👍",
    "id:",
    "name:",
    "@evil.example",
    "http://evil.example/",
    ":80",
    "tag_1",
    " ",
    "admin",
    "8f3a9d2e-1b4c-4f5d-9e8a-000000000001",
];

/// What a request line cannot hold in any case.
const NEEDED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'#')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}');

fn id(random: &mut fastrand::Rng) -> String {
    let mut id = String::new();
    for _ in 0..random.usize(1..5) {
        id.push_str(PARTS[random.usize(..PARTS.len())]);
    }
    if random.u8(..) == 0 {
        id = id.repeat(1 + 9_000 / id.len());
    }
    match random.u8(..4) {
        // As a careless caller writes it; then twice encoded; then as it should be.
        0 => utf8_percent_encode(&id, NEEDED).to_string(),
        1 => {
            let once = utf8_percent_encode(&id, NON_ALPHANUMERIC).to_string();
            utf8_percent_encode(&once, NON_ALPHANUMERIC).to_string()
        }
        _ => utf8_percent_encode(&id, NON_ALPHANUMERIC).to_string(),
    }
}

#[test]
fn no_hostile_id_or_name_makes_a_call_that_is_not_the_vendors() {
    let count: usize = std::env::var(COUNT).map_or(3_000, |text| text.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(0x7a67);
    for _ in 0..count {
        let route = ["elevenlabs", "awardee", "attention"][random.usize(..3)];
        let known = "8f3a9d2e-1b4c-4f5d-9e8a-000000000001";
        let conversation = match random.bool() {
            true => id(&mut random),
            false => known.to_owned(),
        };
        let tag = match random.u8(..3) {
            0 => format!("id:{}", id(&mut random)),
            1 => format!("id%3A{}", id(&mut random)),
            _ => id(&mut random),
        };
        let line = match random.u8(..6) {
            0 => format!("GET /v1/{route}/conversations/{conversation}/tags"),
            1 => format!("DELETE /v1/{route}/conversations/{conversation}/tags"),
            2 => format!(
                "PUT /v1/{route}/conversations/{conversation}/tags/{tag}?create_missing=true"
            ),
            3 => format!("DELETE /v1/{route}/conversations/{conversation}/tags/{tag}"),
            4 => format!("PUT /v1/{route}/tags/{tag}\ncontent-type: application/json\n\n{{}}"),
            _ => format!("DELETE /v1/{route}/tags/{tag}"),
        };
        run("requests", line.as_bytes());
    }
}
