use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::mock::{Class, Effect, Misread};

/// What a raw client sees until the connection ends, or until it has enough.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) bytes: Vec<u8>,
    pub(super) end: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// In order.
    Close,
    /// With a reset.
    Reset,
    /// The client went first, with more than it wanted.
    Enough,
}

/// As much as a client reads of what has no end.
const ENOUGH: usize = 200_000;
/// How long what has no end is held in these tests, in milliseconds.
const HOLD_MS: u64 = 120;

const ID: &str = testing::ID;

impl Seen {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Head and body of the one answer.
    pub(super) fn parts(&self) -> (String, Vec<u8>) {
        let end = self
            .bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no whole head: {}", self.text()));
        let head = String::from_utf8(self.bytes[..end].to_vec()).unwrap();
        (head, self.bytes[end + 4..].to_vec())
    }

    pub(super) fn length(&self) -> usize {
        let (head, _) = self.parts();
        let line = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then_some(value)
        });
        line.unwrap_or_else(|| panic!("no length: {head}"))
            .parse()
            .unwrap()
    }
}

/// A twin that has the tag `vip` of the id [`ID`], and this plan.
async fn with_plan(vendor: &str, rules: serde_json::Value) -> (Arc<Served>, Running) {
    let tag = if vendor == "elevenlabs" {
        json!({"title": "vip", "tag_id": ID})
    } else {
        json!({"name": "vip", "id": ID})
    };
    let options = Options {
        tags: vec![tag],
        ..Options::default()
    };
    let served = testing::served(vendor, options);
    served.add_faults(&json!({"faults": rules})).unwrap();
    let running = running(&served).await;
    (served, running)
}

/// One write: 200 with a body at Awardee, 204 at ElevenLabs.
async fn write(vendor: &str, running: &Running) -> Seen {
    let (line, key) = if vendor == "elevenlabs" {
        (
            format!("POST /v1/convai/conversations/{ID}/tags"),
            "xi-api-key: k",
        )
    } else {
        (
            format!("PUT /v1/conversations/{ID}/tags"),
            "authorization: Bearer k",
        )
    };
    let body = format!(r#"{{"tag_ids":["{ID}"]}}"#);
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\n{key}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(&running.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let end = match stream.read_buf(&mut bytes).await {
            Ok(0) => Ended::Close,
            Ok(_) if bytes.len() > ENOUGH => Ended::Enough,
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ended::Reset,
            Err(error) => panic!("{error}"),
        };
        return Seen { bytes, end };
    }
}

fn took_effect(served: &Served) -> bool {
    served
        .twin(|twin| twin.conversation(ID))
        .is_some_and(|content| content == json!([ID]))
}

#[tokio::test]
async fn every_class_is_on_the_wire_what_it_says_and_has_the_effect_that_it_says() {
    for vendor in ["awardee", "elevenlabs"] {
        for class in Class::all() {
            for effect in class.effects() {
                let rule = json!({
                    "class": class.name(), "effect": effect.name(), "times": 1, "late_ms": 40, "latency_ms": 1,
                    "hold_ms": if class == Class::Trickle { 60_000 } else { HOLD_MS },
                    "bytes_per_second": 20_000, "retry_after_ms": 1_500,
                });
                let (served, running) = with_plan(vendor, json!([rule])).await;
                let seen = timeout(PATIENCE, write(vendor, &running)).await.unwrap();
                seen::check(vendor, class, &seen);
                let place = format!("{vendor} {class} {effect:?}");
                match effect {
                    Effect::None => assert!(!took_effect(&served), "{place}"),
                    Effect::Applied => assert!(took_effect(&served), "{place}"),
                    Effect::Late => timeout(PATIENCE, landed(&served)).await.unwrap(),
                }
                let told = served.calls()[0].fault.unwrap();
                assert_eq!((told.class, told.effect), (class.name(), effect.name()));
                assert_eq!(served.cut(), 0, "{place}");
                running.end().await;
            }
        }
    }
}

async fn landed(served: &Served) {
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    while !served.calls()[0].fault.is_some_and(|fault| fault.landed) {
        tick.tick().await;
    }
    assert!(took_effect(served));
}

#[tokio::test]
async fn a_half_closed_connection_still_takes_what_is_sent() {
    let rule = json!([{"class": "half-close", "hold_ms": 60_000}]);
    let (_, running) = with_plan("awardee", rule).await;
    let request = "GET /v1/conversation-tags HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut stream = TcpStream::connect(&running.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    // It is open for as long as the client keeps it, and no longer.
    drop(stream);
    timeout(PATIENCE / 2, running.end()).await.unwrap();
}

#[tokio::test]
async fn a_trickle_is_as_slow_as_it_says() {
    let rule = json!([{"class": "trickle", "bytes_per_second": 2_000}]);
    let (_, running) = with_plan("awardee", rule).await;
    let started = Instant::now();
    let seen = write("awardee", &running).await;
    let least = Duration::from_secs(1).mul_f64(seen.bytes.len() as f64 / 2_000.0);
    assert!(
        started.elapsed() >= least,
        "{:?} {least:?}",
        started.elapsed()
    );
    running.end().await;
}

#[tokio::test]
async fn a_process_that_is_gone_refuses_connections_and_comes_back() {
    let rule = json!([{"class": "refuse", "times": 1, "hold_ms": 300}]);
    let (served, running) = with_plan("awardee", rule).await;
    let mut idle = TcpStream::connect(&running.address).await.unwrap();
    assert_eq!(write("awardee", &running).await.end, Ended::Reset);
    let refused = async {
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        loop {
            match TcpStream::connect(&running.address).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return,
                other => drop(other),
            }
            tick.tick().await;
        }
    };
    timeout(PATIENCE, refused).await.unwrap();
    assert_eq!(
        idle.read(&mut [0; 8]).await.unwrap(),
        0,
        "idle connections are closed"
    );
    let back = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while TcpStream::connect(&running.address).await.is_err() {
            tick.tick().await;
        }
    };
    timeout(PATIENCE, back).await.unwrap();
    assert!(
        write("awardee", &running)
            .await
            .text()
            .starts_with("HTTP/1.1 200")
    );
    assert!(took_effect(&served));
    running.end().await;
}

