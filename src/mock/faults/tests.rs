use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use serde_json::json;
use tokio::time::{Duration, advance};

use super::{super::testing, *};
use crate::mock::{Lost, Options, Served, exchange};

const PUT: &str = "/v1/conversations/8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e/tags";

fn served(plan: &Value) -> Arc<Served> {
    let tags = vec![json!({"name": "vip", "id": testing::ID})];
    let served = testing::served(
        "awardee",
        Options {
            tags,
            ..Options::default()
        },
    );
    served.add_faults(plan).unwrap();
    served
}

fn replace() -> Request<Bytes> {
    Request::put(PUT)
        .header("authorization", "Bearer k")
        .body(Bytes::from(format!(r#"{{"tag_ids":["{}"]}}"#, testing::ID)))
        .unwrap()
}

fn content(served: &Served) -> Option<Value> {
    served.twin(|twin| twin.conversation(testing::ID))
}

/// Which of so many calls each of these rules strikes, by the class.
fn struck(plan: &Value, calls: usize) -> Vec<Option<&'static str>> {
    let served = served(plan);
    (0..calls)
        .map(|_| served.receive(replace(), 0).fault)
        .map(|fault| fault.map(|fault| fault.class.name()))
        .collect()
}

#[test]
fn rules_count_the_calls_they_are_about_and_the_first_that_strikes_decides() {
    let plan = json!({"faults": [
        {"class": "500", "operation": "replace_conversation_tags", "nth": [2, 4]},
        {"class": "502", "operation": "writes", "nth": 4},
        {"class": "503", "operation": "writes", "times": 2},
        {"class": "504", "operation": "reads"},
    ]});
    assert_eq!(
        struck(&plan, 6),
        [
            Some("503"),
            Some("500"),
            Some("503"),
            Some("500"),
            None,
            None
        ]
    );
}

#[test]
fn a_probability_is_drawn_from_the_seed() {
    let plan = |seed: u64| {
        json!({"seed": seed, "faults": [
            {"class": "500", "probability": 0.2},
            {"class": "502", "probability": 0.2},
        ]})
    };
    let drawn = struck(&plan(7), 2_000);
    assert_eq!(drawn, struck(&plan(7), 2_000));
    assert_ne!(drawn, struck(&plan(8), 2_000));
    let count = |class| drawn.iter().filter(|one| **one == class).count();
    // 400 and 320 are to be expected; five standard deviations are about 90.
    assert!((310..490).contains(&count(Some("500"))));
    assert!((230..410).contains(&count(Some("502"))));
}

#[test]
fn a_short_form_is_the_rule_that_it_stands_for() {
    for (text, rule) in [
        ("any:500", json!({"operation": "any", "class": "500"})),
        (
            "put_tags:late-apply=2000@0.2",
            json!({"operation": "put_tags", "class": "late-apply", "late_ms": 2000, "probability": 0.2}),
        ),
        (
            "PUT /a/{b}:rate-limited-date=90#3*2",
            json!({"operation": "PUT /a/{b}", "class": "rate-limited-date", "retry_after_ms": 90, "nth": 3, "times": 2}),
        ),
        (
            "writes:503+applied",
            json!({"operation": "writes", "class": "503", "effect": "applied"}),
        ),
    ] {
        assert_eq!(short_form(text), Ok(rule), "{text}");
    }
    for (text, why) in [
        ("500", "write OPERATION:CLASS"),
        ("any:501", "did you mean"),
        ("any:nonsense", "there are latency, late-apply"),
        ("any:500=1", "takes no number"),
        ("any:latency=x", "no whole number"),
        ("any:500@x", "no probability"),
        ("any:500#1#2", "stands twice"),
    ] {
        let told = short_form(text).unwrap_err();
        assert!(told.contains(why), "{text}: {told}");
    }
}

#[test]
fn what_cannot_be_true_together_is_refused() {
    let served = served(&json!({"faults": []}));
    for (rule, pointer) in [
        (
            json!({"class": "html", "effect": "none"}),
            "/faults/0/effect",
        ),
        (json!({"class": "401"}), "/faults/0/class"),
        (
            json!({"class": "unauthorized", "effect": "applied"}),
            "/faults/0/effect",
        ),
        (json!({"class": "500", "nth": 0}), "/faults/0/nth"),
        (json!({"class": "500", "times": 0}), "/faults/0/times"),
        (
            json!({"class": "500", "late_ms": 3_600_001}),
            "/faults/0/late_ms",
        ),
        (
            json!({"class": "500", "operation": 7}),
            "/faults/0/operation",
        ),
        (
            json!({"class": "500", "operations": "any"}),
            "/faults/0/operations",
        ),
        (json!({}), "/faults/0"),
        (json!("500"), "/faults/0"),
    ] {
        let faults = served.add_faults(&json!({ "faults": [rule] })).unwrap_err();
        assert_eq!(faults[0].pointer, pointer, "{rule} {faults:?}");
    }
    let many = vec![json!({"class": "500"}); 1_001];
    assert_eq!(
        served.add_faults(&json!({ "faults": many })).unwrap_err()[0].pointer,
        "/faults"
    );
    assert!(served.add_faults(&json!([])).is_err());
    assert!(served.receive(replace(), 0).fault.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_comes_at_its_time_and_not_before() {
    let served = served(&json!({"faults": [{"class": "late-apply", "late_ms": 2000}]}));
    let lost = exchange(&served, replace()).await.err();
    assert_eq!(lost, Some(Lost::Broken));
    let told = || serde_json::to_value(served.calls()).unwrap()[0]["fault"].clone();
    for (wait, landed) in [(0, false), (1_999, false), (2, true)] {
        advance(Duration::from_millis(wait)).await;
        tokio::task::yield_now().await;
        assert_eq!(content(&served).is_some(), landed);
        assert_eq!(told()["landed"], landed);
    }
    assert_eq!(content(&served), Some(json!([testing::ID])));
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_does_not_reach_the_state_after_a_reset() {
    let served = served(&json!({"faults": [{"class": "late-apply"}]}));
    let _ = exchange(&served, replace()).await;
    served.reset();
    advance(Duration::from_secs(5)).await;
    tokio::task::yield_now().await;
    assert_eq!(content(&served), None);
}

#[test]
fn the_effect_of_every_class_is_what_the_plan_says() {
    for class in Class::all() {
        for effect in class.effects() {
            let rule = json!({"class": class.name(), "effect": effect.name()});
            let served = served(&json!({ "faults": [rule] }));
            let received = served.receive(replace(), 0);
            let fault = received.fault.unwrap();
            assert_eq!((fault.class, fault.effect), (class, *effect));
            let applied = *effect == Effect::Applied;
            assert_eq!(content(&served).is_some(), applied, "{class} {effect:?}");
            assert_eq!(received.late.is_some(), *effect == Effect::Late, "{class}");
            if let Some(late) = received.late {
                late.land_now(0);
                assert_eq!(content(&served), Some(json!([testing::ID])), "{class}");
            }
            // A success is never told of a call that did nothing, nor a certain refusal of one that did.
            let told = received.answer.map(|answer| answer.status().as_u16());
            match effect {
                Effect::Applied => assert!(!matches!(told, Some(401 | 429)), "{class}"),
                _ => assert!(told.is_none_or(|status| status >= 300), "{class}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_class_has_its_nearest_effect_where_there_is_no_wire() {
    use http_body_util::{BodyExt, Limited};
    for class in Class::all() {
        let rule = json!({"class": class.name(), "hold_ms": 500});
        let served = served(&json!({ "faults": [rule] }));
        let seen = match exchange(&served, replace()).await {
            Err(lost) => lost.to_string(),
            Ok(answer) => {
                let status = answer.status().as_u16();
                match Limited::new(answer.into_body(), 1 << 20).collect().await {
                    Ok(body) => format!("{status} with {} bytes", body.to_bytes().len()),
                    Err(error) => format!("{status}, then {error}"),
                }
            }
        };
        let expected = match class {
            Class::Refuse | Class::TlsFailure => "the twin takes no connection",
            Class::LateApply
            | Class::Blackhole
            | Class::ResetBeforeHeaders
            | Class::ResetInHeaders
            | Class::HalfClose
            | Class::EndlessHeaders
            | Class::ContinueStorm => "the twin broke the connection",
            Class::ResetAfterHeaders | Class::ResetInBody | Class::WrongLength => {
                "200, then the twin broke the connection"
            }
            Class::EndlessBody => "200, then length limit exceeded",
            Class::NoContentWithBody => "204 with 0 bytes",
            Class::Redirect => "307 with 0 bytes",
            Class::Html => "200 with 83 bytes",
            Class::InvalidUtf8 => "200 with 14 bytes",
            Class::GzipBomb => "200 with 634",
            Class::Latency | Class::Slicer | Class::Trickle => "200 with 201 bytes",
            Class::Unauthorized => "401 with",
            Class::RateLimited
            | Class::RateLimitedSeconds
            | Class::RateLimitedDate
            | Class::RateLimitedMs => "429 with",
            Class::RequestTimeout => "408 with",
            Class::InternalError => "500 with",
            Class::BadGateway => "502 with",
            Class::Unavailable => "503 with",
            Class::GatewayTimeout => "504 with",
        };
        assert!(seen.starts_with(expected), "{class}: {seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_gone_comes_back_after_its_time() {
    let plan = json!({"faults": [{"class": "refuse", "times": 1, "hold_ms": 300}]});
    let served = served(&plan);
    assert_eq!(
        exchange(&served, replace()).await.err(),
        Some(Lost::NotSent)
    );
    assert_eq!(
        exchange(&served, replace()).await.err(),
        Some(Lost::NotSent)
    );
    advance(Duration::from_millis(301)).await;
    assert!(exchange(&served, replace()).await.is_ok());
    assert_eq!(served.calls().len(), 2, "nobody was let in between");
}
