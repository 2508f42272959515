//! Writes that fail on their way: what became of them is told truly.

use super::{cases, told};
use crate::support::{
    Fault, Faulty, Gateway, Seen, VENDORS, conversation, labels, open, route, tags_of, texts,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tagway::{error::Code, mock::Options};

/// A vendor with a catalogue.
async fn vendor(
    name: &str,
    judge: impl Fn(&Seen) -> Option<Fault> + Send + Sync + 'static,
) -> Faulty {
    let tags = labels(name, &["billing", "refund", "vip"], &[]);
    Faulty::new(
        name,
        Options {
            tags,
            ..Options::default()
        },
        judge,
    )
    .await
}

async fn on(name: &str, faulty: &Faulty) -> Gateway {
    open("", &route(name, &faulty.address.to_string(), "")).await
}

fn target(name: &str) -> String {
    tags_of(name, &conversation(1))
}

fn is_write(seen: &Seen) -> bool {
    seen.method != "GET"
}

/// What the vendor holds, as its API shows it.
async fn carried(gateway: &Gateway, name: &str) -> Vec<String> {
    let read = gateway.get(&target(name)).await.is(200);
    texts(&read.json()["tags"])
}

fn actions(parts: &Value) -> Vec<String> {
    let parts = parts.as_array().unwrap().iter();
    let text = |part: &Value| {
        let word = |member: &str| part[member].as_str().unwrap().to_owned();
        format!("{} {}", word("action"), word("tag"))
    };
    parts.map(text).collect()
}

cases! {
    a_write_that_is_not_answered_in_time_has_an_unknown_outcome => VendorTimeout {
        let mut last = None;
        for name in VENDORS {
            let faulty = vendor(name, |seen| is_write(seen).then_some(Fault::Silence)).await;
            let gateway = on(name, &faulty).await;
            gateway.get(&target(name)).await.is(200);
            let ask = gateway.ask("PUT", &format!("{}/vip", target(name)));
            let answer = ask.header("tagway-deadline-ms", "1000").send().await;
            let problem = answer.json();
            assert_eq!(problem["outcome"], "unknown", "{name}");
            assert!(problem["settles_at"].as_str().unwrap().ends_with('Z'), "{name}");
            let writes = faulty.seen().iter().filter(|seen| is_write(seen)).count();
            assert_eq!(writes, 1, "{name}");
            last = Some(answer);
        }
        last.unwrap()
    }

    a_change_after_a_write_of_unknown_outcome_waits_until_that_has_settled => ConversationSettling {
        let mut last = None;
        for name in ["awardee", "attention"] {
            let faulty = vendor(name, |seen| is_write(seen).then_some(Fault::Close)).await;
            let gateway = on(name, &faulty).await;
            let first = gateway.ask("PUT", &format!("{}/vip", target(name))).send().await;
            let problem = told(&first, Code::VendorUnavailable);
            assert_eq!(problem["outcome"], "unknown", "{name}");
            assert!(problem["settles_at"].is_string(), "{name}");
            let ask = gateway.ask("PUT", &format!("{}/billing", target(name)));
            let answer = ask.header("tagway-deadline-ms", "50").send().await;
            assert_eq!(answer.json()["outcome"], "not applied", "{name}");
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=30).contains(&wait), "{name}: {wait}");
            assert_eq!(faulty.count("PUT"), 1, "{name}");
            // A read is always possible.
            assert_eq!(carried(&gateway, name).await, Vec::<String>::new(), "{name}");
            last = Some(answer);
        }
        last.unwrap()
    }

    a_replace_of_which_one_remove_fails_is_told_part_by_part => PartiallyApplied {
        let (faulty, gateway) = locked(Fault::Answer(422, &[], json!({"detail": "this one stays"}).to_string())).await;
        let answer = gateway.send("PUT", &target("elevenlabs"), &json!({"tags": ["vip"]})).await;
        let problem = answer.json();
        assert_eq!(actions(&problem["applied"]), ["add vip", "remove refund"]);
        assert_eq!(actions(&problem["not_applied"]), ["remove billing"]);
        assert_eq!(problem["unknown"], json!([]));
        assert_eq!(texts(&problem["tags"]), ["billing", "vip"]);
        let held = faulty.served.twin(|twin| twin.conversation(&conversation(1)));
        assert_eq!(held, Some(json!(["tag_locked", "tag_vip"])));
        let read = gateway.get(&target("elevenlabs")).await.is(200);
        assert_eq!(texts(&read.json()["tags"]), ["billing", "vip"]);
        assert_eq!(read.header("etag"), problem["etag"].as_str());
        answer
    }

    a_replace_of_which_one_remove_is_not_answered_is_told_part_by_part => PartiallyApplied {
        let (_faulty, gateway) = locked(Fault::Close).await;
        let answer = gateway.send("PUT", &target("elevenlabs"), &json!({"tags": ["vip"]})).await;
        let problem = answer.json();
        assert_eq!(actions(&problem["applied"]), ["add vip", "remove refund"]);
        assert_eq!(problem["not_applied"], json!([]));
        assert_eq!(actions(&problem["unknown"]), ["remove billing"]);
        assert_eq!(problem["outcome"], "unknown");
        assert!(problem["settles_at"].is_string());
        answer
    }
}