#[tokio::test]
async fn a_request_that_is_cut_is_counted() {
    let (served, running) = with_plan("awardee", json!([])).await;
    let whole = format!(
        "PUT /v1/conversations/{ID}/tags HTTP/1.1\r\nhost: localhost\r\ncontent-length: 90\r\n\r\n{{\"tag_ids\""
    );
    for (count, part) in [(1, &whole[..30]), (2, &whole[..])] {
        let mut stream = TcpStream::connect(&running.address).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
        drop(stream);
        holds(|| served.cut() >= count).await;
    }
    assert_eq!(served.cut(), 2);
    running.end().await;
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_is_counted() {
    let rules = json!([
        {"class": "blackhole", "operation": "reads"},
        {"class": "latency", "operation": "writes", "latency_ms": 60_000},
    ]);
    let (served, running) = with_plan("awardee", rules).await;
    for line in [
        "GET /v1/conversation-tags".to_owned(),
        format!("PUT /v1/conversations/{ID}/tags"),
    ] {
        let mut stream = TcpStream::connect(&running.address).await.unwrap();
        let request =
            format!("{line} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let arrived = served.calls().len() + 1;
        holds(|| served.calls().len() == arrived).await;
    }
    holds(|| (served.left(false), served.left(true)) == (1, 1)).await;
    assert_eq!(served.cut(), 0);
    running.end().await;
}

/// Waits until a condition holds that nothing announces.
async fn holds(condition: impl Fn() -> bool) {
    let until = async {
        let mut tick = tokio::time::interval(Duration::from_millis(2));
        while !condition() {
            tick.tick().await;
        }
    };
    timeout(PATIENCE, until).await.unwrap();
}

#[tokio::test]
async fn faults_are_set_and_forgotten_on_the_socket() {
    let served = testing::served("awardee", Options::default());
    let running = running(&served).await;
    let control = |line: &str| format!("{line} HTTP/1.1\r\nhost: localhost");
    let read = "GET /v1/conversation-tags HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k";
    let plan = r#"{"faults":[{"class":"503","operation":"list_conversation_tags"}]}"#;
    assert_eq!(
        running
            .exchange(&control("POST /_twin/faults"), plan)
            .await
            .0,
        200
    );
    assert_eq!(running.exchange(read, "").await.0, 503);
    assert_eq!(
        running
            .exchange(&control("DELETE /_twin/faults"), "")
            .await
            .0,
        204
    );
    assert_eq!(running.exchange(read, "").await.0, 200);
    let (status, text) = running.exchange(&control("GET /_twin/counts"), "").await;
    assert_eq!(
        (status, text.as_str()),
        (
            200,
            r#"{"cut":0,"faults":{"503":1},"late":0,"left_reads":0,"left_writes":0,"received":2}"#
        )
    );
    let bad: Vec<Misread> = served
        .add_faults(&json!({"faults": [{"class": "x"}]}))
        .unwrap_err();
    assert_eq!(bad[0].pointer, "/faults/0/class");
    running.end().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_what_has_no_end() {
    for class in ["blackhole", "half-close", "trickle", "endless-body"] {
        let rule = json!([{"class": class, "hold_ms": 60_000}]);
        let (_, running) = with_plan("awardee", rule).await;
        let mut stream = TcpStream::connect(&running.address).await.unwrap();
        let read = "GET /v1/conversation-tags HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n\r\n";
        stream.write_all(read.as_bytes()).await.unwrap();
        let arrived = async {
            let mut tick = tokio::time::interval(Duration::from_millis(2));
            while served_none(&running).await {
                tick.tick().await;
            }
        };
        timeout(PATIENCE, arrived).await.unwrap();
        let ended = timeout(PATIENCE / 2, running.end()).await;
        assert!(ended.is_ok(), "{class}");
    }
}

/// Whether no fault has struck yet.
async fn served_none(running: &Running) -> bool {
    let head = "GET /_twin/counts HTTP/1.1\r\nhost: localhost";
    running
        .exchange(head, "")
        .await
        .1
        .contains(r#""faults":{}"#)
}
