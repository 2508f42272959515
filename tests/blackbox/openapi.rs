//! The API's own document: what is served, and what is described, are the same.

use crate::support::{VENDORS, conversation, document, open, route, tags_of};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tagway::api::router::PATHS;

/// A body for an operation that needs one.
fn harmless(operation: &str) -> Option<Value> {
    match operation {
        "replace_conversation_tags" => Some(json!({"tags": []})),
        "change_conversation_tags" => Some(json!({"remove": ["nothing"]})),
        "create_tag" => Some(json!({"tag": "billing"})),
        "update_tag" => Some(json!({"name": "billing"})),
        _ => None,
    }
}

/// A path that fits a template.
fn filled(template: &str, route: &str) -> String {
    template
        .replace("{route}", route)
        .replace("{conversation_id}", &conversation(1))
        .replace("{tag}", "billing")
        .replace("{code}", "unknown-tag")
}

#[tokio::test]
async fn the_document_is_served_as_it_stands() {
    let gateway = open("", &route("elevenlabs", "mock", "")).await;
    let answer = gateway.get("/openapi.json").await.is(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let file = include_str!("../../schemas/gateway.json");
    assert_eq!(answer.body, file.as_bytes());
    assert_eq!(
        answer.json()["openapi"]
            .as_str()
            .map(|version| &version[..4]),
        Some("3.1.")
    );
}

#[tokio::test]
async fn every_operation_of_the_document_is_served_on_every_vendor() {
    let more = "create_missing = true";
    let routes: String = VENDORS
        .iter()
        .map(|vendor| route(vendor, "mock", more))
        .collect();
    let gateway = open("", &routes).await;
    for operation in document().operations() {
        for vendor in VENDORS {
            let place = format!("{} on {vendor}", operation.id());
            let target = filled(operation.template(), vendor);
            let ask = gateway.ask(operation.method().as_str(), &target);
            let answer = match harmless(operation.id()) {
                Some(body) => ask.json(&body).send().await,
                None => ask.send().await,
            };
            let code = answer
                .header("content-type")
                .and_then(|_| answer.try_json());
            let code = code.map(|body| body["code"].clone()).unwrap_or_default();
            assert!(
                code != "not-found" && code != "method-not-allowed",
                "{place}"
            );
            if operation.template().contains("/conversations/") {
                assert_eq!(answer.status, 200, "{place}");
            }
        }
    }
}

#[test]
fn the_router_and_the_document_offer_the_same() {
    let routed: BTreeSet<(String, String)> = PATHS
        .iter()
        .flat_map(|(path, methods)| methods.split(", ").map(|method| (method, *path)))
        .filter(|(method, _)| *method != "HEAD")
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let described = document().operations();
    let described: BTreeSet<(String, String)> = described
        .map(|operation| {
            (
                operation.method().to_string(),
                operation.template().to_owned(),
            )
        })
        .collect();
    assert_eq!(routed, described);
}

#[tokio::test]
async fn methods_that_are_not_described_are_refused_with_those_that_are() {
    let gateway = open("", &route("awardee", "mock", "")).await;
    let all = [
        "GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE",
    ];
    for (template, methods) in PATHS {
        let target = filled(template, "awardee");
        let offered: Vec<&str> = methods.split(", ").collect();
        for method in all.iter().filter(|method| !offered.contains(method)) {
            let answer = gateway.ask(method, &target).send().await.is(405);
            assert_eq!(
                answer.header("allow"),
                Some(*methods),
                "{method} {template}"
            );
        }
    }
}

#[test]
fn every_problem_code_is_in_the_document() {
    let text = include_str!("../../schemas/gateway.json");
    for code in tagway::error::Code::ALL {
        let quoted = format!("\"{}\"", code.as_str());
        assert!(text.contains(&quoted), "{quoted} is not in the document");
    }
}

#[tokio::test]
async fn limits_of_the_document_are_those_of_the_gateway() {
    let gateway = open("", &route("elevenlabs", "mock", "")).await;
    let target = tags_of("elevenlabs", &conversation(1));
    let many: Vec<Value> = (0..1_001)
        .map(|number| json!(format!("t{number}")))
        .collect();
    let answer = gateway
        .send("PUT", &target, &json!({"tags": many}))
        .await
        .is(422);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/tags");
    let operation = document().operation("replace_conversation_tags").unwrap();
    assert_eq!(operation.method(), Method::PUT);
    assert!(operation.request_required());
}
