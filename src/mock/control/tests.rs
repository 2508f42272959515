use std::sync::OnceLock;

use super::{
    super::{Options, Window, testing},
    *,
};

mod product;
use crate::schema::Found;

/// Asks the control paths, and holds the answer against their document.
pub(super) fn ask(served: &Served, method: &str, path: &str, body: &str) -> (u16, String) {
    asked(served, method, path, body, &[])
}

pub(super) fn asked(
    served: &Served,
    method: &str,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> (u16, String) {
    let mut request = Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    let answer = control(served, &request, path);
    let status = answer.status().as_u16();
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    hold(method, path, body, status, &text);
    (status, text)
}

fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| Document::compile("twin", CONTROL_OPENAPI, &|_| None).unwrap())
}

fn hold(method: &str, path: &str, body: &str, status: u16, text: &str) {
    let place = format!("{method} {path} {body} -> {status} {text}");
    let path = format!("/{}", path.trim_start_matches('/'));
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let Found::Operation(operation, _) = document().find(&method, &path) else {
        assert!(matches!(status, 404 | 405), "{place}");
        return;
    };
    assert!(operation.lists(status), "{place} is not described");
    match operation.response(status) {
        // A map of labels may hold what no parsed value does.
        Some(check) => match serde_json::from_str(text) {
            Ok(value) => assert_eq!(check.violations(&value), [], "{place}"),
            Err(_) => assert!(text.contains("1e999"), "{place}"),
        },
        None => assert_eq!(text, "", "{place}"),
    }
    let taken = status < 400;
    if let (Some(check), Ok(value)) = (operation.request(), serde_json::from_str(body)) {
        assert!(check.is_valid(&value) || !taken, "{place}");
    }
}

#[test]
fn the_next_calls_can_be_refused_as_a_vendor_would() {
    let served = testing::served("elevenlabs", Options::default());
    let shape = r#"[{"status":401,"body":{"detail":{"status":"missing_permissions","message":"no"}}},
                    {"status":500,"body":"oops"}]"#;
    assert_eq!(ask(&served, "POST", "refuse", shape).0, 204);
    let call = || {
        let request = Request::get("/v1/convai/tags")
            .header("xi-api-key", "k")
            .body(Bytes::new())
            .unwrap();
        served.call(request, 0)
    };
    let refused = call();
    assert_eq!(refused.status(), 401);
    assert!(refused.body().starts_with(br#"{"detail":{"#));
    let broken = call();
    assert_eq!(
        (broken.status().as_u16(), &broken.body()[..]),
        (500, &b"oops"[..])
    );
    assert_eq!(call().status(), 200, "one each");
    assert_eq!(
        served
            .calls()
            .iter()
            .map(|call| call.status)
            .collect::<Vec<_>>(),
        [401, 500, 200]
    );
    for bad in [
        "",
        "{}",
        r#"[{"status":200,"body":null}]"#,
        r#"[{"status":500}]"#,
    ] {
        assert_eq!(ask(&served, "POST", "refuse", bad).0, 400, "{bad}");
    }
}

#[test]
fn contents_go_in_and_out_as_they_are() {
    let served = testing::served("attention", Options::default());
    assert_eq!(ask(&served, "GET", "conversations/a%20b", "").0, 404);
    let map = r#"{"b":1.0,"a":"x","b":1e999}"#;
    assert_eq!(
        ask(&served, "PUT", "/conversations/a%20b", map),
        (204, String::new())
    );
    assert_eq!(
        ask(&served, "GET", "conversations/a%20b", ""),
        (200, map.to_owned())
    );
    assert_eq!(ask(&served, "PUT", "conversations/a%20b", "[]").0, 400);
    assert_eq!(
        served.twin(|twin| twin.content("a b")).as_deref(),
        Some(map)
    );
}

#[test]
fn calls_are_forgotten_on_demand_and_a_reset_forgets_all() {
    let served = testing::served("attention", Options::default());
    let read = || {
        let request = Request::get("/v2/conversations/c")
            .header("authorization", "k")
            .body(Bytes::from_static(b"[1e999]"))
            .unwrap();
        assert_eq!(served.call(request, 0).status(), 200);
    };
    read();
    assert!(
        ask(&served, "GET", "calls", "")
            .1
            .starts_with(r#"{"calls":[{"method":"GET","path":"/v2/conversations/c","#)
    );
    assert!(ask(&served, "GET", "calls", "").1.contains("[1e999]"));
    assert_eq!(ask(&served, "DELETE", "calls", "").0, 204);
    assert_eq!(
        ask(&served, "GET", "calls", ""),
        (200, r#"{"calls":[]}"#.to_owned())
    );
    assert_eq!(
        ask(&served, "GET", "conversations/c", ""),
        (200, "{}".to_owned())
    );
    read();
    assert_eq!(ask(&served, "POST", "reset", "").0, 204);
    assert!(served.calls().is_empty());
    assert_eq!(ask(&served, "GET", "conversations/c", "").0, 404);
}

#[test]
fn other_paths_and_methods_are_refused() {
    let served = testing::served("awardee", Options::default());
    for path in [
        "",
        "call",
        "calls/x",
        "conversations",
        "conversations/",
        "reset/now",
    ] {
        assert_eq!(ask(&served, "GET", path, "").0, 404, "{path}");
    }
    for (method, path) in [
        ("PUT", "calls"),
        ("GET", "reset"),
        ("DELETE", "conversations/x"),
    ] {
        assert_eq!(ask(&served, method, path, "").0, 405, "{path}");
    }
}

#[test]
fn every_path_of_the_document_is_answered_and_no_other_method_is() {
    let served = testing::served("awardee", Options::default());
    let templates: std::collections::BTreeSet<&str> =
        document().operations().map(|one| one.template()).collect();
    for template in templates {
        let path = template.replace("{id}", testing::ID).replace("{name}", "n");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let (status, text) = ask(&served, method, &path, "");
            let described = document()
                .operations()
                .any(|one| one.template() == template && one.method().as_str() == method);
            assert_eq!(status != 405, described, "{method} {path}: {text}");
        }
    }
    assert_eq!(ask(&served, "GET", "openapi.json", "").1, CONTROL_OPENAPI);
}

#[test]
fn a_plan_is_shown_with_nothing_left_out_and_a_wrong_one_with_the_place() {
    let served = testing::served("awardee", Options::default());
    let rule = r#"{"class":"late-apply","operation":"PUT /conversations/{conversation_id}/tags","nth":[2,1]}"#;
    let (status, text) = ask(
        &served,
        "POST",
        "faults",
        &format!(r#"{{"seed":9,"faults":[{rule}]}}"#),
    );
    assert_eq!(status, 200, "{text}");
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        shown["faults"][0],
        json!({
            "class": "late-apply", "operation": "replace_conversation_tags", "effect": "late", "nth": [1, 2],
            "probability": 1.0, "times": null, "late_ms": 1000, "latency_ms": 0, "hold_ms": 60000,
            "retry_after_ms": 1000, "bytes_per_second": 1, "matched": 0, "struck": 0,
        })
    );
    let wrong =
        r#"{"faults":[{"class":"500"},{"class":"blackhol","operation":"x","probability":2}]}"#;
    let (status, text) = ask(&served, "POST", "faults", wrong);
    assert_eq!(status, 400);
    let told: Value = serde_json::from_str(&text).unwrap();
    let pointers: Vec<&str> = told["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "/faults/1/operation",
            "/faults/1/probability",
            "/faults/1/class"
        ]
    );
    assert!(text.contains("did you mean `blackhole`?"), "{text}");
    let (_, text) = ask(&served, "GET", "faults", "");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), shown);
    assert_eq!(ask(&served, "DELETE", "faults", "").0, 204);
    assert_eq!(ask(&served, "GET", "faults", "").1, r#"{"faults":[]}"#);
}

