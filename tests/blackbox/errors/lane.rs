//! What comes up when a change is looked at in its turn, and what keeps it from getting one.

use super::{cases, told};
use crate::support::{
    Fault, Faulty, Gateway, OnSocket, VENDORS, Wire, conversation, labels, open, route, soon,
    tags_of, texts,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::atomic::Ordering};
use tagway::{error::Code, mock::Options};

/// A gateway on a twin with these options.
async fn with(vendor: &str, options: Options) -> (Gateway, OnSocket) {
    let twin = OnSocket::new(vendor, options).await;
    let gateway = open("", &route(vendor, &twin.address.to_string(), "")).await;
    (gateway, twin)
}

fn catalogue(vendor: &str) -> Options {
    let bare = ["billing", "vip", "refund"];
    Options {
        tags: labels(vendor, &bare, &[("deal_stage", &["won", "lost"])]),
        ..Options::default()
    }
}

fn target(vendor: &str) -> String {
    tags_of(vendor, &conversation(1))
}

/// A vendor on which the write that a test is about never gets an answer.
async fn hanging() -> Faulty {
    let hang = |seen: &crate::support::Seen| (seen.method == "PUT").then_some(Fault::Silence);
    Faulty::new("awardee", catalogue("awardee"), hang).await
}

cases! {
    a_conversation_that_the_vendor_does_not_know_is_not_found => ConversationNotFound {
        let mut last = None;
        for vendor in VENDORS {
            let known = BTreeSet::from([conversation(7)]);
            let (gateway, twin) = with(vendor, Options { conversations: Some(known), ..catalogue(vendor) }).await;
            let target = target(vendor);
            let asks = [
                gateway.ask("GET", &target),
                gateway.ask("PUT", &target).json(&json!({"tags": ["vip"]})),
                gateway.ask("PATCH", &target).json(&json!({"add": ["vip"]})),
                gateway.ask("PATCH", &target).json(&json!({"remove": ["vip"]})),
                gateway.ask("PUT", &format!("{target}/vip")),
                gateway.ask("DELETE", &format!("{target}/vip")),
                gateway.ask("DELETE", &target),
                gateway.ask("DELETE", &target).header("if-match", "*"),
                gateway.ask("DELETE", &format!("{target}?dry_run=true")),
            ];
            for (number, ask) in asks.into_iter().enumerate() {
                let answer = ask.send().await;
                let problem = told(&answer, Code::ConversationNotFound);
                assert_eq!(problem["vendor"]["status"], 404, "{vendor} {number}");
                if number > 0 {
                    assert_eq!(problem["outcome"], "not applied", "{vendor} {number}");
                }
                last = Some(answer);
            }
            assert!(twin.calls().iter().all(|call| call.status < 300 || call.status == 404), "{vendor}");
        }
        last.unwrap()
    }

    two_tags_of_one_text_cannot_be_told_apart => AmbiguousTag {
        let tags = vec![json!("vip"), json!("VIP "), json!("billing")];
        let (gateway, twin) = with("elevenlabs", Options { tags, ..Options::default() }).await;
        let target = target("elevenlabs");
        let answer = gateway.send("PATCH", &target, &json!({"add": ["billing", "Vip"]})).await;
        let problem = told(&answer, Code::AmbiguousTag);
        assert_eq!(problem["errors"][0]["pointer"], "/add/1");
        let candidates = problem["candidates"].as_array().unwrap();
        assert_eq!(candidates.len(), 2);
        assert!(twin.calls().iter().all(|call| call.method == "GET"));
        // One that is carried is the one that is meant, and a remove takes all of them.
        let id = candidates[0]["id"].as_str().unwrap();
        gateway.ask("PUT", &format!("{target}/id:{id}")).send().await.is(200);
        let again = gateway.ask("PUT", &format!("{target}/vip")).send().await.is(200);
        assert_eq!(again.json()["added"], json!([]));
        let gone = gateway.ask("DELETE", &format!("{target}/vip")).send().await.is(200);
        assert_eq!(gone.json()["assumed"], true);
        assert_eq!(texts(&gone.json()["removed"]).len(), 2);
        answer
    }

    a_name_that_holds_no_tag_is_not_overwritten => ForeignValue {
        let (gateway, twin) = with("attention", catalogue("attention")).await;
        let content = r#"{"vip":{"since":2020}}"#;
        assert!(twin.twin(|twin| twin.set_content(&conversation(1), content)));
        let target = target("attention");
        for ask in [
            gateway.ask("PATCH", &target).json(&json!({"add": ["vip"]})),
            gateway.ask("PUT", &target).json(&json!({"tags": ["vip"]})),
        ] {
            let problem = told(&ask.send().await, Code::ForeignValue);
            assert_eq!(problem["outcome"], "not applied");
        }
        let answer = gateway.ask("PUT", &format!("{target}/vip")).send().await;
        assert_eq!(answer.json()["errors"][0]["pointer"], "tag");
        assert_eq!(twin.twin(|twin| twin.content(&conversation(1))).as_deref(), Some(content));
        answer
    }

    a_set_that_changed_is_told_with_what_it_is_now => PreconditionFailed {
        let (gateway, _twin) = with("awardee", catalogue("awardee")).await;
        gateway.ask("DELETE", &target("awardee")).header("if-match", "\"old\"").send().await
    }

    a_tag_that_nobody_made_is_told_with_its_nearest_names => UnknownTag {
        let mut last = None;
        for vendor in VENDORS {
            let (gateway, twin) = with(vendor, catalogue(vendor)).await;
            let body = json!({"add": ["vip", "biling", "deal_stage=open"], "remove": ["zzz"]});
            let answer = gateway.send("PATCH", &target(vendor), &body).await;
            let problem = told(&answer, Code::UnknownTag);
            let places: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|flaw| &flaw["pointer"]).collect();
            assert_eq!(places, ["/add/1", "/add/2"], "{vendor}");
            assert_eq!(problem["nearest"]["biling"], json!(["billing"]), "{vendor}");
            assert_eq!(problem["nearest"]["deal_stage=open"], json!(["deal_stage=lost", "deal_stage=won"]), "{vendor}");
            assert!(twin.calls().iter().all(|call| call.method == "GET"), "{vendor}");
            let answer = gateway.ask("PUT", &format!("{}/biling", target(vendor))).send().await;
            assert_eq!(answer.json()["errors"][0]["pointer"], "tag", "{vendor}");
            last = Some(answer);
        }
        last.unwrap()
    }

    a_value_that_stands_for_no_value_cannot_be_asked_for => UnsupportedByVendor {
        let (gateway, twin) = with("attention", catalogue("attention")).await;
        let target = format!("{}?create_missing=true", target("attention"));
        let answer = gateway.send("PATCH", &target, &json!({"add": [{"name": "vip", "value": "true"}]})).await;
        assert!(twin.calls().iter().all(|call| call.method == "GET"));
        answer
    }

    a_change_whose_turn_does_not_come_in_time_is_not_made => Deadline {
        let vendor = hanging().await;
        let gateway = open("", &route("awardee", &vendor.address.to_string(), "")).await;
        let first = gateway.ask("PUT", &format!("{}/vip", target("awardee")));
        let first = tokio::spawn(first.send());
        vendor.arrived("PUT", 1).await;
        let second = gateway.ask("PUT", &format!("{}/billing", target("awardee")));
        let answer = second.header("tagway-deadline-ms", "50").send().await;
        assert_eq!(answer.json()["outcome"], "not applied");
        first.abort();
        assert_eq!(vendor.count("PUT"), 1);
        answer
    }

    more_at_once_than_the_operator_allows_is_refused_at_once => Overloaded {
        let vendor = Faulty::always("elevenlabs", Fault::Silence).await;
        let gateway = open("max_in_flight = 1", &route("elevenlabs", &vendor.address.to_string(), "")).await;
        let first = tokio::spawn(gateway.ask("GET", &target("elevenlabs")).send());
        vendor.arrived("GET", 1).await;
        let answer = gateway.get(&target("elevenlabs")).await;
        first.abort();
        answer
    }

    a_request_that_arrives_during_the_stop_is_refused => ShuttingDown {
        let gateway = open("", &route("elevenlabs", "mock", "")).await;
        let (at, status) = (gateway.at(), gateway.running.status.clone());
        let request = gateway.ask("GET", &target("elevenlabs")).bytes();
        let (begun, rest) = request.split_at(20);
        let mut wire = Wire::open(at).await;
        wire.send(begun).await;
        // Once a later request is answered, the beginning of the earlier one has been read.
        let mut idle = Wire::open(at).await;
        idle.send(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        idle.answer_to("GET").await.is(200);
        let stopping = tokio::spawn(gateway.running.stop());
        // A connection without a request is closed when the stop begins.
        assert!(idle.ends().await);
        assert!(!status.ready.load(Ordering::Acquire));
        wire.send(rest).await;
        let answer = wire.answer_to("GET").await;
        assert!(wire.ends().await);
        assert_eq!(soon("the stop", stopping).await.unwrap(), 0);
        answer
    }
}

