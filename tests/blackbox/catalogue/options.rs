//! Attention's labels and their options: a tag with a value is an option, and the options are written as a whole.

use super::{Bench, outside, seeded};
use crate::{
    errors::told,
    support::{Answer, OnSocket, conversation, tags_of},
};
use serde_json::{Value, json};
use tagway::error::Code;

/// A label `stage` with two options that have descriptions, one `mood` with one, and a bare `vip`.
async fn bench() -> Bench {
    let mut options = seeded("attention", &["vip"], &[]);
    options.tags.push(
        json!({"name": "Stage", "description": "of a deal", "options": [
            {"value": "won", "description": "signed"},
            {"value": "Lost", "description": "\"no\"\u{1f600}"},
        ]}),
    );
    options
        .tags
        .push(json!({"name": "mood", "options": [{"value": "good"}]}));
    let twin = OnSocket::new("attention", options).await;
    let address = twin.address.to_string();
    let mut bench = Bench::new("attention", &[], &[], "").await;
    bench.served = twin.served;
    bench.address = address;
    bench.again().await
}

/// The label as the vendor has it.
fn label(bench: &Bench, name: &str) -> Value {
    let all = outside(&bench.served, "GET", "/v2/labels", &Value::Null);
    let labels = all["data"].as_array().unwrap().iter();
    let mut found = labels.filter(|label| label["name"] == name);
    found.next().cloned().unwrap_or_default()
}

#[track_caller]
fn unsupported(answer: &Answer, pointer: &str) {
    let problem = told(answer, Code::UnsupportedByVendor);
    assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    assert_eq!(problem["outcome"], "not applied", "{problem}");
}

#[tokio::test]
async fn a_second_value_is_written_with_all_others_and_their_descriptions() {
    let bench = bench().await;
    let before = label(&bench, "Stage");
    bench.served.clear_calls();
    let body = json!({"name": "stage", "value": "on hold", "description": "wait"});
    let made = bench.create(&body).await.is(201).json();
    assert_eq!(made["tag"], "Stage=on hold");
    assert_eq!(
        (&made["id"], &made["description"]),
        (&Value::Null, &json!("wait"))
    );
    let sent = bench.written();
    assert_eq!(sent.len(), 1);
    let uuid = before["uuid"].as_str().unwrap();
    assert_eq!(
        (sent[0].0.as_str(), sent[0].1.as_str()),
        ("PATCH", format!("/v2/labels/{uuid}").as_str())
    );
    let mut options = before["options"].as_array().unwrap().clone();
    options.push(json!({"value": "on hold", "description": "wait"}));
    assert_eq!(sent[0].2, json!({ "options": options }));
    let after = label(&bench, "Stage");
    assert_eq!(after["options"], json!(options));
    for member in ["name", "description", "aiFlow", "allTeams"] {
        assert_eq!(after[member], before[member], "{member}");
    }
}

