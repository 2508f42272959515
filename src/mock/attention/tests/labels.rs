use serde_json::{Value, json};

use super::{Bench, ID, LABELS, Options, bench, create, put};

#[test]
fn a_created_label_is_201_with_the_defaults_of_the_vendor() {
    let mut bench = bench();
    let answer = bench
        .call(
            "POST",
            LABELS,
            r#"{"name":"  Stage ","options":[{"value":"won"}]}"#,
        )
        .is(201);
    let label = &answer.body["data"];
    assert_eq!(label["name"], "Stage");
    assert_eq!(
        (&label["aiFlow"], &label["allTeams"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        label["options"],
        json!([{ "value": "won", "description": "" }])
    );
    assert_eq!(label["createdAt"], "2027-01-15T08:00:00Z");
    assert!(label["organizationUUID"].is_string());
    let read = bench
        .call("GET", &format!("{LABELS}/{}", answer.str("/data/uuid")), "")
        .is(200);
    assert_eq!(read.text, answer.text);
}

#[test]
fn an_equal_name_is_a_conflict_another_case_is_not() {
    let mut bench = bench();
    create(&mut bench, "Stage");
    let answer = bench.call("POST", LABELS, r#"{"name":" Stage "}"#).is(409);
    assert_eq!(
        (answer.str("/code"), answer.str("/title")),
        ("conflict", "Conflict")
    );
    create(&mut bench, "stage");
    let listed = bench.call("GET", LABELS, "").is(200);
    assert_eq!(listed.each("/data", "name"), ["stage", "Stage"]);
}

#[test]
fn names_are_trimmed_before_they_are_judged() {
    let mut bench = bench();
    let (fits, long) = ("x".repeat(128), "x".repeat(129));
    create(&mut bench, &format!("  {fits}  "));
    for name in ["   ", "", &long] {
        let answer = bench
            .call("POST", LABELS, &json!({ "name": name }).to_string())
            .is(400);
        assert!(answer.str("/detail").contains("/name"), "{}", answer.text);
    }
    bench
        .call("POST", LABELS, r#"{"name":"x","organizationUUID":"y"}"#)
        .is(400);
    bench.call("POST", LABELS, "{").is(400);
    assert_eq!(bench.call("GET", LABELS, "").each("/data", "name").len(), 1);
}

#[test]
fn an_update_replaces_the_options_and_keeps_what_is_null() {
    let mut bench = bench();
    let body = r#"{"name":"Stage","description":"d","aiFlow":true,"options":[{"value":"won"},{"value":"lost"}]}"#;
    let id = bench
        .call("POST", LABELS, body)
        .is(201)
        .str("/data/uuid")
        .to_owned();
    let path = format!("{LABELS}/{id}");
    let kept = bench
        .call(
            "PATCH",
            &path,
            r#"{"description":null,"aiFlow":null,"allTeams":null}"#,
        )
        .is(200);
    assert_eq!(
        (kept.str("/data/description"), &kept.body["data"]["aiFlow"]),
        ("d", &json!(true))
    );
    let options = bench
        .call(
            "PATCH",
            &path,
            r#"{"options":[{"value":"open","description":"o"}]}"#,
        )
        .is(200);
    assert_eq!(
        options.body["data"]["options"],
        json!([{ "value": "open", "description": "o" }])
    );
    let cleared = bench
        .call(
            "PATCH",
            &path,
            r#"{"options":[],"description":"","name":" Step ","aiFlow":false}"#,
        )
        .is(200);
    assert_eq!(
        (cleared.str("/data/description"), cleared.str("/data/name")),
        ("", "Step")
    );
    assert_eq!(
        (
            &cleared.body["data"]["options"],
            &cleared.body["data"]["aiFlow"]
        ),
        (&json!([]), &json!(false))
    );
    bench.call("PATCH", &path, "{}").is(400);
    bench
        .call("PATCH", &format!("{LABELS}/{ID}"), r#"{"name":"x"}"#)
        .is(404);
}

#[test]
fn a_rename_may_not_take_a_name_but_may_keep_its_own() {
    let mut bench = bench();
    create(&mut bench, "a");
    let path = format!("{LABELS}/{}", create(&mut bench, "b"));
    bench
        .call("PATCH", &path, r#"{"name":"a","description":"x"}"#)
        .is(409);
    assert_eq!(
        bench
            .call("GET", &path, "")
            .is(200)
            .str("/data/description"),
        ""
    );
    bench.call("PATCH", &path, r#"{"name":"b"}"#).is(200);
}

#[test]
fn a_deleted_label_stays_on_conversations() {
    let mut bench = bench();
    let path = format!("{LABELS}/{}", create(&mut bench, "Stage"));
    put(&mut bench, r#"{"Stage":"won"}"#).is(200);
    assert_eq!(bench.call("DELETE", &path, "").is(204).text, "");
    for (method, body) in [("DELETE", ""), ("GET", ""), ("PATCH", r#"{"name":"x"}"#)] {
        assert_eq!(
            bench.call(method, &path, body).is(404).str("/code"),
            "not_found"
        );
    }
    assert_eq!(
        bench.twin.conversation("conv-1"),
        Some(json!({ "Stage": "won" }))
    );
}

#[test]
fn seeds_fill_the_catalogue_and_a_reset_goes_back_to_them() {
    let own = json!({ "name": "own", "uuid": "u1", "aiFlow": true, "options": [{ "value": "x" }] });
    let mut bench = Bench::new(
        "attention",
        &Options {
            tags: vec![json!("plain"), own, Value::Null],
            ..Options::default()
        },
    );
    let before = bench.call("GET", LABELS, "").is(200);
    assert_eq!(before.each("/data", "name"), ["own", "plain"]);
    let label = bench.call("GET", &format!("{LABELS}/u1"), "").is(200);
    assert_eq!(
        (
            &label.body["data"]["aiFlow"],
            label.str("/data/options/0/value")
        ),
        (&json!(true), "x")
    );
    let made = create(&mut bench, "later");
    put(&mut bench, r#"{"later":"x"}"#).is(200);
    bench.twin.reset();
    assert_eq!(bench.call("GET", LABELS, "").is(200).text, before.text);
    assert_eq!(bench.twin.conversation("conv-1"), None);
    assert_eq!(create(&mut bench, "later"), made);
}
