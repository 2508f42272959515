//! The log's last line. The bytes are a line; a NUL is where a credential stands, in a form that the next byte chooses.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tagway::redact;

const SECRET: &str = r#"sk_"fuzz\4/+and %41 more="#;

pub(super) fn run(data: &[u8]) {
    redact::hide(SECRET);
    let forms = [
        SECRET.to_owned(),
        STANDARD.encode(SECRET),
        URL_SAFE_NO_PAD.encode(SECRET),
        SECRET.bytes().map(|byte| format!("{byte:02X}")).collect(),
        utf8_percent_encode(SECRET, NON_ALPHANUMERIC).to_string(),
        serde_json::Value::from(SECRET).to_string(),
        format!("{:?}", serde_json::Value::from(SECRET).to_string()),
    ];
    let mut line = String::new();
    for (at, part) in data.split(|byte| *byte == 0).enumerate() {
        let (form, rest) = match (at, part.split_first()) {
            (0, _) | (_, None) => ("", part),
            (_, Some((form, rest))) => (&*forms[usize::from(*form) % forms.len()], rest),
        };
        line.push_str(form);
        line.push_str(&String::from_utf8_lossy(rest));
    }
    let shown = redact::text(&line);
    for form in &forms {
        assert!(!shown.contains(form.trim_matches('"')), "{shown}");
    }
    assert_eq!(redact::text(&shown), shown, "nothing is left to hide");
}
