use super::*;

const CONVERSATION: &str = "/v1/conversations/8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e/tags";
const VIP: &str = "00000000-0000-4000-8000-000000000001";
const BILLING: &str = "00000000-0000-4000-8000-000000000002";

/// Awardee with two tags, of which the conversation carries one.
fn seeded() -> std::sync::Arc<Served> {
    let served = testing::served("awardee", Options::default());
    let seed = json!({
        "tags": [{"name": "vip", "id": VIP}, {"name": "billing", "id": BILLING}],
        "conversations": {testing::ID: [VIP]},
    });
    assert_eq!(
        ask(&served, "PUT", "seed", &seed.to_string()),
        (204, String::new())
    );
    served
}

fn call(served: &Served, method: &str, path: &str, body: &str) -> u16 {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer k")
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    served.receive(request, 0).answer.unwrap().status().as_u16()
}

fn content(served: &Served) -> Value {
    let (_, text) = ask(served, "GET", &format!("conversations/{}", testing::ID), "");
    serde_json::from_str(&text).unwrap()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_seed_is_the_start_that_a_reset_comes_back_to() {
    let served = seeded();
    assert_eq!(content(&served), json!([VIP]));
    assert_eq!(call(&served, "PUT", CONVERSATION, r#"{"tag_ids":[]}"#), 200);
    assert_eq!(content(&served), json!([]));
    assert_eq!(ask(&served, "POST", "reset", "").0, 204);
    assert_eq!(content(&served), json!([VIP]));
    for wrong in [
        "{",
        r#"{"tag":[]}"#,
        r#"{"conversations":{"x":["y"]}}"#,
        r#"{"tags":7}"#,
    ] {
        assert_eq!(ask(&served, "PUT", "seed", wrong).0, 400, "{wrong}");
    }
    assert_eq!(
        content(&served),
        json!([VIP]),
        "a wrong seed changes nothing"
    );
}

#[test]
fn a_quota_holds_until_the_next_reset() {
    let served = seeded();
    let list = || call(&served, "GET", "/v1/conversation-tags", "");
    let quota = r#"{"windows":[{"requests":2,"length_ms":60000}]}"#;
    assert_eq!(ask(&served, "PUT", "quota", quota).0, 200);
    assert_eq!([list(), list(), list()], [200, 200, 429]);
    assert_eq!(ask(&served, "POST", "reset", "").0, 204);
    assert_eq!([list(), list(), list()], [200, 200, 200]);
    for (wrong, pointer) in [
        (r#"{"windows":[{"requests":1}]}"#, "/windows/0"),
        (
            r#"{"windows":[{"requests":-1,"length_ms":1}]}"#,
            "/windows/0/requests",
        ),
        (r#"{"window":[]}"#, "/window"),
    ] {
        let (status, text) = ask(&served, "PUT", "quota", wrong);
        assert_eq!(
            (status, &json_of(&text)["errors"][0]["pointer"]),
            (400, &json!(pointer))
        );
    }
}

#[test]
fn somebody_else_writes_behind_the_call_that_the_script_names() {
    let served = seeded();
    let steps = json!({"steps": [
        {"operation": "get_conversation_tags", "nth": 2, "conversation": testing::ID, "add": [BILLING]},
        {"operation": "writes", "conversation": testing::ID, "remove": [VIP]},
        {"operation": "writes", "nth": 2, "conversation": testing::ID, "set": ["unknown"]},
    ]});
    assert_eq!(ask(&served, "POST", "script", &steps.to_string()).0, 200);
    let get = || call(&served, "GET", CONVERSATION, "");
    get();
    assert_eq!(content(&served), json!([VIP]));
    get();
    assert_eq!(content(&served), json!([VIP, BILLING]));
    get();
    let both = json!({"tag_ids": [VIP, BILLING]}).to_string();
    assert_eq!(call(&served, "PUT", CONVERSATION, &both), 200);
    assert_eq!(content(&served), json!([BILLING]));
    assert_eq!(call(&served, "PUT", CONVERSATION, &both), 200);
    let shown = json_of(&ask(&served, "GET", "script", "").1);
    let outcomes: Vec<&Value> = shown["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["outcome"])
        .collect();
    assert_eq!(outcomes, ["done", "done", "impossible"]);
    assert_eq!(ask(&served, "DELETE", "script", "").0, 204);
    for wrong in [
        r#"{"steps":[{"conversation":"c"}]}"#,
        r#"{"steps":[{"conversation":"c","add":[],"remove":[]}]}"#,
        r#"{"steps":[{"add":[]}]}"#,
    ] {
        assert_eq!(ask(&served, "POST", "script", wrong).0, 400, "{wrong}");
    }
}

#[test]
fn labels_are_changed_by_the_script_with_their_neighbours_byte_for_byte() {
    let served = testing::served("attention", Options::default());
    let seed = r#"{"conversations":{"c":{"n":1e999,"a":"x","gone":"y"}}}"#;
    assert_eq!(ask(&served, "PUT", "seed", seed).0, 204);
    let steps = json!({"steps": [
        {"conversation": "c", "add": {"b": "z"}},
        {"conversation": "c", "remove": ["gone"]},
    ]});
    assert_eq!(ask(&served, "POST", "script", &steps.to_string()).0, 200);
    call(&served, "GET", "/v2/labels", "");
    let (_, text) = ask(&served, "GET", "conversations/c", "");
    assert_eq!(text, r#"{"a":"x","b":"z","n":1e999}"#);
}

#[test]
fn calls_are_held_against_what_is_expected_and_the_nearest_is_told() {
    let served = seeded();
    let expected = json!({"expectations": [
        {"operation": "replace_conversation_tags", "path": CONVERSATION, "body": {"tag_ids": [VIP]}, "times": 1},
        {"operation": "get_conversation_tags"},
        {"operation": "create_conversation_tag", "times": 0},
    ]});
    assert_eq!(
        ask(&served, "POST", "expectations", &expected.to_string()).0,
        200
    );
    let verify = || json_of(&ask(&served, "GET", "verify", "").1);
    assert_eq!(verify()["satisfied"], json!(false));
    call(&served, "GET", CONVERSATION, "");
    call(
        &served,
        "PUT",
        CONVERSATION,
        &json!({"tag_ids": [BILLING]}).to_string(),
    );
    let told = verify();
    assert_eq!(told["unexpected_calls"], json!(1));
    let unexpected = &told["unexpected"][0];
    assert_eq!(unexpected["call"]["method"], json!("PUT"));
    assert_eq!(unexpected["nearest"], json!(0));
    let words = format!("/tag_ids of the body is [\"{BILLING}\"], not [\"{VIP}\"]");
    assert_eq!(unexpected["differences"], json!([words]));
    call(
        &served,
        "PUT",
        CONVERSATION,
        &json!({"tag_ids": [VIP], "more": 1}).to_string(),
    );
    let told = verify();
    assert_eq!(told["satisfied"], json!(true), "{told}");
    call(
        &served,
        "POST",
        "/v1/conversation-tags",
        r#"{"name":"new"}"#,
    );
    assert_eq!(verify()["satisfied"], json!(false));
    assert_eq!(ask(&served, "DELETE", "expectations", "").0, 204);
    assert_eq!(verify()["satisfied"], json!(true));
    let wrong = r#"{"expectations":[{"operation":"x","time":1}]}"#;
    assert_eq!(ask(&served, "POST", "expectations", wrong).0, 400);
}
