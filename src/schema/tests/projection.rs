use serde_json::json;

use super::super::{Document, KeptPaths};
use super::{ATTENTION, ELEVENLABS, fault, faults, operation};

const LABELS: KeptPaths = &[&["type"], &["id"], &["attributes", "labels"]];
const LISTED: KeptPaths = &[
    &["data", "*", "id"],
    &["data", "*", "attributes", "labels"],
    &["meta"],
];

fn attention(id: &str) -> Option<KeptPaths> {
    match id {
        "get_conversation" => Some(LABELS),
        "list_conversations" => Some(LISTED),
        _ => None,
    }
}

fn tags_only(id: &str) -> Option<KeptPaths> {
    match id {
        "get_conversation_history_route" => Some(&[&["conversation_id"], &["tag_ids"]]),
        "get_conversation_histories_route" => Some(&[
            &["conversations", "*", "conversation_id"],
            &["has_more"],
            &["next_cursor"],
        ]),
        _ => None,
    }
}

#[test]
fn a_projection_needs_only_what_is_kept() {
    let document = Document::compile("elevenlabs", ELEVENLABS, &tags_only).unwrap();
    let detail = operation(&document, "get_conversation_history_route");
    let check = detail.response(200).unwrap();
    assert!(check.is_valid(&json!({"conversation_id": "c", "tag_ids": ["a"]})));
    assert!(check.is_valid(&json!({"conversation_id": "c"})));
    assert_eq!(
        faults(check, &json!({"tag_ids": []})),
        fault("/conversation_id", "required")
    );
    assert_eq!(
        faults(check, &json!({"conversation_id": "c", "tag_ids": ["a", 1]})),
        fault("/tag_ids/1", "type")
    );
    assert_eq!(faults(check, &json!([])), fault("", "type"));
    // What is not kept is not judged.
    assert!(check.is_valid(&json!({"conversation_id": "c", "status": "no such"})));
    // Error answers are read whole.
    assert!(
        !detail
            .response(500)
            .unwrap()
            .is_valid(&json!({"detail": 5}))
    );
}

#[test]
fn elements_of_an_array_are_cut_down_one_by_one() {
    let document = Document::compile("elevenlabs", ELEVENLABS, &tags_only).unwrap();
    let check = operation(&document, "get_conversation_histories_route")
        .response(200)
        .unwrap();
    let page = json!({"conversations": [{"conversation_id": "a"}, {}], "has_more": false, "next_cursor": null});
    assert_eq!(
        faults(check, &page),
        fault("/conversations/1/conversation_id", "required")
    );
    let page = json!({"conversations": {}, "has_more": false});
    assert_eq!(faults(check, &page), fault("/conversations", "type"));
    assert_eq!(
        faults(check, &json!({"has_more": false})),
        fault("/conversations", "required")
    );
    let page = json!({"conversations": [], "has_more": false, "next_cursor": 1});
    assert_eq!(faults(check, &page), fault("/next_cursor", "anyOf"));
}

#[test]
fn references_on_the_way_are_followed() {
    let document = Document::compile("attention", ATTENTION, &attention).unwrap();
    let check = operation(&document, "get_conversation")
        .response(200)
        .unwrap();
    let answer =
        |labels| json!({"type": "conversations", "id": "c", "attributes": {"labels": labels}});
    assert!(check.is_valid(&answer(json!({"stage": "won", "odd": [1, {"x": null}]}))));
    assert!(check.is_valid(&answer(json!(null))));
    assert_eq!(
        faults(check, &answer(json!([]))),
        fault("/attributes/labels", "type")
    );
    let bare = json!({"type": "conversations", "id": "c", "attributes": {}});
    assert_eq!(
        faults(check, &bare),
        fault("/attributes/labels", "required")
    );
    let gone = json!({"type": "conversations", "id": "c"});
    assert_eq!(faults(check, &gone), fault("/attributes", "required"));
    let other = json!({"type": "calls", "id": "c", "attributes": {"labels": {}}});
    assert_eq!(faults(check, &other), fault("/type", "const"));

    let check = operation(&document, "list_conversations")
        .response(200)
        .unwrap();
    let page =
        json!({"data": [{"id": "c", "attributes": {"labels": {}}}], "meta": {"totalRecords": "1"}});
    assert_eq!(faults(check, &page), fault("/meta/totalRecords", "type"));
    // The other operations are judged whole.
    let replace = operation(&document, "replace_conversation_labels")
        .response(200)
        .unwrap();
    let cut = json!({"id": "c", "attributes": {"labels": {}}});
    assert_eq!(faults(replace, &cut), fault("/type", "required"));
}

#[test]
fn whatever_satisfies_the_whole_satisfies_the_part() {
    let document = json!({
        "openapi": "3.1.0",
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"content": {"application/json": {"schema": {
            "allOf": [
                {"type": "object", "properties": {"list": {"type": "array", "minItems": 1, "uniqueItems": true,
                    "items": {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}, "required": ["id", "n"], "additionalProperties": false}}},
                    "required": ["list", "other"], "minProperties": 2},
                {"additionalProperties": {"type": ["array", "boolean"]}}
            ],
            "anyOf": [{"required": ["other"]}, {"required": ["neither"]}],
            "enum": [{"list": [{"id": "a", "n": 1}, {"id": "a", "n": 2}], "other": true}]
        }}}}}}}}
    });
    let kept = |_: &str| -> Option<KeptPaths> { Some(&[&["list", "*", "id"], &["extra"]]) };
    let document = Document::compile("sample", &document.to_string(), &kept).unwrap();
    let check = operation(&document, "a").response(200).unwrap();
    // Two elements that differ only in what is not kept, a container whose own count is not met.
    assert!(check.is_valid(&json!({"list": [{"id": "a"}, {"id": "a"}]})));
    assert_eq!(
        faults(check, &json!({"list": []})),
        fault("/list", "minItems")
    );
    assert_eq!(
        faults(check, &json!({"list": [{}]})),
        fault("/list/0/id", "required")
    );
    assert_eq!(
        faults(check, &json!({"list": [{"id": "a"}], "extra": 5})),
        fault("/extra", "type")
    );
}
