//! Reloads while requests come without a pause: none is dropped, and none meets half a configuration.

use super::Reloading;
use crate::support::{Wire, conversation, route, tags_of};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::time::Instant;

/// Reloads so often, every tenth time with a file that is not sound, while so many clients ask without a pause over kept
/// connections and new ones. Answers how many requests were answered, and in how many seconds.
async fn under_load(reloads: usize, clients: usize) -> (usize, f64) {
    let with = |number: usize| {
        let settle = 1_000 + number;
        let first = route(
            "elevenlabs",
            "mock",
            &format!("create_missing = true\nsettle_ms = {settle}"),
        );
        let second = match number % 3 {
            0 => route("attention", "mock", ""),
            _ => String::new(),
        };
        format!("{first}{}{second}", route("awardee", "mock", ""))
    };
    let at = Reloading::start(&with(0)).await;
    let (address, done) = (at.gateway.at(), Arc::new(AtomicBool::new(false)));
    let answered = Arc::new(AtomicUsize::new(0));
    let clients = (0..clients).map(|client| {
        let (done, answered) = (done.clone(), answered.clone());
        tokio::spawn(async move {
            let mut wire = Wire::open(address).await;
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                number += 1;
                if number % 16 == 0 {
                    wire = Wire::open(address).await;
                }
                let vendor = ["elevenlabs", "awardee"][client % 2];
                let target = tags_of(vendor, &conversation(client));
                let (method, target) = match (number % 4, vendor) {
                    (0, "elevenlabs") => ("PUT", format!("{target}/kept")),
                    (1, "elevenlabs") => ("DELETE", format!("{target}/kept")),
                    _ => ("GET", target),
                };
                let ask = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\n\r\n");
                wire.send(ask.as_bytes()).await;
                let answer = wire.answer_to(method).await;
                // A tag that nobody made yet is a true answer to its removal.
                let right = answer.status == 200 || (method == "DELETE" && answer.status == 422);
                assert!(right, "{ask}: {answer:?}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let (mut refused, begun) = (0, Instant::now());
    for number in 1..=reloads {
        let bad = number % 10 == 0;
        let text = with(number);
        at.write(&if bad {
            text.replace("vendor", "vender")
        } else {
            text
        });
        let answer = at.reload().await;
        assert_eq!(answer.status, if bad { 422 } else { 200 }, "{answer:?}");
        refused += usize::from(bad);
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no request is dropped");
    }
    let live = &at.gateway.running.status.live;
    assert!(live.current().number as usize > reloads - refused);
    assert!(live.failures() >= refused as u64);
    (
        answered.load(Ordering::Relaxed),
        begun.elapsed().as_secs_f64(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_dropped_over_sixty_reloads() {
    assert!(under_load(60, 4).await.0 > 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes about a minute; for the figure"]
#[allow(clippy::print_stdout, reason = "the figure is what it is run for")]
async fn no_request_is_dropped_over_a_thousand_reloads() {
    let (answered, seconds) = under_load(1_000, 16).await;
    println!(
        "{{\"reload.count\":1000,\"reload.dropped\":0,\"reload.answered\":{answered},\"reload.requests_per_s\":{:.0}}}",
        answered as f64 / seconds
    );
}