#[tokio::test]
async fn options_that_somebody_else_made_since_are_kept() {
    let bench = bench().await;
    bench.texts().await;
    let before = label(&bench, "Stage");
    let path = format!("/v2/labels/{}", before["uuid"].as_str().unwrap());
    let mut options = before["options"].as_array().unwrap().clone();
    options.push(json!({"value": "theirs", "description": "of another writer"}));
    outside(
        &bench.served,
        "PATCH",
        &path,
        &json!({ "options": options }),
    );
    bench.create(&json!({"tag": "stage=ours"})).await.is(201);
    bench.delete("stage=won").await.is(204);
    bench
        .update("stage=lost", &json!({"value": "gone"}))
        .await
        .is(200);
    let values: Vec<Value> = label(&bench, "Stage")["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option["value"].clone())
        .collect();
    assert_eq!(values, ["gone", "theirs", "ours"]);
}

#[tokio::test]
async fn a_changed_option_leaves_the_others_as_they_are() {
    let bench = bench().await;
    let mut options = label(&bench, "Stage")["options"]
        .as_array()
        .unwrap()
        .clone();
    let patch = json!({"value": "closed", "description": "and paid"});
    let tag = bench.update("STAGE=Won", &patch).await.is(200).json();
    assert_eq!(tag["tag"], "Stage=closed");
    options[0] = json!({"value": "closed", "description": "and paid"});
    assert_eq!(label(&bench, "Stage")["options"], json!(options));
    bench
        .update("stage=closed", &json!({"description": null}))
        .await
        .is(200);
    options[0] = json!({"value": "closed", "description": ""});
    assert_eq!(label(&bench, "Stage")["options"], json!(options));
}

#[tokio::test]
async fn a_deleted_value_is_patched_out_and_the_last_one_takes_the_label_with_it() {
    let bench = bench().await;
    let before = label(&bench, "Stage");
    let path = format!("/v2/labels/{}", before["uuid"].as_str().unwrap());
    bench.delete("stage=won").await.is(204);
    let rest = json!([before["options"][1]]);
    assert_eq!(
        bench.written(),
        [("PATCH".to_owned(), path.clone(), json!({ "options": rest }))]
    );
    assert_eq!(label(&bench, "Stage")["options"], rest);
    bench.served.clear_calls();
    bench.delete("stage=lost").await.is(204);
    assert_eq!(bench.written(), [("DELETE".to_owned(), path, Value::Null)]);
    assert_eq!(label(&bench, "Stage"), Value::Null);
    assert_eq!(bench.texts().await, ["mood=good", "vip"]);
    // The name is free now, for a bare tag too.
    bench.create(&json!({"tag": "stage"})).await.is(201);
}

#[tokio::test]
async fn the_bare_name_of_a_label_with_options_is_no_tag() {
    let bench = bench().await;
    let one = bench.one("stage");
    told(&bench.get(&one).await, Code::TagNotFound);
    told(&bench.delete("stage").await, Code::TagNotFound);
    let patch = json!({"description": "x"});
    told(&bench.update("stage", &patch).await, Code::TagNotFound);
    let target = tags_of("attention", &conversation(1));
    let answer = bench
        .gateway
        .send("PATCH", &target, &json!({"add": ["stage"]}))
        .await;
    told(&answer, Code::UnknownTag);
    assert_eq!(bench.written(), []);
}

#[tokio::test]
async fn a_bare_tag_and_a_value_of_one_name_exclude_each_other() {
    let bench = bench().await;
    unsupported(&bench.create(&json!({"tag": "vip=gold"})).await, "/value");
    unsupported(&bench.create(&json!({"tag": "Stage"})).await, "/value");
    unsupported(&bench.ensure("vip=gold", &json!({})).await, "/value");
    unsupported(&bench.ensure("stage", &json!({})).await, "/value");
    unsupported(
        &bench.update("vip", &json!({"value": "gold"})).await,
        "/value",
    );
    unsupported(
        &bench.update("stage=won", &json!({"value": null})).await,
        "/value",
    );
    unsupported(
        &bench.update("stage=won", &json!({"name": "phase"})).await,
        "/name",
    );
    let target = format!(
        "{}?create_missing=true",
        tags_of("attention", &conversation(1))
    );
    for text in ["vip=gold", "stage"] {
        let answer = bench
            .gateway
            .send("PATCH", &target, &json!({"add": [text]}))
            .await;
        told(&answer, Code::UnsupportedByVendor);
    }
    assert_eq!(bench.written(), []);
}

#[tokio::test]
async fn options_that_a_bare_label_got_meanwhile_are_not_overwritten() {
    let bench = bench().await;
    bench.texts().await;
    let vip = label(&bench, "vip");
    let path = format!("/v2/labels/{}", vip["uuid"].as_str().unwrap());
    let options = json!([{"value": "gold", "description": "theirs"}]);
    outside(
        &bench.served,
        "PATCH",
        &path,
        &json!({ "options": options }),
    );
    let made = bench.create(&json!({"tag": "vip=silver"})).await;
    unsupported(&made, "/value");
    assert_eq!(label(&bench, "vip")["options"], options);
}

#[tokio::test]
async fn created_labels_have_the_flags_that_the_route_says() {
    for (flags, expected) in [("", false), ("ai_flow = true\nall_teams = true", true)] {
        let more = format!("[routes.attention.attention]\n{flags}");
        let bench = Bench::new("attention", &[], &[], &more).await;
        bench.create(&json!({"tag": "one"})).await.is(201);
        bench.ensure("two=first", &json!({})).await.is(201);
        for name in ["one", "two"] {
            let made = label(&bench, name);
            assert_eq!(
                (&made["aiFlow"], &made["allTeams"]),
                (&json!(expected), &json!(expected))
            );
        }
    }
}
