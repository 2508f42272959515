//! What a route says that it can do, and that this follows the vendor's document.

use super::golden::hold;
use crate::{
    errors::told,
    support::{VENDORS, conversation, open, route, tags_of},
};
use adapters::{Element, Goal, Handle, HeldTag, Tag, Writes, settings::Settings};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, sync::Arc};
use tagway::error::Code;

const ADDS: &str =
    "/components/schemas/AssignConversationTagsRequestModel/properties/tag_ids/maxItems";
const TITLE: &str =
    "/components/schemas/CreateConversationTagRequestModel/properties/title/maxLength";

fn vendor_of(name: &str) -> &'static adapters::Vendor {
    let mut known = adapters::VENDORS.iter();
    known.find(|known| known.name == name).unwrap()
}

/// The document of a vendor with a number changed.
fn changed(vendor: &str, pointer: &str, value: Value) -> Value {
    let mut document: Value = serde_json::from_str(vendor_of(vendor).document).unwrap();
    let place = document.pointer_mut(pointer);
    let place = place.unwrap_or_else(|| panic!("{vendor} has no {pointer}"));
    assert_ne!(*place, value, "{pointer}");
    *place = value;
    document
}

/// The adapter for a document with a number changed.
fn built(vendor: &str, pointer: &str, value: Value) -> Arc<dyn adapters::Adapter> {
    let document = changed(vendor, pointer, value);
    (vendor_of(vendor).build)(&Settings::new(), &document)
}

#[tokio::test]
async fn the_capabilities_are_golden() {
    let mut all = String::new();
    for vendor in VENDORS {
        all.push_str(&route(vendor, "mock", ""));
    }
    let gateway = open("", &all).await;
    let listed = gateway.get("/v1/routes").await.is(200).json();
    hold("routes.json", &listed);
    let routes = listed["routes"].as_array().unwrap();
    assert_eq!(routes.len(), VENDORS.len());
    for shown in routes {
        let name = shown["name"].as_str().unwrap();
        let one = gateway.get(&format!("/v1/routes/{name}")).await.is(200);
        assert_eq!(one.json(), *shown, "{name}");
        assert!(gateway.embedded(name).calls().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn what_is_configured_is_told() {
    let more = "catalogue = \"no-delete\"\non_loss = \"report\"\ncreate_missing = true";
    let text = route("awardee", "mock", more).replace("rate = \"off\"", "rate = [\"9/min\"]");
    let gateway = open("", &text).await;
    let told = gateway.get("/v1/routes/awardee").await.is(200).json();
    assert_eq!(told["catalogue"]["access"], "no-delete");
    assert_eq!(told["on_loss"], "report");
    assert_eq!(told["create_missing"], true);
    assert_eq!(told["rate"], json!(["9/min"]));
    assert_eq!(told["mock"], true);
}

#[tokio::test]
async fn a_newer_document_of_a_route_changes_what_is_told_allowed_and_sent() {
    for (pointer, limit) in [(ADDS, 3), (TITLE, 9)] {
        let document = changed("elevenlabs", pointer, json!(limit)).to_string();
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("newer-{limit}.json"));
        fs::write(&file, document).unwrap();
        let more = format!(
            "document = {:?}\ncreate_missing = true",
            file.display().to_string()
        );
        let gateway = open("", &route("elevenlabs", "mock", &more)).await;
        let told_limits = gateway.get("/v1/routes/elevenlabs").await.is(200).json();
        let target = tags_of("elevenlabs", &conversation(1));
        if pointer == TITLE {
            assert_eq!(told_limits["limits"]["name_chars"], limit);
            let tags = "/v1/elevenlabs/tags";
            let longer = gateway
                .send("POST", tags, &json!({"tag": "ten chars!"}))
                .await;
            let problem = told(&longer, Code::InvalidRequest);
            assert_eq!(problem["errors"][0]["pointer"], "/name");
            assert!(
                gateway
                    .embedded("elevenlabs")
                    .calls()
                    .iter()
                    .all(|call| call.method == "GET")
            );
            let longest = json!({"tag": "ninechars"});
            gateway.send("POST", tags, &longest).await.is(201);
            continue;
        }
        assert_eq!(told_limits["limits"]["adds_per_call"], limit);
        let add: Vec<String> = (0..7).map(|number| format!("t{number}")).collect();
        gateway
            .send("PATCH", &target, &json!({ "add": add }))
            .await
            .is(200);
        let calls = gateway.embedded("elevenlabs").calls();
        let assigns = calls
            .iter()
            .filter(|call| call.method == "POST" && call.path.ends_with("/tags"));
        let assigns = assigns.filter(|call| call.path.contains("/conversations/"));
        assert_eq!(assigns.count(), 3);
    }
}

#[test]
fn a_changed_limit_of_adds_changes_the_rules_and_the_plan() {
    for (limit, calls) in [(2, 4), (3, 3), (7, 1)] {
        let adapter = built("elevenlabs", ADDS, json!(limit));
        let expected = Writes::AddAndRemove {
            adds_per_call: limit,
        };
        assert_eq!(adapter.rules().writes, expected);
        let adds: Vec<(Element, bool)> = (0..7)
            .map(|number| {
                let handle = Handle::Id(format!("tag_{number}"));
                let held = HeldTag::new(Tag::bare(format!("t{number}")), handle);
                (Element::from(held), true)
            })
            .collect();
        let plan = adapter.write("conv_1", Goal::Blind(&adds)).unwrap();
        assert_eq!(plan.len(), calls, "{limit} a call");
        assert!(plan.iter().all(|step| step.adds.len() <= limit));
    }
}

#[test]
fn a_changed_limit_of_a_name_changes_what_a_new_tag_may_be() {
    let places = [
        ("elevenlabs", TITLE),
        (
            "awardee",
            "/components/schemas/CreateConversationTag/properties/name/maxLength",
        ),
        (
            "attention",
            "/components/schemas/CreateLabel/properties/name/maxLength",
        ),
    ];
    for (vendor, pointer) in places {
        for limit in [7, 321] {
            let adapter = built(vendor, pointer, json!(limit));
            let limits = adapter.rules().new_tags;
            assert_eq!(limits.name, limit, "{vendor}");
            let longest = Tag::bare("é".repeat(limit));
            assert_eq!(limits.check(&longest).as_ref(), Ok(&longest), "{vendor}");
            let longer = Tag::bare("é".repeat(limit + 1));
            let why = limits.check(&longer).unwrap_err();
            assert!(why.contains(&limit.to_string()), "{vendor}: {why}");
        }
    }
}

#[test]
fn a_changed_limit_of_a_description_is_told() {
    let pointer = "/components/schemas/CreateLabel/properties/description/maxLength";
    let adapter = built("attention", pointer, json!(12));
    assert_eq!(adapter.rules().catalogue.description, Some(12));
}