/// A conversation on ElevenLabs with `billing` and `refund`, of which the first cannot be taken off.
async fn locked(fault: Fault) -> (Faulty, Gateway) {
    let tag = |title: &str, id: &str| json!({"title": title, "tag_id": id});
    let tags = vec![
        tag("billing", "tag_locked"),
        tag("refund", "tag_refund"),
        tag("vip", "tag_vip"),
    ];
    let faulty = Faulty::new(
        "elevenlabs",
        Options {
            tags,
            ..Options::default()
        },
        move |seen| {
            let hit = seen.method == "DELETE" && seen.path.ends_with("/tag_locked");
            hit.then(|| fault.clone())
        },
    )
    .await;
    let held = json!(["tag_locked", "tag_refund"]).to_string();
    assert!(
        faulty
            .served
            .twin(|twin| twin.set_content(&conversation(1), &held))
    );
    let gateway = on("elevenlabs", &faulty).await;
    (faulty, gateway)
}

#[tokio::test]
async fn a_write_that_took_effect_while_its_answer_was_lost_is_found_by_reading() {
    for name in VENDORS {
        let faulty = vendor(name, |seen| is_write(seen).then_some(Fault::LostAnswer)).await;
        let gateway = on(name, &faulty).await;
        let answer = gateway
            .ask("PUT", &format!("{}/vip", target(name)))
            .send()
            .await
            .is(200);
        assert_eq!(texts(&answer.json()["added"]), ["vip"], "{name}");
        assert_eq!(carried(&gateway, name).await, ["vip"], "{name}");
        let ask = gateway.ask("DELETE", &format!("{}/vip", target(name)));
        let next = ask.header("tagway-deadline-ms", "1000").send().await;
        if name == "elevenlabs" {
            // Nothing was read before, so what is seen may have been there, and the write may still come.
            told(&next, Code::ConversationSettling);
        } else {
            assert_eq!(texts(&next.is(200).json()["removed"]), ["vip"], "{name}");
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_cannot_be_understood_took_effect() {
    for name in VENDORS {
        let status = if name == "elevenlabs" { 204 } else { 200 };
        let faulty = vendor(name, move |seen| {
            let nonsense = Fault::Answer(status, &[], "<html>".repeat(usize::from(status == 200)));
            is_write(seen).then_some(nonsense)
        })
        .await;
        let gateway = on(name, &faulty).await;
        let answer = gateway
            .ask("PUT", &format!("{}/vip", target(name)))
            .send()
            .await
            .is(200);
        assert_eq!(texts(&answer.json()["added"]), ["vip"], "{name}");
    }
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_take_the_write_along() {
    for name in VENDORS {
        let faulty = vendor(name, |_| None).await;
        let gateway = on(name, &faulty).await;
        let ask = gateway.ask("PUT", &format!("{}/vip", target(name)));
        let mut wire = crate::support::Wire::open(gateway.at()).await;
        wire.send(&ask.bytes()).await;
        crate::support::until("a write at the vendor", || {
            faulty.seen().iter().any(is_write)
        })
        .await;
        drop(wire);
        assert_eq!(carried(&gateway, name).await, ["vip"], "{name}");
        gateway
            .ask("PUT", &format!("{}/billing", target(name)))
            .send()
            .await
            .is(200);
        assert_eq!(carried(&gateway, name).await, ["billing", "vip"], "{name}");
    }
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_makes_one_tag_and_not_two() {
    for name in VENDORS {
        let lost = AtomicUsize::new(0);
        let faulty = vendor(name, move |seen| {
            (is_create(seen) && lost.fetch_add(1, Ordering::AcqRel) == 0)
                .then_some(Fault::LostAnswer)
        })
        .await;
        let gateway = on(name, &faulty).await;
        let one = format!("{}/brand%20new?create_missing=true", target(name));
        gateway.ask("PUT", &one).send().await.is(200);
        assert_eq!(carried(&gateway, name).await, ["brand new"], "{name}");
        let listed = gateway
            .get(&format!("/v1/{name}/tags?q=brand"))
            .await
            .is(200);
        assert_eq!(texts(&listed.json()["tags"]), ["brand new"], "{name}");
        let mut keys: Vec<String> = faulty
            .seen()
            .iter()
            .filter(|seen| is_create(seen))
            .map(key)
            .collect();
        // Only a vendor that knows a call by its key is sent it again.
        assert!(keys.len() == 1 || name == "awardee", "{name}: {keys:?}");
        keys.dedup();
        assert_eq!(keys.len(), 1, "{name}: {keys:?}");
    }
}

fn is_create(seen: &Seen) -> bool {
    seen.method == "POST" && !seen.path.contains("/conversations/")
}

fn key(seen: &Seen) -> String {
    let line = seen
        .head
        .lines()
        .find(|line| line.starts_with("idempotency-key: "));
    line.unwrap_or_default().to_owned()
}
