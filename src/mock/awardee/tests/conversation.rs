use std::collections::BTreeSet;

use serde_json::json;

use super::{Bench, ID, Options, bench, create, replace};

#[test]
fn a_replace_sets_exactly_what_it_names() {
    let mut bench = bench();
    let (a, b, c) = (
        create(&mut bench, "a"),
        create(&mut bench, "b"),
        create(&mut bench, "c"),
    );
    let answer = replace(&mut bench, &[&a, &b, &a]).is(200);
    assert_eq!(
        (answer.each("/data", "name"), &answer.body["total"]),
        (vec!["b", "a"], &json!(2))
    );
    let upper = c.to_uppercase();
    assert_eq!(
        replace(&mut bench, &[&b, &upper])
            .is(200)
            .each("/data", "name"),
        ["c", "b"]
    );
    let read = bench
        .call(
            "GET",
            &format!("/v1/conversations/{}/tags", ID.to_uppercase()),
            "",
        )
        .is(200);
    assert_eq!(read.each("/data", "name"), ["c", "b"]);
    assert_eq!(replace(&mut bench, &[]).is(200).body["data"], json!([]));
    assert!(bench.carried(ID).is_empty());
}

#[test]
fn a_replace_with_an_unknown_tag_changes_nothing() {
    let mut bench = bench();
    let a = create(&mut bench, "a");
    replace(&mut bench, &[&a]).is(200);
    for wrong in [vec![ID], vec!["no uuid"], vec![a.as_str(), ID]] {
        let answer = replace(&mut bench, &wrong).is(400);
        assert_eq!(answer.str("/error"), "invalid_payload");
        assert!(answer.body["details"]["fieldErrors"]["tag_ids"].is_array());
    }
    bench
        .call("PUT", &format!("/v1/conversations/{ID}/tags"), "{}")
        .is(400);
    assert_eq!(bench.carried(ID), [a]);
}

#[test]
fn a_large_set_is_read_page_by_page() {
    let mut bench = bench();
    let ids: Vec<String> = (0..60)
        .map(|number| create(&mut bench, &format!("t{number}")))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let whole = replace(&mut bench, &ids).is(200);
    assert_eq!(whole.each("/data", "id").len(), 60);
    let mut seen = BTreeSet::new();
    for page in 1..=3 {
        let answer = bench
            .call(
                "GET",
                &format!("/v1/conversations/{ID}/tags?page={page}"),
                "",
            )
            .is(200);
        assert_eq!(answer.body["total"], 60);
        seen.extend(answer.each("/data", "id").into_iter().map(str::to_owned));
    }
    assert_eq!(seen, ids.iter().map(|id| (*id).to_owned()).collect());
    let path = format!("/v1/conversations/{ID}/tags?page_size=100");
    assert_eq!(
        bench
            .call("GET", &path, "")
            .is(200)
            .each("/data", "id")
            .len(),
        60
    );
}

#[test]
fn a_conversation_must_be_a_uuid_and_shows_no_tags() {
    let mut bench = bench();
    for path in ["/v1/conversations/conv_1", "/v1/conversations/conv_1/tags"] {
        assert_eq!(
            bench.call("GET", path, "").is(404).str("/error"),
            "not_found"
        );
    }
    let answer = bench
        .call("GET", &format!("/v1/conversations/{ID}"), "")
        .is(200);
    assert_eq!(answer.str("/id"), ID);
    assert!(answer.body.get("tags").is_none() && answer.body.get("tag_ids").is_none());
}

#[test]
fn conversations_come_by_cursor_that_ends_with_null() {
    let mut bench = bench();
    let ids: Vec<String> = (0..5)
        .map(|number| format!("{number}{}", &ID[1..]))
        .collect();
    for id in &ids {
        bench
            .call("GET", &format!("/v1/conversations/{id}"), "")
            .is(200);
    }
    let mut path = "/v1/conversations?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = bench.call("GET", &path, "").is(200);
        seen.extend(page.each("/data", "id").into_iter().map(str::to_owned));
        assert_eq!(
            page.body["has_more"] == true,
            page.body["next_cursor"].is_string()
        );
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/conversations?limit=2&cursor={cursor}");
    }
    seen.reverse();
    assert_eq!(seen, ids);
    for (query, found) in [
        ("status=open", 5),
        ("status=closed", 0),
        ("priority=low", 0),
        ("assigned_to=x", 0),
    ] {
        let page = bench
            .call("GET", &format!("/v1/conversations?{query}"), "")
            .is(200);
        assert_eq!(page.each("/data", "id").len(), found, "{query}");
    }
}

#[test]
fn only_the_conversations_of_a_closed_list_exist() {
    let conversations = Some(BTreeSet::from([ID.to_uppercase()]));
    let mut bench = Bench::new(
        "awardee",
        &Options {
            conversations,
            ..Options::default()
        },
    );
    replace(&mut bench, &[]).is(200);
    let other = format!("0{}", &ID[1..]);
    bench
        .call(
            "PUT",
            &format!("/v1/conversations/{other}/tags"),
            r#"{"tag_ids":[]}"#,
        )
        .is(404);
    bench
        .call("GET", &format!("/v1/conversations/{other}/tags"), "")
        .is(404);
    assert_eq!(bench.twin.conversation(&other), None);
}

#[test]
fn a_foreign_state_is_made_of_known_ids() {
    let mut bench = bench();
    let a = create(&mut bench, "a");
    assert!(bench.twin.set_conversation(ID, json!([a])));
    for wrong in [json!([ID]), json!({}), json!(["x"])] {
        assert!(!bench.twin.set_conversation(ID, wrong));
    }
    assert!(!bench.twin.set_conversation("no uuid", json!([])));
    let read = bench
        .call("GET", &format!("/v1/conversations/{ID}/tags"), "")
        .is(200);
    assert_eq!(read.each("/data", "id"), [a]);
}
