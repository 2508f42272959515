//! Ids that a vendor gives its tags go back into its URLs only if they stay one segment there.

use crate::support::{Fault, Faulty, Seen, VENDORS, conversation, open, route, tags_of};
use serde_json::{Value, json};
use tagway::{
    gateway::compile,
    mock::Options,
    schema::{Document, Found},
};

/// What a vendor might call a tag to lead a call astray.
fn hostile() -> Vec<String> {
    let mut ids: Vec<String> = [
        "../../admin",
        "..",
        ".",
        "",
        " ",
        "a/b",
        "/v1/users",
        "a\\b",
        "a?b=c",
        "a#b",
        "%2e%2e",
        "a%2Fb",
        "a\r\nX-Evil: 1",
        "a\u{0}b",
        "\u{7f}",
        "a\u{85}b",
    ]
    .map(str::to_owned)
    .to_vec();
    ids.push("x".repeat(9_000));
    ids
}

/// A catalogue, or a conversation's set, in which the tag `vip` has this id.
fn page(vendor: &str, id: &str) -> Value {
    match vendor {
        "elevenlabs" => json!({
            "conversation_tags": [{"tag_id": id, "title": "vip", "description": null, "created_at_unix_secs": 1}],
            "has_more": false, "next_cursor": null,
            "conversation_id": conversation(1), "tag_ids": [id],
        }),
        "awardee" => json!({
            "total": 1,
            "data": [{"id": id, "name": "vip", "color": null, "created_at": "2024-01-02T03:04:05Z"}],
        }),
        _ => json!({
            "data": [{"id": id, "name": "vip", "description": null, "options": []}],
        }),
    }
}

#[tokio::test]
async fn an_id_from_a_vendor_never_changes_where_a_call_goes() {
    for vendor in VENDORS {
        let known = tagway::gateway::vendor(vendor).unwrap();
        let document = compile(known, known.document).unwrap();
        for id in hostile() {
            let text = page(vendor, &id).to_string();
            let faulty = Faulty::new(vendor, Options::default(), move |seen| {
                match seen.method.as_str() {
                    "GET" => Some(Fault::Answer(
                        200,
                        &[("content-type", "application/json")],
                        text.clone(),
                    )),
                    // Whatever is changed may only be changed under a path of the vendor's.
                    _ => Some(Fault::Answer(404, &[], "{}".to_owned())),
                }
            })
            .await;
            let more = "responses = \"off\"\nattempts = 1\n";
            let gateway = open("", &route(vendor, &faulty.address.to_string(), more)).await;
            let set = tags_of(vendor, &conversation(1));
            for (method, target, body) in [
                ("PUT", format!("{set}/vip"), None),
                ("DELETE", format!("{set}/vip"), None),
                ("PUT", set.clone(), Some(json!({"tags": ["vip"]}))),
                ("DELETE", set.clone(), None),
                ("GET", format!("/v1/{vendor}/tags/vip"), None),
                (
                    "PATCH",
                    format!("/v1/{vendor}/tags/vip"),
                    Some(json!({"name": "other"})),
                ),
                ("DELETE", format!("/v1/{vendor}/tags/vip"), None),
                ("DELETE", format!("{set}/vip?dry_run=true"), None),
            ] {
                let answer = match &body {
                    Some(body) => gateway.send(method, &target, body).await,
                    None => gateway.ask(method, &target).send().await,
                };
                let code = answer.json()["code"].clone();
                assert_ne!(code, "internal", "{vendor} {id:?}: {method} {target}");
            }
            assert!(!faulty.seen().is_empty());
            for seen in faulty.seen() {
                let place = format!("{vendor} {id:?}: {} {}", seen.method, seen.path);
                assert!(is_known(&document, &seen), "{place}");
                assert!(!seen.head.contains("X-Evil"), "{place}");
                assert!(seen.path.len() < 1_000, "{place}");
            }
        }
    }
}

/// Whether a call is one that the vendor's document has, with ids that are one segment.
fn is_known(document: &Document, seen: &Seen) -> bool {
    let path = seen.path.split('?').next().unwrap();
    let below = path.strip_prefix(document.base_path());
    let found = below.map(|below| document.find(&seen.method.parse().unwrap(), below));
    let sound = |segment: &str| {
        !matches!(segment, "" | "." | "..") && !segment.to_lowercase().contains("%2f")
    };
    matches!(found, Some(Found::Operation(..))) && path.split('/').skip(1).all(sound)
}
