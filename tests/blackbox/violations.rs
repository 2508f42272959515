//! What live answers hold that the vendors' documents do not describe: counted, told to the operator, refused only
//! where that is asked for.

use crate::support::{Fault, Faulty, Gateway, Seen, VENDORS, conversation, open, route, tags_of};
use serde_json::{Value, json};
use tagway::mock::Options;

/// A gateway before one vendor, and its answers of 200 to a path with this part.
async fn before(
    vendor: &str,
    part: &'static str,
    body: Value,
    responses: &str,
) -> (Gateway, Faulty) {
    let body = body.to_string();
    let judge = move |seen: &Seen| {
        let is_meant = seen.method == "GET" && seen.path.contains(part);
        is_meant.then(|| Fault::Answer(200, &[("content-type", "application/json")], body.clone()))
    };
    let faulty = Faulty::new(vendor, Options::default(), judge).await;
    let more = format!("responses = \"{responses}\"");
    let gateway = open("", &route(vendor, &faulty.address.to_string(), &more)).await;
    (gateway, faulty)
}

/// The lines that the operator sees, each without its times, and all of the text.
async fn told(gateway: &Gateway) -> (Vec<Value>, String) {
    let answer = gateway.admin("GET", "/violations").send().await.is(200);
    let mut lines = answer.json()["violations"].as_array().unwrap().clone();
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        let [first, last] = ["first_seen", "last_seen"].map(|name| line.remove(name).unwrap());
        let time = |time: &Value| time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert!(time(&first) <= time(&last));
        assert!(!line.remove("detail").unwrap().as_str().unwrap().is_empty());
    }
    let text = String::from_utf8(answer.body).unwrap();
    (lines, text)
}

fn line(place: (&str, &str, &str), kind: &str, found: &str, count: u64) -> Value {
    let (route, operation, pointer) = place;
    json!({"route": route, "operation": operation, "status": 200, "pointer": pointer, "kind": kind, "found": found, "count": count})
}

/// A conversation of ElevenLabs in which some members are not as the document says.
fn detail() -> Value {
    json!({
        "agent_id": "a", "conversation_id": conversation(1), "status": "archived-by-Bob", "tag_ids": [],
        "metadata": {"start_time_unix_secs": 1, "call_duration_secs": 1, "cost_fiat": null, "inside": 1},
        "has_audio": "Bob says yes", "has_user_audio": false, "has_response_audio": false,
        "has_auxiliary_audio": false, "transcript": [{"role": "Bob", "time_in_call_secs": 0}],
        "mood": "Bob is sunny", "bob@example.com": 1,
    })
}

#[tokio::test]
async fn what_a_projection_leaves_out_is_counted_and_refuses_nothing() {
    for responses in ["report", "enforce"] {
        let (gateway, _faulty) = before("elevenlabs", "/conversations/", detail(), responses).await;
        let target = tags_of("elevenlabs", &conversation(1));
        gateway.get(&target).await.is(200);
        gateway.get(&target).await.is(200);
        let (lines, text) = told(&gateway).await;
        let at = |pointer| ("elevenlabs", "get_conversation_history_route", pointer);
        assert_eq!(
            lines,
            [
                line(at("/*"), "unknown-field", "number", 2),
                line(at("/has_audio"), "violation", "string", 2),
                line(at("/mood"), "unknown-field", "string", 2),
                line(at("/status"), "new-value", "string", 2),
            ]
        );
        assert!(!text.contains("Bob") && !text.contains("bob") && !text.contains("vendor-secret"));
    }
}

#[tokio::test]
async fn a_map_by_names_of_others_is_one_place() {
    let labels = json!({"Bob": "true", "Alice": {"a": 1}});
    let body = json!({
        "id": conversation(1), "type": "conversation",
        "attributes": {"labels": labels, "sentiment": 7},
        "brand_new": [1],
    });
    let (gateway, _faulty) = before("attention", "/conversations/", body, "report").await;
    gateway
        .get(&tags_of("attention", &conversation(1)))
        .await
        .is(200);
    let (lines, text) = told(&gateway).await;
    let at = |pointer| ("attention", "get_conversation", pointer);
    for wanted in [
        line(at("/attributes/sentiment"), "unknown-field", "number", 1),
        line(at("/brand_new"), "unknown-field", "array", 1),
    ] {
        assert!(lines.contains(&wanted), "{text}");
    }
    assert!(!text.contains("Bob") && !text.contains("Alice"), "{text}");
}

