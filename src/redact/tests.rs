//! Every form is found wherever it stands, and nothing else.

use super::*;
use base64::{Engine, engine::general_purpose as form};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SECRET: &str = r#"sk-9f"8\e/7d+canary %?&é-less_1"#;

fn known(secrets: &[&str]) -> Known {
    let mut known = Known::new();
    for secret in secrets {
        known.add(Forms::of_secret(secret.as_bytes()));
    }
    known
}

fn blotted(known: &Known, text: &str) -> String {
    String::from_utf8(known.blotted(text.as_bytes()).into_owned()).expect("UTF-8")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The forms by name; base64 without its padding, which may be left.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let in_json = json!(secret).to_string();
    let twice = json!({ "body": json!({ "key": secret }).to_string() }).to_string();
    let inside = |text: &str| text[1..text.len() - 1].to_owned();
    let lower = utf8_percent_encode(secret, NON_ALPHANUMERIC)
        .to_string()
        .replace("%2F", "%2f");
    vec![
        ("raw", secret.to_owned()),
        ("base64", form::STANDARD_NO_PAD.encode(secret)),
        ("base64url", form::URL_SAFE_NO_PAD.encode(secret)),
        ("hex", hexadecimal(secret.as_bytes())),
        ("HEX", hexadecimal(secret.as_bytes()).to_uppercase()),
        (
            "URL",
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        ),
        ("url", lower),
        (
            "form",
            utf8_percent_encode(secret, NON_ALPHANUMERIC)
                .to_string()
                .replace("%20", "+"),
        ),
        ("JSON", inside(&in_json)),
        ("JSON with \\u", inside(&in_json).replace('&', "\\u0026")),
        ("JSON with \\/", inside(&in_json).replace('/', "\\/")),
        ("JSON in JSON", twice),
        ("Debug", inside(&format!("{secret:?}"))),
        ("SHA-256", hexadecimal(&Sha256::digest(secret))),
        (
            "SHA-256 in base64",
            form::STANDARD_NO_PAD.encode(Sha256::digest(secret)),
        ),
    ]
}

