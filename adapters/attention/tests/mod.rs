//! The vendor's own examples, its errors, and what of a conversation is understood.

mod labels;

use super::*;
use crate::{ProblemKind, Wait, reader};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::time::Duration;

const REQUEST: &str = include_str!("../fixtures/replace.request.json");
const ANSWER: &str = include_str!("../fixtures/replace.answer.json");

fn adapter_with(settings: &[(&'static str, SettingValue)]) -> Arc<dyn Adapter> {
    let settings: Settings = settings.iter().cloned().collect();
    build(&settings, &serde_json::from_str(VENDOR.document).unwrap())
}

fn adapter() -> Arc<dyn Adapter> {
    adapter_with(&[])
}

fn ok(keep: Keep, body: &str) -> Answer {
    let body = reader::project(keep, reader::Limits::default(), body.as_bytes()).unwrap();
    Answer {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body,
    }
}

fn error(status: u16, body: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    Answer {
        status,
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    }
}

fn tags(texts: &[&str]) -> Carried {
    let held = |text: &&str| Element::from(HeldTag::new(Tag::decode(text), Handle::Name));
    Carried(texts.iter().map(held).collect())
}

fn sent(call: &Call) -> String {
    let bytes = call.body.as_ref().unwrap().render(|_| None).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn read(id: &str, body: &str) -> Result<Carried, Unreadable> {
    let mut carried = Carried::default();
    let next = adapter().carried(id, 0, &ok(KEPT, body), &mut carried)?;
    assert!(next.is_none());
    Ok(carried)
}

fn conversation(labels: &str) -> String {
    format!(
        r#"{{"type":"conversations","id":"c","attributes":{{"uuid":"c","labels":{labels},"transcript":{{}}}}}}"#
    )
}

#[test]
fn a_replace_is_the_vendors_example_member_for_member() {
    let adapter = adapter_with(&[("skip_analysis", SettingValue::Bool(false))]);
    let (before, after) = (
        Carried::default(),
        tags(&["deal_stage=negotiation", "priority=high"]),
    );
    let steps = adapter
        .write(
            "conv-uuid-123",
            Goal::Known {
                before: &before,
                after: &after,
            },
        )
        .unwrap();
    let [step] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!(step.call.method, Method::PUT);
    assert_eq!(
        step.call.path.as_str(),
        "/conversations/conv-uuid-123/labels"
    );
    assert_eq!(step.call.query, "");
    let no_space: String = REQUEST.split_whitespace().collect();
    assert_eq!(sent(&step.call), no_space, "the order of the members too");
    assert_eq!((&step.adds, step.removes.len()), (&after.0, 0));

    let answer = ok(step.call.keep, ANSWER);
    assert_eq!(
        answer.body,
        br#"{"id":"conv-uuid-123","attributes":{"labels":{}}}"#
    );
    assert_eq!(
        adapter.written("conv-uuid-123", &answer).unwrap(),
        Written::Shown(Carried::default())
    );
    assert!(adapter.written("another", &answer).is_err());
    assert_eq!(read("conv-uuid-123", ANSWER).unwrap(), Carried::default());
}

#[test]
fn analysis_is_skipped_unless_it_is_asked_for() {
    let (before, after) = (tags(&["a=1"]), Carried::default());
    let steps = adapter()
        .write(
            "c",
            Goal::Known {
                before: &before,
                after: &after,
            },
        )
        .unwrap();
    assert_eq!(
        sent(&steps[0].call),
        r#"{"labels":{},"skip_analysis":true}"#
    );
    let same = tags(&["a=1"]);
    assert!(
        adapter()
            .write(
                "c",
                Goal::Known {
                    before: &before,
                    after: &same
                }
            )
            .unwrap()
            .is_empty()
    );
}

#[test]
fn entries_that_differ_in_case_alone_are_two() {
    let (before, after) = (tags(&["a=1", "A=1"]), tags(&["A=1"]));
    let steps = adapter()
        .write(
            "c",
            Goal::Known {
                before: &before,
                after: &after,
            },
        )
        .unwrap();
    assert_eq!(
        sent(&steps[0].call),
        r#"{"labels":{"A":"1"},"skip_analysis":true}"#
    );
    assert_eq!(steps[0].removes, tags(&["a=1"]).0);
}

#[test]
fn what_is_carried_is_sent_back_byte_for_byte() {
    let labels = r#"{"d\u0065al":"w\u006fn" , "vip" : "true","n":1.0e3,"o":{ "a" : [1, null] },"z":null,"Vip":"x"}"#;
    let before = read("c", &conversation(labels)).unwrap();
    let texts: Vec<String> = before.tags().map(|held| held.tag.encode()).collect();
    assert_eq!(texts, ["deal=won", "vip", "Vip=x"]);
    assert_eq!(before.0.len(), 6);
    let mut after = before.clone();
    after.0.extend(tags(&["new=\"é\"", "flagged"]).0);
    let steps = adapter()
        .write(
            "c",
            Goal::Known {
                before: &before,
                after: &after,
            },
        )
        .unwrap();
    assert_eq!(
        sent(&steps[0].call),
        r#"{"labels":{"d\u0065al":"w\u006fn","vip":"true","n":1.0e3,"o":{ "a" : [1, null] },"z":null,"Vip":"x","new":"\"é\"","flagged":"true"},"skip_analysis":true}"#,
    );
}

#[test]
fn the_flag_value_is_a_setting() {
    let adapter = adapter_with(&[("flag_value", SettingValue::Text("yes".to_owned()))]);
    let mut before = Carried::default();
    let answer = ok(KEPT, &conversation(r#"{"a":"yes","b":"true","c":"Yes"}"#));
    adapter.carried("c", 0, &answer, &mut before).unwrap();
    let texts: Vec<String> = before.tags().map(|held| held.tag.encode()).collect();
    assert_eq!(texts, ["a", "b=true", "c=Yes"]);
    let after = tags(&["d"]);
    let steps = adapter
        .write(
            "c",
            Goal::Known {
                before: &before,
                after: &after,
            },
        )
        .unwrap();
    assert_eq!(
        sent(&steps[0].call),
        r#"{"labels":{"d":"yes"},"skip_analysis":true}"#
    );
}

#[test]
fn a_conversation_that_is_not_understood_never_feeds_a_write() {
    assert_eq!(
        read("c", &conversation("null")).unwrap(),
        Carried::default(),
        "clients in use guard against null"
    );
    for labels in ["[]", r#""a""#, "1", r#"[["a","b"]]"#] {
        assert!(read("c", &conversation(labels)).is_err(), "{labels}");
    }
    for wrong in [
        r#"{"id":"c","attributes":{"uuid":"c"}}"#,
        r#"{"id":"c"}"#,
        r#"{"id":"c","attributes":null}"#,
        r#"{"id":"other","attributes":{"labels":{}}}"#,
        r#"{"id":1,"attributes":{"labels":{}}}"#,
        r#"{"attributes":{"labels":{}}}"#,
        r#"{"data":{"id":"c","attributes":{"labels":{}}}}"#,
        "[]",
        "null",
    ] {
        assert!(read("c", wrong).is_err(), "{wrong}");
    }
    for broken in [
        r#"{"id":"c","attributes":{"labels":{"a":"1"}}"#.to_owned(),
        conversation(r#"{"a":"1","\u0061":"2"}"#),
        conversation(r#"{"a":{"b":1,"b":2}}"#),
        r#"{"id":"c","attributes":{"labels":{}},"attributes":{}}"#.to_owned(),
        "<html></html>".to_owned(),
        String::new(),
    ] {
        assert!(
            reader::project(KEPT, reader::Limits::default(), broken.as_bytes()).is_err(),
            "{broken}"
        );
    }
}

#[test]
fn a_conversation_is_read_without_its_detailed_transcript() {
    let call = adapter().read("c").unwrap();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("GET", "/conversations/c")
    );
    assert_eq!(call.query, "detailedTranscript=false");
}

#[test]
fn every_form_of_an_error_is_understood() {
    let said = |status: u16, body: &str| {
        let problem = adapter().problem(&error(status, body));
        (problem.kind, problem.code, problem.message)
    };
    let text = |text: &str| Some(text.to_owned());
    for (status, body, expected) in [
        (
            409,
            r#"{"code":"conflict","title":"Conflict","detail":"the name is taken"}"#,
            (
                ProblemKind::Conflict,
                text("conflict"),
                text("the name is taken"),
            ),
        ),
        (
            400,
            r#"{"code":4001,"title":"Bad"}"#,
            (ProblemKind::Rejected, text("4001"), text("Bad")),
        ),
        (
            401,
            r#"{"message":"no key"}"#,
            (ProblemKind::Unauthorized, None, text("no key")),
        ),
        (
            422,
            r#"{"errors":[{"code":"E1","title":"t","detail":"d"},{"code":"E2"}]}"#,
            (ProblemKind::Rejected, text("E1"), text("d")),
        ),
        (
            500,
            r#"{"errors":[{"title":"t"}]}"#,
            (ProblemKind::Failed, None, text("t")),
        ),
    ] {
        assert_eq!(said(status, body), expected, "{body}");
    }
    for shapeless in [
        "",
        "<html>busy</html>",
        "plain",
        "{}",
        "[]",
        "null",
        "{\"code",
    ] {
        assert_eq!(
            said(502, shapeless),
            (ProblemKind::Failed, None, None),
            "{shapeless}"
        );
        assert_eq!(
            said(404, shapeless),
            (ProblemKind::NotFound, None, None),
            "{shapeless}"
        );
    }
    let mut limited = error(429, "");
    assert_eq!(adapter().problem(&limited).retry_after, None);
    limited
        .headers
        .insert("retry-after", HeaderValue::from_static("3"));
    assert_eq!(
        adapter().problem(&limited).retry_after,
        Some(Wait::For(Duration::from_secs(3)))
    );
}

#[test]
fn the_key_goes_as_a_bearer_token_or_as_it_is() {
    assert_eq!(
        adapter().credential("k"),
        ("authorization", "Bearer k".to_owned())
    );
    let raw = adapter_with(&[("auth_scheme", SettingValue::Text("raw".to_owned()))]);
    assert_eq!(raw.credential("k"), ("authorization", "k".to_owned()));
}
