//! The canaries, what they look like in every form, and the search for them. Nothing here is shared with the program.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// A credential that has to appear nowhere.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// The keys of the three vendors, as awkward as a header allows, so that every form of them is another one.
pub(crate) fn vendor_keys() -> [Canary; 3] {
    [
        (
            "the key of elevenlabs",
            r#"sk_"0\9/canary+eleven=%41&<?>~labs"#,
        ),
        (
            "the key of awardee",
            r#"awa.canary 'of' {two} words/_-+\\"end"#,
        ),
        ("the key of attention", "attn-canary-_AZaz09:;,plain"),
    ]
    .map(|(name, value)| Canary {
        name,
        value: value.to_owned(),
    })
}

/// The keys of two clients, in the form that `tagway key` gives them.
pub(crate) fn client_keys() -> [Canary; 2] {
    [
        (
            "the key of the first client",
            "tagway_canaryZ3b1cK9qv0w7J-x_5Tq8mE1",
        ),
        (
            "the key of the second client",
            "tagway_canaryP0dYh2-n4Rk_8sVb6LuC7oX",
        ),
    ]
    .map(|(name, value)| Canary {
        name,
        value: value.to_owned(),
    })
}

/// What takes the place of the key of awardee while the program runs.
pub(crate) fn rotated_key() -> Canary {
    Canary {
        name: "the later key of awardee",
        value: r"awa+canary/second=\\ 'key' %7e{~}".to_owned(),
    }
}

/// All that the program is given as text.
pub(crate) fn all() -> Vec<Canary> {
    let given = vendor_keys().into_iter().chain(client_keys());
    given.chain([rotated_key()]).collect()
}

impl Canary {
    /// What it looks like.
    pub(crate) fn forms(&self) -> Vec<(&'static str, String)> {
        const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
            .remove(b'-')
            .remove(b'.')
            .remove(b'_')
            .remove(b'~');
        let value = self.value.as_str();
        let quoted = |json: String| json[1..json.len() - 1].to_owned();
        let json = quoted(serde_json::to_string(value).unwrap());
        let lower = |text: String| {
            let mut lower = text.clone();
            for (at, _) in text.match_indices('%') {
                lower.replace_range(at..at + 3, &text[at..at + 3].to_ascii_lowercase());
            }
            lower
        };
        let url = utf8_percent_encode(value, UNRESERVED).to_string();
        let sha256 = hex(&Sha256::digest(value));
        let mut mixed = hex(value.as_bytes());
        mixed[..value.len()].make_ascii_uppercase();
        vec![
            ("raw", value.to_owned()),
            ("base64", STANDARD.encode(value)),
            ("base64 without padding", STANDARD_NO_PAD.encode(value)),
            ("base64url", URL_SAFE.encode(value)),
            ("base64url without padding", URL_SAFE_NO_PAD.encode(value)),
            ("base64 of the header", inner(&format!("Bearer {value}"))),
            ("hex", hex(value.as_bytes())),
            ("HEX", hex(value.as_bytes()).to_uppercase()),
            ("hex in both cases", mixed),
            ("URL", url.clone()),
            ("url", lower(url)),
            (
                "URL, all encoded",
                utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            ),
            ("JSON", json.clone()),
            ("JSON with \\/", json.replace('/', "\\/")),
            (
                "JSON in JSON",
                quoted(serde_json::to_string(&json).unwrap()),
            ),
            ("Debug", quoted(format!("{value:?}"))),
            ("SHA-256", sha256.clone()),
            ("SHA-256 in capitals", sha256.to_uppercase()),
        ]
    }
}

/// What bytes that are no text look like.
pub(crate) fn forms_of_bytes(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let sha256 = hex(&Sha256::digest(bytes));
    let list = format!("{bytes:?}");
    let escaped: Vec<u8> = bytes.iter().flat_map(|byte| byte.escape_ascii()).collect();
    vec![
        ("base64", STANDARD.encode(bytes)),
        ("base64 without padding", STANDARD_NO_PAD.encode(bytes)),
        ("base64url", URL_SAFE.encode(bytes)),
        ("base64url without padding", URL_SAFE_NO_PAD.encode(bytes)),
        ("hex", hex(bytes)),
        ("HEX", hex(bytes).to_uppercase()),
        ("numbers", list[1..list.len() - 1].to_owned()),
        ("escaped", String::from_utf8(escaped).unwrap()),
        ("SHA-256", sha256.clone()),
        ("SHA-256 in capitals", sha256.to_uppercase()),
    ]
}

/// Base64 of `Bearer …`, without the digits in which there is something of `Bearer `.
fn inner(text: &str) -> String {
    STANDARD_NO_PAD.encode(text)[10..].to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All that came out of the program, by where.
#[derive(Debug, Default)]
pub(crate) struct Output(Vec<(String, String)>);

impl Output {
    pub(crate) fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let text = String::from_utf8_lossy(&bytes.into()).into_owned();
        self.0.push((place.into(), text));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every canary that was found: where, which and in which form.
    pub(crate) fn hits(&self, canaries: &[Canary]) -> Vec<String> {
        let hits = canaries
            .iter()
            .map(|canary| self.hits_of(canary.name, &canary.forms()));
        hits.flatten().collect()
    }

    /// Every hit of one credential, given its forms by name.
    pub(crate) fn hits_of(&self, name: &str, forms: &[(&'static str, String)]) -> Vec<String> {
        let mut hits = Vec::new();
        for (place, text) in &self.0 {
            let found = forms.iter().filter(|(_, form)| text.contains(form));
            hits.extend(found.map(|(form, _)| format!("{place}: {name}, {form}")));
        }
        hits
    }

    /// Fails the test if there is any, showing where.
    #[track_caller]
    pub(crate) fn is_clean(&self, canaries: &[Canary]) {
        let hits = self.hits(canaries);
        assert!(hits.is_empty(), "{} hits: {hits:#?}", hits.len());
    }
}

#[test]
fn the_search_finds_every_form_of_every_canary() {
    for canary in all() {
        for (name, form) in canary.forms() {
            let mut output = Output::default();
            output.add("planted", format!("some text <{form}> and more"));
            let hit = format!("planted: {}, {name}", canary.name);
            assert!(output.hits(&all()).contains(&hit), "{hit}");
        }
    }
    let bytes: Vec<u8> = (100..132).collect();
    for (name, form) in forms_of_bytes(&bytes) {
        let mut output = Output::default();
        output.add("planted", format!("some text <{form}> and more"));
        let hits = output.hits_of("bytes", &forms_of_bytes(&bytes));
        assert!(hits.contains(&format!("planted: bytes, {name}")), "{name}");
    }
    let mut output = Output::default();
    output.add("clean", "sk_canary tagway_canary awa.canary attn-canary");
    output.is_clean(&all());
}
