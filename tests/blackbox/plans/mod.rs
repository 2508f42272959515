//! What a dry run prints is what the real run sends, for every operation on every vendor, whether its twin is embedded
//! or on a socket; and one request has one answer whatever the vendor.

mod counts;
mod foreign;
mod operations;

use crate::support::{Gateway, OnSocket, VENDORS, conversation, open, route, tags_of, texts};
use operations::{Operation, operations};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use tagway::mock::{Options, RecordedBody, Served};

/// A route whose vendor is a twin in the gateway or on a socket, with its catalogue read.
struct Bench {
    vendor: &'static str,
    gateway: Gateway,
    served: Arc<Served>,
}

impl Bench {
    async fn embedded(vendor: &'static str) -> Self {
        let gateway = open("", &route(vendor, "mock", "")).await;
        let served = gateway.embedded(vendor);
        Self {
            vendor,
            gateway,
            served,
        }
    }

    async fn on_socket(vendor: &'static str) -> Self {
        let twin = OnSocket::new(vendor, Options::default()).await;
        let gateway = open("", &route(vendor, &twin.address.to_string(), "")).await;
        Self {
            vendor,
            gateway,
            served: twin.served,
        }
    }

    /// Fills the catalogue and makes the gateway know it.
    async fn warm(self) -> Self {
        let target = format!("{}?create_missing=true", self.tags(0));
        for add in [
            json!(["billing", "vip", "refund", "deal_stage=negotiation"]),
            json!(["deal_stage=won"]),
        ] {
            let change = json!({"add": add});
            self.gateway.send("PATCH", &target, &change).await.is(200);
        }
        self
    }

    fn tags(&self, number: usize) -> String {
        tags_of(self.vendor, &conversation(number))
    }

    /// Brings a conversation into a state, and forgets the calls of that.
    async fn start(&self, number: usize, tags: &[&str]) {
        let body = json!({"tags": tags});
        self.gateway
            .send("PUT", &self.tags(number), &body)
            .await
            .is(200);
        self.served.clear_calls();
    }

    async fn run(
        &self,
        number: usize,
        operation: &Operation,
        dry: bool,
    ) -> (Value, Option<String>) {
        let mut target = format!("{}{}", self.tags(number), operation.target);
        if dry {
            target.push_str(if target.contains('?') { "&" } else { "?" });
            target.push_str("dry_run=true");
        }
        let ask = self.gateway.ask(operation.method, &target);
        let ask = match &operation.body {
            Some(body) => ask.json(body),
            None => ask,
        };
        let answer = ask.send().await.is(200);
        let calls = answer.header("tagway-vendor-calls").map(str::to_owned);
        (answer.json(), calls)
    }
}

/// A call as method, path with query, and body.
type Sent = (String, String, Value);

fn recorded(served: &Served) -> Vec<Sent> {
    let calls = served.calls();
    let sent = calls.into_iter().map(|call| {
        assert!(call.status < 300, "{call:?}");
        let body = match call.body {
            None => Value::Null,
            Some(RecordedBody::Json(raw)) => serde_json::from_str(raw.get()).unwrap(),
            Some(RecordedBody::Text(text)) => panic!("not JSON: {text}"),
        };
        (call.method, call.path, body)
    });
    sent.collect()
}

fn printed(calls: &Value, ids: &BTreeMap<String, Value>) -> Vec<Sent> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let calls = calls.as_array().unwrap().iter().map(|call| {
        let mut body = call.get("body").cloned().unwrap_or_default();
        fill(&mut body, ids);
        (text(&call["method"]), text(&call["path"]), body)
    });
    calls.collect()
}

/// Puts the ids that came into the places that waited for them.
fn fill(value: &mut Value, ids: &BTreeMap<String, Value>) {
    if let Some(text) = value.get("created").and_then(Value::as_str) {
        *value = ids.get(text).expect("a tag that was added").clone();
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, ids)),
        Value::Object(members) => members.values_mut().for_each(|item| fill(item, ids)),
        _ => {}
    }
}

/// Removes are sent together, so the order of their arrival is open.
fn in_one_order(mut calls: Vec<Sent>) -> Vec<Sent> {
    let removes = calls.iter().position(|call| call.0 == "DELETE");
    if let Some(first) = removes {
        calls[first..].sort_by(|one, other| one.1.cmp(&other.1));
    }
    calls
}

