//! The vendor's own examples, its errors and its pages.

use super::*;
use crate::{Attributes, Handle, HeldTag, Wait, reader};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const CREATE_ANSWER: &str = include_str!("fixtures/create.answer.json");

fn adapter() -> Arc<dyn Adapter> {
    build(
        &Settings::new(),
        &serde_json::from_str(VENDOR.document).unwrap(),
    )
}

/// A successful answer as the reader leaves it.
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

fn held(id: &str) -> Element {
    Element::from(HeldTag::new(Tag::bare(id), Handle::Id(id.to_owned())))
}

fn body(call: &Call) -> Value {
    let bytes = call.body.as_ref().unwrap().render(|_| None).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_add_is_the_vendors_example() {
    let asked = [(held("tag_9f8b7c6d5e4a3b2c1d0e"), true)];
    let steps = adapter()
        .write("conversation_id", Goal::Blind(&asked))
        .unwrap();
    let [step] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!(step.call.method, Method::POST);
    assert_eq!(
        step.call.path.as_str(),
        "/v1/convai/conversations/conversation_id/tags"
    );
    assert_eq!(step.call.query, "");
    assert_eq!(
        body(&step.call),
        fixture(include_str!("fixtures/assign.request.json"))
    );
    assert_eq!((step.adds.len(), step.removes.len()), (1, 0));
    let empty = error(204, "");
    assert_eq!(
        adapter().written("conversation_id", &empty).unwrap(),
        Written::Nothing
    );
}

#[test]
fn a_remove_is_one_call_for_each_tag_and_an_add_one_for_fifty() {
    let before = Carried(vec![held("a"), held("b c")]);
    let after = Carried((0..51).map(|n| held(&format!("t{n}"))).collect());
    let steps = adapter()
        .write(
            "c",
            Goal::Known {
                before: &before,
                after: &after,
            },
        )
        .unwrap();
    let calls: Vec<(&str, &str)> = steps
        .iter()
        .map(|s| (s.call.method.as_str(), s.call.path.as_str()))
        .collect();
    let (add, path) = (
        ("POST", "/v1/convai/conversations/c/tags"),
        "/v1/convai/conversations/c/tags",
    );
    let remove = |id: &str| format!("{path}/{id}");
    assert_eq!(
        calls,
        [
            add,
            add,
            ("DELETE", &remove("a")),
            ("DELETE", &remove("b%20c"))
        ]
    );
    let sent = |step: &Step| body(&step.call)["tag_ids"].as_array().unwrap().len();
    assert_eq!((sent(&steps[0]), sent(&steps[1])), (50, 1));
    assert!(steps[2].call.body.is_none());
    assert_eq!(steps[3].removes, [held("b c")]);
}

#[test]
fn a_create_is_the_vendors_example() {
    let adapter = adapter();
    let new = HeldTag::new(Tag::bare("Urgent Support"), Handle::Created(0));
    let attributes = Attributes::default();
    let edit = Edit::Create {
        new: &new,
        attributes: &attributes,
    };
    assert!(
        adapter
            .before_edit(edit, &Catalogue::default())
            .unwrap()
            .is_none()
    );
    let call = adapter.edit(edit, None).unwrap().unwrap();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/v1/convai/tags")
    );
    assert_eq!(
        body(&call),
        fixture(include_str!("fixtures/create.request.json"))
    );
    let made = adapter.edited(edit, &ok(call.keep, CREATE_ANSWER)).unwrap();
    assert_eq!(
        made.id.as_deref(),
        Some("a1b2c3d4-e5f6-7890-ab12-cd34ef56gh78")
    );
    assert_eq!(made.tag, Tag::bare("Urgent Support"));
    let text = "Tags conversations that require immediate attention from the support team.";
    assert_eq!(
        (made.description.as_deref(), made.color),
        (Some(text), None)
    );
    assert_eq!(made.created_at.as_deref(), Some("2024-04-05T19:34:38Z"));
    let other = CREATE_ANSWER.replace("Urgent Support", "Other");
    assert!(
        adapter.edited(edit, &ok(call.keep, &other)).is_err(),
        "about another tag"
    );
}

