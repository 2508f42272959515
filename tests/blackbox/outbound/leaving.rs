//! What travels with a call, and what comes back of an answer's head: a list of the gateway's own, nothing of the
//! caller's, nothing of the vendor's.

use crate::support::{Fault, Faulty, VENDORS, conversation, labels, open, route, tags_of};
use serde_json::json;
use tagway::mock::Options;

/// Every header that a call may carry.
const SENT: [&str; 9] = [
    "host",
    "accept",
    "user-agent",
    "content-type",
    "content-length",
    "authorization",
    "xi-api-key",
    "idempotency-key",
    "connection",
];

/// Every header that an answer may carry.
const ANSWERED: [&str; 14] = [
    "content-type",
    "content-length",
    "cache-control",
    "connection",
    "date",
    "etag",
    "location",
    "preference-applied",
    "retry-after",
    "server-timing",
    "tagway-mock",
    "tagway-vendor-calls",
    "x-content-type-options",
    "x-request-id",
];

#[tokio::test]
async fn no_header_of_a_caller_reaches_a_vendor() {
    for vendor in VENDORS {
        let tags = labels(vendor, &["vip"], &[]);
        let options = Options {
            tags,
            ..Options::default()
        };
        let faulty = Faulty::new(vendor, options, |_| None).await;
        let gateway = open("", &route(vendor, &faulty.address.to_string(), "")).await;
        let set = tags_of(vendor, &conversation(1));
        for (method, body) in [
            ("GET", None),
            ("PATCH", Some(json!({"add": ["vip"]}))),
            ("DELETE", None),
        ] {
            let mut ask = gateway.ask(method, &set);
            for (name, value) in [
                ("authorization", "Bearer canary"),
                ("cookie", "canary=1"),
                ("x-api-key", "canary"),
                ("xi-api-key", "canary"),
                ("x-forwarded-for", "192.0.2.1, canary"),
                ("x-forwarded-host", "canary.example"),
                ("forwarded", "for=canary"),
                ("via", "1.1 canary"),
                ("te", "trailers"),
                ("trailer", "x-canary"),
                ("upgrade", "h2c"),
                ("keep-alive", "timeout=canary"),
                ("proxy-authorization", "Basic canary"),
                ("proxy-connection", "keep-alive"),
                ("x-canary", "canary"),
                ("x_canary", "canary"),
                ("accept-encoding", "gzip, canary"),
                ("accept-language", "canary"),
                ("user-agent", "canary"),
                ("referer", "https://canary.example/"),
                ("range", "bytes=0-1"),
                ("x-http-method-override", "DELETE"),
                ("x-request-id", "canary"),
                (
                    "traceparent",
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                ),
            ] {
                ask = ask.header(name, value);
            }
            if let Some(body) = &body {
                ask = ask.json(body);
            }
            let answer = ask.send().await;
            assert!(answer.status < 500, "{vendor} {method}: {}", answer.status);
        }
        let seen = faulty.seen();
        assert!(seen.len() >= 3, "{vendor}");
        for seen in seen {
            assert!(!seen.head.contains("canary"), "{}", seen.head);
            let lines = seen
                .head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(':'));
            for (name, value) in lines {
                let name = name.to_ascii_lowercase();
                assert!(SENT.contains(&name.as_str()), "{vendor}: {name}: {value}");
                assert!(name != "host" || value.trim() == faulty.address.to_string());
            }
        }
    }
}

#[tokio::test]
async fn no_header_of_a_vendor_reaches_a_caller() {
    for status in [200, 400, 401, 404, 429, 503] {
        let headers = &[
            ("set-cookie", "canary=1"),
            ("server", "canary"),
            ("x-canary", "canary"),
            ("via", "1.1 canary"),
            ("www-authenticate", "Basic realm=canary"),
            ("proxy-authenticate", "Basic realm=canary"),
            ("access-control-allow-origin", "*"),
            ("strict-transport-security", "max-age=1"),
            ("content-type", "text/html; canary"),
            ("etag", "\"canary\""),
            ("location", "http://canary.example/"),
            ("x-request-id", "canary"),
            ("content-security-policy", "canary"),
            ("link", "<http://canary.example/>"),
        ];
        let fault = Fault::Answer(status, headers, "{\"total\":0,\"data\":[]}".to_owned());
        let vendor = Faulty::always("awardee", fault).await;
        let more = "attempts = 1\n";
        let gateway = open("", &route("awardee", &vendor.address.to_string(), more)).await;
        let answer = gateway.get(&tags_of("awardee", &conversation(1))).await;
        for (name, value) in &answer.headers {
            assert!(
                ANSWERED.contains(&name.as_str()),
                "{status}: {name}: {value}"
            );
            assert!(!value.contains("canary"), "{status}: {name}: {value}");
        }
    }
}
