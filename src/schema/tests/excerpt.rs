//! The document written down by us against the vendor's own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::reference;
use super::vendor;

const EXCERPT: &str = include_str!("../../../tests/fixtures/elevenlabs-openapi-excerpt-tags.json");

/// Name and place of each parameter, and whether it is required.
fn parameters(root: &Value, operation: &Value) -> BTreeMap<(String, String), bool> {
    let list = operation["parameters"].as_array().unwrap();
    list.iter()
        .map(|it| match it["$ref"].as_str() {
            Some(target) => root.pointer(&target[1..]).unwrap(),
            None => it,
        })
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            (
                (text("name"), text("in")),
                it["required"].as_bool().unwrap(),
            )
        })
        .collect()
}

/// A schema without what only describes it, references followed.
fn limits(root: &Value, schema: &Value, depth: usize) -> Value {
    let described = ["title", "description", "x-source", "x-note", "x-assumption"];
    match schema {
        _ if depth > 20 => panic!("schemas nest without end"),
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref") {
                let pointer = reference::pointer_of(target).unwrap();
                return limits(root, root.pointer(&pointer).unwrap(), depth + 1);
            }
            members
                .iter()
                .map(|(name, member)| match (name.as_str(), member) {
                    // The members of an object are not keywords: none of them is left out.
                    ("properties", Value::Object(properties)) => {
                        let properties = properties
                            .iter()
                            .map(|(name, it)| (name.clone(), limits(root, it, depth + 1)))
                            .collect();
                        (name.clone(), properties)
                    }
                    ("required", Value::Array(names)) => {
                        let mut names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                        names.sort_unstable();
                        (name.clone(), names.into())
                    }
                    _ => (name.clone(), limits(root, member, depth + 1)),
                })
                .filter(|(name, _)| !described.contains(&name.as_str()))
                .collect()
        }
        Value::Array(items) => items.iter().map(|it| limits(root, it, depth + 1)).collect(),
        _ => schema.clone(),
    }
}

#[test]
fn operations_agree_with_the_vendors_document() {
    let theirs: Value = serde_json::from_str(EXCERPT).unwrap();
    let ours = vendor("elevenlabs");
    let mut seen = 0;
    for (path, item) in theirs["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let mine = ours
                .operation(id)
                .unwrap_or_else(|| panic!("{id} is missing"));
            assert_eq!(mine.template(), path);
            assert_eq!(mine.method().as_str(), method.to_uppercase());
            assert_eq!(
                parameters(ours.value(), mine.value()),
                parameters(&theirs, operation),
                "{id}"
            );
            assert_eq!(
                mine.request().is_some(),
                operation.get("requestBody").is_some(),
                "{id}"
            );
            assert_eq!(
                mine.request_required(),
                operation["requestBody"]["required"] == true,
                "{id}"
            );
            for status in operation["responses"].as_object().unwrap().keys() {
                assert!(mine.lists(status.parse().unwrap()), "{id} {status}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, ours.operations().count());
}

#[test]
fn schemas_agree_with_the_vendors_document() {
    let theirs: Value = serde_json::from_str(EXCERPT).unwrap();
    let ours = vendor("elevenlabs");
    let schema = |root: &Value, name: &str| limits(root, &root["components"]["schemas"][name], 0);
    for name in [
        "AssignConversationTagsRequestModel",
        "ConversationTagResponseModel",
        "CreateConversationTagRequestModel",
        "GetConversationTagsPageResponseModel",
        "PatchConversationTagRequestModel",
        "HTTPValidationError",
        "ValidationError",
    ] {
        assert_eq!(schema(ours.value(), name), schema(&theirs, name), "{name}");
    }
    for name in [
        "GetConversationResponseModel",
        "ConversationSummaryResponseModel",
    ] {
        let (mine, real) = (schema(ours.value(), name), schema(&theirs, name));
        assert_eq!(mine["required"], real["required"], "{name}");
        for member in ["tag_ids", "status"] {
            assert_eq!(
                mine["properties"][member], real["properties"][member],
                "{name} {member}"
            );
        }
    }
}
