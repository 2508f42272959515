//! The vendor's own examples, its errors and its pages.

use super::*;
use crate::{Attributes, ProblemKind, Wait, reader};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const TAG: &str = include_str!("fixtures/tag.json");
const BILLING: &str = "a3c5e7d9-1b2f-4a6c-9e8d-7c5b3a1e0f9d";
const OTHER: &str = "b4d6f8e0-2c3a-4b7d-9f8e-8d6c4b2a0e1f";
const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

fn adapter() -> Arc<dyn Adapter> {
    build(
        &Settings::new(),
        &serde_json::from_str(VENDOR.document).unwrap(),
    )
}

fn ok(body: &str) -> Answer {
    let body =
        reader::project(Keep::Everything, reader::Limits::default(), body.as_bytes()).unwrap();
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

fn tag(id: &str) -> Value {
    json!({"object": "conversation_tag", "id": id, "name": id, "color": null, "created_at": "2026-05-01T09:14:22+00:00"})
}

fn page(total: usize, ids: &[&str]) -> Answer {
    let data: Vec<Value> = ids.iter().map(|id| tag(id)).collect();
    ok(
        &json!({"object": "list", "total": total, "page": 1, "page_size": 25, "data": data})
            .to_string(),
    )
}

fn carried(ids: &[&str]) -> Carried {
    let held =
        |id: &&str| Element::from(HeldTag::new(Tag::bare(*id), Handle::Id((*id).to_owned())));
    Carried(ids.iter().map(held).collect())
}

fn body(call: &Call) -> Value {
    let bytes = call.body.as_ref().unwrap().render(|_| None).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_replace_is_the_vendors_example() {
    let (before, after) = (carried(&[BILLING, "gone"]), carried(&[BILLING, OTHER]));
    let steps = adapter()
        .write(
            CONVERSATION,
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
        format!("/conversations/{CONVERSATION}/tags")
    );
    assert_eq!(step.call.query, "");
    let example: Value =
        serde_json::from_str(include_str!("fixtures/replace.request.json")).unwrap();
    assert_eq!(body(&step.call), example);
    assert_eq!(
        (&step.adds, &step.removes),
        (&carried(&[OTHER]).0, &carried(&["gone"]).0)
    );
}

#[test]
fn a_set_that_is_true_is_not_written_and_none_clears() {
    let adapter = adapter();
    let some = carried(&["a", "b"]);
    let other_order = carried(&["b", "a"]);
    let none = adapter
        .write(
            "c",
            Goal::Known {
                before: &some,
                after: &other_order,
            },
        )
        .unwrap();
    assert!(none.is_empty());
    let empty = Carried::default();
    let clear = adapter
        .write(
            "c",
            Goal::Known {
                before: &some,
                after: &empty,
            },
        )
        .unwrap();
    assert_eq!(body(&clear[0].call), json!({"tag_ids": []}));
}

#[test]
fn a_tag_is_the_vendors_example() {
    let adapter = adapter();
    let list = format!(r#"{{"object":"list","total":1,"page":1,"page_size":25,"data":[{TAG}]}}"#);
    let mut listed = Vec::new();
    assert!(
        adapter
            .listed(0, &ok(&list), &mut listed)
            .unwrap()
            .is_none()
    );
    let billing = &listed[0];
    assert_eq!(
        (&billing.tag, billing.id.as_deref()),
        (&Tag::bare("billing"), Some(BILLING))
    );
    assert_eq!(billing.color.as_deref(), Some("#FFB020"));
    assert_eq!(billing.description, None);
    assert_eq!(billing.created_at.as_deref(), Some("2026-05-01T09:14:22Z"));

    let new = HeldTag::new(Tag::bare("billing"), Handle::Created(0));
    let attributes = Attributes {
        color: Some("#FFB020".to_owned()),
        description: None,
    };
    let edit = Edit::Create {
        new: &new,
        attributes: &attributes,
    };
    let call = adapter.edit(edit, None).unwrap().unwrap();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/conversation-tags")
    );
    let example: Value =
        serde_json::from_str(include_str!("fixtures/create.request.json")).unwrap();
    assert_eq!(body(&call), example);
    assert_eq!(&adapter.edited(edit, &ok(TAG)).unwrap(), billing);
    assert!(
        adapter
            .edited(edit, &ok(&TAG.replace("billing", "other")))
            .is_err(),
        "about another tag"
    );
}

#[test]
fn the_catalogue_is_read_until_its_total_is_there() {
    let adapter = adapter();
    let mut listed = Vec::new();
    let first = adapter.list();
    assert_eq!(
        (first.path.as_str(), first.query.as_str()),
        ("/conversation-tags", "page=1&page_size=100")
    );
    let next = adapter
        .listed(0, &page(3, &["a", "b"]), &mut listed)
        .unwrap()
        .unwrap();
    assert_eq!(next.query, "page=2&page_size=100");
    let next = adapter
        .listed(1, &page(4, &["b", "c"]), &mut listed)
        .unwrap()
        .unwrap();
    assert_eq!(
        next.query, "page=3&page_size=100",
        "one came twice, so one is missing"
    );
    assert!(
        adapter
            .listed(2, &page(4, &["d"]), &mut listed)
            .unwrap()
            .is_none()
    );
    let ids: Vec<_> = listed.iter().filter_map(|tag| tag.id.as_deref()).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    assert!(
        adapter.listed(3, &page(5, &[]), &mut listed).is_err(),
        "cut"
    );
}

#[test]
fn a_conversation_is_read_until_its_total_is_there() {
    let adapter = adapter();
    let first = adapter.read("c").unwrap();
    assert_eq!(
        (
            first.method.as_str(),
            first.path.as_str(),
            first.query.as_str()
        ),
        ("GET", "/conversations/c/tags", "")
    );
    let mut held = Carried::default();
    let mut take = |at, answer: &Answer| {
        let next = adapter.carried("c", at, answer, &mut held);
        next.map(|call| call.map(|call| call.query))
    };
    let asked = |page: &str| Some(format!("page={page}&page_size=100"));
    assert_eq!(take(0, &page(4, &["a", "b"])).unwrap(), asked("1"));
    assert_eq!(
        take(1, &page(4, &["a", "b"])).unwrap(),
        asked("2"),
        "the same again, now as a page"
    );
    assert_eq!(take(2, &page(4, &["b", "c"])).unwrap(), asked("3"));
    assert!(
        take(3, &page(4, &["b", "c"])).is_err(),
        "a page that brings nothing new"
    );
    assert!(
        take(3, &page(4, &[])).is_err(),
        "an empty page before the end"
    );
    assert_eq!(take(3, &page(4, &["d"])).unwrap(), None);
    assert_eq!(held, carried(&["a", "b", "c", "d"]));
    assert!(
        adapter
            .carried("c", 0, &page(1, &[]), &mut Carried::default())
            .is_err()
    );
    assert!(
        adapter
            .carried("c", 0, &page(0, &[]), &mut Carried::default())
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_set_that_is_not_understood_never_feeds_a_write() {
    let mut no_name = tag("a");
    no_name.as_object_mut().unwrap().remove("name");
    for wrong in [
        json!({}),
        json!([]),
        json!(null),
        json!({"total": 0}),
        json!({"data": []}),
        json!({"total": "0", "data": []}),
        json!({"total": -1, "data": []}),
        json!({"total": 0, "data": null}),
        json!({"total": 1, "data": [no_name]}),
        json!({"total": 1, "data": ["a"]}),
        json!({"total": 1, "data": [{"id": 1, "name": "a", "created_at": ""}]}),
    ] {
        let answer = ok(&wrong.to_string());
        assert!(
            adapter()
                .carried("c", 0, &answer, &mut Carried::default())
                .is_err(),
            "{wrong}"
        );
        assert!(adapter().written("c", &answer).is_err(), "{wrong}");
    }
    for broken in [
        r#"{"total":0,"data":[]"#,
        r#"{"total":0,"data":[],"d\u0061ta":[]}"#,
        "<html>",
        "",
    ] {
        assert!(
            reader::project(
                Keep::Everything,
                reader::Limits::default(),
                broken.as_bytes()
            )
            .is_err(),
            "{broken}"
        );
    }
}

#[test]
fn the_answer_to_a_write_proves_the_set_only_if_it_is_whole() {
    let written = |answer: &Answer| adapter().written("c", answer).unwrap();
    assert_eq!(
        written(&page(2, &["a", "b"])),
        Written::Proven(carried(&["a", "b"]))
    );
    assert_eq!(written(&page(0, &[])), Written::Proven(Carried::default()));
    assert_eq!(written(&page(3, &["a", "b"])), Written::Nothing);
    assert_eq!(written(&page(2, &["a", "a"])), Written::Nothing);
}

#[test]
fn an_error_is_its_envelope_or_its_status() {
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
    let envelope = json!({"error": "invalid_payload", "message": "no", "request_id": "req_1",
        "details": {"formErrors": [], "fieldErrors": {"tag_ids": ["bad"]}}});
    assert_eq!(
        said(400, &envelope.to_string()),
        (
            ProblemKind::Rejected,
            text("invalid_payload"),
            text("no"),
            text("req_1")
        ),
    );
    assert_eq!(
        said(409, r#"{"error":"conflict"}"#),
        (ProblemKind::Conflict, text("conflict"), None, None)
    );
    for (status, kind) in [
        (401, ProblemKind::Unauthorized),
        (403, ProblemKind::Unauthorized),
        (404, ProblemKind::NotFound),
        (408, ProblemKind::Failed),
        (429, ProblemKind::RateLimited),
        (500, ProblemKind::Failed),
        (302, ProblemKind::Failed),
    ] {
        for shapeless in [
            "",
            "<html>busy</html>",
            "{}",
            "[]",
            "null",
            r#"{"error":{"code":"x"}}"#,
            "{\"err",
        ] {
            assert_eq!(
                said(status, shapeless),
                (kind, None, None, None),
                "{status} {shapeless}"
            );
        }
    }
    let mut limited = error(
        429,
        r#"{"error":"rate_limited","message":"wait","request_id":"req_2"}"#,
    );
    limited
        .headers
        .insert("retry-after", HeaderValue::from_static("21"));
    limited
        .headers
        .insert("x-request-id", HeaderValue::from_static("req_header"));
    let problem = adapter().problem(&limited);
    assert_eq!(
        problem.retry_after,
        Some(Wait::For(Duration::from_secs(21)))
    );
    assert_eq!(
        problem.request_id.as_deref(),
        Some("req_2"),
        "the body's own comes first"
    );
    limited.body.clear();
    assert_eq!(
        adapter().problem(&limited).request_id.as_deref(),
        Some("req_header")
    );
    assert_eq!(
        adapter().credential("k"),
        ("authorization", "Bearer k".to_owned())
    );
}
