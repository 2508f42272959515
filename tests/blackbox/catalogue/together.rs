//! Many clients at once make one tag.

use super::Bench;
use crate::support::{Answer, Ask, VENDORS, conversation, tags_of, texts};
use serde_json::json;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

const CLIENTS: usize = 64;

/// Sends everything at the same time.
async fn at_once(asks: impl Iterator<Item = Ask>) -> Vec<Answer> {
    let mut running: JoinSet<Answer> = asks.map(Ask::send).collect();
    let mut answers = Vec::new();
    while let Some(answer) = running.join_next().await {
        answers.push(answer.unwrap());
    }
    assert_eq!(answers.len(), CLIENTS);
    answers
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

#[tokio::test]
async fn sixty_four_ensures_of_one_name_make_one_tag() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "").await;
        let spellings = ["refund", "Refund", "REFUND"];
        let asks = (0..CLIENTS).map(|number| {
            let spelling = spellings[number % spellings.len()];
            bench.gateway.ask("PUT", &bench.one(spelling))
        });
        let answers = at_once(asks).await;
        assert_eq!(count(&answers, 201), 1, "{vendor}");
        assert_eq!(count(&answers, 200), CLIENTS - 1, "{vendor}");
        let seen: BTreeSet<String> = answers
            .iter()
            .map(|answer| answer.json()["id"].to_string())
            .collect();
        assert_eq!(seen.len(), 1, "{vendor}");
        assert_eq!(bench.creates(), 1, "{vendor}");
        assert_eq!(bench.written().len(), 1, "{vendor}");
        assert_eq!(bench.texts().await.len(), 2, "{vendor}");
    }
}

#[tokio::test]
async fn sixty_four_ensures_of_values_of_one_name_lose_none() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &[], &[("stage", &["0"])], "").await;
        let asks = (0..CLIENTS).map(|number| {
            bench
                .gateway
                .ask("PUT", &bench.one(&format!("stage={number}")))
        });
        let answers = at_once(asks).await;
        assert_eq!(count(&answers, 200), 1, "{vendor}");
        assert_eq!(count(&answers, 201), CLIENTS - 1, "{vendor}");
        let cold = bench.again().await;
        let all: BTreeSet<String> = cold.texts().await.into_iter().collect();
        let expected = (0..CLIENTS).map(|number| format!("stage={number}"));
        assert_eq!(all, expected.collect(), "{vendor}");
    }
}

#[tokio::test]
async fn sixty_four_changes_that_need_one_new_tag_make_one_tag() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "").await;
        let asks = (0..CLIENTS).map(|number| {
            let target = tags_of(vendor, &conversation(number));
            let target = format!("{target}?create_missing=true");
            bench
                .gateway
                .ask("PATCH", &target)
                .json(&json!({"add": ["refund"]}))
        });
        let answers = at_once(asks).await;
        assert_eq!(count(&answers, 200), CLIENTS, "{vendor}");
        for answer in &answers {
            assert_eq!(texts(&answer.json()["added"]), ["refund"], "{vendor}");
        }
        assert_eq!(bench.creates(), 1, "{vendor}");
        for number in 0..CLIENTS {
            let read = bench.get(&tags_of(vendor, &conversation(number))).await;
            assert_eq!(texts(&read.is(200).json()["tags"]), ["refund"], "{vendor}");
        }
    }
}

#[tokio::test]
async fn of_sixty_four_creates_of_one_name_one_makes_it() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "").await;
        let create = |_| {
            bench
                .gateway
                .ask("POST", &bench.tags())
                .json(&json!({"tag": "refund"}))
        };
        let answers = at_once((0..CLIENTS).map(create)).await;
        assert_eq!(count(&answers, 201), 1, "{vendor}");
        assert_eq!(count(&answers, 409), CLIENTS - 1, "{vendor}");
        let made = answers.iter().find(|answer| answer.status == 201).unwrap();
        for refused in answers.iter().filter(|answer| answer.status == 409) {
            let problem = refused.json();
            assert_eq!(problem["code"], "tag-exists", "{vendor}");
            assert_eq!(problem["existing"]["tag"], "refund", "{vendor}");
            assert_eq!(problem["existing"]["id"], made.json()["id"], "{vendor}");
            assert_eq!(problem["outcome"], "not applied", "{vendor}");
        }
        assert_eq!(bench.creates(), 1, "{vendor}");
    }
}

#[tokio::test]
async fn of_sixty_four_deletes_of_one_tag_none_does_harm() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["refund", "vip"], &[], "").await;
        let asks = (0..CLIENTS).map(|_| bench.gateway.ask("DELETE", &bench.one("refund")));
        let answers = at_once(asks).await;
        assert!(count(&answers, 204) >= 1, "{vendor}");
        assert_eq!(
            count(&answers, 204) + count(&answers, 404),
            CLIENTS,
            "{vendor}"
        );
        assert_eq!(bench.texts().await, ["vip"], "{vendor}");
    }
}
