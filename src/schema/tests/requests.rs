use serde_json::{Value, json};

use super::super::{Parameter, Place};
use super::{fault, faults, operation, vendor};

const ID: &str = "a3c5e7d9-1b2f-4a6c-9e8d-7c5b3a1e0f9d";

fn judged(document: &str, id: &str, body: &Value) -> Vec<(String, String)> {
    let document = vendor(document);
    let it = operation(&document, id);
    assert!(it.request_required());
    faults(it.request().unwrap(), body)
}

#[test]
fn elevenlabs_assigns_one_to_fifty_tags() {
    let id = "assign_conversation_tags_route";
    let tags = |count: usize| json!({"tag_ids": vec!["t"; count]});
    assert!(judged("elevenlabs", id, &tags(1)).is_empty());
    assert!(judged("elevenlabs", id, &tags(50)).is_empty());
    assert_eq!(
        judged("elevenlabs", id, &tags(51)),
        fault("/tag_ids", "maxItems")
    );
    assert_eq!(
        judged("elevenlabs", id, &tags(0)),
        fault("/tag_ids", "minItems")
    );
    assert_eq!(
        judged("elevenlabs", id, &json!({})),
        fault("/tag_ids", "required")
    );
    // The vendor ignores what it does not know.
    assert!(judged("elevenlabs", id, &json!({"tag_ids": ["t"], "more": 1})).is_empty());
}

#[test]
fn elevenlabs_limits_titles_and_descriptions() {
    let create = "create_conversation_tag_route";
    let title = |length: usize| json!({"title": "é".repeat(length)});
    assert!(judged("elevenlabs", create, &title(120)).is_empty());
    assert_eq!(
        judged("elevenlabs", create, &title(121)),
        fault("/title", "maxLength")
    );
    assert_eq!(
        judged("elevenlabs", create, &title(0)),
        fault("/title", "minLength")
    );
    let long = json!({"title": "t", "description": "d".repeat(1001)});
    assert_eq!(
        judged("elevenlabs", create, &long),
        fault("/description", "maxLength")
    );
    let update = "update_conversation_tag_route";
    for body in [
        json!({}),
        json!({"title": null}),
        json!({"description": ""}),
    ] {
        assert!(judged("elevenlabs", update, &body).is_empty());
    }
    assert_eq!(
        judged("elevenlabs", update, &title(121)),
        fault("/title", "maxLength")
    );
}

#[test]
fn awardee_checks_names_colours_and_ids() {
    let create = "create_conversation_tag";
    let coloured = |color: Value| json!({"name": "billing", "color": color});
    for color in [json!("#FFB020"), json!("#ffb020"), json!(null)] {
        assert!(judged("awardee", create, &coloured(color)).is_empty());
    }
    for color in ["FFB020", "#FFB02", "#FFB0201", "#GGB020", "red", ""] {
        assert_eq!(
            judged("awardee", create, &coloured(json!(color))),
            fault("/color", "pattern")
        );
    }
    assert_eq!(
        judged("awardee", create, &json!({"name": "n".repeat(101)})),
        fault("/name", "maxLength")
    );
    assert_eq!(
        judged("awardee", create, &json!({"name": "n", "colour": null})),
        fault("/colour", "additionalProperties")
    );
    let replace = "replace_conversation_tags";
    assert!(judged("awardee", replace, &json!({"tag_ids": []})).is_empty());
    assert!(judged("awardee", replace, &json!({"tag_ids": [ID]})).is_empty());
    assert_eq!(
        judged("awardee", replace, &json!({})),
        fault("/tag_ids", "required")
    );
    assert_eq!(
        judged("awardee", replace, &json!({"tag_ids": [ID, "not-a-uuid"]})),
        fault("/tag_ids/1", "pattern")
    );
}

