//! The probes against the twins, as they are and changed.

use super::*;
use crate::{
    mock::{Options, Served, TWINS},
    upstream::{AnswerBody, Transport, TransportError, embedded},
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json as value};
use std::{
    collections::BTreeSet,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tower::{ServiceExt, service_fn};

const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

/// A request as a change sees it, and the answer that it may change.
type Change = fn(&Request<Bytes>, &mut StatusCode, &mut Value);

fn scope() -> Scope {
    Scope {
        conversation: CONVERSATION.to_owned(),
        prefix: "probe-".to_owned(),
        read_only: false,
    }
}

fn twin(name: &str) -> Arc<Served> {
    let kind = TWINS.iter().find(|kind| kind.name == name).expect("a twin");
    let options = Options {
        conversations: Some(BTreeSet::from([CONVERSATION.to_owned()])),
        ..Options::default()
    };
    Served::new(kind, options).expect("its document")
}

fn session(name: &str, transport: Transport) -> Session {
    let vendor = crate::gateway::vendor(name).expect("a vendor");
    Session::of_vendor(vendor, transport).expect("its document")
}

/// The twin behind a transport that changes its answers.
fn changing(twin: Arc<Served>, change: Change) -> Transport {
    let inner = embedded(twin);
    Transport::new(service_fn(move |request: Request<Bytes>| {
        let inner = inner.clone();
        async move {
            let (mut head, body) = inner.oneshot(request.clone()).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            let mut json = serde_json::from_slice(&body).unwrap_or(Value::Null);
            change(&request, &mut head.status, &mut json);
            let body = match json {
                Value::Null => Bytes::new(),
                json => Bytes::from(json.to_string()),
            };
            let body = Full::new(body).map_err(|never| match never {});
            Ok::<Response<AnswerBody>, TransportError>(Response::from_parts(
                head,
                body.boxed_unsync(),
            ))
        }
    }))
}

async fn report(name: &str, twin: Arc<Served>, change: Option<Change>) -> Report {
    let transport = match change {
        Some(change) => changing(twin, change),
        None => embedded(twin),
    };
    let session = session(name, transport);
    examine(&session, &scope(), "a test".to_owned(), pending())
        .await
        .expect("a report")
}

fn differing(report: &Report) -> Vec<&str> {
    let differs = |result: &&ProbeResult| matches!(result.outcome, Outcome::Differs { .. });
    let names = report.results.iter().filter(differs);
    names.map(|result| result.name.as_str()).collect()
}

#[tokio::test]
async fn every_probe_of_every_twin_is_answered_as_assumed() {
    for vendor in adapters::VENDORS {
        let report = report(vendor.name, twin(vendor.name), None).await;
        assert!(report.is_fine(), "{}", text(&report));
        assert!(report.results.len() > 20, "{}", vendor.name);
        assert_eq!(report.coverage.violations, BTreeSet::new());
    }
}

#[tokio::test]
async fn the_probes_call_every_operation_and_reach_most_keywords() {
    for vendor in adapters::VENDORS {
        let report = report(vendor.name, twin(vendor.name), None).await;
        for (operation, statuses) in &report.coverage.operations {
            assert!(!statuses.is_empty(), "{} {operation}", vendor.name);
        }
        let sum = |of: fn(&coverage::Reached) -> usize| -> usize {
            report.coverage.keywords.values().map(of).sum()
        };
        let (reached, all) = (sum(|one| one.reached), sum(|one| one.of));
        assert!(
            reached * 10 >= all * 6,
            "{}: {reached} of {all}",
            vendor.name
        );
    }
}

#[tokio::test]
async fn nothing_is_left_and_the_conversation_has_what_it_had() {
    for (name, content) in [
        ("attention", value!({"mine": "x", "number": 7})),
        ("awardee", value!([])),
        ("elevenlabs", value!([])),
    ] {
        let twin = twin(name);
        assert!(twin.twin(|twin| twin.set_conversation(CONVERSATION, content.clone())));
        let report = report(name, twin.clone(), None).await;
        assert_eq!(report.left, []);
        let after = twin.twin(|twin| twin.conversation(CONVERSATION));
        assert_eq!(after, Some(content));
        let session = session(name, embedded(twin));
        let call = session.adapter.list();
        let answer = session
            .call(&call)
            .await
            .expect("reachable")
            .expect("a list");
        let mut listed = Vec::new();
        session
            .adapter
            .listed(0, &answer, &mut listed)
            .expect("read");
        assert_eq!(listed, [], "{name}");
    }
}

#[tokio::test]
async fn a_changed_behaviour_fails_the_probe_that_is_about_it_and_says_what_to_do() {
    let cases: [(&str, &str, Change); 4] = [
        ("elevenlabs", "off-at-once", |request, status, _| {
            if request.method() == "DELETE" && request.uri().path().contains("/conversations/") {
                *status = StatusCode::ACCEPTED;
            }
        }),
        ("elevenlabs", "second-delete", |request, status, _| {
            if request.method() == "DELETE" && *status == StatusCode::NOT_FOUND {
                *status = StatusCode::CONFLICT;
            }
        }),
        ("awardee", "taken-name", |_, status, body| {
            if *status == StatusCode::CONFLICT {
                body["error"] = value!("name_taken");
            }
        }),
        (
            "attention",
            "rename-to-a-taken-name",
            |request, status, _| {
                if request.method() == "PATCH" && *status == StatusCode::CONFLICT {
                    *status = StatusCode::INTERNAL_SERVER_ERROR;
                }
            },
        ),
    ];
    for (name, probe, change) in cases {
        let report = report(name, twin(name), Some(change)).await;
        assert!(differing(&report).contains(&probe), "{}", text(&report));
        assert!(!report.is_fine());
        let told = text(&report);
        let after = told.split(&format!("{probe}:")).nth(1).unwrap_or_default();
        let place = after
            .split("change:")
            .nth(1)
            .unwrap_or_default()
            .trim_start();
        assert!(
            place.starts_with("adapters/") || place.starts_with("the sequencer"),
            "{told}"
        );
        assert!(junit(&[report]).contains("<failure message="));
    }
}

#[tokio::test]
async fn without_leave_to_write_nothing_is_written() {
    for vendor in adapters::VENDORS {
        let twin = twin(vendor.name);
        let session = session(vendor.name, embedded(twin.clone()));
        let scope = Scope {
            read_only: true,
            ..scope()
        };
        let report = examine(&session, &scope, String::new(), pending()).await;
        let report = report.expect("a report");
        assert!(report.is_fine(), "{}", text(&report));
        let held = report.count(|outcome| *outcome == Outcome::Holds);
        assert!(held >= 3, "{}", vendor.name);
        assert!(twin.calls().iter().all(|call| call.method == "GET"));
    }
}

#[tokio::test]
async fn a_stop_takes_the_scratch_tags_away_too() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let twin = twin("elevenlabs");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stop = Arc::new(Mutex::new(Some(stop)));
    let inner = embedded(twin.clone());
    let transport = Transport::new(service_fn(move |request: Request<Bytes>| {
        if CALLS.fetch_add(1, Ordering::Relaxed) == 12
            && let Some(stop) = stop.lock().expect("the lock").take()
        {
            let _ = stop.send(());
        }
        let inner = inner.clone();
        async move {
            // The twin never lets anybody else run.
            tokio::task::yield_now().await;
            inner.oneshot(request).await
        }
    }));
    let session = session("elevenlabs", transport);
    let stop = async {
        let _ = stopped.await;
    };
    let report = examine(&session, &scope(), String::new(), stop).await;
    let report = report.expect("a report");
    assert!(report.stopped && !report.is_fine());
    assert!(report.results.len() < 20);
    assert_eq!(report.left, []);
    let made = twin
        .calls()
        .iter()
        .filter(|call| call.method == "POST")
        .count();
    assert!(made > 0, "something was written before");
    assert_eq!(
        twin.twin(|twin| twin.conversation(CONVERSATION)),
        Some(value!([]))
    );
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_is_told_apart() {
    let gone = Transport::new(service_fn(|_| async {
        Err::<Response<AnswerBody>, _>(TransportError::NotSent("refused".to_owned()))
    }));
    let session = session("awardee", gone);
    let report = examine(&session, &scope(), String::new(), pending()).await;
    assert!(matches!(report, Err(ContractError::Unreachable(_))));
}
