//! The catalogue of every vendor, from a client's socket to the twin's.

mod cache;
mod capabilities;
mod golden;
mod lifecycle;
mod limits;
mod loss;
mod options;
mod pages;
mod problems;
mod together;
mod vendor_errors;

use crate::support::{Answer, Ask, Faulty, Gateway, OnSocket, labels, open, route};
use bytes::Bytes;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::sync::Arc;
use tagway::mock::{Options, Recorded, RecordedBody, Served};

/// A gateway with one route, whose vendor is a twin on a socket.
pub(crate) struct Bench {
    vendor: &'static str,
    served: Arc<Served>,
    address: String,
    gateway: Gateway,
}

/// A call as method, path with query, and body.
type Sent = (String, String, Value);

impl Bench {
    /// With these tags in the catalogue, and further keys of the route.
    async fn new(
        vendor: &'static str,
        bare: &[&str],
        valued: &[(&str, &[&str])],
        more: &str,
    ) -> Self {
        let twin = OnSocket::new(vendor, seeded(vendor, bare, valued)).await;
        let address = twin.address.to_string();
        Self {
            vendor,
            gateway: open("", &route(vendor, &address, more)).await,
            address,
            served: twin.served,
        }
    }

    /// Behind a vendor that fails as it is told.
    async fn behind(vendor: &'static str, faulty: &Faulty, more: &str) -> Self {
        let address = faulty.address.to_string();
        Self {
            vendor,
            gateway: open("", &route(vendor, &address, more)).await,
            address,
            served: faulty.served.clone(),
        }
    }

    /// The same vendor behind a gateway that has read nothing yet.
    async fn again(&self) -> Self {
        Self {
            vendor: self.vendor,
            served: self.served.clone(),
            address: self.address.clone(),
            gateway: open("", &route(self.vendor, &self.address, "")).await,
        }
    }

    /// The path of the catalogue.
    fn tags(&self) -> String {
        format!("/v1/{}/tags", self.vendor)
    }

    /// The path of one tag, by its text form.
    fn one(&self, text: &str) -> String {
        let text = utf8_percent_encode(text, NON_ALPHANUMERIC);
        format!("{}/name:{text}", self.tags())
    }

    async fn get(&self, target: &str) -> Answer {
        self.gateway.get(target).await
    }

    async fn create(&self, body: &Value) -> Answer {
        self.gateway.send("POST", &self.tags(), body).await
    }

    async fn ensure(&self, text: &str, body: &Value) -> Answer {
        self.gateway.send("PUT", &self.one(text), body).await
    }

    async fn update(&self, text: &str, patch: &Value) -> Answer {
        merge_patch(&self.gateway, &self.one(text), patch)
            .send()
            .await
    }

    async fn delete(&self, text: &str) -> Answer {
        self.gateway.ask("DELETE", &self.one(text)).send().await
    }

    /// The text forms of the whole catalogue.
    async fn texts(&self) -> Vec<String> {
        let listed = self.get(&format!("{}?limit=1000", self.tags())).await;
        crate::support::texts(&listed.is(200).json()["tags"])
    }

    /// How often the first page of the catalogue was read at the vendor.
    fn lists(&self) -> usize {
        let calls = self.served.calls();
        let first = |call: &&Recorded| {
            call.method == "GET"
                && path(call) == catalogue_path(self.vendor)
                && !call.path.contains("cursor=")
                && !call.path.contains("page=2")
                && !call.path.contains("page=3")
        };
        calls.iter().filter(first).count()
    }

    /// How many tags were made at the vendor, or refused.
    fn creates(&self) -> usize {
        let calls = self.served.calls();
        let create =
            |call: &&Recorded| call.method == "POST" && path(call) == catalogue_path(self.vendor);
        calls.iter().filter(create).count()
    }

    /// The writes that the twin recorded.
    fn written(&self) -> Vec<Sent> {
        let calls = self.served.calls().into_iter();
        let writes = calls.filter(|call| call.method != "GET");
        writes
            .map(|call| (call.method, call.path, body(call.body)))
            .collect()
    }
}

fn merge_patch(gateway: &Gateway, target: &str, patch: &Value) -> Ask {
    let ask = gateway.ask("PATCH", target);
    ask.text("application/merge-patch+json", &patch.to_string())
}

fn seeded(vendor: &str, bare: &[&str], valued: &[(&str, &[&str])]) -> Options {
    Options {
        tags: labels(vendor, bare, valued),
        ..Options::default()
    }
}

/// Where a vendor lists its tags, and makes them.
fn catalogue_path(vendor: &str) -> &'static str {
    match vendor {
        "elevenlabs" => "/v1/convai/tags",
        "awardee" => "/v1/conversation-tags",
        _ => "/v2/labels",
    }
}

fn path(call: &Recorded) -> &str {
    call.path.split('?').next().unwrap_or_default()
}

fn body(body: Option<RecordedBody>) -> Value {
    match body {
        None => Value::Null,
        Some(RecordedBody::Json(raw)) => serde_json::from_str(raw.get()).unwrap(),
        Some(RecordedBody::Text(text)) => panic!("not JSON: {text}"),
    }
}

/// What somebody else does at the vendor; the gateway does not learn of it.
fn outside(served: &Served, method: &str, path: &str, body: &Value) -> Value {
    let body = match body {
        Value::Null => Bytes::new(),
        body => Bytes::from(body.to_string()),
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer somebody")
        .header("xi-api-key", "somebody")
        .header("content-type", "application/json")
        .body(body)
        .unwrap();
    let answer = served.call(request, tagway::clock::unix_ms());
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(answer.status().is_success(), "{method} {path}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// Somebody else makes a bare tag.
fn made_outside(vendor: &str, served: &Served, name: &str) {
    let member = if vendor == "elevenlabs" {
        "title"
    } else {
        "name"
    };
    outside(
        served,
        "POST",
        catalogue_path(vendor),
        &json!({ member: name }),
    );
}

/// Every id in a vendor's catalogue with the name that it stands for.
fn ids(vendor: &str, served: &Served) -> Vec<(String, String)> {
    let (list, id, name, query) = match vendor {
        "elevenlabs" => ("conversation_tags", "tag_id", "title", "?page_size=100"),
        "awardee" => ("data", "id", "name", "?page_size=100"),
        _ => ("data", "uuid", "name", ""),
    };
    let path = format!("{}{query}", catalogue_path(vendor));
    let listed = outside(served, "GET", &path, &Value::Null);
    let tags = listed[list].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tags.map(|tag| (text(&tag[id]), text(&tag[name]))).collect()
}
