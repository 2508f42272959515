//! What a change does not name comes through it byte for byte: values of Attention's map that are no tags, odd
//! spellings of numbers, and ids that the catalogue does not know.

use super::Bench;
use crate::support::{conversation, texts};
use serde_json::json;

/// Members in spellings that a parser would not give back.
const ODD: [&str; 6] = [
    r#""score":1.50e0"#,
    r#""huge":1E400"#,
    r#""list":[ 1,  -0.0, "A" ]"#,
    r#""object":{"b":1, "a":{"b":2},"c":"\u0041"}"#,
    r#""none":null"#,
    r#""\u0065scaped":false"#,
];

fn map(members: &[&str]) -> String {
    format!("{{{}}}", members.join(","))
}

fn with(more: &[&str]) -> String {
    map(&[&ODD[..], more].concat())
}

async fn attention() -> Bench {
    Bench::on_socket("attention").await.warm().await
}

fn put(bench: &Bench, content: &str) {
    let id = conversation(1);
    assert!(bench.served.twin(|twin| twin.set_content(&id, content)));
}

fn held(bench: &Bench) -> String {
    let id = conversation(1);
    bench.served.twin(|twin| twin.content(&id)).unwrap()
}

#[tokio::test]
async fn every_change_on_attention_sends_foreign_values_back_byte_for_byte() {
    let bench = attention().await;
    let target = bench.tags(1);
    let one = |tag: &str| format!("{target}/{tag}");
    let ask = |method: &str, target: &str| bench.gateway.ask(method, target);
    let start = [r#""bi\u006cling":"tr\u0075e""#, r#""deal_stage":"won""#];
    let (billing, won) = (start[0], start[1]);
    let vip = r#""vip":"true""#;
    let cases = [
        (ask("PUT", &one("vip")), with(&[billing, won, vip])),
        (ask("DELETE", &one("billing")), with(&[won])),
        (
            ask("PATCH", &target).json(&json!({"add": ["vip"], "remove": ["deal_stage=won"]})),
            with(&[billing, vip]),
        ),
        (
            ask("PUT", &target).json(&json!({"tags": ["vip", "billing"]})),
            with(&[billing, vip]),
        ),
        (ask("DELETE", &target), with(&[])),
    ];
    for (ask, expected) in cases {
        put(&bench, &with(&start));
        ask.send().await.is(200);
        assert_eq!(held(&bench), expected);
    }
}

#[tokio::test]
async fn a_foreign_value_is_no_tag_and_yet_a_part_of_the_etag() {
    let bench = attention().await;
    let target = bench.tags(1);
    let mut etags = Vec::new();
    for content in [
        map(&[r#""a":"true""#]),
        map(&[r#""a":"true""#, r#""n":1"#]),
        map(&[r#""a":"true""#, r#""n":1.0"#]),
    ] {
        put(&bench, &content);
        let answer = bench.gateway.get(&target).await.is(200);
        assert_eq!(texts(&answer.json()["tags"]), ["a"]);
        etags.push(answer.header("etag").unwrap().to_owned());
    }
    etags.dedup();
    assert_eq!(etags.len(), 3);
}

#[tokio::test]
async fn an_id_that_the_catalogue_does_not_know_is_kept_by_a_patch_and_removed_by_a_replace() {
    let bench = Bench::on_socket("elevenlabs").await.warm().await;
    let target = bench.tags(1);
    let content = json!(["stranger"]).to_string();
    assert!(
        bench
            .served
            .twin(|twin| twin.set_content(&conversation(1), &content))
    );
    let unknown = json!({"tag": null, "name": null, "value": null, "id": "stranger"});
    let read = bench.gateway.get(&target).await.is(200).json();
    assert_eq!(read["tags"], json!([unknown]));
    let body = json!({"add": ["vip"], "remove": ["billing"]});
    bench.gateway.send("PATCH", &target, &body).await.is(200);
    let read = bench.gateway.get(&target).await.is(200).json();
    assert_eq!(texts(&read["tags"]), ["vip", "(unknown)"]);
    let body = json!({"tags": ["vip"]});
    let answer = bench.gateway.send("PUT", &target, &body).await.is(200);
    assert_eq!(answer.json()["removed"], json!([unknown]));
    let read = bench.gateway.get(&target).await.is(200).json();
    assert_eq!(texts(&read["tags"]), ["vip"]);
}
