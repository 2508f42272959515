//! JSON text taken apart without changing a byte of it.

/// The members of an object as they are spelled: name with its quotes, and value, both without the space around.
pub(super) fn members(object: &str) -> Vec<(String, String)> {
    let inner = object.trim();
    let inner = &inner[1..inner.len() - 1];
    let mut members = Vec::new();
    for member in split(inner, ',') {
        let mut halves = split(member, ':').into_iter();
        let name = halves.next().unwrap();
        let value = &member[name.len() + 1..];
        members.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    members
}

/// The value of one member, as it is spelled.
pub(super) fn member(object: &str, name: &str) -> String {
    let name = format!("\"{name}\"");
    let mut found = members(object).into_iter().filter(|(key, _)| *key == name);
    found.next().unwrap().1
}

/// Cuts at a sign that stands outside of strings and brackets; nothing gives nothing.
fn split(text: &str, sign: char) -> Vec<&str> {
    let (mut depth, mut in_string, mut is_escaped, mut from) = (0_usize, false, false, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            c if c == sign && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !text.trim().is_empty() {
        parts.push(&text[from..]);
    }
    parts
}

#[test]
fn members_are_cut_where_they_end() {
    let text = r#"{ "a" : [1, {"b":","}] ,"\"}":"{:" , "":1.0e3}"#;
    let expected = [
        (r#""a""#, r#"[1, {"b":","}]"#),
        (r#""\"}""#, r#""{:""#),
        (r#""""#, "1.0e3"),
    ];
    assert_eq!(
        members(text),
        expected.map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    assert_eq!(members("{ }"), []);
    assert_eq!(member(text, "a"), r#"[1, {"b":","}]"#);
}
