//! After a write whose fate is not known, nothing is written that its late effect could undo.

use super::harness::{Fate, Harness, TRAVEL, add, names, remove};
use crate::error::{Code, Outcome};
use adapters::Change;
use std::time::Duration;
use tokio::time::Instant;

const SETTLE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(start_paused = true)]
async fn a_late_replace_never_undoes_an_acknowledged_change() {
    for vendor in ["awardee", "attention"] {
        let harness = Harness::new(vendor, &names(2));
        harness.warm().await;
        harness.next_writes([Fate::LostAndLate(Duration::from_secs(29))]);
        let lost = harness.submit(harness.job(add("t0"), PATIENCE)).await;
        let next = harness.submit(harness.job(add("t1"), PATIENCE)).await;
        let started = Instant::now();
        let told = lost.await.expect("no panic").expect_err("nobody answered");
        assert_eq!(told.known_outcome(), Some(Outcome::Unknown), "{vendor}");
        next.await
            .expect("no panic")
            .expect("added once the first has settled");
        assert!(
            started.elapsed() >= SETTLE,
            "{vendor}: {:?}",
            started.elapsed()
        );
        assert_eq!(harness.carried().await, ["t0", "t1"], "{vendor}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_outlast_an_open_write_is_refused_at_once_with_the_true_wait() {
    let harness = Harness::new("awardee", &names(2));
    harness.warm().await;
    harness.next_writes([Fate::Lost]);
    let lost = harness.submit(harness.job(add("t0"), PATIENCE)).await;
    lost.await.expect("no panic").expect_err("nobody answered");
    let started = Instant::now();
    let told = harness
        .submit(harness.job(add("t1"), Duration::from_secs(15)))
        .await;
    let told = told.await.expect("no panic").expect_err("it is still open");
    assert_eq!(
        (told.code(), told.known_outcome()),
        (Code::ConversationSettling, Some(Outcome::NotApplied))
    );
    let wait = told.wait().expect("a wait");
    assert!(
        wait <= SETTLE && wait > SETTLE - Duration::from_secs(1),
        "{wait:?}"
    );
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn where_tags_are_added_one_by_one_only_the_open_name_waits() {
    let harness = Harness::new("elevenlabs", &names(3));
    harness.warm().await;
    let late = Fate::LostAndLate(Duration::from_secs(25));
    harness.next_writes([late, Fate::Lost, Fate::Lost]);
    harness
        .submit(harness.job(add("t0"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect_err("nobody answered");
    let started = Instant::now();
    let other = harness.submit(harness.job(add("t1"), PATIENCE)).await;
    let same = harness.submit(harness.job(remove("t0"), PATIENCE)).await;
    let whole = harness
        .submit(harness.job(Change::Replace(Vec::new()), PATIENCE))
        .await;
    other
        .await
        .expect("no panic")
        .expect("another name goes on");
    assert_eq!(started.elapsed(), TRAVEL);
    same.await.expect("no panic").expect("removed");
    assert!(
        started.elapsed() + TRAVEL * 3 >= SETTLE,
        "{:?}",
        started.elapsed()
    );
    whole.await.expect("no panic").expect("cleared");
    assert_eq!(harness.carried().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_was_on_before_proves_nothing_about_a_lost_blind_add() {
    let harness = Harness::new("elevenlabs", &names(1));
    harness.warm().await;
    harness
        .submit(harness.job(add("t0"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect("added");
    harness.next_writes([Fate::LostAndLate(Duration::from_secs(20))]);
    // It is seen on the conversation, so the caller can be told that it is there.
    harness
        .submit(harness.job(add("t0"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect("it is there");
    let gone = harness.submit(harness.job(remove("t0"), PATIENCE)).await;
    gone.await.expect("no panic").expect("removed");
    tokio::time::sleep(SETTLE).await;
    assert_eq!(
        harness.carried().await,
        Vec::<String>::new(),
        "the late add came before the remove"
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_seen_to_have_landed_needs_no_settling() {
    let harness = Harness::new("awardee", &names(2));
    harness.warm().await;
    harness.next_writes([Fate::LostAndLate(Duration::ZERO)]);
    let started = Instant::now();
    harness
        .submit(harness.job(add("t0"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect("it was seen");
    harness
        .submit(harness.job(add("t1"), PATIENCE))
        .await
        .await
        .expect("no panic")
        .expect("added");
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(harness.carried().await, ["t0", "t1"]);
}
