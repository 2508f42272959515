//! Requests over HTTP/2: the same answers as over HTTP/1.1, and the same limits.

use super::Certified;
use crate::support::{Gateway, conversation, open, route, soon, tags_of};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

/// A gateway with HTTP/2, and a connection to it.
struct Http2 {
    gateway: Gateway,
    requests: SendRequest<Bytes>,
    ended: tokio::task::JoinHandle<Result<(), h2::Error>>,
    _folder: TempDir,
}

impl Http2 {
    async fn new(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certified = Certified::new(folder.path(), "server");
        let server = format!("{}{server}", certified.keys(true));
        let routes = route("elevenlabs", "mock", "create_missing = true");
        let gateway = open(&server, &routes).await;
        let stream = certified.connect(gateway.at(), &["h2"]).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        let requests = requests.ready().await.unwrap();
        Self {
            gateway,
            requests,
            ended: tokio::spawn(connection),
            _folder: folder,
        }
    }

    async fn send(
        &mut self,
        request: http::request::Builder,
        body: Option<&'static str>,
    ) -> (StatusCode, HeaderMap, Value) {
        let request = request.body(()).unwrap();
        let (answer, mut stream) = self.requests.send_request(request, body.is_none()).unwrap();
        if let Some(body) = body {
            stream.send_data(Bytes::from(body), true).unwrap();
        }
        let (head, mut stream) = soon("an answer", answer).await.unwrap().into_parts();
        let mut body = Vec::new();
        while let Some(data) = soon("data", stream.data()).await {
            let data = data.unwrap();
            stream.flow_control().release_capacity(data.len()).unwrap();
            body.extend_from_slice(&data);
        }
        let json = serde_json::from_slice(&body).unwrap_or_default();
        (head.status, head.headers, json)
    }
}

fn to(method: &str, target: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("https://localhost{target}"))
}

#[tokio::test]
async fn changes_and_reads_are_answered_as_ever() {
    let mut http2 = Http2::new("").await;
    let target = tags_of("elevenlabs", &conversation(1));
    let patch = to("PATCH", &target).header("content-type", "application/json");
    let (status, headers, changed) = http2.send(patch, Some(r#"{"add": ["vip"]}"#)).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["added"][0]["tag"], "vip");
    for name in [
        "x-request-id",
        "server-timing",
        "tagway-vendor-calls",
        "cache-control",
    ] {
        assert!(headers.contains_key(name), "{name}");
    }
    let (status, headers, read) = http2.send(to("GET", &target), None).await;
    assert_eq!(
        (status.as_u16(), &read["tags"][0]["tag"]),
        (200, &"vip".into())
    );
    assert!(headers.contains_key("etag"));
    let (status, headers, problem) = http2.send(to("GET", "/v1/nowhere/tags"), None).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (404, &"route-not-found".into())
    );
    assert_eq!(headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn what_no_request_may_be_is_refused_with_a_problem_and_the_connection_goes_on() {
    let mut http2 = Http2::new("max_body_bytes = 1_024\nbody_timeout_ms = 300\n").await;
    let target = tags_of("elevenlabs", &conversation(1));
    let foreign = Request::builder().uri("https://example.com/v1/routes");
    let long = format!("/v1/{}", "x".repeat(9_000));
    let large: &'static str = Box::leak(format!("{{{}}}", " ".repeat(2_000)).into_boxed_str());
    let json = |method| to(method, &target).header("content-type", "application/json");
    let with_header = to("GET", "/v1/routes").header("x-large", "y".repeat(17_000));
    for (request, body, status, code) in [
        (foreign, None, 421, "misdirected-request"),
        (to("GET", &long), None, 414, "target-too-long"),
        (with_header, None, 431, "head-too-large"),
        (json("PATCH"), Some(large), 413, "body-too-large"),
        (json("PATCH"), Some("{"), 400, "invalid-json"),
        (
            to("GET", "/v1/routes").header("origin", "https://example.com"),
            None,
            403,
            "forbidden",
        ),
        (to("POST", "/v1/routes"), None, 405, "method-not-allowed"),
    ] {
        let (answered, headers, problem) = http2.send(request, body).await;
        assert_eq!(
            (answered.as_u16(), &problem["code"]),
            (status, &code.into())
        );
        assert_eq!(headers["content-type"], "application/problem+json");
    }
    // A body that never comes.
    let request = json("PATCH").body(()).unwrap();
    let (answer, _held) = http2.requests.send_request(request, false).unwrap();
    assert_eq!(soon("an answer", answer).await.unwrap().status(), 408);
    let (status, _, _) = http2.send(to("GET", "/v1/routes"), None).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_stop_ends_the_connection_behind_the_requests_that_have_begun() {
    let mut http2 = Http2::new("").await;
    let (status, _, _) = http2.send(to("GET", "/v1/routes"), None).await;
    assert_eq!(status, 200);
    let target = tags_of("elevenlabs", &conversation(1));
    let patch = to("PATCH", &target).header("content-type", "application/json");
    let (answer, mut body) = http2
        .requests
        .send_request(patch.body(()).unwrap(), false)
        .unwrap();
    // Taken up: whatever is asked later is answered later.
    http2.send(to("GET", "/v1/routes"), None).await;
    let Http2 {
        gateway,
        requests,
        ended,
        ..
    } = http2;
    let stopping = tokio::spawn(gateway.running.stop());
    soon("the end of new requests", async {
        let mut requests = requests;
        loop {
            match requests.clone().ready().await {
                Err(_) => return,
                Ok(ready) => requests = ready,
            }
            let request = to("GET", "/v1/routes").body(()).unwrap();
            if requests.send_request(request, true).is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    body.send_data(Bytes::from_static(br#"{"add": ["vip"]}"#), true)
        .unwrap();
    let answer = soon("the answer", answer).await.unwrap();
    assert_eq!(answer.status(), 200);
    drop((answer, body));
    soon("the end of the connection", ended)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(soon("the stop", stopping).await.unwrap(), 0);
}

#[tokio::test]
async fn a_connection_grows_so_old_and_no_older() {
    let mut http2 = Http2::new("connection_age_ms = 1_000\n").await;
    let (status, _, _) = http2.send(to("GET", "/v1/routes"), None).await;
    assert_eq!(status, 200);
    soon("the end of the connection", http2.ended)
        .await
        .unwrap()
        .unwrap();
}
