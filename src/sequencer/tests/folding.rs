//! Changes that wait together cost one read and one write, and each has its own answer.

use super::harness::{CONVERSATION, Harness, add, names, remove, stale};
use crate::{
    error::{Code, Error},
    sequencer::Changed,
};
use adapters::{Change, Element};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn texts(elements: &[Element]) -> Vec<String> {
    elements
        .iter()
        .filter_map(Element::tag)
        .map(|held| held.tag.encode())
        .collect()
}

/// Submits a first change, and the others while it is under way.
async fn behind_a_first(harness: &Harness, changes: Vec<Change>) -> Vec<Result<Changed, Error>> {
    let first = harness.submit(harness.job(add("first"), PATIENCE)).await;
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

fn with_first(count: usize) -> Vec<String> {
    names(count)
        .into_iter()
        .chain(["first".to_owned()])
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_and_twenty_eight_waiting_adds_cost_one_read_and_one_replace() {
    for vendor in ["awardee", "attention"] {
        let harness = Harness::new(vendor, &with_first(128));
        harness.warm().await;
        let results =
            behind_a_first(&harness, names(128).iter().map(|name| add(name)).collect()).await;
        assert_eq!(
            harness.methods(),
            ["GET", "PUT", "GET", "PUT"],
            "{vendor}: the first, then all others"
        );
        for (name, result) in names(128).iter().zip(results) {
            assert_eq!(
                texts(&result.expect("added").added),
                [name.as_str()],
                "{vendor}"
            );
        }
        assert_eq!(harness.carried().await.len(), 129, "{vendor}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_waiting_adds_cost_eight_reads_and_eight_replaces() {
    let harness = Harness::new("awardee", &with_first(1_000));
    harness.warm().await;
    let results = behind_a_first(
        &harness,
        names(1_000).iter().map(|name| add(name)).collect(),
    )
    .await;
    assert!(results.iter().all(Result::is_ok));
    // A set of more than one page takes a call for each page.
    let reads = harness
        .twin
        .calls()
        .into_iter()
        .filter(|call| call.path.ends_with("/tags") && call.method == "GET");
    assert_eq!(reads.count(), 1 + 8);
    let writes = harness
        .methods()
        .into_iter()
        .filter(|method| method == "PUT");
    assert_eq!(writes.count(), 1 + 8);
    assert_eq!(harness.carried().await.len(), 1_001);
}

#[tokio::test(start_paused = true)]
async fn waiting_plain_adds_cost_one_call_for_fifty_and_no_read_where_tags_are_added() {
    let harness = Harness::new("elevenlabs", &with_first(128));
    harness.warm().await;
    let results = behind_a_first(&harness, names(128).iter().map(|name| add(name)).collect()).await;
    assert!(
        results
            .iter()
            .all(|result| result.as_ref().is_ok_and(|changed| changed.assumed))
    );
    assert_eq!(
        harness.methods(),
        ["POST", "POST", "POST", "POST"],
        "the first, then three"
    );
    assert_eq!(harness.carried().await.len(), 129);
}

#[tokio::test(start_paused = true)]
async fn each_member_is_judged_at_its_place_in_the_order() {
    for vendor in ["elevenlabs", "awardee"] {
        let tags = ["first", "a", "b", "s=1", "s=2"].map(str::to_owned);
        let harness = Harness::new(vendor, &tags);
        harness.warm().await;
        let first = harness.submit(harness.job(add("first"), PATIENCE)).await;
        let mut guarded = harness.job(add("b"), PATIENCE);
        guarded.if_match = stale();
        let jobs = [
            harness.job(add("a"), PATIENCE),
            guarded,
            harness.job(add("A"), PATIENCE),
            harness.job(add("s=1"), PATIENCE),
            harness.job(add("nobody knows"), PATIENCE),
            harness.job(add("s=2"), PATIENCE),
            harness.job(remove("a"), PATIENCE),
            harness.job(remove("a"), PATIENCE),
        ];
        let mut submitted = Vec::new();
        for job in jobs {
            submitted.push(harness.submit(job).await);
        }
        first.await.expect("no panic").expect("the first change");
        let mut told = Vec::new();
        for one in submitted {
            told.push(match one.await.expect("no panic") {
                Ok(changed) => Ok((texts(&changed.added), texts(&changed.removed))),
                Err(error) => Err(error.code()),
            });
        }
        let did = |added: &[&str], removed: &[&str]| {
            let own = |texts: &[&str]| {
                texts
                    .iter()
                    .map(|text| (*text).to_owned())
                    .collect::<Vec<_>>()
            };
            Ok((own(added), own(removed)))
        };
        let expected = [
            did(&["a"], &[]),
            Err(Code::PreconditionFailed),
            did(&[], &[]),
            did(&["s=1"], &[]),
            Err(Code::UnknownTag),
            did(&["s=2"], &["s=1"]),
            did(&[], &["a"]),
            did(&[], &[]),
        ];
        assert_eq!(told, expected, "{vendor}");
        assert_eq!(harness.carried().await, ["first", "s=2"], "{vendor}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_the_vendor_refuses_does_not_take_the_others_down() {
    for vendor in ["awardee", "elevenlabs"] {
        let harness = Harness::new(vendor, &with_first(16));
        harness.warm().await;
        // One tag goes behind the gateway's back, so the vendor refuses a write that names it.
        let page = harness
            .route
            .account
            .catalogue(&harness.job(add("x"), PATIENCE).context())
            .await
            .expect("cached");
        let gone = page
            .tags()
            .iter()
            .find(|tag| tag.tag.name == "t7")
            .expect("listed");
        let path = match vendor {
            "awardee" => format!(
                "/v1/conversation-tags/{}",
                gone.id.as_deref().expect("an id")
            ),
            _ => format!("/v1/convai/tags/{}", gone.id.as_deref().expect("an id")),
        };
        let (name, value) = harness.route.account.adapter.credential("key");
        let request = http::Request::delete(path)
            .header(name, value)
            .body(bytes::Bytes::new())
            .expect("a request");
        assert!(harness.twin.call(request, 0).status().is_success());
        let results =
            behind_a_first(&harness, names(16).iter().map(|name| add(name)).collect()).await;
        for (n, result) in results.iter().enumerate() {
            assert_eq!(result.is_ok(), n != 7, "{vendor} t{n}: {result:?}");
        }
        assert_eq!(
            results[7].as_ref().err().map(Error::code),
            Some(Code::UnknownTag),
            "{vendor}"
        );
        assert_eq!(
            harness.carried().await.len(),
            16,
            "{vendor}: fifteen and the first"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_change_whose_caller_left_is_dropped_and_the_lane_leaves_no_trace() {
    let harness = Harness::new("awardee", &with_first(2));
    harness.warm().await;
    let first = harness.submit(harness.job(add("first"), PATIENCE)).await;
    let left = harness.submit(harness.job(add("t0"), PATIENCE)).await;
    let stays = harness.submit(harness.job(add("t1"), PATIENCE)).await;
    left.abort();
    assert!(left.await.is_err_and(|error| error.is_cancelled()));
    first.await.expect("no panic").expect("added");
    stays.await.expect("no panic").expect("added");
    assert_eq!(harness.carried().await, ["first", "t1"]);
    tokio::task::yield_now().await;
    assert_eq!(
        harness.lanes.lanes(),
        0,
        "{CONVERSATION} has no lane any more"
    );
}
