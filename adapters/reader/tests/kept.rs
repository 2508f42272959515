//! What is kept, what it may cost, and which names may not occur twice.

use super::super::{Keep, Limits, ReadError};
use super::{ELEMENT_IDS, NOTHING, TAG_IDS, chunked, kept, read, read_within};

#[test]
fn a_kept_subtree_is_kept_byte_for_byte() {
    let text =
        "\u{20}{\"x\":1, \"tag_ids\" : [ \"\\u0061\", 1.50E+2 ,{ \"y\" :\tnull} ]\n, \"z\":[]} ";
    let expected = "{\"tag_ids\":[ \"\\u0061\", 1.50E+2 ,{ \"y\" :\tnull} ]}";
    assert_eq!(read(TAG_IDS, text), kept(expected));
}

#[test]
fn everything_is_the_document_without_the_space_around_it() {
    assert_eq!(
        read(Keep::Everything, " \t\r\n{ \"a\" : [ ] } \n"),
        kept("{ \"a\" : [ ] }")
    );
    assert_eq!(read(Keep::Everything, " -1.0e2 "), kept("-1.0e2"));
    assert_eq!(read(Keep::Only(&[&[]]), " [ 1 ] "), kept("[ 1 ]"));
}

#[test]
fn a_star_is_every_element() {
    let text = r#"{"all":[{"id":1,"x":2},{"x":2},{"x":[],"id":[3]}],"id":4}"#;
    assert_eq!(
        read(ELEMENT_IDS, text),
        kept(r#"{"all":[{"id":1},{},{"id":[3]}]}"#)
    );
}

#[test]
fn a_star_is_no_member_name() {
    assert_eq!(read(Keep::Only(&[&["*"]]), r#"{"*":1}"#), kept("{}"));
}

#[test]
fn several_paths_are_kept_in_the_order_of_the_document() {
    const PATHS: Keep = Keep::Only(&[&["b"], &["a", "x"], &["a", "y", "*"], &["b", "z"]]);
    let text = r#"{"a":{"y":[1],"w":0,"x":2},"c":3,"b":{"z":1,"w":2}}"#;
    assert_eq!(
        read(PATHS, text),
        kept(r#"{"a":{"y":[1],"x":2},"b":{"z":1,"w":2}}"#)
    );
}

#[test]
fn wrong_types_on_the_way_stay_visible() {
    for scalar in ["null", "1.0", "\"no\\n\"", "true"] {
        assert_eq!(read(ELEMENT_IDS, scalar), kept(scalar));
        assert_eq!(
            read(ELEMENT_IDS, format!(r#"{{"all": {scalar} }}"#)),
            kept(&format!(r#"{{"all":{scalar}}}"#))
        );
    }
    assert_eq!(read(ELEMENT_IDS, "[{},[],1]"), kept("[]"));
    assert_eq!(
        read(ELEMENT_IDS, r#"{"all":{"id":1}}"#),
        kept(r#"{"all":{}}"#)
    );
    assert_eq!(
        read(ELEMENT_IDS, r#"{"all":[1,[2],{"id":3},null]}"#),
        kept(r#"{"all":[1,[],{"id":3},null]}"#)
    );
    assert_eq!(read(NOTHING, r#"{"all":[1]}"#), kept("{}"));
}

#[test]
fn a_name_with_escapes_matches_and_stays_as_it_is() {
    assert_eq!(
        read(TAG_IDS, r#"{"\u0074ag_ids":[]}"#),
        kept(r#"{"\u0074ag_ids":[]}"#)
    );
    assert_eq!(
        read(
            Keep::Only(&[&["é😀\n/"]]),
            r#"{"\u00E9\ud83D\ude00\n\/":1}"#
        ),
        kept(r#"{"\u00E9\ud83D\ude00\n\/":1}"#)
    );
    assert_eq!(
        read(TAG_IDS, r#"{"tag_id":1,"tag_ids\u0000":2,"":3}"#),
        kept("{}")
    );
}

#[test]
fn duplicate_names_are_found_where_they_could_matter() {
    let twice = |offset| Err(ReadError::DuplicateMember { offset });
    assert_eq!(read(TAG_IDS, r#"{"tag_ids":1,"tag_ids":2}"#), twice(13));
    assert_eq!(
        read(TAG_IDS, r#"{"tag_ids":1,"tag\u005fids":2}"#),
        twice(13)
    );
    assert_eq!(read(TAG_IDS, r#"{"x":1,"x":2,"x":3}"#), twice(7));
    assert_eq!(
        read(TAG_IDS, r#"{"tag_ids":[{"b":1,"a":{"b":1},"\u0062":2}]}"#),
        twice(31)
    );
    assert_eq!(read(Keep::Everything, r#"[{"é":1,"\u00e9":2}]"#), twice(9));
    assert_eq!(
        read(Keep::Everything, r#"{"\ud800":1,"\uD800":2}"#),
        twice(12)
    );
    assert_eq!(
        read(TAG_IDS, r#"{"x":{"a":1,"a":2},"y":[{"a":1,"a":2}]}"#),
        kept("{}")
    );
}

#[test]
fn like_names_are_not_duplicates() {
    let text = r#"{"a":{"a":1},"A":2,"":3,"a\"":4,"\ud800":5,"\ud801":6,"\ud800\udc00":7,"\udc00\ud800":8}"#;
    assert_eq!(read(Keep::Everything, text), kept(text));
}

#[test]
fn what_is_kept_is_bounded() {
    let within = |kept| Limits {
        kept,
        ..Limits::default()
    };
    let text = br#"{"x":[1,2,3,4,5,6,7,8],"tag_ids":[1,2,3]}"#;
    assert_eq!(
        read_within(TAG_IDS, within(19), text),
        kept(r#"{"tag_ids":[1,2,3]}"#)
    );
    for limit in 0..19 {
        assert_eq!(
            read_within(TAG_IDS, within(limit), text),
            Err(ReadError::KeptTooMuch { limit })
        );
    }
    assert_eq!(
        read_within(Keep::Everything, within(7), b" [1,2,3] "),
        kept("[1,2,3]")
    );
    assert_eq!(
        read_within(Keep::Everything, within(6), b" [1,2,3] "),
        Err(ReadError::KeptTooMuch { limit: 6 })
    );
}

#[test]
fn names_that_are_held_are_bounded() {
    let limit = 256 << 10;
    let too_much = Err(ReadError::KeptTooMuch { limit });
    assert_eq!(
        read(TAG_IDS, format!(r#"{{"{}":1}}"#, "x".repeat(limit))),
        too_much
    );
    let many: String = (0..limit / 8)
        .map(|number| format!(r#""{number:07}":1,"#))
        .collect();
    assert_eq!(read(TAG_IDS, format!(r#"{{{many}"x":1}}"#)), too_much);
    assert_eq!(read(NOTHING, format!(r#"[{{{many}"x":1}}]"#)), kept("[]"));
}

#[test]
fn a_long_answer_costs_what_is_kept() {
    let turn = r#"{"role":"user","message":"It says \"due\" – twice.","time":12.5,"feedback":null,"calls":[{}]},"#;
    let text = format!(
        r#"{{"transcript":[{}0],"tag_ids":["a"]}}"#,
        turn.repeat(20_000)
    );
    let limits = Limits {
        kept: 20,
        ..Limits::default()
    };
    for size in [7, 1_400, 70_000, text.len()] {
        assert_eq!(
            chunked(TAG_IDS, limits, text.as_bytes(), size),
            kept(r#"{"tag_ids":["a"]}"#)
        );
    }
}

#[test]
fn the_second_of_many_like_names_is_reported() {
    let text = format!("{{{}\"z\":0}}", r#""a":1,"b":2,"#.repeat(50));
    let twice = Err(ReadError::DuplicateMember { offset: 13 });
    assert_eq!(read(Keep::Everything, &text), twice);
    assert_eq!(read(NOTHING, &text), twice);
}