#[test]
fn the_answer_to_an_update_is_a_tag_of_the_catalogue() {
    let tag = include_str!("fixtures/update.answer.json");
    let page = format!(r#"{{"conversation_tags":[{tag}],"has_more":false}}"#);
    let mut listed = Vec::new();
    let next = adapter()
        .listed(0, &ok(Keep::Everything, &page), &mut listed)
        .unwrap();
    assert!(next.is_none());
    assert_eq!(
        listed[0].id.as_deref(),
        Some("a1b2c3d4-e5f6-7890-ab12-cd34ef567890")
    );
    assert_eq!(listed[0].tag, Tag::bare("Project Kickoff Discussion"));
    assert_eq!(
        listed[0].created_at.as_deref(),
        Some("2023-06-01T08:00:00Z")
    );
}

#[test]
fn the_catalogue_ends_where_has_more_says_so() {
    let adapter = adapter();
    let first = adapter.list();
    assert_eq!(
        (first.path.as_str(), first.query.as_str()),
        ("/v1/convai/tags", "page_size=100")
    );
    let mut listed = Vec::new();
    let mut page = |more: bool, cursor: &str| {
        let text =
            format!(r#"{{"conversation_tags":[{CREATE_ANSWER}],"has_more":{more}{cursor}}}"#);
        adapter.listed(0, &ok(Keep::Everything, &text), &mut listed)
    };
    let next = page(true, r#","next_cursor":"a&b=/""#).unwrap().unwrap();
    assert_eq!(next.query, "page_size=100&cursor=a%26b%3D%2F");
    assert!(
        page(false, r#","next_cursor":"left over""#)
            .unwrap()
            .is_none()
    );
    assert!(page(false, "").unwrap().is_none());
    for missing in ["", r#","next_cursor":null"#, r#","next_cursor":"""#] {
        assert!(page(true, missing).is_err(), "{missing}");
    }
    assert_eq!(listed.len(), 6);
}

#[test]
fn a_page_that_is_not_understood_is_no_page() {
    for body in [
        "{}",
        "[]",
        r#"{"conversation_tags":[]}"#,
        r#"{"conversation_tags":{},"has_more":false}"#,
        r#"{"conversation_tags":[{"tag_id":1,"title":"a","created_at_unix_secs":1}],"has_more":false}"#,
        r#"{"conversation_tags":[{"tag_id":"1","created_at_unix_secs":1}],"has_more":false}"#,
    ] {
        let page = adapter().listed(0, &ok(Keep::Everything, body), &mut Vec::new());
        assert!(page.is_err(), "{body}");
    }
}

#[test]
fn a_conversation_is_read_for_its_ids_alone() {
    let adapter = adapter();
    let call = adapter.read("conv_1").unwrap();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("GET", "/v1/convai/conversations/conv_1")
    );
    let read = |body: &str| {
        let mut carried = Carried::default();
        let next = adapter.carried("conv_1", 0, &ok(call.keep, body), &mut carried)?;
        assert!(next.is_none());
        Ok::<_, Unreadable>(carried)
    };
    let unknown = |id: &str| Element::Unknown { id: id.to_owned() };
    let body =
        r#"{"transcript":[{"tag_ids":["no"]}],"tag_ids":["a","b","a"],"conversation_id":"conv_1"}"#;
    assert_eq!(
        read(body).unwrap(),
        Carried(vec![unknown("a"), unknown("b")])
    );
    assert_eq!(
        read(r#"{"conversation_id":"conv_1"}"#).unwrap(),
        Carried::default(),
        "missing means none"
    );
    for wrong in [
        r#"{"conversation_id":"conv_2","tag_ids":[]}"#,
        r#"{"conversation_id":null,"tag_ids":[]}"#,
        r#"{"tag_ids":["a"]}"#,
        r#"{"conversation_id":"conv_1","tag_ids":null}"#,
        r#"{"conversation_id":"conv_1","tag_ids":"a"}"#,
        r#"{"conversation_id":"conv_1","tag_ids":[1]}"#,
        r#"{"conversation_id":"conv_1","tag_ids":[["a"]]}"#,
        "[]",
        "null",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    for broken in [
        r#"{"conversation_id":"conv_1","tag_ids":["a"]"#,
        r#"{"conversation_id":"conv_1","tag_ids":["a"],"tag_ids":[]}"#,
        r#"{"conversation_id":"conv_1","tag_ids":["a"],"tag_\u0069ds":[]}"#,
        "<html></html>",
        "",
    ] {
        let kept = reader::project(call.keep, reader::Limits::default(), broken.as_bytes());
        assert!(kept.is_err(), "{broken}");
    }
    for id in ["", " ", "..", "a/b", "a?b"] {
        assert!(adapter.read(id).is_err(), "{id:?}");
    }
}

#[test]
fn every_shape_of_an_error_is_understood() {
    let said = |status: u16, body: &str| {
        let problem = adapter().problem(&error(status, body));
        (
            problem.kind,
            problem.code,
            problem.message,
            problem.request_id,
        )
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        said(
            422,
            r#"{"detail":[{"loc":["body",0],"msg":"too short","type":"string_too_short"}]}"#
        ),
        (
            ProblemKind::Rejected,
            text("string_too_short"),
            text("too short"),
            None
        ),
    );
    let now = json!({"detail": {"type": "rate_limit_error", "code": "rate_limit_exceeded", "status": "system_busy",
        "message": "slower", "request_id": "r1"}});
    assert_eq!(
        said(429, &now.to_string()),
        (
            ProblemKind::RateLimited,
            text("rate_limit_exceeded"),
            text("slower"),
            text("r1")
        ),
    );
    assert_eq!(
        said(
            401,
            r#"{"detail":{"status":"invalid_api_key","message":"no"}}"#
        ),
        (
            ProblemKind::Unauthorized,
            text("invalid_api_key"),
            text("no"),
            None
        ),
    );
    assert_eq!(
        said(404, r#"{"detail":"Not Found"}"#),
        (ProblemKind::NotFound, None, text("Not Found"), None)
    );
    assert_eq!(
        said(
            400,
            r#"{"detail":{"code":"bad_request","status":"invalid_uid","message":"id"}}"#
        ),
        (ProblemKind::NotFound, text("bad_request"), text("id"), None),
    );
    for shapeless in [
        "",
        "<html>busy</html>",
        "{}",
        "[]",
        "null",
        r#"{"detail":null}"#,
        r#"{"detail":[]}"#,
        "{\"det",
    ] {
        assert_eq!(
            said(503, shapeless),
            (ProblemKind::Failed, None, None, None),
            "{shapeless}"
        );
        assert_eq!(
            said(403, shapeless),
            (ProblemKind::Unauthorized, None, None, None),
            "{shapeless}"
        );
    }
}

#[test]
fn headers_tell_the_request_and_the_wait() {
    let mut answer = error(429, "");
    answer
        .headers
        .insert("x-trace-id", HeaderValue::from_static("trace"));
    answer
        .headers
        .insert("retry-after", HeaderValue::from_static(" 7 "));
    let problem = adapter().problem(&answer);
    assert_eq!(problem.request_id.as_deref(), Some("trace"));
    assert_eq!(problem.retry_after, Some(Wait::For(Duration::from_secs(7))));
    assert_eq!(adapter().problem(&error(429, "")).retry_after, None);
    assert_eq!(adapter().credential("k"), ("xi-api-key", "k".to_owned()));
}

#[test]
fn only_a_refused_key_refuses_the_key() {
    let refuses = |status, body| adapter().problem(&error(status, body)).refuses_key;
    assert!(refuses(
        401,
        r#"{"detail":{"status":"invalid_api_key","message":"x"}}"#
    ));
    assert!(refuses(401, ""));
    assert!(!refuses(
        401,
        r#"{"detail":{"type":"a","code":"unauthorized","message":"x","status":"missing_permissions","request_id":"r"}}"#
    ));
    assert!(!refuses(403, ""));
}
