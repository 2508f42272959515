use super::*;
use crate::{gateway::OPENAPI, schema::Document};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderValue;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Where the pages are, as the API's document has it.
const PATH: &str = "/problems/{code}";

fn text_of(code: Code, html: bool) -> String {
    let (media, body) = page(code, html);
    assert_eq!(media, if html { HTML } else { JSON });
    String::from_utf8(body.to_vec()).unwrap()
}

/// The tags and the texts of a page, in order; style is one text.
fn pieces(html: &str) -> Vec<(bool, &str)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (text, tail) = rest.split_at(start);
        found.push((false, text));
        let end = tail.find('>').expect("every tag ends");
        found.push((true, &tail[1..end]));
        rest = &tail[end + 1..];
    }
    found.push((false, rest));
    found
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

fn accept(values: &[&'static str]) -> Result<bool, Code> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::ACCEPT, HeaderValue::from_static(value));
    }
    wants_html(&headers).map_err(|error| error.code())
}

#[test]
fn every_code_has_a_page_and_an_example_that_satisfy_the_document() {
    let document = Document::compile("gateway", OPENAPI, &|_: &str| None).unwrap();
    let operation = document.operation("get_problem").unwrap();
    assert_eq!(operation.template(), PATH);
    let check = operation.response(200).unwrap();
    for code in Code::ALL.iter().copied() {
        let page: Value = serde_json::from_str(&text_of(code, false)).unwrap();
        assert_eq!(check.violations(&page), [], "{code:?}");
        assert_eq!(page["code"], code.as_str());
        assert_eq!(page["status"], code.status().as_u16());
        let example = &page["example"];
        assert_eq!(example["code"], page["code"]);
        assert_eq!(example["status"], page["status"]);
        assert_eq!(example["title"], page["title"]);
        let path = PATH.replace("{code}", code.as_str());
        assert_eq!(example["type"], path);
        let answers: Vec<_> = document
            .operations()
            .filter_map(|operation| operation.response(code.status().as_u16()))
            .collect();
        assert_eq!(answers.is_empty(), code == Code::MethodNotAllowed);
        for answer in answers {
            assert_eq!(answer.violations(example), [], "{code:?}");
        }
    }
}

#[test]
fn what_the_document_says_of_an_example_can_fail() {
    let document = Document::compile("gateway", OPENAPI, &|_: &str| None).unwrap();
    let check = document.operation("get_problem").unwrap().response(200);
    let mut page: Value = serde_json::from_str(&text_of(Code::TagExists, false)).unwrap();
    page["example"]["existing"]["tag"] = Value::Null;
    assert!(!check.unwrap().is_valid(&page));
}

#[test]
fn an_answer_that_asks_to_wait_says_so_on_its_page() {
    for code in Code::ALL.iter().copied() {
        let waits =
            matches!(code.status().as_u16(), 429 | 503) || code == Code::IdempotencyInProgress;
        let page = text_of(code, true);
        assert_eq!(page.contains("\nretry-after: "), waits, "{code:?}");
    }
    assert!(text_of(Code::MethodNotAllowed, true).contains("\nallow: GET, HEAD\n"));
}

#[test]
fn every_text_is_whole_and_its_backticks_pair() {
    for code in Code::ALL.iter().copied() {
        let text = texts::of(code);
        for sentence in [text.meaning, text.cure] {
            assert!(sentence.len() > 30 && sentence.ends_with('.'), "{code:?}");
            assert_eq!(sentence.matches('`').count() % 2, 0, "{code:?}");
        }
        for other in Code::ALL.iter().copied().filter(|other| *other != code) {
            assert_ne!(text.meaning, texts::of(other).meaning);
        }
    }
}

#[test]
fn pages_are_well_formed_and_nothing_in_them_is_unescaped() {
    for code in Code::ALL.iter().copied() {
        let page = text_of(code, true);
        let mut open = Vec::new();
        for (is_tag, piece) in pieces(&page) {
            if !is_tag {
                let plain = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"]
                    .iter()
                    .fold(piece.to_owned(), |text, entity| text.replace(entity, ""));
                assert!(!plain.contains(['&', '<']), "{code:?}: {piece}");
                assert!(!plain.contains('>') || open == ["html", "head", "style"]);
                continue;
            }
            assert_eq!(piece.matches('"').count() % 2, 0, "{piece}");
            assert!(!piece.contains('\''), "{piece}");
            let name = piece.split(' ').next().unwrap();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{code:?}"),
                None if matches!(name, "meta" | "!DOCTYPE") => {}
                None => open.push(name),
            }
            for refused in ["script", "link", "img", "iframe", "form", "base"] {
                assert_ne!(name, refused);
            }
            for attribute in piece.split(' ').skip(1) {
                let name = attribute.split('=').next().unwrap();
                assert!(!name.starts_with("on") && name != "style", "{piece}");
            }
            assert!(!piece.contains("://"), "{piece}");
        }
        assert_eq!(open, Vec::<&str>::new(), "{code:?}");
    }
}

