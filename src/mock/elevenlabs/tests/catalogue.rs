use serde_json::json;

use super::{Bench, Options, TAGS, assign, bench, create};

#[test]
fn a_created_tag_has_every_member_and_is_200() {
    let mut bench = bench();
    let answer = bench
        .call("POST", TAGS, r#"{"title":"  VIP ","unknown":1}"#)
        .is(200);
    assert_eq!(answer.str("/title"), "  VIP ");
    assert_eq!(answer.body["description"], json!(null));
    assert_eq!(answer.body["created_at_unix_secs"], 1_800_000_000);
    let id = answer.str("/tag_id");
    assert!(id.len() == 24 && id.starts_with("tag_"), "{id}");
    assert_eq!(
        bench.call("GET", &format!("{TAGS}/{id}"), "").is(200).text,
        answer.text
    );
}

#[test]
fn titles_are_not_unique() {
    let mut bench = bench();
    let (one, two) = (create(&mut bench, "VIP"), create(&mut bench, "VIP"));
    assert_ne!(one, two);
}

#[test]
fn an_update_changes_what_it_names_and_null_changes_nothing() {
    let mut bench = bench();
    let id = bench
        .call("POST", TAGS, r#"{"title":"a","description":"b"}"#)
        .is(200)
        .str("/tag_id")
        .to_owned();
    let path = format!("{TAGS}/{id}");
    for (body, title, description) in [
        ("{}", "a", "b"),
        (r#"{"title":null,"description":null}"#, "a", "b"),
        (r#"{"title":"c"}"#, "c", "b"),
        (r#"{"description":""}"#, "c", ""),
    ] {
        let answer = bench.call("PATCH", &path, body).is(200);
        assert_eq!(
            (answer.str("/title"), answer.str("/description")),
            (title, description),
            "{body}"
        );
    }
    bench
        .call("PATCH", &format!("{TAGS}/tag_none"), "{}")
        .is(404);
}

#[test]
fn the_catalogue_comes_newest_first_and_its_last_page_has_a_cursor() {
    let mut bench = bench();
    let mut ids: Vec<String> = (0..5)
        .map(|number| create(&mut bench, &format!("t{number}")))
        .collect();
    ids.reverse();
    let mut path = format!("{TAGS}?page_size=2");
    let mut seen = Vec::new();
    for more in [true, true, false] {
        let page = bench.call("GET", &path, "").is(200);
        seen.extend(
            page.each("/conversation_tags", "tag_id")
                .into_iter()
                .map(str::to_owned),
        );
        assert_eq!(page.body["has_more"], more);
        path = format!("{TAGS}?page_size=2&cursor={}", page.str("/next_cursor"));
    }
    assert_eq!(seen, ids);
    let beyond = bench.call("GET", &path, "").is(200);
    assert_eq!(
        beyond.body,
        json!({ "conversation_tags": [], "has_more": false, "next_cursor": null })
    );
    assert_eq!(
        bench
            .call("GET", TAGS, "")
            .is(200)
            .each("/conversation_tags", "tag_id")
            .len(),
        5
    );
}

#[test]
fn a_deleted_tag_leaves_every_conversation() {
    let mut bench = bench();
    let (a, b) = (create(&mut bench, "a"), create(&mut bench, "b"));
    assign(&mut bench, "conv_1", &[&a, &b]).is(204);
    assign(&mut bench, "conv_2", &[&a]).is(204);
    let path = format!("{TAGS}/{a}");
    assert_eq!(bench.call("DELETE", &path, "").is(204).text, "");
    assert_eq!(bench.carried("conv_1"), [b]);
    assert!(bench.carried("conv_2").is_empty());
    bench.call("DELETE", &path, "").is(404);
    bench.call("GET", &path, "").is(404);
}

#[test]
fn seeds_fill_the_catalogue_and_a_reset_goes_back_to_them() {
    let tags = vec![
        json!("plain"),
        json!({ "title": "own", "tag_id": "tag_own", "description": "d" }),
        json!(7),
    ];
    let mut bench = Bench::new(
        "elevenlabs",
        &Options {
            tags,
            ..Options::default()
        },
    );
    let before = bench.call("GET", TAGS, "").is(200);
    assert_eq!(before.each("/conversation_tags", "title"), ["own", "plain"]);
    assert_eq!(before.each("/conversation_tags", "tag_id")[0], "tag_own");
    let made = create(&mut bench, "later");
    assign(&mut bench, "conv_1", &[&made]).is(204);
    bench.twin.reset();
    assert_eq!(bench.call("GET", TAGS, "").is(200).text, before.text);
    assert_eq!(bench.twin.conversation("conv_1"), None);
    assert_eq!(create(&mut bench, "later"), made);
}