#[tokio::test]
async fn whole_answers_are_counted_place_by_place_and_refused_where_that_is_enforced() {
    let tag = |name: &str, more: Value| {
        let mut tag = json!({"object": "conversation_tag", "id": format!("no-uuid-{name}"), "name": name, "color": null, "created_at": "2026-01-01T00:00:00Z"});
        tag.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        tag
    };
    let data = [
        tag("vip", json!({"emoji": "x"})),
        tag("billing", json!({"emoji": 7, "nested": {"a": 1}})),
    ];
    let body = json!({"object": "list", "data": data, "total": 2, "page": 1, "page_size": 100, "took_ms": 3});
    for (responses, status) in [("report", 200), ("enforce", 502), ("off", 200)] {
        let (gateway, _faulty) =
            before("awardee", "/conversation-tags", body.clone(), responses).await;
        gateway.get("/v1/awardee/tags").await.is(status);
        let (lines, _) = told(&gateway).await;
        if responses == "off" {
            assert_eq!(lines, [] as [Value; 0]);
            continue;
        }
        let at = |pointer| ("awardee", "list_conversation_tags", pointer);
        assert_eq!(
            lines,
            [
                line(at("/data/*/emoji"), "unknown-field", "string", 1),
                line(at("/data/*/id"), "violation", "string", 1),
                line(at("/data/*/nested"), "unknown-field", "object", 1),
                line(at("/took_ms"), "unknown-field", "number", 1),
            ],
            "{responses}"
        );
        let metrics = gateway.admin("GET", "/metrics").send().await.is(200);
        let metrics = String::from_utf8(metrics.body).unwrap();
        for (kind, count) in [("unknown-field", 3), ("violation", 1)] {
            let sample = format!(
                "tagway_violations_total{{route=\"awardee\",operation=\"list_conversation_tags\",kind=\"{kind}\"}} {count}\n"
            );
            assert!(metrics.contains(&sample), "{metrics}");
        }
        assert!(metrics.contains("tagway_violations_beyond_limit_total 0\n"));
    }
}

#[tokio::test]
async fn a_status_that_the_document_does_not_list_is_counted() {
    let tags = vec![json!("vip")];
    let options = Options {
        tags,
        ..Options::default()
    };
    let accepted = |seen: &Seen| {
        let is_write = seen.method == "POST"
            && seen.path.ends_with("/tags")
            && seen.path.contains("/conversations/");
        is_write.then(|| Fault::Answer(202, &[], String::new()))
    };
    let faulty = Faulty::new("elevenlabs", options, accepted).await;
    let gateway = open("", &route("elevenlabs", &faulty.address.to_string(), "")).await;
    let target = format!("{}/vip", tags_of("elevenlabs", &conversation(1)));
    gateway.ask("PUT", &target).send().await.is(200);
    let (lines, _) = told(&gateway).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["kind"], "unknown-status");
    assert_eq!(lines[0]["status"], 202);
    assert_eq!(lines[0]["pointer"], "");
}

#[tokio::test]
async fn the_twins_hold_nothing_that_their_documents_do_not_describe() {
    for vendor in VENDORS {
        let gateway = open("", &route(vendor, "mock", "create_missing = true")).await;
        let target = tags_of(vendor, &conversation(1));
        let add = json!({"add": ["vip", "deal_stage=won"]});
        gateway.send("PATCH", &target, &add).await.is(200);
        gateway.get(&target).await.is(200);
        gateway.get(&format!("/v1/{vendor}/tags")).await.is(200);
        gateway.ask("DELETE", &target).send().await.is(200);
        assert_eq!(told(&gateway).await.0, [] as [Value; 0], "{vendor}");
    }
}

#[tokio::test]
async fn only_this_machine_may_look_and_only_look() {
    let gateway = open("", &route("awardee", "mock", "")).await;
    let answer = gateway.admin("POST", "/violations").send().await.is(405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    let foreign = gateway
        .admin("GET", "/violations")
        .header("origin", "https://example.com");
    assert_eq!(foreign.send().await.status, 403);
    gateway.get("/violations").await.is(404);
}