#[tokio::test]
async fn a_remove_of_what_nobody_knows_is_true_already() {
    for vendor in VENDORS {
        let (gateway, twin) = with(vendor, catalogue(vendor)).await;
        let body = json!({"remove": ["zzz", {"name": "yyy", "any_value": true}]});
        let answer = gateway.send("PATCH", &target(vendor), &body).await.is(200);
        assert_eq!(answer.json()["removed"], json!([]), "{vendor}");
        assert!(
            twin.calls().iter().all(|call| call.method == "GET"),
            "{vendor}"
        );
    }
}

#[tokio::test]
async fn other_conversations_do_not_wait_for_one_that_hangs() {
    let vendor = Faulty::new("awardee", catalogue("awardee"), |seen| {
        let first = seen.path.contains(&conversation(1));
        (seen.method == "PUT" && first).then_some(Fault::Silence)
    })
    .await;
    let gateway = open("", &route("awardee", &vendor.address.to_string(), "")).await;
    let first = tokio::spawn(
        gateway
            .ask("PUT", &format!("{}/vip", target("awardee")))
            .send(),
    );
    vendor.arrived("PUT", 1).await;
    for number in 2..5 {
        let other = format!("{}/vip", tags_of("awardee", &conversation(number)));
        gateway.ask("PUT", &other).send().await.is(200);
    }
    first.abort();
}