#[test]
fn people_and_programs_read_the_same() {
    for code in Code::ALL.iter().copied() {
        let page = text_of(code, true);
        let json: Value = serde_json::from_str(&text_of(code, false)).unwrap();
        let (_, message) = page.split_once("<pre tabindex=\"0\">").unwrap();
        let (message, _) = message.split_once("</pre>").unwrap();
        let message = unescaped(message);
        let (head, body) = message.split_once("\n\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {} ", code.status().as_u16())));
        assert_eq!(
            serde_json::from_str::<Value>(body).unwrap(),
            json["example"]
        );
        let read = unescaped(&page.replace("<code>", "`").replace("</code>", "`"));
        for words in ["title", "meaning", "cure"] {
            assert!(read.contains(json[words].as_str().unwrap()), "{code:?}");
        }
    }
}

#[test]
fn a_page_links_to_the_pages_of_all_codes_and_marks_itself() {
    let page = text_of(Code::UnknownTag, true);
    for code in Code::ALL.iter().copied() {
        let link = format!("href=\"/problems/{}\"", code.as_str());
        assert_eq!(page.matches(&link).count(), 1, "{code:?}");
    }
    assert_eq!(page.matches("aria-current").count(), 2);
    assert!(page.contains("href=\"/problems/unknown-tag\" aria-current=\"page\""));
}

#[test]
fn hostile_text_becomes_harmless() {
    let hostile = "</p><script>alert('1')</script>\"&amp;";
    let harmless = "&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;amp;";
    assert_eq!(html::escaped(hostile), harmless);
    assert_eq!(html::prose("a `<b>` c"), "a <code>&lt;b&gt;</code> c");
    assert_eq!(unescaped(harmless), hostile);
}

#[test]
fn json_is_spread_over_lines_without_a_change_of_meaning() {
    let compact = r#"{"b":[],"a":{"x":[1,{"y":"q\\\"{,:}[]\\"}],"z":{}},"c":null}"#;
    let spread = html::indented(compact);
    let expected = [
        "{",
        r#"  "b": [],"#,
        r#"  "a": {"#,
        r#"    "x": ["#,
        "      1,",
        "      {",
        r#"        "y": "q\\\"{,:}[]\\""#,
        "      }",
        "    ],",
        r#"    "z": {}"#,
        "  },",
        r#"  "c": null"#,
        "}",
    ];
    assert_eq!(spread.lines().collect::<Vec<_>>(), expected);
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(value(&spread), value(compact));
}

#[test]
fn the_policy_allows_the_style_and_nothing_else() {
    let hash = STANDARD.encode(Sha256::digest(html::STYLE));
    let style = format!("style-src 'sha256-{hash}'");
    let policy: Vec<&str> = CONTENT_SECURITY_POLICY.split("; ").collect();
    assert!(policy.contains(&style.as_str()), "it has to be {style}");
    assert!(policy.contains(&"default-src 'none'"));
    assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
    assert!(HeaderValue::from_str(CONTENT_SECURITY_POLICY).is_ok());
    assert!(text_of(Code::Internal, true).contains(&format!("<style>{}</style>", html::STYLE)));
    assert!(!html::STYLE.contains(['<', '&', '\r']) && !html::STYLE.contains("url("));
}

#[test]
fn only_who_prefers_html_gets_it() {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
    for html in [
        &[browser][..],
        &["text/html"],
        &["TEXT/HTML;level=1;Q=1.0"],
        &["text/*, */*;q=0.5"],
        &["application/json;q=0.5", "text/html;q=0.6"],
        &["application/json;q=0, */*;q=0.1"],
    ] {
        assert_eq!(accept(html), Ok(true), "{html:?}");
    }
    for json in [
        &[][..],
        &["*/*"],
        &["application/json"],
        &["application/json, text/html"],
        &["text/html;q=0.9, application/json"],
        &["text/html;q=0, */*"],
        &["text/html;q=x, application/*;q=0.001"],
    ] {
        assert_eq!(accept(json), Ok(false), "{json:?}");
    }
    for neither in [
        &[""][..],
        &["image/png"],
        &["text/html;q=0, application/json;q=0.0"],
        &["text/html;q=NaN"],
        &["application/problem+json"],
    ] {
        assert_eq!(accept(neither), Err(Code::NotAcceptable), "{neither:?}");
    }
}
