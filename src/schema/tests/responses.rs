use serde_json::{Value, json};

use super::{fault, faults, operation, vendor};

const ID: &str = "a3c5e7d9-1b2f-4a6c-9e8d-7c5b3a1e0f9d";
const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

/// A document, an operation, a status, a body that satisfies it, a place in the body, what is put there
/// (`None`: it is removed), and the violations that follow.
type Case = (
    &'static str,
    &'static str,
    u16,
    Value,
    &'static str,
    Option<Value>,
    (&'static str, &'static str),
);

fn eleven_tag() -> Value {
    json!({"tag_id": "a1b2", "workspace_id": "w", "owner_user_id": "u", "title": "Urgent",
        "description": null, "created_at_unix_secs": 1712345678, "new_member": {}})
}

fn award_tag() -> Value {
    json!({"object": "conversation_tag", "id": ID, "name": "billing", "color": "#FFB020",
        "created_at": "2026-05-01T09:14:22+00:00", "new_member": 1})
}

fn award_list(data: Value) -> Value {
    json!({"object": "list", "total": 1, "page": 1, "page_size": 25, "data": data})
}

fn award_conversation() -> Value {
    json!({"object": "conversation", "id": CONVERSATION, "chatbot_id": ID, "status": "snoozed",
        "priority": "low", "title": null, "summary": null})
}

fn label() -> Value {
    json!({"data": {"uuid": "l1", "name": "deal_stage", "description": "d", "aiFlow": true, "allTeams": false,
        "isDefaultTemplate": false, "options": [{"value": "won", "description": ""}],
        "organizationUUID": "o", "createdAt": "2024-03-18T10:00:00Z"}})
}

fn call() -> Value {
    json!({"type": "conversations", "id": "conv-uuid-123", "links": {"self": "/v2/conversations/conv-uuid-123"},
        "attributes": {"uuid": "conv-uuid-123", "title": "Q1", "labels": {"deal_stage": "won", "odd": 7},
            "labelTagsToFilterIfNA": [], "deprecatedLabelCategories": [], "transcript": {}}})
}

fn eleven_cases() -> Vec<Case> {
    let vendor = "elevenlabs";
    let detail = json!({"agent_id": "a", "status": "done", "conversation_id": "conv_1",
        "metadata": {"start_time_unix_secs": 1, "call_duration_secs": 1, "cost_fiat": null},
        "has_audio": false, "has_user_audio": false, "has_response_audio": false, "has_auxiliary_audio": false,
        "transcript": [{"role": "user", "message": "hi", "time_in_call_secs": 1}], "tag_ids": ["t1"]});
    let item = json!({"agent_id": "a", "conversation_id": "c", "start_time_unix_secs": 1, "call_duration_secs": 1,
        "message_count": 2, "status": "done", "call_successful": "success"});
    let page = json!({"conversation_tags": [eleven_tag()], "has_more": false, "next_cursor": "x"});
    let items = json!({"conversations": [item], "has_more": true, "next_cursor": "x"});
    vec![
        (
            vendor,
            "list_conversation_tags_route",
            200,
            page,
            "/conversation_tags/0/description",
            None,
            ("/conversation_tags/0/description", "required"),
        ),
        (
            vendor,
            "create_conversation_tag_route",
            200,
            eleven_tag(),
            "/created_at_unix_secs",
            Some(json!("now")),
            ("/created_at_unix_secs", "type"),
        ),
        (
            vendor,
            "get_conversation_tag_route",
            200,
            eleven_tag(),
            "/title",
            Some(json!(null)),
            ("/title", "type"),
        ),
        (
            vendor,
            "update_conversation_tag_route",
            200,
            eleven_tag(),
            "/tag_id",
            None,
            ("/tag_id", "required"),
        ),
        (
            vendor,
            "get_conversation_history_route",
            200,
            detail,
            "/tag_ids",
            Some(json!([null])),
            ("/tag_ids/0", "type"),
        ),
        (
            vendor,
            "get_conversation_histories_route",
            200,
            items,
            "/conversations/0/status",
            Some(json!("lost")),
            ("/conversations/0/status", "enum"),
        ),
    ]
}

fn award_cases() -> Vec<Case> {
    let vendor = "awardee";
    let set = || award_list(json!([award_tag()]));
    let stream = json!({"object": "list", "has_more": false, "next_cursor": null, "data": [award_conversation()]});
    vec![
        (
            vendor,
            "list_conversation_tags",
            200,
            set(),
            "/data/0/color",
            Some(json!("red")),
            ("/data/0/color", "pattern"),
        ),
        (
            vendor,
            "create_conversation_tag",
            201,
            award_tag(),
            "/object",
            Some(json!("tag")),
            ("/object", "const"),
        ),
        (
            vendor,
            "create_conversation_tag",
            200,
            award_tag(),
            "/created_at",
            Some(json!("yesterday")),
            ("/created_at", "pattern"),
        ),
        (
            vendor,
            "get_conversation_tags",
            200,
            set(),
            "/total",
            None,
            ("/total", "required"),
        ),
        (
            vendor,
            "replace_conversation_tags",
            200,
            set(),
            "/data/0/id",
            Some(json!("x")),
            ("/data/0/id", "pattern"),
        ),
        (
            vendor,
            "get_conversation",
            200,
            award_conversation(),
            "/id",
            None,
            ("/id", "required"),
        ),
        (
            vendor,
            "list_conversations",
            200,
            stream,
            "/has_more",
            Some(json!("no")),
            ("/has_more", "type"),
        ),
    ]
}

