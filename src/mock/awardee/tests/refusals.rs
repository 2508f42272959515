use serde_json::json;

use super::{Bench, ID, Options, TAGS, Window, bench};

#[test]
fn every_operation_of_the_document_is_served() {
    let mut bench = bench();
    for (method, path) in bench.operations() {
        let answer = bench.call(&method, &path, "");
        assert!(!answer.text.contains("no such path"), "{method} {path}");
        assert_ne!(answer.status, 405);
    }
}

#[test]
fn a_bad_query_names_its_fields() {
    let mut bench = bench();
    for path in [
        format!("{TAGS}?page_size=101"),
        format!("{TAGS}?page=0"),
        format!("{TAGS}?page=x"),
        format!("/v1/conversations/{ID}/tags?page_size=0"),
        "/v1/conversations?limit=101".to_owned(),
        "/v1/conversations?status=lost".to_owned(),
        "/v1/conversations?cursor=stale".to_owned(),
    ] {
        let answer = bench.call("GET", &path, "").is(400);
        assert_eq!(answer.str("/error"), "invalid_query", "{path}");
        assert_eq!(answer.body["details"]["formErrors"], json!([]));
        let name = path.split(['?', '=']).nth(1).unwrap();
        assert!(
            answer.body["details"]["fieldErrors"][name][0].is_string(),
            "{}",
            answer.text
        );
    }
}

#[test]
fn a_bad_payload_names_its_fields() {
    let mut bench = bench();
    let long = json!({ "name": "x".repeat(101) }).to_string();
    for (body, field) in [
        ("{}", "name"),
        (r#"{"name":""}"#, "name"),
        (&long, "name"),
        (r#"{"name":"a","color":"red"}"#, "color"),
        (r#"{"name":"a","description":"x"}"#, "description"),
    ] {
        let answer = bench.call("POST", TAGS, body).is(400);
        assert_eq!(answer.str("/error"), "invalid_payload");
        let faults = answer.body["details"]["fieldErrors"].as_object().unwrap();
        assert_eq!(faults.keys().collect::<Vec<_>>(), [field], "{body}");
    }
    for body in ["", "{", "[]"] {
        let answer = bench.call("POST", TAGS, body).is(400);
        assert!(
            answer.body["details"]["formErrors"][0].is_string(),
            "{body}"
        );
    }
    assert_eq!(bench.call("GET", TAGS, "").body["total"], 0);
}

#[test]
fn request_ids_are_new_each_time_and_stand_in_errors() {
    let mut bench = bench();
    let (one, two) = (
        bench.call("GET", TAGS, ""),
        bench.call("DELETE", &format!("{TAGS}/{ID}"), "").is(404),
    );
    assert!(one.header("x-request-id").unwrap().starts_with("req_"));
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert_eq!(two.header("x-request-id"), Some(two.str("/request_id")));
    assert!(two.body["error"].is_string());
}

#[test]
fn refused_keys_use_up_nothing() {
    let options = Options {
        windows: vec![Window {
            requests: 1,
            length_ms: 60_000,
        }],
        key: Some("right".into()),
        ..Options::default()
    };
    let mut bench = Bench::new("awardee", &options);
    for (headers, code) in [
        (vec![], "missing_api_key"),
        (vec![("authorization", "Basic right")], "missing_api_key"),
        (vec![("authorization", "Bearer ")], "missing_api_key"),
        (vec![("authorization", "Bearer wrong")], "invalid_api_key"),
        (vec![("authorization", "right")], "missing_api_key"),
    ] {
        assert_eq!(
            bench.bare("GET", TAGS, "", &headers).is(401).str("/error"),
            code,
            "{headers:?}"
        );
    }
    bench
        .bare("GET", TAGS, "", &[("authorization", "bearer right")])
        .is(200);
    bench
        .bare("GET", TAGS, "", &[("authorization", "Bearer right")])
        .is(429);
}

#[test]
fn other_paths_and_methods_have_the_same_envelope() {
    let mut bench = bench();
    assert_eq!(
        bench.call("GET", "/v1/none", "").is(404).str("/error"),
        "not_found"
    );
    assert_eq!(
        bench
            .call("GET", "/conversation-tags", "")
            .is(404)
            .str("/error"),
        "not_found"
    );
    let answer = bench.call("PATCH", TAGS, "{}").is(405);
    assert_eq!(
        (answer.str("/error"), answer.header("allow")),
        ("method_not_allowed", Some("GET, POST"))
    );
}
