use serde_json::json;

use super::{Bench, DAY_MS, TAGS, bench};

#[test]
fn a_repeated_create_with_its_key_is_replayed() {
    let mut bench = bench();
    let key = [("idempotency-key", "k1")];
    let first = bench
        .call_with("POST", TAGS, r#"{"name":"a"}"#, &key)
        .is(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    bench.now += DAY_MS - 1;
    let again = bench
        .call_with("POST", TAGS, r#"{"name":"a"}"#, &key)
        .is(201);
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(bench.call("GET", TAGS, "").body["total"], 1);
    let other = bench
        .call_with("POST", TAGS, r#"{"name":"b"}"#, &key)
        .is(409);
    assert_eq!(other.str("/error"), "idempotency_conflict");
    bench.now += 1;
    assert_eq!(
        bench
            .call_with("POST", TAGS, r#"{"name":"a"}"#, &key)
            .is(409)
            .str("/error"),
        "conflict"
    );
}

#[test]
fn an_idempotency_key_belongs_to_the_api_key_and_counts_on_post_only() {
    let mut bench = bench();
    let create = |bench: &mut Bench, key: &str, name: &str| {
        let body = json!({ "name": name }).to_string();
        bench.bare(
            "POST",
            TAGS,
            &body,
            &[("authorization", key), ("idempotency-key", "k1")],
        )
    };
    create(&mut bench, "Bearer one", "a").is(201);
    create(&mut bench, "Bearer two", "b").is(201);
    let a = bench.call("GET", TAGS, "").each("/data", "id")[1].to_owned();
    let path = format!("{TAGS}/{a}");
    bench
        .call_with("DELETE", &path, "", &[("idempotency-key", "k2")])
        .is(204);
    let again = bench
        .call_with("DELETE", &path, "", &[("idempotency-key", "k2")])
        .is(404);
    assert_eq!(again.header("idempotent-replayed"), None);
}

#[test]
fn a_failure_is_not_kept_and_a_key_has_a_length() {
    let mut bench = bench();
    let key = [("idempotency-key", "k1")];
    bench.call_with("POST", TAGS, "{}", &key).is(400);
    bench
        .call_with("POST", TAGS, r#"{"name":"a"}"#, &key)
        .is(201);
    let (fits, long) = ("k".repeat(255), "k".repeat(256));
    bench
        .call_with(
            "POST",
            TAGS,
            r#"{"name":"b"}"#,
            &[("idempotency-key", &fits)],
        )
        .is(201);
    bench
        .call_with(
            "POST",
            TAGS,
            r#"{"name":"c"}"#,
            &[("idempotency-key", &long)],
        )
        .is(400);
    bench
        .call_with("POST", TAGS, r#"{"name":"c"}"#, &[("idempotency-key", "")])
        .is(400);
}
