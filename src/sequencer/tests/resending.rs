//! A write that commutes is sent again when its answer is lost; the first sending may still arrive, and never undoes
//! what was acknowledged since.

use super::harness::{Fate, Harness, TRAVEL, add, names, remove};
use crate::error::{Code, Outcome};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

const SETTLE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(start_paused = true)]
async fn a_remove_waits_for_an_add_that_was_sent_twice() {
    let harness = Harness::new("elevenlabs", &names(2));
    harness.warm().await;
    harness.next_writes([Fate::LostAndLate(Duration::from_secs(25))]);
    let started = Instant::now();
    harness
        .submit(harness.job(add("t0"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect("the second sending was answered");
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(harness.methods(), ["POST"]);
    let other = harness.submit(harness.job(add("t1"), PATIENCE)).await;
    let same = harness.submit(harness.job(remove("t0"), PATIENCE)).await;
    other.await.expect("no panic").expect("added");
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "another name goes on"
    );
    same.await.expect("no panic").expect("removed");
    assert!(started.elapsed() + TRAVEL * 4 >= SETTLE);
    tokio::time::sleep(SETTLE).await;
    assert_eq!(harness.carried().await, ["t1"]);
    assert_eq!(harness.methods()[..4], ["POST", "POST", "POST", "DELETE"]);
}

#[tokio::test(start_paused = true)]
async fn seeing_it_proves_nothing_when_it_was_sent_twice() {
    let harness = Harness::new("elevenlabs", &["a=1".to_owned(), "a=2".to_owned()]);
    harness.warm().await;
    // A sibling makes it read first: the set before is known, and all three sendings stay without an answer.
    harness.next_writes([
        Fate::LostAndLate(Duration::from_secs(20)),
        Fate::LostAndLate(Duration::ZERO),
        Fate::Lost,
    ]);
    harness
        .submit(harness.job(add("a=1"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect("it is seen on the conversation");
    harness
        .submit(harness.job(remove("a=1"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect("removed");
    tokio::time::sleep(SETTLE).await;
    assert_eq!(harness.carried().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_turned_away_after_a_lost_sending_is_not_called_not_applied() {
    let harness = Harness::new("elevenlabs", &names(1));
    harness.warm().await;
    harness.next_writes([
        Fate::LostAndLate(Duration::from_secs(10)),
        Fate::Unreachable,
        Fate::Unreachable,
    ]);
    let told = harness
        .submit(harness.job(add("t0"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect_err("no sending was answered");
    assert_eq!(
        (told.code(), told.known_outcome()),
        (Code::VendorUnavailable, Some(Outcome::Unknown))
    );
    tokio::time::sleep(SETTLE).await;
    assert_eq!(harness.carried().await, ["t0"]);
}

#[tokio::test(start_paused = true)]
async fn no_late_sending_undoes_an_acknowledged_change() {
    for seed in 0..150 {
        let mut random = fastrand::Rng::with_seed(seed);
        let harness = Harness::new("elevenlabs", &names(3));
        harness.warm().await;
        let mut expected = BTreeMap::new();
        for _ in 0..6 {
            let fates = (0..3).map(|_| match random.u8(0..8) {
                0..3 => Fate::Answered,
                3 => Fate::Lost,
                4 => Fate::Unreachable,
                _ => Fate::LostAndLate(Duration::from_secs(random.u64(0..30))),
            });
            let fates: Vec<Fate> = fates.collect();
            harness.next_writes(fates);
            // One alone, or several that are folded into one plan.
            let mut submitted = Vec::new();
            for _ in 0..random.usize(1..4) {
                let name = format!("t{}", random.u8(0..3));
                let on = random.bool();
                let change = if on { add(&name) } else { remove(&name) };
                let waiting = harness.submit(harness.job(change, PATIENCE)).await;
                submitted.push(((name, on), waiting));
            }
            for ((name, on), waiting) in submitted {
                let acknowledged = waiting.await.expect("no panic").is_ok();
                // After one whose fate is not known nothing is certain of its name.
                expected.insert(name, acknowledged.then_some(on));
            }
            harness.forget_fates();
            tokio::time::sleep(Duration::from_secs(random.u64(0..20))).await;
        }
        tokio::time::sleep(SETTLE * 2).await;
        let carried = harness.carried().await;
        for (name, on) in expected {
            if let Some(on) = on {
                assert_eq!(
                    carried.contains(&name),
                    on,
                    "seed {seed}: {name} in {carried:?}"
                );
            }
        }
    }
}
