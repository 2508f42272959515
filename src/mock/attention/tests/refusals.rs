use super::{Bench, LABELS, Options, Window, bench};

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
fn a_key_is_taken_with_and_without_its_scheme() {
    let mut bench = Bench::new(
        "attention",
        &Options {
            key: Some("right".into()),
            ..Options::default()
        },
    );
    for value in ["right", "Bearer right", "bearer right"] {
        bench
            .bare("GET", LABELS, "", &[("authorization", value)])
            .is(200);
    }
    for headers in [
        vec![],
        vec![("authorization", "")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "wrong")],
    ] {
        assert_eq!(
            bench.bare("GET", LABELS, "", &headers).is(401).str("/code"),
            "unauthorized"
        );
    }
}

#[test]
fn a_used_up_window_is_429_without_a_wait() {
    let windows = vec![Window {
        requests: 1,
        length_ms: 1_000,
    }];
    let mut bench = Bench::new(
        "attention",
        &Options {
            windows,
            ..Options::default()
        },
    );
    bench.call("GET", LABELS, "").is(200);
    let limited = bench.call("GET", LABELS, "").is(429);
    assert_eq!(
        (limited.str("/code"), limited.header("retry-after")),
        ("too_many_requests", None)
    );
    bench.now += 1_000;
    bench.call("GET", LABELS, "").is(200);
}

#[test]
fn other_paths_and_methods_have_the_same_form() {
    let mut bench = bench();
    assert_eq!(
        bench.call("GET", "/v2/none", "").is(404).str("/code"),
        "not_found"
    );
    let answer = bench.call("PUT", LABELS, "{}").is(405);
    assert_eq!(
        (answer.str("/code"), answer.header("allow")),
        ("method_not_allowed", Some("GET, POST"))
    );
    let members: Vec<&String> = answer
        .body
        .as_object()
        .map(|body| body.keys().collect())
        .unwrap();
    assert_eq!(members, ["code", "detail", "title"]);
}
