//! What the operator's listener counts.

use crate::support::{Fault, Faulty, Gateway, conversation, open, route, tags_of, until};
use serde_json::json;
use tagway::mock::Options;

/// The samples, by name and labels as they are written.
async fn scraped(gateway: &Gateway) -> Vec<(String, f64)> {
    let answer = gateway.admin("GET", "/metrics").send().await.is(200);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

fn value(samples: &[(String, f64)], name: &str) -> f64 {
    let found = samples.iter().find(|(known, _)| known == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {samples:#?}"))
        .1
}

#[tokio::test]
async fn requests_calls_and_times_are_counted_by_what_the_configuration_bounds() {
    let options = Options {
        tags: vec![json!("vip")],
        ..Options::default()
    };
    let lost = |seen: &crate::support::Seen| {
        let last = conversation(3);
        (seen.method == "PUT" && seen.path.contains(&last)).then_some(Fault::Close)
    };
    let vendor = Faulty::new("awardee", options, lost).await;
    let routes = route("awardee", &vendor.address.to_string(), "account = \"acme\"");
    let gateway = open("", &routes).await;
    let put = |number: usize| {
        let target = format!("{}/vip", tags_of("awardee", &conversation(number)));
        gateway.ask("PUT", &target).send()
    };
    put(1).await.is(200);
    put(2).await.is(200);
    put(3).await.is(503);
    gateway.get("/v1/awardee/tags/secret-tag").await.is(404);
    gateway.get("/v1/someones-route/tags").await.is(404);
    gateway.get("/nothing/here").await.is(404);
    let samples = scraped(&gateway).await;
    for (name, expected) in [
        (
            r#"tagway_requests_total{route="awardee",operation="add_conversation_tag",status="2xx",code="-"}"#,
            2.0,
        ),
        (
            r#"tagway_requests_total{route="awardee",operation="add_conversation_tag",status="5xx",code="vendor-unavailable"}"#,
            1.0,
        ),
        (
            r#"tagway_requests_total{route="awardee",operation="get_tag",status="4xx",code="tag-not-found"}"#,
            1.0,
        ),
        (
            r#"tagway_requests_total{route="-",operation="list_tags",status="4xx",code="route-not-found"}"#,
            1.0,
        ),
        (
            r#"tagway_requests_total{route="-",operation="-",status="4xx",code="not-found"}"#,
            1.0,
        ),
        (
            r#"tagway_request_duration_seconds_count{route="awardee",operation="add_conversation_tag"}"#,
            3.0,
        ),
        (
            r#"tagway_request_duration_seconds_bucket{le="+Inf",route="awardee",operation="add_conversation_tag"}"#,
            3.0,
        ),
        ("tagway_unknown_outcomes_total", 1.0),
        ("tagway_conversations_settling", 1.0),
        ("tagway_lanes", 1.0),
        ("tagway_changes_folded_total", 0.0),
        ("tagway_config_generation", 1.0),
        (r#"tagway_reloads_total{result="failed"}"#, 0.0),
        ("tagway_ready", 1.0),
    ] {
        assert_eq!(value(&samples, name), expected, "{name}");
    }
    let calls = |outcome: &str| -> f64 {
        let of = samples.iter().filter(|(name, _)| {
            name.starts_with("tagway_vendor_calls_total{account=\"acme\"")
                && name.contains(&format!("outcome=\"{outcome}\""))
        });
        of.map(|(_, value)| value).sum()
    };
    assert_eq!(calls("lost"), 1.0, "{samples:#?}");
    let made = calls("answered") + calls("lost");
    assert_eq!(made, vendor.seen().len() as f64);
    for (name, _) in &samples {
        for word in [
            "vip",
            "secret-tag",
            "someones",
            "nothing",
            "8f3a9d2e",
            "vendor-secret",
        ] {
            assert!(!name.contains(word), "{name}");
        }
    }
}

#[tokio::test]
async fn connections_are_counted_while_they_are_open() {
    let gateway = open("", &route("elevenlabs", "mock", "")).await;
    let name = "tagway_connections";
    assert_eq!(value(&scraped(&gateway).await, name), 0.0);
    let stream = tokio::net::TcpStream::connect(gateway.at()).await.unwrap();
    let current = gateway.running.status.gateway();
    until("the connection", || current.metrics.connections() == 1).await;
    assert_eq!(value(&scraped(&gateway).await, name), 1.0);
    drop(stream);
    until("its end", || current.metrics.connections() == 0).await;
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let gateway = open("", &route("elevenlabs", "mock", "")).await;
    gateway.admin("POST", "/metrics").send().await.is(405);
    let foreign = gateway
        .admin("GET", "/metrics")
        .header("host", "example.com");
    foreign.send().await.is(421);
}
