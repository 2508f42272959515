//! A folded write of which not all is certain: each member is told what is true of its own part.

use super::harness::{Fate, Harness, add, names};
use crate::{
    error::{Code, Error, Outcome},
    sequencer::Changed,
};
use adapters::{Change, Element, Tag, TagRef};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(300);

/// Puts `on` onto the conversation, then submits the changes together; what becomes of their writes is `fates`.
async fn together(
    harness: &Harness,
    on: &str,
    changes: Vec<Change>,
    fates: Vec<Fate>,
) -> Vec<Result<Changed, Error>> {
    harness.warm().await;
    harness.next_writes([Fate::Answered]);
    harness.next_writes(fates);
    let first = harness.submit(harness.job(add(on), PATIENCE)).await;
    let mut submitted = Vec::new();
    for change in changes {
        submitted.push(harness.submit(harness.job(change, PATIENCE)).await);
    }
    first.await.expect("no panic").expect("the first change");
    let mut results = Vec::new();
    for one in submitted {
        results.push(one.await.expect("no panic"));
    }
    results
}

fn replace(text: &str) -> Change {
    Change::Replace(vec![TagRef::Tag(Tag::decode(text))])
}

fn outcome(result: &Result<Changed, Error>) -> (Code, Option<Outcome>) {
    let told = result.as_ref().expect_err("it is not certain");
    (told.code(), told.known_outcome())
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_that_a_change_is_done_behind_a_replace_that_never_arrived() {
    for vendor in ["awardee", "attention"] {
        let harness = Harness::new(vendor, &names(2));
        // What the second puts back on is on all the time.
        let changes = vec![replace("t0"), add("t1")];
        let results = together(&harness, "t1", changes, vec![Fate::Lost]).await;
        let unknown = (Code::VendorUnavailable, Some(Outcome::Unknown));
        assert_eq!(outcome(&results[0]), unknown, "{vendor}");
        assert_eq!(outcome(&results[1]), unknown, "{vendor}");
        assert_eq!(harness.carried().await, ["t1"], "{vendor}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_that_nobody_asked_for_is_not_shown_when_a_lost_answer_is_looked_up() {
    let harness = Harness::new("awardee", &names(3));
    let changes = vec![add("t1"), add("t2")];
    let fate = Fate::LostAndLate(Duration::ZERO);
    for result in together(&harness, "t0", changes, vec![fate]).await {
        assert_eq!(result.expect("it is seen to have landed").set, None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_of_a_plan_is_neither_denied_nor_done_again() {
    let tags = ["s=1", "s=2", "t0"].map(str::to_owned);
    let harness = Harness::new("elevenlabs", &tags);
    let changes = vec![add("t0"), add("s=2")];
    // The tags are put on, and the one that is pushed out cannot be taken off.
    let fates = vec![Fate::Answered, Fate::Refused, Fate::Refused, Fate::Refused];
    let results = together(&harness, "s=1", changes, fates).await;
    let added = results[0].as_ref().expect("it is on");
    let added: Vec<_> = added.added.iter().filter_map(Element::tag).collect();
    assert_eq!(added.len(), 1, "it was this change that put it on");
    let told = results[1].as_ref().expect_err("the old value is still on");
    assert_eq!(
        (told.code(), told.known_outcome()),
        (Code::PartiallyApplied, None)
    );
    let body: serde_json::Value = serde_json::from_slice(&told.body("x")).expect("JSON");
    assert_eq!(body["applied"][0]["tag"], "s=2");
    assert_eq!(body["not_applied"][0]["tag"], "s=1");
    assert_eq!(harness.methods(), ["GET", "POST", "GET", "POST", "GET"]);
    assert_eq!(harness.carried().await, ["s=1", "s=2", "t0"]);
}