/// An answer without what differs between vendors by nature: ids, the route, and whether anything was read.
fn neutral(mut answer: Value) -> Value {
    let members = answer.as_object_mut().unwrap();
    members.remove("route");
    members.remove("assumed");
    for list in ["added", "removed"] {
        for tag in members[list].as_array_mut().unwrap() {
            tag.as_object_mut().unwrap().remove("id");
        }
    }
    answer
}

/// Runs every operation, first dry, and gives back the answers.
async fn every_operation(bench: &Bench, on_mock: bool) -> Vec<Value> {
    let mut answers = Vec::new();
    for (number, operation) in (1..).zip(operations()) {
        let place = format!("{} on {}", operation.name, bench.vendor);
        bench.start(number, operation.before).await;

        let (plan, _) = bench.run(number, &operation, true).await;
        let touched = recorded(&bench.served);
        assert!(
            touched.iter().all(|call| call.0 == "GET"),
            "{place}: {touched:?}"
        );
        bench.served.clear_calls();

        let (answer, spent) = bench.run(number, &operation, false).await;
        let sent = recorded(&bench.served);
        let added = answer["added"].as_array().unwrap().iter();
        let ids = added
            .map(|tag| (tag["tag"].as_str().unwrap().to_owned(), tag["id"].clone()))
            .collect();
        let (reads, writes): (Vec<Sent>, Vec<Sent>) =
            sent.iter().cloned().partition(|call| call.0 == "GET");
        assert_eq!(reads, printed(&plan["reads"], &ids), "{place}");
        let calls = printed(&plan["calls"], &ids);
        assert_eq!(in_one_order(writes), in_one_order(calls), "{place}");
        assert_eq!(spent, Some(sent.len().to_string()), "{place}");

        assert_eq!(texts(&answer["added"]), operation.added, "{place}");
        assert_eq!(texts(&answer["removed"]), operation.removed, "{place}");
        assert_eq!(answer["tags"], Value::Null, "{place}");
        if !plan["before"].is_null() {
            assert_eq!(texts(&plan["before"]), operation.before, "{place}");
            let mut after = texts(&plan["after"]);
            after.sort();
            assert_eq!(after, operation.after, "{place}");
        }
        assert_eq!(plan["before"].is_null(), answer["assumed"], "{place}");
        let seen = bench.gateway.get(&bench.tags(number)).await.is(200);
        assert_eq!(texts(&seen.json()["tags"]), operation.after, "{place}");
        let mock = seen.header("tagway-mock");
        assert_eq!(mock, on_mock.then_some("true"), "{place}");
        answers.push(neutral(answer));
    }
    answers
}

#[tokio::test]
async fn the_twin_gets_what_the_dry_run_printed_and_all_vendors_answer_alike() {
    let mut all = Vec::new();
    for vendor in VENDORS {
        let embedded = Bench::embedded(vendor).await.warm().await;
        all.push((vendor, every_operation(&embedded, true).await));
        let on_socket = Bench::on_socket(vendor).await.warm().await;
        all.push((vendor, every_operation(&on_socket, false).await));
    }
    let (_, first) = &all[0];
    for (vendor, answers) in &all {
        assert_eq!(answers, first, "{vendor}");
    }
}

#[tokio::test]
async fn a_tag_can_be_named_by_its_id_where_the_vendor_has_ids() {
    for vendor in ["elevenlabs", "awardee"] {
        let bench = Bench::embedded(vendor).await.warm().await;
        bench.start(1, &["vip"]).await;
        let target = bench.tags(1);
        let carried = bench.gateway.get(&target).await.is(200).json();
        let id = carried["tags"][0]["id"].as_str().unwrap();
        let body = json!({"remove": [{"id": id}]});
        let answer = bench.gateway.send("PATCH", &target, &body).await.is(200);
        assert_eq!(texts(&answer.json()["removed"]), ["vip"], "{vendor}");
        let one = format!("{target}/id:{id}");
        let answer = bench.gateway.ask("PUT", &one).send().await.is(200);
        assert_eq!(texts(&answer.json()["added"]), ["vip"], "{vendor}");
        bench.gateway.ask("DELETE", &one).send().await.is(200);
        let carried = bench.gateway.get(&target).await.json();
        assert_eq!(carried["tags"], json!([]), "{vendor}");
    }
}
