//! `writers` and `foreign_writers`: who else writes, and what that costs.

use super::{options, target};
use crate::support::{Fault, Faulty, open, route, texts};
use bytes::Bytes;
use http::Request;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

fn methods(faulty: &Faulty) -> Vec<String> {
    let about = faulty
        .seen()
        .into_iter()
        .filter(|seen| seen.path.contains("/conversations/"));
    about.map(|seen| seen.method).collect()
}

#[tokio::test]
async fn with_one_writer_a_set_that_is_known_saves_the_read_until_an_outcome_is_not() {
    for vendor in ["awardee", "attention"] {
        let loses = Arc::new(AtomicBool::new(false));
        let lose = loses.clone();
        let faulty = Faulty::new(vendor, options(vendor), move |seen| {
            (seen.method == "PUT" && lose.swap(false, Ordering::AcqRel)).then_some(Fault::Close)
        })
        .await;
        let more = "writers = \"exclusive\"\nsettle_ms = 100\n";
        let gateway = open("", &route(vendor, &faulty.address.to_string(), more)).await;
        let add = |tag: &str| gateway.ask("PUT", &format!("{}/{tag}", target(vendor)));
        add("vip").send().await.is(200);
        let answer = add("billing").send().await.is(200);
        assert_eq!(texts(&answer.json()["added"]), ["billing"], "{vendor}");
        assert_eq!(methods(&faulty), ["GET", "PUT", "PUT"], "{vendor}");
        add("vip").send().await.is(200);
        assert_eq!(methods(&faulty).len(), 3, "{vendor}: true already");
        add("refund").header("if-match", "*").send().await.is(200);
        assert_eq!(
            methods(&faulty)[3..],
            ["GET", "PUT"],
            "a condition is judged on a read"
        );
        // What became of this one is not known, so nothing is.
        loses.store(true, Ordering::Release);
        let path = format!("{}/vip", target(vendor));
        let lost = gateway.ask("DELETE", &path).send().await;
        assert_eq!(lost.status, 503, "{vendor}");
        let before = methods(&faulty).len();
        gateway.ask("DELETE", &path).send().await.is(200);
        assert_eq!(methods(&faulty)[before..], ["GET", "PUT"], "{vendor}");
    }
}

#[tokio::test]
async fn another_writer_is_noticed_where_that_is_asked_for() {
    let wrote = Arc::new(AtomicBool::new(false));
    let written = wrote.clone();
    let faulty = Arc::new(
        Faulty::new("awardee", options("awardee"), move |seen| {
            if seen.method == "PUT" {
                written.store(true, Ordering::Release);
            }
            None
        })
        .await,
    );
    let more = "foreign_writers = \"detect\"\n";
    let gateway = open("", &route("awardee", &faulty.address.to_string(), more)).await;
    let add = |tag: &str| {
        let ask = gateway.ask("PUT", &format!("{}/{tag}", target("awardee")));
        ask.header("prefer", "return=representation").send()
    };
    add("vip").await.is(200);
    assert_eq!(methods(&faulty), ["GET", "PUT", "GET"], "one call more");
    let clear = Request::put(format!(
        "/v1{}",
        faulty.seen()[1].path.trim_start_matches("/v1")
    ))
    .header("authorization", "Bearer vendor-secret")
    .header("content-type", "application/json")
    .body(Bytes::from_static(b"{\"tag_ids\":[]}"))
    .unwrap();
    assert_eq!(faulty.served.call(clear, 0).status(), 200);
    add("billing").await.is(200);
    let counts = gateway.running.status.lanes.foreign();
    assert_eq!(
        (counts.overwritten, counts.drifted),
        (0, 1),
        "the set was not what was left"
    );
}
