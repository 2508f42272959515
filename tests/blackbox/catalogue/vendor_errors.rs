//! What a vendor says about an edit of its catalogue, in every shape in which it says it; and creates whose answer is
//! lost or a conflict, which are looked up and never sent twice.

use super::{Bench, catalogue_path, made_outside, seeded};
use crate::{
    errors::told,
    support::{Answer, Fault, Faulty, Seen, VENDORS, conversation, tags_of, texts},
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tagway::error::Code;

const KIND: &[(&str, &str)] = &[("content-type", "application/json")];

/// A vendor with the tags `vip` and `stage=won`, at which one kind of request fails.
async fn failing(
    vendor: &'static str,
    fails: impl Fn(&Seen) -> bool + Send + Sync + 'static,
    fault: Fault,
) -> (Faulty, Bench) {
    failing_times(vendor, usize::MAX, fails, fault).await
}

/// As [`failing`], so many times.
async fn failing_times(
    vendor: &'static str,
    times: usize,
    fails: impl Fn(&Seen) -> bool + Send + Sync + 'static,
    fault: Fault,
) -> (Faulty, Bench) {
    let options = seeded(vendor, &["vip"], &[("stage", &["won"])]);
    let count = AtomicUsize::new(0);
    let faulty = Faulty::new(vendor, options, move |seen| {
        let fails = fails(seen) && count.fetch_add(1, Ordering::Relaxed) < times;
        fails.then(|| fault.clone())
    })
    .await;
    let bench = Bench::behind(vendor, &faulty, "").await;
    (faulty, bench)
}

fn is_write(seen: &Seen) -> bool {
    seen.method != "GET"
}

fn is_create(vendor: &'static str) -> impl Fn(&Seen) -> bool + Send + Sync {
    move |seen| seen.method == "POST" && seen.path == catalogue_path(vendor)
}

fn answer(status: u16, body: &Value) -> Fault {
    Fault::Answer(status, KIND, body.to_string())
}

/// The edits of a catalogue that a vendor has a call for.
async fn edits(bench: &Bench) -> Vec<Answer> {
    let mut answers = vec![
        bench.create(&json!({"tag": "new"})).await,
        bench.ensure("another", &json!({})).await,
        bench.delete("vip").await,
    ];
    if bench.vendor != "awardee" {
        answers.push(bench.update("vip", &json!({"name": "guest"})).await);
    }
    answers
}

#[tokio::test]
async fn every_shape_of_elevenlabs_detail_is_understood() {
    let list = json!({"detail": [{"loc": ["body", "title"], "msg": "too long", "type": "string_too_long"}]});
    let today = json!({"detail": {
        "type": "validation_error", "code": "invalid_parameters", "message": "not so",
        "status": "older_word", "request_id": "r-1", "param": "title",
    }});
    let legacy = json!({"detail": {"status": "invalid_title", "message": "not that"}});
    let text = json!({"detail": "plain words"});
    for (status, body, code, message, request_id) in [
        (422, list, Some("string_too_long"), "too long", None),
        (
            400,
            today,
            Some("invalid_parameters"),
            "not so",
            Some("r-1"),
        ),
        (400, legacy, Some("invalid_title"), "not that", None),
        (400, text, None, "plain words", None),
    ] {
        let (faulty, bench) = failing("elevenlabs", is_write, answer(status, &body)).await;
        for refused in edits(&bench).await {
            let problem = told(&refused, Code::VendorRejected);
            assert_eq!(problem["outcome"], "not applied", "{body}");
            let said = &problem["vendor"];
            assert_eq!(said["name"], "elevenlabs");
            assert_eq!(said["status"], status);
            assert_eq!(said["code"].as_str(), code, "{body}");
            assert_eq!(said["message"], message, "{body}");
            assert_eq!(said["request_id"].as_str(), request_id, "{body}");
        }
        // Nothing that was refused is sent again.
        assert_eq!(
            (
                faulty.count("POST"),
                faulty.count("DELETE"),
                faulty.count("PATCH")
            ),
            (2, 1, 1)
        );
    }
}

#[tokio::test]
async fn what_awardee_and_attention_say_is_told() {
    let awardee = json!({"error": "invalid_payload", "message": "not so", "request_id": "r-2",
        "details": {"formErrors": [], "fieldErrors": {"name": ["too long"]}}});
    let attention = json!({"code": "bad_request", "title": "Bad Request", "detail": "not so"});
    for (vendor, body, code, request_id) in [
        ("awardee", awardee, Some("invalid_payload"), Some("r-2")),
        ("attention", attention, Some("bad_request"), None),
        ("attention", json!({"message": "not so"}), None, None),
        (
            "attention",
            json!({"errors": [{"code": 7, "detail": "not so"}]}),
            Some("7"),
            None,
        ),
    ] {
        let (_faulty, bench) = failing(vendor, is_write, answer(400, &body)).await;
        for refused in edits(&bench).await {
            let problem = told(&refused, Code::VendorRejected);
            let said = &problem["vendor"];
            assert_eq!(
                (&said["name"], &said["status"]),
                (&json!(vendor), &json!(400))
            );
            assert_eq!(said["code"].as_str(), code, "{body}");
            assert_eq!(said["message"], "not so", "{body}");
            assert_eq!(said["request_id"].as_str(), request_id, "{body}");
            assert_eq!(problem["outcome"], "not applied", "{body}");
        }
    }
}

#[tokio::test]
async fn a_key_without_a_scope_at_the_vendor_is_the_operators_matter() {
    let missing = json!({"detail": {"type": "authentication_error", "code": "unauthorized",
        "status": "missing_permissions", "message": "the key sk_vendor-secret lacks convai_write"}});
    let awardee = json!({"error": "insufficient_scope", "message": "vendor-secret lacks a scope"});
    let attention =
        json!({"code": "forbidden", "title": "Forbidden", "detail": "vendor-secret may not"});
    for (vendor, status, body) in [
        ("elevenlabs", 401, missing.clone()),
        ("elevenlabs", 403, missing),
        ("awardee", 403, awardee),
        ("attention", 403, attention),
    ] {
        let (_faulty, bench) = failing(vendor, is_write, answer(status, &body)).await;
        for refused in edits(&bench).await {
            let problem = told(&refused, Code::VendorUnauthorized);
            assert_eq!(problem["outcome"], "not applied", "{vendor}");
            assert_eq!(problem["vendor"]["status"], status, "{vendor}");
            assert_eq!(
                problem["vendor"].get("message").unwrap_or(&Value::Null),
                &Value::Null
            );
        }
        assert_eq!(bench.texts().await, ["stage=won", "vip"], "{vendor}");
    }
}

#[tokio::test]
async fn a_conflict_on_a_create_is_looked_up() {
    for vendor in ["awardee", "attention"] {
        let (_faulty, bench) = failing(vendor, |_| false, Fault::Close).await;
        bench.texts().await;
        for name in ["posted", "put", "added"] {
            made_outside(vendor, &bench.served, name);
        }
        bench.served.clear_calls();
        let problem = told(
            &bench.create(&json!({"tag": "posted"})).await,
            Code::TagExists,
        );
        assert_eq!(problem["existing"]["tag"], "posted", "{vendor}");
        assert!(problem["existing"]["id"].is_string(), "{vendor}");
        assert_eq!(problem["outcome"], "not applied", "{vendor}");
        assert_eq!((bench.creates(), bench.lists()), (1, 1), "{vendor}");
    }
    for vendor in ["awardee", "attention"] {
        let (_faulty, bench) = failing(vendor, |_| false, Fault::Close).await;
        bench.texts().await;
        made_outside(vendor, &bench.served, "put");
        bench.served.clear_calls();
        let there = bench.ensure("put", &json!({})).await.is(200).json();
        assert_eq!(there["tag"], "put", "{vendor}");
        assert_eq!((bench.creates(), bench.lists()), (1, 1), "{vendor}");
    }
}

#[tokio::test]
async fn a_change_that_needs_a_tag_takes_the_one_that_somebody_else_made() {
    for vendor in ["awardee", "attention"] {
        let (faulty, bench) = failing(vendor, |_| false, Fault::Close).await;
        // The first change makes the gateway's one look after a miss, so that the second knows only what is cached.
        let target = format!("{}?create_missing=true", tags_of(vendor, &conversation(1)));
        bench.texts().await;
        bench
            .gateway
            .send("PATCH", &target, &json!({"add": ["first"]}))
            .await
            .is(200);
        made_outside(vendor, &bench.served, "theirs");
        let change = json!({"add": ["theirs"]});
        let answer = bench.gateway.send("PATCH", &target, &change).await.is(200);
        assert_eq!(texts(&answer.json()["added"]), ["theirs"], "{vendor}");
        let creates = faulty
            .seen()
            .iter()
            .filter(|seen| is_create(vendor)(seen))
            .count();
        assert_eq!(creates, 2, "{vendor}");
        assert_eq!(bench.again().await.texts().await.len(), 4, "{vendor}");
    }
}

#[tokio::test]
async fn a_conflict_about_a_tag_that_is_nowhere_is_the_vendors_word() {
    let awardee = json!({"error": "conflict", "message": "taken", "request_id": "r"});
    let attention = json!({"code": "conflict", "title": "Conflict", "detail": "taken"});
    for (vendor, body) in [("awardee", awardee), ("attention", attention)] {
        let (faulty, bench) = failing(vendor, is_create(vendor), answer(409, &body)).await;
        let problem = told(
            &bench.create(&json!({"tag": "new"})).await,
            Code::VendorRejected,
        );
        assert_eq!(problem["vendor"]["message"], "taken", "{vendor}");
        assert_eq!(problem["outcome"], "not applied", "{vendor}");
        assert_eq!(faulty.count("POST"), 1, "{vendor}");
    }
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_looked_up_and_not_sent_again() {
    for vendor in VENDORS {
        for ensure in [false, true] {
            let create = is_create(vendor);
            let (faulty, bench) = failing_times(vendor, 1, create, Fault::LostAnswer).await;
            let made = match ensure {
                false => bench.create(&json!({"tag": "new"})).await,
                true => bench.ensure("new", &json!({})).await,
            };
            assert_eq!(made.is(201).json()["tag"], "new", "{vendor}");
            let creates: Vec<Seen> = faulty
                .seen()
                .into_iter()
                .filter(is_create(vendor))
                .collect();
            match vendor {
                // Its create has a key, and may be repeated under it.
                "awardee" => {
                    let keys = creates.iter().map(|seen| {
                        let mut lines = seen.head.lines();
                        let key =
                            lines.find(|line| line.to_lowercase().starts_with("idempotency-key:"));
                        key.unwrap().to_owned()
                    });
                    let keys: std::collections::BTreeSet<String> = keys.collect();
                    assert_eq!(keys.len(), 1, "{keys:?}");
                }
                _ => assert_eq!(creates.len(), 1, "{vendor}"),
            }
            let expected = ["new", "stage=won", "vip"];
            assert_eq!(bench.again().await.texts().await, expected, "{vendor}");
            bench.get(&bench.one("new")).await.is(200);
        }
    }
}

#[tokio::test]
async fn a_lost_option_of_attention_is_looked_up() {
    let patch = |seen: &Seen| seen.method == "PATCH";
    let (faulty, bench) = failing_times("attention", 1, patch, Fault::LostAnswer).await;
    let made = bench.create(&json!({"tag": "stage=lost"})).await.is(201);
    assert_eq!(made.json()["tag"], "stage=lost");
    assert_eq!(faulty.count("PATCH"), 1);
    let expected = ["stage=lost", "stage=won", "vip"];
    assert_eq!(bench.again().await.texts().await, expected);
}

#[tokio::test]
async fn a_create_that_may_still_land_keeps_its_name_and_no_other() {
    for vendor in ["elevenlabs", "attention"] {
        let (faulty, bench) = failing(vendor, is_create(vendor), Fault::Close).await;
        let lost = bench.create(&json!({"tag": "new"})).await;
        assert_eq!(
            lost.json()["outcome"],
            "unknown",
            "{vendor}: {:?}",
            lost.json()
        );
        assert_eq!(faulty.count("POST"), 1, "{vendor}");
        let again = bench.create(&json!({"tag": "NEW"})).await;
        let problem = told(&again, Code::ConversationSettling);
        assert_eq!(problem["outcome"], "not applied", "{vendor}");
        assert_eq!(faulty.count("POST"), 1, "{vendor}");
        let other = bench.delete("vip").await;
        assert_eq!(other.status, 204, "{vendor}");
    }
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_not_called_not_applied() {
    for vendor in ["elevenlabs", "attention"] {
        let patch = |seen: &Seen| seen.method == "PATCH";
        let (faulty, bench) = failing_times(vendor, 1, patch, Fault::LostAnswer).await;
        let lost = bench.update("vip", &json!({"description": "new"})).await;
        assert_eq!(
            lost.json()["outcome"],
            "unknown",
            "{vendor}: {:?}",
            lost.json()
        );
        assert_eq!(faulty.count("PATCH"), 1, "{vendor}");
        // The catalogue is read again, so what did land is seen.
        let shown = bench.get(&bench.one("vip")).await.is(200).json();
        assert_eq!(shown["description"], "new", "{vendor}");
        let again = bench.update("vip", &json!({"description": "newer"})).await;
        told(&again, Code::ConversationSettling);
    }
}

#[tokio::test]
async fn a_delete_whose_answer_is_lost_is_not_called_not_applied() {
    for vendor in VENDORS {
        let delete = |seen: &Seen| seen.method == "DELETE";
        let (_faulty, bench) = failing_times(vendor, 1, delete, Fault::LostAnswer).await;
        let lost = bench.delete("vip").await;
        let outcome = lost.json()["outcome"].clone();
        assert!(
            lost.status == 204 || outcome == "unknown",
            "{vendor}: {outcome}"
        );
        // The catalogue is read again, so what did land is seen.
        assert_eq!(bench.texts().await, ["stage=won"], "{vendor}");
        told(&bench.delete("vip").await, Code::TagNotFound);
    }
}

#[tokio::test]
async fn an_answer_that_shows_another_tag_is_not_believed() {
    let at = "2026-05-01T00:00:00Z";
    let elevenlabs = json!({"tag_id": "tag_x", "workspace_id": "w", "owner_user_id": "u",
        "title": "other", "created_at_unix_secs": 1});
    let awardee = json!({"id": "0f6a3c52-7d18-4e9b-b2c4-5a91e8d7f306", "name": "other", "color": null,
        "created_at": at});
    let attention = json!({"data": {"uuid": "0f6a3c52-7d18-4e9b-b2c4-5a91e8d7f306", "name": "other",
        "description": "", "aiFlow": false, "allTeams": false, "isDefaultTemplate": false, "options": [],
        "organizationUUID": "0f6a3c52-7d18-4e9b-b2c4-5a91e8d7f306", "createdAt": at}});
    for (vendor, status, body) in [
        ("elevenlabs", 200, elevenlabs),
        ("awardee", 201, awardee),
        ("attention", 201, attention),
    ] {
        let (_faulty, bench) = failing(vendor, is_create(vendor), answer(status, &body)).await;
        let answer = bench.create(&json!({"tag": "new"})).await;
        let problem = told(&answer, Code::VendorInvalidResponse);
        assert_ne!(problem["outcome"], "not applied", "{vendor}");
        assert_eq!(bench.texts().await, ["stage=won", "vip"], "{vendor}");
    }
}
