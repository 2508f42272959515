mod catalogue;
mod history;
mod refusals;

use serde_json::json;

use super::super::{
    Options, Window,
    testing::{Answer, Bench},
};

const TAGS: &str = "/v1/convai/tags";

fn bench() -> Bench {
    Bench::new("elevenlabs", &Options::default())
}

fn create(bench: &mut Bench, title: &str) -> String {
    let body = json!({ "title": title }).to_string();
    bench
        .call("POST", TAGS, &body)
        .is(200)
        .str("/tag_id")
        .to_owned()
}

fn assign(bench: &mut Bench, conversation: &str, tags: &[&str]) -> Answer {
    let body = json!({ "tag_ids": tags }).to_string();
    bench.call(
        "POST",
        &format!("/v1/convai/conversations/{conversation}/tags"),
        &body,
    )
}
