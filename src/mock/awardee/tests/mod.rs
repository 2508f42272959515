mod conversation;
mod palette;
mod rates;
mod refusals;
mod replay;

use serde_json::json;

use super::super::{
    Options, Window,
    testing::{Answer, Bench, ID},
};

const TAGS: &str = "/v1/conversation-tags";
const DAY_MS: u64 = 86_400_000;

fn bench() -> Bench {
    Bench::new("awardee", &Options::default())
}

fn create(bench: &mut Bench, name: &str) -> String {
    bench
        .call("POST", TAGS, &json!({ "name": name }).to_string())
        .is(201)
        .str("/id")
        .to_owned()
}

fn replace(bench: &mut Bench, tags: &[&str]) -> Answer {
    bench.call(
        "PUT",
        &format!("/v1/conversations/{ID}/tags"),
        &json!({ "tag_ids": tags }).to_string(),
    )
}
