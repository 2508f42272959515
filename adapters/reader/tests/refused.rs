//! What is not JSON, not whole, too deep or too long.

use super::super::{Keep, Limits, ReadError, Reader};
use super::{ELEMENT_IDS, NOTHING, TAG_IDS, kept, read, read_within};

/// Reads the text as a part that is skipped and as one that is kept; both must say the same.
fn is_json(text: &str) -> bool {
    let skipped = read(NOTHING, format!("[{text}]"));
    let whole = read(Keep::Everything, format!("[{text}]"));
    assert_eq!(skipped.is_ok(), whole.is_ok(), "{text}");
    if let Err(error) = skipped {
        assert_eq!(whole, Err(error), "{text}");
    }
    whole.is_ok()
}

#[test]
fn unpaired_surrogates_are_wrong_only_in_names_on_the_way() {
    assert_eq!(
        read(TAG_IDS, r#"{"x":1,"\ud800":2}"#),
        Err(ReadError::Syntax { offset: 7 })
    );
    assert_eq!(
        read(TAG_IDS, r#"{"\udc00\ud800":2}"#),
        Err(ReadError::Syntax { offset: 1 })
    );
    let text = r#"{"tag_ids":{"\ud800":"\udfff"},"x":{"\ud800":"\ud800\ud800"}}"#;
    assert_eq!(
        read(TAG_IDS, text),
        kept(r#"{"tag_ids":{"\ud800":"\udfff"}}"#)
    );
}

#[test]
fn depth_is_bounded_in_skipped_parts_too() {
    let limits = Limits {
        depth: 3,
        ..Limits::default()
    };
    for keep in [NOTHING, Keep::Everything, ELEMENT_IDS] {
        assert!(read_within(keep, limits, br#"{"all":[{}]}"#).is_ok());
        assert_eq!(
            read_within(keep, limits, br#"[[ {"all":[ ]}]]"#),
            Err(ReadError::TooDeep { offset: 10 })
        );
        assert_eq!(
            read_within(keep, limits, br#"{"all":[{"id":{}}]}"#),
            Err(ReadError::TooDeep { offset: 14 })
        );
    }
    assert!(read_within(NOTHING, Limits { depth: 0, ..limits }, b"1").is_ok());
    assert!(read(Keep::Everything, "[".repeat(32) + &"]".repeat(32)).is_ok());
    assert_eq!(
        read(Keep::Everything, "[".repeat(33)),
        Err(ReadError::TooDeep { offset: 32 })
    );
}

#[test]
fn the_stream_is_bounded() {
    let within = |streamed| Limits {
        streamed,
        ..Limits::default()
    };
    assert_eq!(read_within(NOTHING, within(5), b"[1,2]"), kept("[]"));
    assert_eq!(
        read_within(NOTHING, within(4), b"[1,2]"),
        Err(ReadError::StreamedTooMuch { limit: 4 })
    );
    assert_eq!(
        read_within(NOTHING, within(4), b"[1] }"),
        Err(ReadError::StreamedTooMuch { limit: 4 })
    );
    assert_eq!(
        read_within(NOTHING, within(4), b"[1}  "),
        Err(ReadError::Syntax { offset: 2 })
    );
}

#[test]
fn every_byte_must_be_utf8() {
    let not_utf8 = |offset| Err(ReadError::NotUtf8 { offset });
    for (bad, at) in [
        (&b"\xff"[..], 0),
        (b"\xc3(", 0),
        (b"\xed\xa0\x80", 0),
        (b"a\xc0\xaf", 1),
        (b"\xf0\x9f\x98\"", 0),
    ] {
        for keep in [NOTHING, Keep::Everything] {
            let text = [b"[\"", bad, b"\"]"].concat();
            assert_eq!(read(keep, text), not_utf8(2 + at));
        }
    }
    for text in [
        "[\"é€😀\"]",
        "{\"tag_ids\":\"é€😀\"}",
        "\"\u{7f}\u{80}\u{10ffff}\"",
    ] {
        assert_eq!(read(Keep::Everything, text), kept(text));
    }
    assert_eq!(read(NOTHING, b"[\"\xc3"), Err(ReadError::Cut { offset: 3 }));
    assert_eq!(
        read(NOTHING, b"[\xc3"),
        Err(ReadError::Syntax { offset: 1 })
    );
    assert_eq!(
        read(NOTHING, b"[] \xf0\x9f"),
        Err(ReadError::TrailingData { offset: 3 })
    );
}

#[test]
fn an_answer_must_not_end_early() {
    let text = r#"{"tag_ids" : [1.5e+1, true, "\u00e9\n" ], "x":{}}"#;
    for keep in [TAG_IDS, NOTHING, Keep::Everything] {
        for end in 0..text.len() {
            assert_eq!(
                read(keep, &text[..end]),
                Err(ReadError::Cut { offset: end as u64 })
            );
        }
    }
    for cut in [
        "", " ", "-", "1.", "1e", "1e+", "tru", "\"", "\"\\", "\"\\u00e",
    ] {
        assert_eq!(
            read(Keep::Everything, cut),
            Err(ReadError::Cut {
                offset: cut.len() as u64
            })
        );
    }
}

#[test]
fn nothing_may_follow_the_document() {
    for (text, offset) in [
        ("{} {}", 3),
        ("1 2", 2),
        ("[]]", 2),
        ("\"\",", 2),
        ("nulll", 4),
        ("1.5.", 3),
    ] {
        assert_eq!(read(NOTHING, text), Err(ReadError::TrailingData { offset }));
    }
}

#[test]
fn the_grammar_is_that_of_the_rfc() {
    let good = [
        "0",
        "-0",
        "10",
        "0.0",
        "-1.5",
        "1e1",
        "1E-05",
        "0e0",
        "1.0e+9",
        "true",
        "false",
        "null",
        "\"\"",
        "\"/\u{7f}\"",
        r#""\"\\\/\b\f\n\r\t\u00e9\uABcd""#,
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1 , 2]",
        "{\"a\" : 1 , \"b\":2}",
        "\t1\r\n",
    ];
    for text in good {
        assert!(is_json(text), "{text}");
    }
    let bad = [
        "01",
        "-",
        "-a",
        "+1",
        ".5",
        "1.",
        "1.e1",
        "1e",
        "1e+",
        "1.5.2",
        "0x1",
        "1a",
        "--1",
        "NaN",
        "Infinity",
        "True",
        "nul",
        "nulx",
        "truefalse",
        "'a'",
        "a",
        "\"\\a\"",
        "\"\\u12g4\"",
        "\"\\u123\"",
        "\"\n\"",
        "\"\t\"",
        "\"\0\"",
        "\"\u{1f}\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{1:2}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{\"a\":1]",
        "{a:1}",
        "1,,2",
        "/**/1",
        "\u{feff}1",
        "\u{a0}1",
        "\u{b}1",
        "1,",
        "é",
    ];
    for text in bad {
        assert!(!is_json(text), "{text}");
    }
    assert_eq!(
        read(NOTHING, "\u{feff}{}"),
        Err(ReadError::Syntax { offset: 0 })
    );
    assert_eq!(read(NOTHING, "01"), Err(ReadError::Syntax { offset: 1 }));
    assert_eq!(
        read(NOTHING, "{\"a\":[1, 2 x]}"),
        Err(ReadError::Syntax { offset: 11 })
    );
}

#[test]
fn an_error_stays() {
    let syntax = ReadError::Syntax { offset: 1 };
    let mut reader = Reader::new(NOTHING, Limits::default());
    assert_eq!(reader.push(b"[}"), Err(syntax));
    assert_eq!(reader.push(b"]"), Err(syntax));
    assert_eq!(reader.push(b""), Err(syntax));
    assert_eq!(reader.streamed(), 2);
    assert_eq!(reader.finish(), Err(syntax));
}

#[test]
fn streamed_counts_bytes_up_to_the_limit() {
    let mut reader = Reader::new(
        NOTHING,
        Limits {
            streamed: 4,
            ..Limits::default()
        },
    );
    assert_eq!((reader.push(b"[\"\xc3"), reader.streamed()), (Ok(()), 3));
    assert_eq!(
        reader.push(b"\xa9\"]"),
        Err(ReadError::StreamedTooMuch { limit: 4 })
    );
    assert_eq!(reader.streamed(), 4);
}
