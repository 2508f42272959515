//! How many calls a change costs, on a catalogue that is known.

use super::{Bench, recorded};
use crate::support::{Gateway, conversation, tags_of, texts};
use serde_json::{Value, json};

fn methods(bench: &Bench) -> Vec<String> {
    recorded(&bench.served)
        .into_iter()
        .map(|call| call.0)
        .collect()
}

async fn change(gateway: &Gateway, target: &str, body: Value) -> Value {
    gateway.send("PATCH", target, &body).await.is(200).json()
}

#[tokio::test]
async fn a_plain_add_on_elevenlabs_is_one_post_and_nothing_else() {
    let bench = Bench::on_socket("elevenlabs").await.warm().await;
    bench.start(1, &[]).await;
    let target = bench.tags(1);
    let answer = change(&bench.gateway, &target, json!({"add": ["billing", "vip"]})).await;
    assert_eq!(answer["assumed"], true);
    let calls = recorded(&bench.served);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].0, "POST");
    assert_eq!(
        calls[0].1,
        format!("/v1/convai/conversations/{}/tags", conversation(1))
    );
    assert_eq!(calls[0].2["tag_ids"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_hundred_and_twenty_adds_on_elevenlabs_are_three_posts() {
    let bench = Bench::on_socket("elevenlabs").await;
    let names: Vec<String> = (0..120).map(|number| format!("tag {number:03}")).collect();
    let first = format!("{}?create_missing=true", bench.tags(1));
    change(&bench.gateway, &first, json!({"add": names})).await;
    bench.served.clear_calls();

    let answer = change(&bench.gateway, &bench.tags(2), json!({"add": names})).await;
    assert_eq!(texts(&answer["added"]), names);
    let calls = recorded(&bench.served);
    let sizes: Vec<usize> = calls
        .iter()
        .map(|(method, _, body)| {
            assert_eq!(method, "POST");
            body["tag_ids"].as_array().unwrap().len()
        })
        .collect();
    assert_eq!(sizes, [50, 50, 20]);
}

#[tokio::test]
async fn a_replace_on_elevenlabs_reads_once_then_adds_and_only_then_removes() {
    let bench = Bench::on_socket("elevenlabs").await.warm().await;
    bench.start(1, &["billing", "vip", "deal_stage=won"]).await;
    let body = json!({"tags": ["refund", "deal_stage=negotiation"]});
    bench
        .gateway
        .send("PUT", &bench.tags(1), &body)
        .await
        .is(200);
    assert_eq!(
        methods(&bench),
        ["GET", "POST", "DELETE", "DELETE", "DELETE"]
    );
}

#[tokio::test]
async fn a_vendor_that_replaces_sets_costs_one_get_and_one_put() {
    for vendor in ["awardee", "attention"] {
        let bench = Bench::on_socket(vendor).await.warm().await;
        bench.start(1, &["billing", "deal_stage=negotiation"]).await;
        let body = json!({"add": ["vip", "deal_stage=won"], "remove": ["billing"]});
        change(&bench.gateway, &bench.tags(1), body).await;
        assert_eq!(methods(&bench), ["GET", "PUT"], "{vendor}");
    }
}

#[tokio::test]
async fn what_is_true_already_is_read_and_never_written() {
    for vendor in ["awardee", "attention"] {
        let bench = Bench::on_socket(vendor).await.warm().await;
        bench.start(1, &["billing", "vip"]).await;
        let target = bench.tags(1);
        let asks = [
            bench.gateway.ask("PUT", &format!("{target}/billing")),
            bench.gateway.ask("DELETE", &format!("{target}/refund")),
            bench
                .gateway
                .ask("PATCH", &target)
                .json(&json!({"add": ["VIP"], "remove": ["refund"]})),
            bench
                .gateway
                .ask("PUT", &target)
                .json(&json!({"tags": ["vip", "billing"]})),
        ];
        for ask in asks {
            bench.served.clear_calls();
            let answer = ask.send().await.is(200).json();
            assert_eq!(answer["added"], json!([]), "{vendor}");
            assert_eq!(answer["removed"], json!([]), "{vendor}");
            assert_eq!(methods(&bench), ["GET"], "{vendor}");
        }
    }
}

#[tokio::test]
async fn a_clear_of_what_is_empty_writes_nothing_on_any_vendor() {
    for vendor in crate::support::VENDORS {
        let bench = Bench::on_socket(vendor).await.warm().await;
        bench.served.clear_calls();
        let target = tags_of(vendor, &conversation(9));
        bench.gateway.ask("DELETE", &target).send().await.is(200);
        assert_eq!(methods(&bench), ["GET"], "{vendor}");
    }
}

#[tokio::test]
async fn a_catalogue_that_is_known_is_not_read_again_for_every_change() {
    let bench = Bench::on_socket("awardee").await.warm().await;
    bench.served.clear_calls();
    for number in 1..6 {
        change(&bench.gateway, &bench.tags(number), json!({"add": ["vip"]})).await;
    }
    let methods = methods(&bench);
    assert_eq!(methods, ["GET", "PUT"].repeat(5));
}