fn attention_cases() -> Vec<Case> {
    let vendor = "attention";
    let labels = json!({"data": [label()["data"].clone()]});
    let page = json!({"data": [call()], "meta": {"totalRecords": 1}});
    vec![
        (
            vendor,
            "replace_conversation_labels",
            200,
            call(),
            "/attributes/labels",
            None,
            ("/attributes/labels", "required"),
        ),
        (
            vendor,
            "get_conversation",
            200,
            call(),
            "/type",
            Some(json!("calls")),
            ("/type", "const"),
        ),
        (
            vendor,
            "list_conversations",
            200,
            page,
            "/data/0/attributes/labels",
            Some(json!("x")),
            ("/data/0/attributes/labels", "type"),
        ),
        (
            vendor,
            "list_labels",
            200,
            labels,
            "/data/0/name",
            None,
            ("/data/0/name", "required"),
        ),
        (
            vendor,
            "create_label",
            201,
            label(),
            "/data/options/0/value",
            Some(json!(1)),
            ("/data/options/0/value", "type"),
        ),
        (
            vendor,
            "create_label",
            200,
            label(),
            "/data",
            None,
            ("/data", "required"),
        ),
        (
            vendor,
            "get_label",
            200,
            label(),
            "/data/uuid",
            Some(json!(5)),
            ("/data/uuid", "type"),
        ),
        (
            vendor,
            "update_label",
            200,
            label(),
            "/data/options",
            Some(json!({})),
            ("/data/options", "type"),
        ),
    ]
}

#[test]
fn answers_satisfy_their_schemas_and_broken_ones_do_not() {
    let mut covered = Vec::new();
    for (name, id, status, body, place, put, (pointer, keyword)) in
        [eleven_cases(), award_cases(), attention_cases()].concat()
    {
        let document = vendor(name);
        let check = operation(&document, id).response(status).unwrap();
        assert_eq!(faults(check, &body), [], "{name} {id}");
        let mut broken = body;
        match put {
            Some(value) => *broken.pointer_mut(place).unwrap() = value,
            None => {
                let (parent, member) = place.rsplit_once('/').unwrap();
                let parent = broken.pointer_mut(parent).unwrap().as_object_mut().unwrap();
                parent.remove(member).unwrap();
            }
        }
        assert_eq!(
            faults(check, &broken),
            fault(pointer, keyword),
            "{name} {id}"
        );
        covered.push((name, id));
    }
    for name in ["elevenlabs", "awardee", "attention"] {
        for it in vendor(name).operations() {
            let empty = it.lists(204);
            assert!(
                empty || covered.contains(&(name, it.id())),
                "{name} {} has no sample",
                it.id()
            );
            assert!(!empty || it.response(204).is_none());
        }
    }
}

#[test]
fn every_shape_of_an_elevenlabs_error_is_known() {
    let document = vendor("elevenlabs");
    let check = operation(&document, "assign_conversation_tags_route")
        .response(422)
        .unwrap();
    for body in [
        json!({"detail": [{"loc": ["body", "tag_ids", 0], "msg": "m", "type": "t"}]}),
        json!({}),
        json!({"detail": {"type": "rate_limit_error", "code": "rate_limit_exceeded", "message": "m",
            "status": "rate_limit_exceeded", "request_id": "r"}}),
        json!({"detail": {"status": "invalid_api_key", "message": "m"}}),
        json!({"detail": "text"}),
    ] {
        assert_eq!(faults(check, &body), [], "{body}");
    }
    assert!(!check.is_valid(&json!({"detail": 5})));
    let broken = json!({"detail": [{"loc": [], "msg": "m"}]});
    assert_eq!(faults(check, &broken), fault("/detail/0/type", "required"));
}

#[test]
fn awardee_errors_are_flat_and_attentions_loose() {
    let document = vendor("awardee");
    let check = operation(&document, "create_conversation_tag")
        .response(400)
        .unwrap();
    let mut error = json!({"error": "invalid_payload", "message": "m", "request_id": "req_1",
        "details": {"formErrors": [], "fieldErrors": {"color": ["bad"]}}});
    assert_eq!(faults(check, &error), []);
    error["error"] = json!({"code": "x"});
    assert_eq!(faults(check, &error), fault("/error", "type"));

    let document = vendor("attention");
    let check = operation(&document, "create_label").response(409).unwrap();
    for body in [
        json!({"code": 409, "title": "t", "detail": "d"}),
        json!({"message": "m"}),
        json!({"errors": []}),
    ] {
        assert_eq!(faults(check, &body), [], "{body}");
    }
    assert_eq!(faults(check, &json!({"title": 1})), fault("/title", "type"));
}

#[test]
fn the_branch_that_was_meant_is_named() {
    let text = json!({"openapi": "3.1.0", "paths": {"/a": {"post": {"operationId": "a",
        "requestBody": {"content": {"application/json": {"schema": {"properties": {"add": {"items": {"anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
                "required": ["name"], "additionalProperties": false},
            {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"], "additionalProperties": false}
        ]}}}}}}}, "responses": {}}}}});
    let document = super::Document::compile("sample", &text.to_string(), &super::whole).unwrap();
    let check = operation(&document, "a").request().unwrap();
    let judged = |item: Value| faults(check, &json!({"add": [item]}));
    assert_eq!(judged(json!("")), fault("/add/0", "minLength"));
    assert_eq!(judged(json!({"name": 5})), fault("/add/0/name", "type"));
    assert_eq!(judged(json!({"id": 5})), fault("/add/0/id", "type"));
    assert_eq!(judged(json!(5)), fault("/add/0", "anyOf"));
    assert_eq!(
        judged(json!({"value": "x"})),
        fault("/add/0/name", "required")
    );
    assert_eq!(judged(json!({})), fault("/add/0", "anyOf"));
}