#[test]
fn attention_carries_any_label_value() {
    let replace = "replace_conversation_labels";
    let odd = json!({"labels": {"a": "b", "c": null, "d": [1], "e": {}}, "skip_analysis": true});
    assert!(judged("attention", replace, &odd).is_empty());
    assert_eq!(
        judged("attention", replace, &json!({"labels": []})),
        fault("/labels", "type")
    );
    assert_eq!(
        judged("attention", replace, &json!({"skip_analysis": true})),
        fault("/labels", "required")
    );
    assert_eq!(
        judged(
            "attention",
            replace,
            &json!({"labels": {}, "skipAnalysis": true})
        ),
        fault("/skipAnalysis", "additionalProperties")
    );
    assert_eq!(
        judged("attention", "update_label", &json!({})),
        fault("", "minProperties")
    );
    assert!(judged("attention", "update_label", &json!({"description": ""})).is_empty());
    assert_eq!(
        judged("attention", "create_label", &json!({"name": "  "})),
        fault("/name", "pattern")
    );
    assert_eq!(
        judged(
            "attention",
            "create_label",
            &json!({"name": "n", "options": [{"description": "d"}]})
        ),
        fault("/options/0/value", "required")
    );
}

#[test]
fn a_violation_tells_limit_and_size_but_no_text() {
    let document = vendor("elevenlabs");
    let check = operation(&document, "create_conversation_tag_route")
        .request()
        .unwrap();
    let secret = "hush ".repeat(30);
    let told = check.violations(&json!({"title": secret, "description": 5}));
    let details: Vec<&str> = told.iter().map(|it| it.detail.as_str()).collect();
    assert!(
        details.contains(&"must have at most 120 characters, has 150"),
        "{details:?}"
    );
    assert!(details.iter().all(|it| !it.contains("hush")));
    assert_eq!(told.len(), 2);
    let nameless = json!({"labels": {}, "x".repeat(5000): 1});
    let document = vendor("attention");
    let check = operation(&document, "replace_conversation_labels")
        .request()
        .unwrap();
    assert_eq!(faults(check, &nameless), fault("", "additionalProperties"));
}

#[test]
fn query_values_are_read_as_their_schema_says() {
    let document = vendor("elevenlabs");
    let list = operation(&document, "get_conversation_histories_route");
    let parameter = |name: &str| -> &Parameter {
        list.parameters()
            .iter()
            .find(|it| it.name() == name)
            .unwrap()
    };
    let size = parameter("page_size");
    assert_eq!(size.place(), Place::Query);
    assert!(!size.required());
    assert!(size.violations(&["100"]).is_empty() && size.violations(&[]).is_empty());
    assert_eq!(size.violations(&["101"])[0].keyword, "maximum");
    assert_eq!(size.violations(&["0"])[0].keyword, "minimum");
    assert_eq!(size.violations(&["ten"])[0].keyword, "type");
    assert_eq!(size.violations(&["1", "2"])[0].keyword, "maxItems");
    assert_eq!(parameter("tag_ids").read(&["1"]), Some(json!(["1"])));
    assert_eq!(
        parameter("tag_ids").read(&["a", "b"]),
        Some(json!(["a", "b"]))
    );
    assert_eq!(parameter("cursor").read(&["5"]), Some(json!("5")));
    assert_eq!(
        parameter("call_start_after_unix").read(&["5"]),
        Some(json!(5))
    );
    assert_eq!(
        parameter("include_invalid_tool_calls").read(&["true"]),
        Some(json!(true))
    );
    assert_eq!(
        parameter("sort_direction").violations(&["up"])[0].keyword,
        "enum"
    );
    assert!(
        !parameter("visited_agent_ids")
            .violations(&["a"; 51])
            .is_empty()
    );

    let document = vendor("awardee");
    let replace = operation(&document, "replace_conversation_tags");
    let [id] = replace.parameters() else { panic!() };
    assert!(id.required() && id.place() == Place::Path);
    assert!(id.violations(&[ID]).is_empty());
    assert_eq!(id.violations(&["conv_1"])[0].keyword, "pattern");
    assert_eq!(id.violations(&[])[0].keyword, "required");
    let create = operation(&document, "create_conversation_tag");
    assert_eq!(create.parameters()[0].place(), Place::Header);
    assert!(
        !create.parameters()[0]
            .violations(&[&"k".repeat(256)])
            .is_empty()
    );
}
