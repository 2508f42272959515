use std::collections::BTreeSet;

use serde_json::json;

use super::{Answer, Bench, Options, bench, put};

#[test]
fn a_replace_answers_the_whole_conversation() {
    let mut bench = bench();
    put(&mut bench, r#"{"a":"1","b":"2"}"#).is(200);
    let answer = put(&mut bench, r#"{"b":"3"}"#).is(200);
    assert_eq!(
        (answer.str("/type"), answer.str("/id")),
        ("conversations", "conv-1")
    );
    assert_eq!(answer.body["attributes"]["labels"], json!({ "b": "3" }));
    assert!(answer.body.get("data").is_none());
    assert_eq!(answer.each("/attributes/participants", "name").len(), 2);
    assert_eq!(answer.str("/links/self"), "/v2/conversations/conv-1");
    for member in ["labelTagsToFilterIfNA", "deprecatedLabelCategories"] {
        assert_eq!(answer.body["attributes"][member], json!([]));
    }
    assert_eq!(
        put(&mut bench, "{}").is(200).body["attributes"]["labels"],
        json!({})
    );
}

#[test]
fn label_values_come_back_byte_for_byte_in_their_order() {
    let labels = r#"{"z":"é","a":1.50,"m":[1e999,{"b":12345678901234567890123, "a":null}],"f":true,"n":null}"#;
    let mut bench = bench();
    assert!(
        put(&mut bench, labels)
            .is(200)
            .text
            .contains(&format!(r#""labels":{labels},"#))
    );
    assert_eq!(bench.twin.content("conv-1").as_deref(), Some(labels));
    let read = bench
        .call(
            "GET",
            "/v2/conversations/conv-1?detailedTranscript=false",
            "",
        )
        .is(200);
    assert!(read.text.contains(&format!(r#""labels":{labels},"#)));
}

#[test]
fn a_replace_that_the_document_rejects_changes_nothing() {
    let mut bench = bench();
    put(&mut bench, r#"{"a":"1"}"#).is(200);
    let path = "/v2/conversations/conv-1/labels";
    for body in [
        "",
        "{}",
        r#"{"labels":null}"#,
        r#"{"labels":["a"]}"#,
        r#"{"labels":{},"skip_analysis":"yes"}"#,
        r#"{"labels":{},"labels":{}}"#,
    ] {
        let answer = bench.call("PUT", path, body).is(400);
        assert_eq!(
            (answer.str("/code"), answer.str("/title")),
            ("bad_request", "Bad Request"),
            "{body}"
        );
    }
    assert_eq!(bench.carried("conv-1"), ["a"]);
}

#[test]
fn the_transcript_can_be_left_out_of_a_read() {
    let mut bench = Bench::new(
        "attention",
        &Options {
            transcript_bytes: 50_000,
            ..Options::default()
        },
    );
    let path = "/v2/conversations/conv-1";
    let large = |answer: &Answer| answer.text.len() > 50_000;
    assert!(large(&bench.call("GET", path, "").is(200)));
    assert!(large(
        &bench
            .call("GET", &format!("{path}?detailedTranscript=true"), "")
            .is(200)
    ));
    let small = bench
        .call("GET", &format!("{path}?detailedTranscript=false"), "")
        .is(200);
    assert!(small.text.len() < 2_500, "{}", small.text.len());
    assert!(large(&put(&mut bench, "{}").is(200)));
    bench
        .call("GET", &format!("{path}?detailedTranscript=maybe"), "")
        .is(400);
    let answer = bench.call("GET", path, "").is(200);
    assert!(answer.text.find("\"labels\"") > answer.text.find("\"transcript\""));
}

#[test]
fn conversations_come_in_numbered_pages() {
    let mut bench = bench();
    for number in 0..5 {
        bench.now += 60_000;
        bench
            .call("GET", &format!("/v2/conversations/c{number}"), "")
            .is(200);
    }
    let page = bench
        .call("GET", "/v2/conversations?page=2&size=2", "")
        .is(200);
    assert_eq!(page.each("/data", "id"), ["c2", "c1"]);
    assert_eq!(
        page.body["meta"],
        json!({ "totalRecords": 5, "pageCount": 3, "pageNumber": 2, "pageSize": 2 })
    );
    assert!(page.body["data"][0]["attributes"]["labels"].is_object());
    for (query, found) in [
        ("filter[title]=quarter", 5),
        ("filter[title]=none", 0),
        ("filter[owner.id]=none", 0),
        ("fromDateTime=2027-01-15T08:03:00Z", 3),
        ("toDateTime=2027-01-15T08:03:00Z", 3),
        ("page=9", 0),
    ] {
        let page = bench
            .call("GET", &format!("/v2/conversations?{query}"), "")
            .is(200);
        assert_eq!(page.each("/data", "id").len(), found, "{query}");
    }
    for wrong in ["size=51", "size=0", "page=0", "page=x"] {
        bench
            .call("GET", &format!("/v2/conversations?{wrong}"), "")
            .is(400);
    }
}

#[test]
fn only_the_conversations_of_a_closed_list_exist() {
    let conversations = Some(BTreeSet::from(["conv-1".to_owned()]));
    let mut bench = Bench::new(
        "attention",
        &Options {
            conversations,
            ..Options::default()
        },
    );
    put(&mut bench, "{}").is(200);
    bench.call("GET", "/v2/conversations/conv-2", "").is(404);
    bench
        .call("PUT", "/v2/conversations/conv-2/labels", r#"{"labels":{}}"#)
        .is(404);
    assert_eq!(bench.twin.conversation("conv-2"), None);
}

#[test]
fn a_foreign_state_is_any_map() {
    let mut bench = bench();
    let twice = r#"{"a":"1","a":"2"}"#;
    assert!(bench.twin.set_content("conv-1", twice));
    for wrong in ["[]", "null", "\"a\"", "{", ""] {
        assert!(!bench.twin.set_content("conv-1", wrong), "{wrong}");
    }
    let read = bench.call("GET", "/v2/conversations/conv-1", "").is(200);
    assert!(read.text.contains(twice));
}
