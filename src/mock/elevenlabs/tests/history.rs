use std::collections::BTreeSet;

use serde_json::json;

use super::{Bench, Options, assign, bench, create};

#[test]
fn assignments_add_up_and_repeat_without_harm() {
    let mut bench = bench();
    let (a, b) = (create(&mut bench, "a"), create(&mut bench, "b"));
    let answer = assign(&mut bench, "conv_1", &[&a, &a]).is(204);
    assert_eq!(
        (answer.text.as_str(), answer.header("content-type")),
        ("", None)
    );
    assign(&mut bench, "conv_1", &[&b]).is(204);
    assign(&mut bench, "conv_1", &[&a]).is(204);
    let carried: BTreeSet<String> = bench.carried("conv_1").into_iter().collect();
    assert_eq!(carried, BTreeSet::from([a, b]));
}

#[test]
fn an_unknown_tag_leaves_the_whole_assignment_undone() {
    let mut bench = bench();
    let a = create(&mut bench, "a");
    let answer = assign(&mut bench, "conv_1", &[&a, "tag_none"]).is(404);
    assert_eq!(answer.str("/detail/code"), "not_found");
    assert_eq!(answer.str("/detail/status"), "not_found_error");
    assert!(bench.carried("conv_1").is_empty());
}

#[test]
fn an_assignment_takes_1_to_50_ids() {
    let mut bench = bench();
    let ids: Vec<String> = (0..51)
        .map(|number| create(&mut bench, &format!("t{number}")))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for wrong in [&ids[..0], &ids[..]] {
        let answer = assign(&mut bench, "conv_1", wrong).is(422);
        assert_eq!(answer.body["detail"][0]["loc"], json!(["body", "tag_ids"]));
    }
    assert_eq!(bench.twin.conversation("conv_1"), None);
    assign(&mut bench, "conv_1", &ids[..50]).is(204);
    assert_eq!(bench.carried("conv_1").len(), 50);
}

#[test]
fn unassigning_takes_one_off_and_absent_is_fine() {
    let mut bench = bench();
    let (a, b) = (create(&mut bench, "a"), create(&mut bench, "b"));
    assign(&mut bench, "conv_1", &[&a, &b]).is(204);
    for _ in 0..2 {
        let answer = bench
            .call(
                "DELETE",
                &format!("/v1/convai/conversations/conv_1/tags/{a}"),
                "",
            )
            .is(204);
        assert_eq!(answer.text, "");
    }
    assert_eq!(bench.carried("conv_1"), [b]);
    bench
        .call(
            "DELETE",
            "/v1/convai/conversations/conv_1/tags/tag_none",
            "",
        )
        .is(404);
}

#[test]
fn a_conversation_shows_ids_behind_its_transcript() {
    for bytes in [0, 2_048, 100_000] {
        let mut bench = Bench::new(
            "elevenlabs",
            &Options {
                transcript_bytes: bytes,
                ..Options::default()
            },
        );
        assert!(
            bench
                .twin
                .set_conversation("conv_1", json!(["tag_foreign"]))
        );
        let answer = bench
            .call("GET", "/v1/convai/conversations/conv_1", "")
            .is(200);
        assert_eq!(answer.body["tag_ids"], json!(["tag_foreign"]));
        assert!(answer.text.find("\"tag_ids\"") > answer.text.find("\"transcript\""));
        assert!(
            (bytes..bytes + 700).contains(&answer.text.len()),
            "{} for {bytes}",
            answer.text.len()
        );
        assert!(answer.body.get("otlp_traces").is_none());
    }
}

#[test]
fn the_format_of_a_conversation_is_checked() {
    let mut bench = bench();
    let traced = bench
        .call("GET", "/v1/convai/conversations/c?format=opentelemetry", "")
        .is(200);
    assert!(traced.body["otlp_traces"].is_object());
    let wrong = bench
        .call("GET", "/v1/convai/conversations/c?format=xml", "")
        .is(422);
    assert_eq!(wrong.body["detail"][0]["loc"], json!(["query", "format"]));
}

#[test]
fn conversations_are_filtered_by_tag_and_time() {
    let mut bench = bench();
    let (a, b) = (create(&mut bench, "a"), create(&mut bench, "b"));
    for (number, tag) in [&a, &b, &a].into_iter().enumerate() {
        bench.now += 10_000;
        assign(&mut bench, &format!("conv_{number}"), &[tag]).is(204);
    }
    let list = |bench: &mut Bench, query: &str| {
        let page = bench
            .call("GET", &format!("/v1/convai/conversations?{query}"), "")
            .is(200);
        page.each("/conversations", "conversation_id")
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&mut bench, ""), ["conv_2", "conv_1", "conv_0"]);
    assert_eq!(
        list(&mut bench, "sort_direction=asc&page_size=2"),
        ["conv_0", "conv_1"]
    );
    assert_eq!(
        list(&mut bench, &format!("tag_ids={a}")),
        ["conv_2", "conv_0"]
    );
    assert_eq!(
        list(&mut bench, &format!("tag_ids={a}&tag_ids={b}")).len(),
        3
    );
    assert_eq!(
        list(&mut bench, "call_start_after_unix=1800000020"),
        ["conv_2", "conv_1"]
    );
    assert_eq!(
        list(&mut bench, "call_start_before_unix=1800000010"),
        ["conv_0"]
    );
    assert!(list(&mut bench, "agent_id=agent_other").is_empty());
    let first = bench
        .call("GET", "/v1/convai/conversations?page_size=2", "")
        .is(200);
    assert_eq!(
        list(&mut bench, &format!("cursor={}", first.str("/next_cursor"))),
        ["conv_0"]
    );
}

#[test]
fn only_the_conversations_of_a_closed_list_exist() {
    let conversations = Some(BTreeSet::from(["conv_1".to_owned()]));
    let mut bench = Bench::new(
        "elevenlabs",
        &Options {
            conversations,
            ..Options::default()
        },
    );
    let a = create(&mut bench, "a");
    assign(&mut bench, "conv_1", &[&a]).is(204);
    assign(&mut bench, "conv_2", &[&a]).is(404);
    bench
        .call("GET", "/v1/convai/conversations/conv_2", "")
        .is(404);
    bench
        .call(
            "DELETE",
            &format!("/v1/convai/conversations/conv_2/tags/{a}"),
            "",
        )
        .is(404);
    assert_eq!(bench.twin.conversation("conv_2"), None);
}

#[test]
fn a_foreign_state_must_be_an_array_of_ids() {
    let mut bench = bench();
    assert!(bench.twin.set_conversation("conv_1", json!(["x"])));
    assert!(!bench.twin.set_conversation("conv_1", json!({ "x": "y" })));
    assert!(!bench.twin.set_content("conv_1", "[1]"));
    assert_eq!(bench.carried("conv_1"), ["x"]);
    bench
        .call("DELETE", "/v1/convai/conversations/conv_1/tags/x", "")
        .is(204);
    assert!(bench.carried("conv_1").is_empty());
}
