//! The cached catalogue follows every edit of ours at once, and others' edits within its bounds.

use super::{Bench, made_outside};
use crate::{
    errors::told,
    support::{PATIENCE, VENDORS, conversation, tags_of, texts},
};
use serde_json::json;
use std::time::Duration;
use tagway::error::Code;
use tokio::time::Instant;

impl Bench {
    async fn add(&self, number: usize, text: &str) -> crate::support::Answer {
        let target = tags_of(self.vendor, &conversation(number));
        self.gateway
            .send("PATCH", &target, &json!({"add": [text]}))
            .await
    }
}

#[tokio::test]
async fn a_tag_of_ours_can_be_used_by_name_at_once() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[("stage", &["won"])], "").await;
        assert_eq!(bench.texts().await.len(), 2, "{vendor}");
        assert_eq!(bench.lists(), 1, "{vendor}");
        bench.create(&json!({"tag": "created"})).await.is(201);
        bench.create(&json!({"tag": "stage=lost"})).await.is(201);
        bench.ensure("ensured", &json!({})).await.is(201);
        for text in ["created", "stage=lost", "ensured"] {
            let answer = bench.add(1, text).await.is(200);
            assert_eq!(texts(&answer.json()["added"]), [text], "{vendor}");
            bench.get(&bench.one(text)).await.is(200);
        }
        assert_eq!(bench.lists(), 1, "{vendor}");
        let expected = ["created", "ensured", "stage=lost", "stage=won", "vip"];
        assert_eq!(bench.texts().await, expected, "{vendor}");
        assert_eq!(bench.again().await.texts().await, expected, "{vendor}");
    }
}

#[tokio::test]
async fn a_tag_made_by_a_change_is_known_to_the_next_one() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "create_missing = true").await;
        bench.add(1, "new").await.is(200);
        assert_eq!((bench.lists(), bench.creates()), (1, 1), "{vendor}");
        bench.add(2, "NEW").await.is(200);
        bench.get(&bench.one("new")).await.is(200);
        assert_eq!((bench.lists(), bench.creates()), (1, 1), "{vendor}");
    }
}

#[tokio::test]
async fn a_renamed_tag_is_known_by_its_new_name_and_no_longer_by_its_old_one() {
    for vendor in ["elevenlabs", "attention"] {
        let bench = Bench::new(vendor, &["vip"], &[("stage", &["won"])], "").await;
        assert_eq!(bench.texts().await.len(), 2, "{vendor}");
        bench.update("vip", &json!({"name": "guest"})).await.is(200);
        bench
            .update("stage=won", &json!({"value": "lost"}))
            .await
            .is(200);
        for text in ["guest", "stage=lost"] {
            bench.add(1, text).await.is(200);
        }
        assert_eq!(bench.lists(), 1, "{vendor}");
        assert_eq!(bench.texts().await, ["guest", "stage=lost"], "{vendor}");
        for text in ["vip", "stage=won"] {
            told(&bench.get(&bench.one(text)).await, Code::TagNotFound);
        }
        assert_eq!(bench.lists(), 2, "a miss looks again, once");
    }
}

#[tokio::test]
async fn a_deleted_tag_is_unknown_at_once() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["gone", "vip"], &[], "").await;
        assert_eq!(bench.texts().await.len(), 2, "{vendor}");
        bench.delete("gone").await.is(204);
        assert_eq!(bench.texts().await, ["vip"], "{vendor}");
        assert_eq!(bench.lists(), 1, "{vendor}");
        told(&bench.add(1, "gone").await, Code::UnknownTag);
        // It can be made again at once.
        bench.ensure("gone", &json!({})).await.is(201);
        bench.add(1, "gone").await.is(200);
    }
}

#[tokio::test]
async fn misses_refresh_the_catalogue_once_in_five_seconds_at_most() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "").await;
        told(&bench.get(&bench.one("nothing")).await, Code::TagNotFound);
        assert_eq!(
            bench.lists(),
            1,
            "what was read for the request itself is new enough"
        );
        let began = Instant::now();
        for round in 0..10 {
            told(&bench.get(&bench.one("nothing")).await, Code::TagNotFound);
            told(
                &bench.delete(&format!("nothing {round}")).await,
                Code::TagNotFound,
            );
            told(&bench.add(round, "nothing").await, Code::UnknownTag);
        }
        let allowed = 2 + usize::try_from(began.elapsed().as_secs() / 5).unwrap();
        assert!(
            (2..=allowed).contains(&bench.lists()),
            "{vendor}: {}",
            bench.lists()
        );
    }
}

#[tokio::test]
async fn a_tag_that_somebody_else_made_is_found_through_the_miss() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "").await;
        assert_eq!(bench.texts().await, ["vip"], "{vendor}");
        made_outside(vendor, &bench.served, "theirs");
        assert_eq!(
            bench.texts().await,
            ["vip"],
            "{vendor}: a list is not a miss"
        );
        bench.add(1, "theirs").await.is(200);
        assert_eq!(bench.texts().await, ["theirs", "vip"], "{vendor}");
        assert_eq!((bench.lists(), bench.creates()), (2, 1), "{vendor}");
    }
}

#[tokio::test]
async fn a_catalogue_is_believed_for_its_time_and_then_read_again() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "").await;
        for _ in 0..5 {
            bench.texts().await;
        }
        assert_eq!(bench.lists(), 1, "{vendor}");

        let short = Bench::new(vendor, &["vip"], &[], "catalogue_ttl_ms = 100").await;
        let began = Instant::now();
        short.texts().await;
        made_outside(vendor, &short.served, "theirs");
        while short.texts().await != ["theirs", "vip"] {
            assert!(began.elapsed() < PATIENCE, "{vendor} is never read again");
        }
        assert!(began.elapsed() >= Duration::from_millis(100), "{vendor}");
        let reads = u32::try_from(short.lists()).unwrap();
        let most = began.elapsed().as_millis() / 100 + 1;
        assert!(u128::from(reads) <= most, "{vendor}: {reads} of {most}");
    }
}
