//! `Idempotency-Key`: what is repeated under a key is carried out once.

mod restart;
mod writers;

use crate::support::{
    Answer, Ask, Fault, Faulty, Gateway, VENDORS, conversation, labels, load, open, route, soon,
    tags_of, texts,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tagway::mock::Options;
use tokio::sync::Semaphore;

fn options(vendor: &str) -> Options {
    Options {
        tags: labels(vendor, &["billing", "refund", "vip"], &[]),
        ..Options::default()
    }
}

fn target(vendor: &str) -> String {
    tags_of(vendor, &conversation(1))
}

async fn on(vendor: &str, faulty: &Faulty) -> Gateway {
    open("", &route(vendor, &faulty.address.to_string(), "")).await
}

fn patch(gateway: &Gateway, vendor: &str, key: &str, body: &Value) -> Ask {
    let ask = gateway.ask("PATCH", &target(vendor));
    ask.header("idempotency-key", key).json(body)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_the_vendor_hears_nothing_of_it() {
    for vendor in VENDORS {
        let faulty = Faulty::new(vendor, options(vendor), |_| None).await;
        let gateway = on(vendor, &faulty).await;
        let ask = |key: &str| {
            let body = json!({"add": ["vip", "billing"]});
            patch(&gateway, vendor, key, &body).header("prefer", "return=representation")
        };
        let first = ask("order-7").send().await.is(200);
        assert!(!is_replayed(&first), "{vendor}");
        let calls = faulty.seen().len();
        // Both spellings of a key are one.
        for spelling in ["order-7", "\"order-7\""] {
            let again = ask(spelling).send().await.is(200);
            assert!(is_replayed(&again), "{vendor}");
            assert_eq!(again.json(), first.json(), "{vendor}");
            for header in ["etag", "preference-applied"] {
                assert_eq!(again.header(header), first.header(header), "{vendor}");
            }
            assert_eq!(again.header("tagway-vendor-calls"), Some("0"), "{vendor}");
        }
        assert_eq!(faulty.seen().len(), calls, "{vendor}");
        assert!(!is_replayed(&ask("order-8").send().await.is(200)));
    }
}

#[tokio::test]
async fn a_repeated_replace_does_not_undo_what_came_after_it() {
    for vendor in VENDORS {
        let faulty = Faulty::new(vendor, options(vendor), |_| None).await;
        let gateway = on(vendor, &faulty).await;
        let replace = || {
            let ask = gateway.ask("PUT", &target(vendor));
            ask.header("idempotency-key", "k")
                .json(&json!({"tags": ["vip"]}))
        };
        replace().send().await.is(200);
        let path = format!("{}/billing", target(vendor));
        gateway.ask("PUT", &path).send().await.is(200);
        assert!(is_replayed(&replace().send().await.is(200)));
        let carried = gateway.get(&target(vendor)).await.json();
        assert_eq!(texts(&carried["tags"]), ["billing", "vip"], "{vendor}");
    }
}

#[tokio::test]
async fn what_was_not_applied_releases_the_key_and_how_things_stood_is_kept() {
    for vendor in VENDORS {
        let faulty = Faulty::new(vendor, options(vendor), |_| None).await;
        let gateway = on(vendor, &faulty).await;
        let unknown = json!({"add": ["later"]});
        patch(&gateway, vendor, "k1", &unknown).send().await.is(422);
        let tags = format!("/v1/{vendor}/tags");
        gateway
            .send("POST", &tags, &json!({"name": "later"}))
            .await
            .is(201);
        let done = patch(&gateway, vendor, "k1", &unknown).send().await.is(200);
        assert!(!is_replayed(&done), "{vendor}");

        let stale = || {
            let body = json!({"add": ["vip"]});
            patch(&gateway, vendor, "k2", &body).header("if-match", "\"stale\"")
        };
        let first = stale().send().await.is(412);
        gateway.ask("DELETE", &target(vendor)).send().await.is(200);
        let again = stale().send().await.is(412);
        assert!(is_replayed(&again), "{vendor}");
        assert_eq!(again.json()["tags"], first.json()["tags"], "{vendor}");
        let id = again.header("x-request-id").unwrap().to_owned();
        assert_eq!(again.json()["request_id"], id, "each answer has its own");

        let create = || {
            let ask = gateway.ask("POST", &tags).header("idempotency-key", "k3");
            ask.json(&json!({"name": "vip"}))
        };
        create().send().await.is(409);
        let again = create().send().await.is(409);
        assert!(is_replayed(&again), "{vendor}");
        assert_eq!(again.json()["code"], "tag-exists", "{vendor}");
    }
}

#[tokio::test]
async fn a_keyed_create_makes_one_tag_and_says_so_again() {
    for vendor in VENDORS {
        let faulty = Faulty::new(vendor, options(vendor), |_| None).await;
        let gateway = on(vendor, &faulty).await;
        let tags = format!("/v1/{vendor}/tags");
        let ask = || {
            let ask = gateway.ask("POST", &tags).header("idempotency-key", "k");
            ask.json(&json!({"name": "fresh"}))
        };
        let first = ask().send().await.is(201);
        let again = ask().send().await.is(201);
        assert!(is_replayed(&again), "{vendor}");
        assert_eq!(again.json(), first.json(), "{vendor}");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(faulty.count("POST"), 1, "{vendor}");
        let delete = || {
            let path = format!("{tags}/fresh");
            gateway.ask("DELETE", &path).header("idempotency-key", "d")
        };
        delete().send().await.is(204);
        assert!(is_replayed(&delete().send().await.is(204)), "{vendor}");
    }
}

#[tokio::test]
async fn a_dry_run_is_not_remembered_and_the_keys_of_two_clients_never_meet() {
    let hash = |key: &str| -> String {
        let digest = Sha256::digest(key.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let mut text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n".to_owned();
    for name in ["one", "other"] {
        let hash = hash(name);
        text.push_str(&format!(
            "[[clients]]\nname = \"{name}\"\nkey_sha256 = [\"{hash}\"]\nroutes = [\"awardee\"]\nscopes = [\"read\", \"tag\"]\n"
        ));
    }
    let faulty = Faulty::new("awardee", options("awardee"), |_| None).await;
    text.push_str(&route("awardee", &faulty.address.to_string(), ""));
    let gateway = Gateway::start(load(&text, &[])).await;
    let ask = |client: &str, query: &str, body: Value| {
        let ask = gateway.ask("PATCH", &format!("{}{query}", target("awardee")));
        let ask = ask.header("authorization", &format!("Bearer {client}"));
        ask.header("idempotency-key", "same").json(&body)
    };
    let vip = || json!({"add": ["vip"]});
    ask("one", "?dry_run=true", json!({"add": ["refund"]}))
        .send()
        .await
        .is(200);
    let first = ask("one", "", vip()).send().await.is(200);
    assert!(!is_replayed(&first));
    // Neither a mismatch nor a replay: what the other client did under its key is nobody else's.
    let other = ask("other", "", json!({"add": ["billing"]}))
        .send()
        .await
        .is(200);
    assert!(!is_replayed(&other));
    assert!(is_replayed(&ask("one", "", vip()).send().await.is(200)));
}

#[tokio::test]
async fn a_repeat_waits_for_a_write_whose_caller_left() {
    for vendor in VENDORS {
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        let method = if vendor == "elevenlabs" {
            "POST"
        } else {
            "PUT"
        };
        let faulty = Faulty::new(vendor, options(vendor), move |seen| {
            (seen.method == method).then(|| Fault::Hold(held.clone()))
        })
        .await;
        let gateway = on(vendor, &faulty).await;
        let body = json!({"add": ["vip"]});
        let first = tokio::spawn(patch(&gateway, vendor, "k", &body).send());
        faulty.arrived(method, 1).await;
        first.abort();
        assert!(first.await.is_err_and(|error| error.is_cancelled()));
        let wait = async {
            // The gateway hears of the caller's end when it does; until then the key is in use.
            loop {
                let ask = patch(&gateway, vendor, "k", &body);
                let answer = ask.header("tagway-deadline-ms", "200").send().await;
                if answer.status != 409 {
                    return answer;
                }
            }
        };
        let early = soon("the caller's end", wait).await;
        assert_eq!(early.is(504).json()["outcome"], "unknown", "{vendor}");
        let second = tokio::spawn(patch(&gateway, vendor, "k", &body).send());
        gate.add_permits(1);
        let answer = soon("the answer", second).await.unwrap().is(200);
        assert_eq!(texts(&answer.json()["added"]), ["vip"], "{vendor}");
        assert!(is_replayed(&answer), "{vendor}");
        assert_eq!(faulty.count(method), 1, "{vendor}");
    }
}

#[tokio::test]
async fn a_repeat_completes_what_was_done_in_part() {
    let refusals = Arc::new(AtomicUsize::new(2));
    let left = refusals.clone();
    let faulty = Faulty::new("elevenlabs", options("elevenlabs"), move |seen| {
        let refuse = seen.method == "DELETE"
            && left
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                    left.checked_sub(1)
                })
                .is_ok();
        refuse.then(|| Fault::Answer(422, &[], r#"{"detail":"no"}"#.to_owned()))
    })
    .await;
    let gateway = on("elevenlabs", &faulty).await;
    let before = json!({"tags": ["billing", "refund"]});
    gateway
        .send("PUT", &target("elevenlabs"), &before)
        .await
        .is(200);
    let ask = || {
        let ask = gateway.ask("PUT", &target("elevenlabs"));
        ask.header("idempotency-key", "k")
            .json(&json!({"tags": ["vip"]}))
    };
    let first = ask().send().await.is(502).json();
    assert_eq!(first["code"], "partially-applied", "{first}");
    let second = ask().send().await.is(200);
    assert!(!is_replayed(&second));
    let done = second.json();
    assert_eq!(
        texts(&done["added"]),
        ["vip"],
        "the effect of both together"
    );
    assert_eq!(texts(&done["removed"]), ["billing", "refund"]);
    let third = ask().send().await.is(200);
    assert!(is_replayed(&third));
    assert_eq!(third.json(), done);
    let carried = gateway.get(&target("elevenlabs")).await.json();
    assert_eq!(texts(&carried["tags"]), ["vip"]);
}
