use serde_json::json;

use super::{Bench, ID, Options, TAGS, bench, create, replace};

#[test]
fn a_created_tag_is_201_with_every_member() {
    let mut bench = bench();
    let answer = bench
        .call("POST", TAGS, r##"{"name":"billing","color":"#FFB020"}"##)
        .is(201);
    assert_eq!(answer.str("/object"), "conversation_tag");
    assert_eq!(answer.str("/created_at"), "2027-01-15T08:00:00+00:00");
    assert_eq!(
        (answer.str("/name"), answer.str("/color")),
        ("billing", "#FFB020")
    );
    for body in [r#"{"name":"a"}"#, r#"{"name":"b","color":null}"#] {
        assert_eq!(
            bench.call("POST", TAGS, body).is(201).body["color"],
            json!(null)
        );
    }
}

#[test]
fn names_are_unique_without_regard_to_case() {
    let mut bench = bench();
    create(&mut bench, "Zürich");
    for name in ["zürich", "ZÜRICH", " Zürich "] {
        let answer = bench
            .call("POST", TAGS, &json!({ "name": name }).to_string())
            .is(409);
        assert_eq!(answer.str("/error"), "conflict");
    }
    create(&mut bench, "Zurich");
}

#[test]
fn the_palette_is_counted_and_comes_newest_first() {
    let mut bench = bench();
    for number in 0..30 {
        create(&mut bench, &format!("tag {number}"));
    }
    let first = bench.call("GET", TAGS, "").is(200);
    assert_eq!(first.each("/data", "name")[..2], ["tag 29", "tag 28"]);
    assert_eq!(first.each("/data", "name").len(), 25);
    let shown = ["object", "total", "page", "page_size"].map(|member| first.body[member].clone());
    assert_eq!(shown, [json!("list"), json!(30), json!(1), json!(25)]);
    let second = bench.call("GET", &format!("{TAGS}?page=2"), "").is(200);
    assert_eq!(
        second.each("/data", "name"),
        ["tag 4", "tag 3", "tag 2", "tag 1", "tag 0"]
    );
    let beyond = bench
        .call(
            "GET",
            &format!("{TAGS}?page=99999999999999999999&page_size=100"),
            "",
        )
        .is(200);
    assert_eq!(
        (
            beyond.body["total"].as_u64(),
            beyond.each("/data", "name").len()
        ),
        (Some(30), 0)
    );
    let found = bench
        .call("GET", &format!("{TAGS}?search=TAG+2"), "")
        .is(200);
    assert_eq!(found.body["total"], 11);
}

#[test]
fn a_deleted_tag_leaves_every_conversation() {
    let mut bench = bench();
    let (a, b) = (create(&mut bench, "a"), create(&mut bench, "b"));
    replace(&mut bench, &[&a, &b]).is(200);
    assert_eq!(
        bench
            .call("DELETE", &format!("{TAGS}/{a}"), "")
            .is(204)
            .text,
        ""
    );
    assert_eq!(bench.carried(ID), [b]);
    assert_eq!(
        bench
            .call("DELETE", &format!("{TAGS}/{a}"), "")
            .is(404)
            .str("/error"),
        "not_found"
    );
    bench.call("DELETE", &format!("{TAGS}/no-uuid"), "").is(404);
    create(&mut bench, "a");
}

#[test]
fn seeds_fill_the_palette_and_a_reset_goes_back_to_them() {
    let tags = vec![
        json!("plain"),
        json!({ "name": "own", "id": ID, "color": "#000000" }),
        json!({}),
    ];
    let mut bench = Bench::new(
        "awardee",
        &Options {
            tags,
            ..Options::default()
        },
    );
    let before = bench.call("GET", TAGS, "").is(200);
    assert_eq!(before.each("/data", "name"), ["own", "plain"]);
    assert_eq!(before.str("/data/0/id"), ID);
    let made = create(&mut bench, "later");
    replace(&mut bench, &[&made]).is(200);
    bench.twin.reset();
    assert_eq!(bench.call("GET", TAGS, "").is(200).text, before.text);
    assert_eq!(bench.twin.conversation(ID), None);
    assert_eq!(create(&mut bench, "later"), made);
}
