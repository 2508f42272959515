//! Keyed requests and the process: what a kill leaves, and what the next start makes of it.

use super::{is_replayed, options, target};
use crate::support::{
    Answer, Ask, Fault, Faulty, Process, Seen, VENDORS, line_with, program, route, run, soon, texts,
};
use serde_json::{Value, json};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// A gateway as a process, with a store that others can follow it on.
struct Serving {
    process: Process,
    public: SocketAddr,
}

impl Serving {
    async fn start(folder: &Path, routes: &str) -> Self {
        let file = folder.join("gateway.toml");
        fs::write(&file, routes).unwrap();
        let mut command = program(&["serve", "--config", file.to_str().unwrap()]);
        command
            .env("TAGWAY_SERVER__LISTEN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__LOG", "json")
            .env("TAGWAY_SERVER__STORE", folder.join("tagway.redb"))
            .env("VENDOR_KEY", "vendor-secret");
        let mut process = Process::start(&mut command);
        let line = line_with(&mut process.err, "tagway serves").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        let public = line["public"].as_str().unwrap().parse().unwrap();
        Self { process, public }
    }

    fn add(&self, vendor: &str) -> Ask {
        Ask::new(self.public, "PUT", &format!("{}/vip", target(vendor)))
    }

    async fn end(mut self, signal: &str) {
        self.process.signal(signal);
        self.process.end().await;
    }
}

fn is_write(seen: &Seen) -> bool {
    seen.method != "GET"
}

fn writes(faulty: &Faulty) -> usize {
    faulty.seen().iter().filter(|seen| is_write(seen)).count()
}

/// Waits out what an earlier process left open.
async fn settled(ask: impl Fn() -> Ask) -> Answer {
    soon("the end of settling", async {
        loop {
            let answer = ask().send().await;
            if answer.status != 503 {
                return answer;
            }
            assert_eq!(answer.json()["code"], "conversation-settling");
        }
    })
    .await
}

#[tokio::test]
async fn after_a_kill_the_repeat_finds_what_the_write_came_to_and_writes_only_what_is_missing() {
    for vendor in VENDORS {
        for lands in [true, false] {
            let gate = Arc::new(Semaphore::new(0));
            let first = Arc::new(AtomicBool::new(true));
            let held = gate.clone();
            let faulty = Faulty::new(vendor, options(vendor), move |seen| {
                if !is_write(seen) || !first.swap(false, Ordering::AcqRel) {
                    return None;
                }
                Some(match lands {
                    true => Fault::Hold(held.clone()),
                    false => Fault::Silence,
                })
            })
            .await;
            let folder = TempDir::new().unwrap();
            let more = "settle_ms = 400\n";
            let text = route(vendor, &faulty.address.to_string(), more);
            let serving = Serving::start(folder.path(), &text).await;
            let keyed = |ask: Ask| ask.header("idempotency-key", "k");
            let cut = tokio::spawn(keyed(serving.add(vendor)).send());
            let method = if vendor == "elevenlabs" {
                "POST"
            } else {
                "PUT"
            };
            faulty.arrived(method, 1).await;
            serving.end("KILL").await;
            assert!(cut.await.is_err(), "no answer came");
            // It lands after its process is gone.
            gate.add_permits(1);

            let serving = Serving::start(folder.path(), &text).await;
            let answer = settled(|| keyed(serving.add(vendor))).await.is(200);
            let told = answer.json();
            assert_eq!(texts(&told["added"]), ["vip"], "{vendor} {lands} {told}");
            let sent = if lands { 1 } else { 2 };
            assert_eq!(writes(&faulty), sent, "{vendor} {lands}");
            let again = keyed(serving.add(vendor)).send().await.is(200);
            assert!(is_replayed(&again), "{vendor} {lands}");
            assert_eq!(again.json()["added"], told["added"]);
            serving.end("TERM").await;
            let serving = Serving::start(folder.path(), &text).await;
            let again = keyed(serving.add(vendor)).send().await.is(200);
            assert!(
                is_replayed(&again),
                "{vendor} {lands}: after a clean stop too"
            );
            assert_eq!(writes(&faulty), sent, "{vendor} {lands}");
        }
    }
}

#[tokio::test]
async fn after_a_kill_changes_wait_and_after_a_clean_stop_they_do_not() {
    for vendor in VENDORS {
        let faulty = Faulty::new(vendor, options(vendor), |_| None).await;
        let folder = TempDir::new().unwrap();
        let more = "settle_ms = 600000\n";
        let text = route(vendor, &faulty.address.to_string(), more);
        let serving = Serving::start(folder.path(), &text).await;
        serving.add(vendor).send().await.is(200);
        serving.end("TERM").await;
        let serving = Serving::start(folder.path(), &text).await;
        serving.add(vendor).send().await.is(200);
        serving.end("KILL").await;
        let serving = Serving::start(folder.path(), &text).await;
        let before = writes(&faulty);
        let answer = serving.add(vendor).send().await.is(503);
        let problem = answer.json();
        assert_eq!(problem["code"], "conversation-settling", "{vendor}");
        assert_eq!(problem["outcome"], "not applied", "{vendor}");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((500..=600).contains(&wait), "{vendor}: {wait}");
        assert_eq!(writes(&faulty), before, "{vendor}");
        // A clean stop does not shorten what the kill has left.
        serving.end("TERM").await;
        let serving = Serving::start(folder.path(), &text).await;
        serving.add(vendor).send().await.is(503);
    }
}