#[test]
fn every_form_is_blotted_out() {
    let secret = SECRET.replace('é', "e");
    let known = known(&["another-secret", &secret]);
    for (name, form) in forms(&secret) {
        let text = blotted(&known, &format!("before {form} behind"));
        match name {
            "JSON in JSON" => assert_eq!(
                serde_json::from_str::<Value>(
                    text.trim_start_matches("before ")
                        .trim_end_matches(" behind")
                )
                .expect("still JSON"),
                json!({"body": r#"{"key":"[redacted]"}"#})
            ),
            _ => assert_eq!(text, "before [redacted] behind", "{name}: {form}"),
        }
    }
}

#[test]
fn what_is_no_form_stays_as_it_is() {
    let known = known(&["vendor-secret", "%41%41%41%41", "short"]);
    for text in [
        "",
        "vendor-secre",
        "Vendor-Secret",
        "vendor_secret",
        "%",
        "%zz %4",
        "\\",
        "\\u00",
        "AAAA short",
        "é vendor\u{0}-secret",
    ] {
        assert_eq!(blotted(&known, text), text);
        assert!(matches!(known.blotted(text.as_bytes()), Cow::Borrowed(_)));
    }
}

#[test]
fn secrets_side_by_side_inside_each_other_and_at_the_ends_are_blotted_out() {
    let known = known(&["secret-one", "secret-one-and-more"]);
    for (text, expected) in [
        ("secret-one", "[redacted]"),
        ("secret-onesecret-one", "[redacted][redacted]"),
        ("secret-one-and-more", "[redacted]"),
        ("secret-secret-one-and", "secret-[redacted]-and"),
        ("a\\\\secret-one", "a\\\\[redacted]"),
    ] {
        assert_eq!(blotted(&known, text), expected);
    }
}

#[test]
fn a_secret_of_escapes_costs_no_more_than_others() {
    let secret = format!("{}x", "\\".repeat(200));
    let known = known(&[&secret]);
    let text = "\\".repeat(2_000);
    assert_eq!(blotted(&known, &text), text);
    let found = blotted(&known, &format!("{secret} {}", json!(secret)));
    assert_eq!(found, "[redacted] \"[redacted]\"");
}

#[test]
fn the_oldest_goes_when_there_are_too_many_and_those_in_use_stay() {
    let mut known = Known::new();
    known.add(Forms::of_secret(b"in-use-all-the-time"));
    known.add(Forms::of_secret(b"not-in-use"));
    for number in 0..MAX_KNOWN - 1 {
        if number % 1_000 == 0 {
            known.add(Forms::of_secret(b"in-use-all-the-time"));
        }
        known.add(Forms::of_secret(format!("rotated-{number:08}").as_bytes()));
    }
    assert_eq!(known.order.len(), MAX_KNOWN);
    let kept: usize = known.patterns.iter().map(Vec::len).sum();
    assert!(kept <= MAX_KNOWN * 8, "{kept}");
    assert_eq!(
        blotted(&known, "in-use-all-the-time rotated-00000007 not-in-use"),
        "[redacted] [redacted] not-in-use"
    );
}

#[test]
fn a_digest_alone_is_blotted_out() {
    let mut known = Known::new();
    let digest = Sha256::digest("a client's key").into();
    known.add(Forms::of_digest(&digest));
    let upper = hexadecimal(&digest).to_uppercase();
    assert_eq!(blotted(&known, &format!("<{upper}>")), "<[redacted]>");
}

#[test]
fn the_process_wide_set_takes_secrets_at_any_time() {
    assert_eq!(text("a reload-brought-this b"), "a reload-brought-this b");
    hide("reload-brought-this");
    assert_eq!(text("a reload-brought-this b"), "a [redacted] b");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_form_survives(
        secret in r#"[ -~&&[^ ]][ -~]{4,40}[ -~&&[^ ]]"#, before in r"[a-z \\%+/=]{0,9}", behind in r"[a-z \\%+/=]{0,9}",
    ) {
        let known = known(&[&secret]);
        for (name, form) in forms(&secret) {
            let text = blotted(&known, &format!("{before}{form}{behind}"));
            prop_assert!(!text.contains(&form), "{name}: {text}");
            prop_assert!(text.contains(BLOT), "{name}: {text}");
        }
        let header = form::STANDARD.encode(format!("{before}{secret}{behind}"));
        if secret.len() >= 8 {
            prop_assert!(blotted(&known, &header).contains(BLOT), "{header}");
        }
    }

    #[test]
    fn other_texts_stay(text in any::<Vec<u8>>()) {
        let known = known(&["vendor-secret-of-some-length"]);
        prop_assert_eq!(known.blotted(&text).into_owned(), text);
    }
}

#[test]
fn a_credential_that_is_no_text_is_found_in_every_form_as_well() {
    let secret: Vec<u8> = (0..32).map(|at| 255 - at * 8).collect();
    let mut known = Known::new();
    known.add(Forms::of_secret(&secret));
    let prefixed = [b"Basic ", secret.as_slice()].concat();
    for form in [
        hexadecimal(&secret),
        hexadecimal(&secret).to_uppercase(),
        form::STANDARD_NO_PAD.encode(&secret),
        form::URL_SAFE_NO_PAD.encode(&secret),
        hexadecimal(&Sha256::digest(&secret)),
        format!("{secret:?}").trim_matches(['[', ']']).to_owned(),
    ] {
        assert_eq!(blotted(&known, &format!("<{form}>")), "<[redacted]>");
    }
    let inside = blotted(&known, &form::STANDARD_NO_PAD.encode(prefixed));
    assert!(inside.contains("[redacted]"), "{inside}");
    let raw = known.blotted(&secret);
    assert_eq!(raw.as_ref(), b"[redacted]");
}
