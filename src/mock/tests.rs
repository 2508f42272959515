use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    Options, TWINS, Window,
    testing::{Bench, ID},
};

/// Bodies that some operation takes, and bodies that none does.
const BODIES: [&str; 16] = [
    "",
    "{}",
    "{",
    "null",
    "[1e999]",
    r#"{"title":"a"}"#,
    r#"{"title":"b","description":null}"#,
    r#"{"title":7,"tag_ids":"x"}"#,
    r#"{"name":"a"}"#,
    r#"{"name":" A ","options":[{"value":"v"}]}"#,
    r#"{"name":"a","color":"blue"}"#,
    r#"{"tag_ids":[]}"#,
    r#"{"tag_ids":["8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e"]}"#,
    r#"{"labels":{"a":1e999}}"#,
    r#"{"labels":null,"skip_analysis":1}"#,
    r#"{"name":"\ud800"}"#,
];

const QUERIES: [&str; 10] = [
    "",
    "?",
    "?page_size=1",
    "?page_size=-1&cursor=",
    "?cursor=c0000000000000000",
    "?page=18446744073709551615&page_size=100",
    "?size=1&page=2.0",
    "?limit=1&sort=x",
    "?tag_ids=a&tag_ids=%ff&sort_direction=asc&page_size=1",
    "?detailedTranscript=false&%",
];

#[derive(Clone, Debug)]
enum Step {
    Add(usize, usize),
    Remove(usize, usize),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_usize, 0..5_usize).prop_map(|(conversation, tag)| Step::Add(conversation, tag)),
        3 => (0..3_usize, 0..5_usize).prop_map(|(conversation, tag)| Step::Remove(conversation, tag)),
        1 => (0..5_usize).prop_map(Step::Delete),
    ];
    vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The bench holds every answer against the document; what is asked here is mostly wrong.
    #[test]
    fn whatever_is_asked_the_answer_is_one_of_the_vendors(
        asked in vec((0..64_usize, select(&BODIES[..]), select(&QUERIES[..]), any::<bool>(), 0..90_000_u64), 1..40),
    ) {
        for kind in TWINS {
            let windows = vec![Window { requests: 7, length_ms: 60_000 }];
            let mut bench = Bench::new(kind.name, &Options { windows, ..Options::default() });
            let operations = bench.operations();
            for (number, body, query, keyed, pause) in &asked {
                let (method, path) = &operations[number % operations.len()];
                bench.now += pause;
                let key: &[(&str, &str)] = if *keyed { &[("idempotency-key", "k")] } else { &[] };
                let answer = bench.call_with(method, &format!("{path}{query}"), body, key);
                prop_assert!((200..500).contains(&answer.status));
            }
        }
    }

    /// ElevenLabs: what a conversation shows is what was added and neither taken off nor deleted.
    #[test]
    fn additive_assignment_follows_the_set(steps in steps()) {
        let names = ["a", "b", "c", "d", "e"];
        let tags = names.iter().map(|name| json!({ "title": name, "tag_id": name })).collect();
        let mut bench = Bench::new("elevenlabs", &Options { tags, ..Options::default() });
        let mut catalogue = BTreeSet::from(names);
        let mut model: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Add(conversation, tag) => {
                    let known = catalogue.contains(names[tag]);
                    let carried = model.entry(conversation).or_default();
                    if known {
                        carried.insert(names[tag]);
                    }
                    let path = format!("/v1/convai/conversations/{conversation}/tags");
                    let body = json!({ "tag_ids": [names[tag]] }).to_string();
                    bench.call("POST", &path, &body).is(if known { 204 } else { 404 });
                }
                Step::Remove(conversation, tag) => {
                    model.entry(conversation).or_default().remove(names[tag]);
                    let status = if catalogue.contains(names[tag]) { 204 } else { 404 };
                    let path = format!("/v1/convai/conversations/{conversation}/tags/{}", names[tag]);
                    bench.call("DELETE", &path, "").is(status);
                }
                Step::Delete(tag) => {
                    let status = if catalogue.remove(names[tag]) { 204 } else { 404 };
                    model.values_mut().for_each(|carried| {
                        carried.remove(names[tag]);
                    });
                    bench.call("DELETE", &format!("/v1/convai/tags/{}", names[tag]), "").is(status);
                }
            }
            for (conversation, carried) in &model {
                let answer = bench.call("GET", &format!("/v1/convai/conversations/{conversation}"), "").is(200);
                prop_assert_eq!(&answer.body["tag_ids"], &json!(carried));
            }
        }
    }

    /// Two twins of one seed that are asked the same say the same.
    #[test]
    fn behaviour_follows_from_the_seed(seed in any::<u64>(), names in vec("[a-c]{1,2}", 1..8)) {
        for (vendor, path, member) in [
            ("elevenlabs", "/v1/convai/tags", "title"),
            ("awardee", "/v1/conversation-tags", "name"),
            ("attention", "/v2/labels", "name"),
        ] {
            let options = Options { seed, ..Options::default() };
            let (mut one, mut two) = (Bench::new(vendor, &options), Bench::new(vendor, &options));
            for name in &names {
                let body = json!({ member: name }).to_string();
                let (first, second) = (one.call("POST", path, &body), two.call("POST", path, &body));
                prop_assert_eq!((first.status, first.text, first.headers), (second.status, second.text, second.headers));
            }
        }
    }
}

#[test]
fn a_path_that_only_begins_like_the_base_is_unknown() {
    for (vendor, path) in [
        ("awardee", "/v1conversation-tags"),
        ("awardee", "/v1x/conversations"),
        ("attention", "/v2labels"),
    ] {
        Bench::new(vendor, &Options::default())
            .call("GET", path, "")
            .is(404);
    }
}

#[test]
fn every_twin_has_a_document_of_its_own_name() {
    let names: BTreeSet<&str> = TWINS.iter().map(|kind| kind.name).collect();
    assert_eq!(
        names,
        BTreeSet::from(["attention", "awardee", "elevenlabs"])
    );
    for kind in TWINS {
        let bench = Bench::new(kind.name, &Options::default());
        assert!(bench.operations().len() >= 7, "{}", kind.name);
        assert_eq!(bench.twin.conversation(ID), None::<Value>);
    }
}