#[tokio::test]
async fn after_a_kill_a_repeated_create_looks_first_and_gives_the_vendor_the_same_key() {
    let first = Arc::new(AtomicBool::new(true));
    let faulty = Faulty::new("awardee", options("awardee"), move |seen| {
        (seen.method == "POST" && first.swap(false, Ordering::AcqRel)).then_some(Fault::Silence)
    })
    .await;
    let folder = TempDir::new().unwrap();
    let more = "settle_ms = 400\n";
    let text = route("awardee", &faulty.address.to_string(), more);
    let create = |at: SocketAddr| {
        let ask = Ask::new(at, "POST", "/v1/awardee/tags").header("idempotency-key", "k");
        ask.json(&json!({"name": "fresh"}))
    };
    let serving = Serving::start(folder.path(), &text).await;
    let cut = tokio::spawn(create(serving.public).send());
    faulty.arrived("POST", 1).await;
    serving.end("KILL").await;
    assert!(cut.await.is_err(), "no answer came");
    let serving = Serving::start(folder.path(), &text).await;
    settled(|| create(serving.public)).await.is(201);
    let given = |seen: &Seen| {
        let lines = seen.head.lines();
        let mut keys = lines.filter_map(|line| line.strip_prefix("idempotency-key: "));
        keys.next().expect("a key").to_owned()
    };
    let seen = faulty.seen();
    let order: Vec<&str> = seen.iter().map(|seen| seen.method.as_str()).collect();
    assert_eq!(
        order,
        ["GET", "POST", "GET", "POST"],
        "it is looked for before it is made again"
    );
    assert_eq!(
        given(&seen[1]),
        given(&seen[3]),
        "the same key for the vendor"
    );
}

#[tokio::test]
async fn a_clean_stop_leaves_word_of_what_is_unsettled() {
    let faulty = Faulty::new("awardee", options("awardee"), |seen| {
        is_write(seen).then_some(Fault::Close)
    })
    .await;
    let folder = TempDir::new().unwrap();
    let more = "settle_ms = 600000\n";
    let text = route("awardee", &faulty.address.to_string(), more);
    let serving = Serving::start(folder.path(), &text).await;
    serving.add("awardee").send().await.is(503);
    serving.end("TERM").await;
    let serving = Serving::start(folder.path(), &text).await;
    let problem = serving.add("awardee").send().await.is(503).json();
    assert_eq!(problem["code"], "conversation-settling");
    let other = crate::support::tags_of("awardee", &crate::support::conversation(2));
    let other = Ask::new(serving.public, "PUT", &format!("{other}/vip"))
        .send()
        .await;
    assert_ne!(
        other.json()["code"],
        "conversation-settling",
        "only that one waits"
    );
}

#[test]
fn a_store_that_cannot_be_used_is_told_and_nothing_serves() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("gateway.toml");
    fs::write(&file, route("elevenlabs", "mock", "")).unwrap();
    let start = |store: &Path| {
        let mut command = program(&["--config", file.to_str().unwrap()]);
        command
            .env("TAGWAY_SERVER__LISTEN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__STORE", store);
        let (code, _, err) = run(&mut command);
        assert_eq!(code, Some(2), "{err}");
        let shown = store.display().to_string();
        assert!(err.contains(&shown), "{err}");
        err
    };
    let damaged = folder.path().join("damaged.redb");
    fs::write(&damaged, vec![7; 10_000]).unwrap();
    assert!(start(&damaged).contains("not a store"));
    assert!(start(folder.path()).contains("not a regular file"));
    assert!(start(&folder.path().join("nowhere/x.redb")).contains("folder does not exist"));
}

#[tokio::test]
async fn a_store_that_another_process_has_open_is_told() {
    let folder = TempDir::new().unwrap();
    let text = route("elevenlabs", "mock", "");
    let serving = Serving::start(folder.path(), &text).await;
    let file = folder.path().join("gateway.toml");
    let mut command = program(&["--config", file.to_str().unwrap()]);
    command
        .env("TAGWAY_SERVER__LISTEN", "127.0.0.1:0")
        .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0")
        .env("TAGWAY_SERVER__STORE", folder.path().join("tagway.redb"));
    let (code, _, err) = run(&mut command);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("another process has it open"), "{err}");
    let refused = json!({"tags": []});
    let put = Ask::new(serving.public, "PUT", &target("elevenlabs")).json(&refused);
    put.send().await.is(200);
}