#[test]
fn windows_and_keys_follow_the_twins_own_clock() {
    let windows = vec![Window {
        requests: 1,
        length_ms: 60_000,
    }];
    let served = testing::served(
        "awardee",
        Options {
            windows,
            ..Options::default()
        },
    );
    let create = |key: &str| {
        let request = Request::post("/v1/conversation-tags")
            .header("authorization", "Bearer k")
            .header("idempotency-key", key)
            .body(Bytes::from_static(br#"{"name":"a"}"#))
            .unwrap();
        let answer = served.call(request, clock::unix_ms());
        let replayed = answer.headers().contains_key("idempotent-replayed");
        (answer.status().as_u16(), replayed)
    };
    assert_eq!(ask(&served, "POST", "clock", r#"{"frozen":true}"#).0, 200);
    assert_eq!(create("k"), (201, false));
    assert_eq!(create("k").0, 429, "the window is full");
    assert_eq!(
        ask(&served, "POST", "clock", r#"{"advance_ms":60000}"#).0,
        200
    );
    assert_eq!(create("k"), (201, true));
    assert_eq!(
        ask(&served, "POST", "clock", r#"{"advance_ms":86400000}"#).0,
        200
    );
    assert_eq!(
        create("k"),
        (409, false),
        "the key is forgotten after a day"
    );
    let (_, text) = ask(&served, "GET", "clock", "");
    assert!(text.contains(r#""frozen":true"#), "{text}");
    assert_eq!(ask(&served, "POST", "clock", r#"{"set_unix_ms":1}"#).0, 400);
}

#[test]
fn sessions_have_nothing_in_common_and_are_bounded() {
    let served = testing::served("attention", Options::default());
    let named = |name: &str, method: &str, path: &str, body: &str| {
        asked(&served, method, path, body, &[("twin-session", name)])
    };
    assert_eq!(
        named("one", "PUT", "conversations/c", r#"{"a":"x"}"#).0,
        204
    );
    assert_eq!(
        named("one", "GET", "conversations/c", ""),
        (200, r#"{"a":"x"}"#.to_owned())
    );
    for other in ["two", "three"] {
        assert_eq!(named(other, "GET", "conversations/c", "").0, 404);
    }
    assert_eq!(ask(&served, "GET", "conversations/c", "").0, 404);
    let read = |session: Option<&str>| {
        let mut request = Request::get("/v2/conversations/c").header("authorization", "k");
        if let Some(session) = session {
            request = request.header("twin-session", session);
        }
        let answer = served.call(request.body(Bytes::new()).unwrap(), 0);
        serde_json::from_slice::<Value>(answer.body()).unwrap()["attributes"]["labels"].clone()
    };
    assert_eq!(read(Some("one")), json!({"a": "x"}));
    assert_eq!(read(None), json!({}));
    let (_, calls) = named("one", "GET", "calls", "");
    assert_eq!(calls.matches("/v2/conversations/c").count(), 1);
    assert_eq!(
        ask(&served, "GET", "sessions", "").1,
        r#"{"sessions":["one","three","two"]}"#
    );
    assert_eq!(ask(&served, "DELETE", "sessions/one", "").0, 204);
    assert_eq!(ask(&served, "DELETE", "sessions/one", "").0, 404);
    assert_eq!(read(Some("one")), json!({}));
    assert_eq!(named("", "GET", "calls", "").0, 400);
    for number in 3..256 {
        assert_eq!(named(&number.to_string(), "GET", "calls", "").0, 200);
    }
    assert_eq!(named("one more", "GET", "calls", "").0, 503);
    assert_eq!(named("two", "GET", "calls", "").0, 200);
}
