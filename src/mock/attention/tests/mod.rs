mod conversation;
mod labels;
mod refusals;

use serde_json::json;

use super::super::{
    Options, Window,
    testing::{Answer, Bench, ID},
};

const LABELS: &str = "/v2/labels";

fn bench() -> Bench {
    Bench::new("attention", &Options::default())
}

fn create(bench: &mut Bench, name: &str) -> String {
    bench
        .call("POST", LABELS, &json!({ "name": name }).to_string())
        .is(201)
        .str("/data/uuid")
        .to_owned()
}

fn put(bench: &mut Bench, labels: &str) -> Answer {
    let body = format!(r#"{{"labels":{labels},"skip_analysis":true}}"#);
    bench.call("PUT", "/v2/conversations/conv-1/labels", &body)
}
