//! What comes up around `Idempotency-Key` and other writers.

use super::cases;
use crate::support::{
    Fault, Faulty, Gateway, VENDORS, conversation, labels, open, route, soon, tags_of,
};
use bytes::Bytes;
use http::Request;
use serde_json::json;
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};
use tagway::mock::{Options, Served};
use tokio::sync::Semaphore;

fn catalogue(vendor: &str) -> Options {
    Options {
        tags: labels(vendor, &["billing", "vip"], &[]),
        ..Options::default()
    }
}

fn target(vendor: &str) -> String {
    tags_of(vendor, &conversation(1))
}

async fn on(vendor: &str, faulty: &Faulty, more: &str) -> Gateway {
    open("", &route(vendor, &faulty.address.to_string(), more)).await
}

cases! {
    a_repeat_beside_the_first_is_told_that_it_is_under_way => IdempotencyInProgress {
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        let faulty = Faulty::new("awardee", catalogue("awardee"), move |seen| {
            (seen.method == "PUT").then(|| Fault::Hold(held.clone()))
        })
        .await;
        let gateway = on("awardee", &faulty, "").await;
        let ask = || {
            let path = format!("{}/vip", target("awardee"));
            gateway.ask("PUT", &path).header("idempotency-key", "one")
        };
        let first = tokio::spawn(ask().send());
        faulty.arrived("PUT", 1).await;
        let second = ask().send().await;
        gate.add_permits(1);
        let first = soon("the first", first).await.unwrap();
        first.is(200);
        let third = ask().send().await.is(200);
        assert_eq!(third.header("idempotent-replayed"), Some("true"));
        second
    }

    a_key_that_was_used_for_another_body_is_refused => IdempotencyMismatch {
        let faulty = Faulty::new("awardee", catalogue("awardee"), |_| None).await;
        let gateway = on("awardee", &faulty, "").await;
        let ask = |body: serde_json::Value| {
            let ask = gateway.ask("PATCH", &target("awardee"));
            ask.header("idempotency-key", "one").json(&body)
        };
        ask(json!({"add": ["vip"]})).send().await.is(200);
        // The order of members is no difference, what they say is.
        let same = ask(json!({"add": ["vip"], "remove": []})).send().await;
        assert_eq!(same.status, 422);
        let calls = faulty.seen().len();
        let answer = ask(json!({"add": ["billing"]})).send().await;
        assert_eq!(faulty.seen().len(), calls, "nothing was sent");
        answer
    }

    without_a_store_that_works_nothing_keyed_is_sent => StoreUnavailable {
        let mut last = None;
        for vendor in VENDORS {
            let faulty = Faulty::new(vendor, catalogue(vendor), |_| None).await;
            let gateway = on(vendor, &faulty, "").await;
            let served = gateway.running.status.gateway();
            let store = served.idempotency.as_ref().expect("a store").store().clone();
            store.close(Vec::new()).await.unwrap();
            let answer = gateway
                .ask("PUT", &format!("{}/vip", target(vendor)))
                .header("idempotency-key", "one")
                .send()
                .await;
            assert_eq!(answer.json()["outcome"], "not applied");
            assert!(faulty.seen().is_empty(), "{vendor}: nothing was sent");
            gateway.send("PATCH", &target(vendor), &json!({"add": ["vip"]})).await.is(200);
            last = Some(answer);
        }
        last.unwrap()
    }

    a_change_that_another_writer_undoes_each_time_is_given_up => ForeignWrite {
        let served: Arc<OnceLock<Arc<Served>>> = Arc::default();
        let written = Arc::new(AtomicBool::new(false));
        let (twin, wrote) = (served.clone(), written.clone());
        let faulty = Faulty::new("awardee", catalogue("awardee"), move |seen| {
            match seen.method.as_str() {
                "PUT" => wrote.store(true, Ordering::Release),
                // Between the write and the look at it somebody else clears the set.
                "GET" if wrote.swap(false, Ordering::AcqRel) => {
                    let clear = Request::put(seen.path.clone())
                        .header("authorization", "Bearer vendor-secret")
                        .header("content-type", "application/json")
                        .body(Bytes::from_static(b"{\"tag_ids\":[]}"))
                        .unwrap();
                    let twin: &Arc<Served> = twin.get().unwrap();
                    let answer = twin.call(clear, 0);
                    assert_eq!(answer.status(), 200, "{:?}", answer.body());
                }
                _ => {}
            }
            None
        })
        .await;
        served.set(faulty.served.clone()).ok().unwrap();
        let gateway = on("awardee", &faulty, "foreign_writers = \"strict\"\n").await;
        let answer = gateway.send("PATCH", &target("awardee"), &json!({"add": ["vip"]})).await;
        assert_eq!(faulty.count("PUT"), 3, "once, and twice again");
        let problem = answer.json();
        assert_eq!((&problem["outcome"], &problem["tags"]), (&json!("applied"), &json!([])));
        assert_eq!(gateway.running.status.lanes.foreign().overwritten, 3);
        answer
    }
}
