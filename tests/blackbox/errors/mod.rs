//! Every problem that a caller can be told, on a real socket.
//!
//! A case is a test that ends in an answer; the answer is held against its code's row of the table, and the last test
//! holds the cases against the list of all codes.

mod access;
mod catalogue;
mod framing;
mod keyed;
mod lane;
mod order;
mod outcome;
mod request;
mod vendor;

use crate::support::Answer;
use serde_json::Value;
use std::collections::BTreeSet;
use tagway::error::Code;

/// Declares tests that each end in an answer of one code, and the list of their codes.
macro_rules! cases {
    ($($(#[$attribute:meta])* $name:ident => $code:ident $body:block)*) => {
        pub(super) const CODES: &[tagway::error::Code] = &[$(tagway::error::Code::$code,)*];

        $(
            $(#[$attribute])*
            #[tokio::test]
            async fn $name() {
                let answer: crate::support::Answer = async move $body.await;
                super::told(&answer, tagway::error::Code::$code);
            }
        )*
    };
}
pub(crate) use cases;

/// Fails the test unless the answer is this problem, with everything that goes with it.
#[track_caller]
pub(crate) fn told(answer: &Answer, code: Code) -> Value {
    let problem = answer.json();
    let status = code.status().as_u16();
    assert_eq!(problem["code"], code.as_str(), "{problem}");
    assert_eq!(answer.status, status, "{problem}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(problem["type"], format!("/problems/{}", code.as_str()));
    assert_eq!(problem["title"], code.title());
    assert_eq!(problem["status"], status);
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );

    let id = answer.header("x-request-id").expect("a request id");
    assert_eq!(problem["request_id"], id);
    assert!(id.len() > 1, "`{id}` tells one request from no other");

    let wait: Option<u64> = answer
        .header("retry-after")
        .map(|seconds| seconds.parse().expect("whole seconds"));
    let waits = matches!(status, 429 | 503) || code == Code::IdempotencyInProgress;
    assert_eq!(wait.is_some(), waits, "{problem}");
    assert_eq!(answer.header("allow").is_some(), status == 405);
    assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    for flaw in problem["errors"].as_array().into_iter().flatten() {
        assert!(
            flaw["pointer"].is_string() && flaw["detail"].is_string(),
            "{problem}"
        );
    }
    let told = String::from_utf8_lossy(&answer.body);
    assert!(!told.contains("vendor-secret"), "{told}");
    problem
}

#[test]
fn every_code_has_a_case() {
    let cases = [
        access::CODES,
        catalogue::CODES,
        framing::CODES,
        keyed::CODES,
        lane::CODES,
        outcome::CODES,
        request::CODES,
        vendor::CODES,
    ];
    let covered: BTreeSet<Code> = cases.into_iter().flatten().copied().collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(covered, all);
}

#[test]
fn codes_are_told_apart_and_their_statuses_are_errors() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|code| code.status().as_u16() >= 400));
}
