use serde_json::json;

use super::{Bench, Options, TAGS, Window, bench};

#[test]
fn every_operation_of_the_document_is_served() {
    let mut bench = bench();
    for (method, path) in bench.operations() {
        let answer = bench.call(&method, &path, "");
        assert_ne!(
            answer.body,
            json!({ "detail": "Not Found" }),
            "{method} {path}"
        );
        assert_ne!(answer.status, 405);
    }
}

#[test]
fn what_the_document_rejects_is_a_list_of_faults() {
    let mut bench = bench();
    let long = json!({ "title": "x".repeat(121) }).to_string();
    for (body, place, kind) in [
        ("{}", json!(["body", "title"]), "missing"),
        (
            r#"{"title":""}"#,
            json!(["body", "title"]),
            "string_too_short",
        ),
        (&long, json!(["body", "title"]), "string_too_long"),
        (r#"{"title":7}"#, json!(["body", "title"]), "type_error"),
        ("", json!(["body"]), "json_invalid"),
        ("{\"title\":", json!(["body"]), "json_invalid"),
    ] {
        let answer = bench.call("POST", TAGS, body).is(422);
        let fault = &answer.body["detail"][0];
        assert_eq!(
            (&fault["loc"], &fault["type"]),
            (&place, &json!(kind)),
            "{body}"
        );
        assert!(fault["msg"].is_string());
    }
    let answer = bench
        .call(
            "POST",
            "/v1/convai/conversations/c/tags",
            r#"{"tag_ids":["a",3]}"#,
        )
        .is(422);
    assert_eq!(
        answer.body["detail"][0]["loc"],
        json!(["body", "tag_ids", 1])
    );
    assert!(
        bench
            .call("GET", TAGS, "")
            .is(200)
            .each("/conversation_tags", "tag_id")
            .is_empty()
    );
}

#[test]
fn page_sizes_are_1_to_100_and_cursors_are_ours() {
    let mut bench = bench();
    for (size, kind) in [
        ("0", "greater_than_equal"),
        ("101", "less_than_equal"),
        ("x", "type_error"),
        ("", "type_error"),
    ] {
        let answer = bench
            .call("GET", &format!("{TAGS}?page_size={size}"), "")
            .is(422);
        let fault = &answer.body["detail"][0];
        assert_eq!(
            (&fault["loc"], &fault["type"]),
            (&json!(["query", "page_size"]), &json!(kind))
        );
    }
    bench
        .call("GET", &format!("{TAGS}?page_size=100"), "")
        .is(200);
    let answer = bench
        .call("GET", &format!("{TAGS}?cursor=stale"), "")
        .is(400);
    assert_eq!(
        (answer.str("/detail/type"), answer.str("/detail/param")),
        ("validation_error", "cursor")
    );
}

#[test]
fn a_key_must_be_there_and_be_the_one() {
    let mut bench = Bench::new(
        "elevenlabs",
        &Options {
            key: Some("right".into()),
            ..Options::default()
        },
    );
    for headers in [vec![], vec![("xi-api-key", "")]] {
        let answer = bench.bare("GET", TAGS, "", &headers).is(401);
        let detail = answer.body["detail"].as_object().unwrap();
        assert_eq!(detail.keys().collect::<Vec<_>>(), ["message", "status"]);
        assert_eq!(answer.str("/detail/status"), "invalid_api_key");
    }
    let answer = bench
        .bare("GET", TAGS, "", &[("xi-api-key", "wrong")])
        .is(401);
    assert_eq!(answer.str("/detail/code"), "invalid_api_key");
    bench
        .bare("GET", TAGS, "", &[("xi-api-key", "right")])
        .is(200);
}

#[test]
fn every_answer_has_a_trace_of_its_own_and_errors_repeat_it() {
    let mut bench = bench();
    let fine = bench.call("GET", TAGS, "").is(200);
    let missing = bench.call("GET", &format!("{TAGS}/tag_none"), "").is(404);
    assert_eq!(
        missing.header("x-trace-id"),
        Some(missing.str("/detail/request_id"))
    );
    assert!(
        fine.header("x-trace-id").is_some()
            && fine.header("x-trace-id") != missing.header("x-trace-id")
    );
}

#[test]
fn other_paths_and_methods_get_the_plain_form() {
    let mut bench = bench();
    assert_eq!(
        bench.bare("GET", "/v1/convai/none", "", &[]).is(404).body,
        json!({ "detail": "Not Found" })
    );
    let answer = bench.bare("PUT", TAGS, "{}", &[]).is(405);
    assert_eq!(answer.body, json!({ "detail": "Method Not Allowed" }));
    assert_eq!(answer.header("allow"), Some("GET, POST"));
}

#[test]
fn a_used_up_window_is_429_without_a_wait() {
    let windows = vec![Window {
        requests: 2,
        length_ms: 60_000,
    }];
    let mut bench = Bench::new(
        "elevenlabs",
        &Options {
            windows,
            ..Options::default()
        },
    );
    for status in [200, 200, 429, 429] {
        let answer = bench.call("GET", TAGS, "").is(status);
        if status == 429 {
            assert_eq!(answer.str("/detail/type"), "rate_limit_error");
            assert_eq!(answer.str("/detail/code"), "rate_limit_exceeded");
            assert_eq!(answer.header("retry-after"), None);
        }
    }
    bench.now += 60_000;
    bench.call("GET", TAGS, "").is(200);
}
