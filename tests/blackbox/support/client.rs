//! A small HTTP/1.1 client: it normalises nothing, sends what it is told, and holds every answer to the API's document.

use super::soon;
use serde_json::Value;
use std::{net::SocketAddr, sync::OnceLock};
use tagway::schema::{Document, Found};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A request, built up and sent on a connection of its own.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    to: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    api: bool,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A connection on which any bytes can be sent.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

/// The API's own document, compiled once.
pub(crate) fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        Document::compile("gateway", tagway::gateway::OPENAPI, &|_| None)
            .expect("the API's document compiles")
    })
}

impl Ask {
    /// A request to the API.
    pub(crate) fn new(to: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            to,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
            api: true,
        }
    }

    /// A request to another listener, whose answers the API's document does not describe.
    pub(crate) fn elsewhere(to: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            api: false,
            ..Self::new(to, method, target)
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends JSON.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    pub(crate) fn text(mut self, content_type: &str, body: &str) -> Self {
        self.body = Some(body.as_bytes().to_vec());
        self.header("content-type", content_type)
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = Some(body.as_bytes().to_vec());
        self
    }

    /// Sends it and reads the answer.
    pub(crate) async fn send(self) -> Answer {
        let mut wire = Wire::open(self.to).await;
        wire.send(&self.bytes()).await;
        let answer = wire.answer_to(&self.method).await;
        if self.api {
            answer.hold(&self.method, &self.target);
        }
        answer
    }

    /// The request as it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut add = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        let given = |wanted: &str| {
            self.headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if !given("host") {
            add("host", &self.to.to_string());
        }
        for (name, value) in &self.headers {
            add(name, value);
        }
        if let Some(body) = &self.body
            && !given("content-length")
            && !given("transfer-encoding")
        {
            add("content-length", &body.len().to_string());
        }
        head.push_str("connection: close\r\n\r\n");
        [head.as_bytes(), self.body.as_deref().unwrap_or_default()].concat()
    }
}

impl Wire {
    pub(crate) async fn open(to: SocketAddr) -> Self {
        Self::from_address([127, 0, 0, 1], to).await
    }

    /// A connection from another address of this machine.
    pub(crate) async fn from_address(address: [u8; 4], to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        let stream = soon("a connection", socket.connect(to)).await.unwrap();
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// A connection, if somebody listens there.
    pub(crate) async fn try_open(to: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(to).await.ok()?;
        Some(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Sends bytes; a peer that closed early may have answered already, so a failure is not the end.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = soon("room to send", self.stream.write_all(bytes)).await;
    }

    /// Sends no more.
    pub(crate) async fn shut(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads the next answer that is not an interim one; of a HEAD there is no body.
    pub(crate) async fn answer_to(&mut self, method: &str) -> Answer {
        let answer = self.try_answer_to(method).await;
        answer.expect("an answer before the connection ends")
    }

    /// The same, or nothing if the connection ends before.
    pub(crate) async fn try_answer_to(&mut self, method: &str) -> Option<Answer> {
        loop {
            let end = loop {
                match find(&self.received, b"\r\n\r\n") {
                    Some(end) => break end,
                    None if !self.more().await => return None,
                    None => {}
                }
            };
            let head = String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
            let mut lines = head.trim_end().split("\r\n");
            let status: u16 = lines.next().unwrap()[9..12].parse().unwrap();
            if status < 200 {
                continue;
            }
            let headers: Vec<(String, String)> = lines
                .map(|line| line.split_once(": ").expect("a header"))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let mut answer = Answer {
                status,
                headers,
                body: Vec::new(),
            };
            if method != "HEAD" && status != 204 && status != 304 {
                let length = answer.header("content-length").expect("a length");
                let length: usize = length.parse().unwrap();
                while self.received.len() < length {
                    assert!(self.more().await, "the answer was cut");
                }
                answer.body = self.received.drain(..length).collect();
            }
            return Some(answer);
        }
    }

    /// Reads until the peer closes; true if nothing more came.
    pub(crate) async fn ends(&mut self) -> bool {
        while self.more().await {}
        self.received.is_empty()
    }

    async fn more(&mut self) -> bool {
        // A reset after an answer is as much an end as a close.
        let read = self.stream.read_buf(&mut self.received);
        soon("bytes", read).await.is_ok_and(|count| count > 0)
    }
}

impl Answer {
    /// The value of a header that stands at most once.
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(name, _)| name == wanted);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "`{wanted}` is given twice");
        value
    }

    pub(crate) fn json(&self) -> Value {
        match self.body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).expect("an answer in JSON"),
        }
    }

    /// The body, if it is JSON.
    pub(crate) fn try_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Fails the test if the status is another one.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        self
    }

    /// Fails the test unless the answer is one that the API's document allows for the request.
    pub(crate) fn hold(&self, method: &str, target: &str) {
        let place = format!("{method} {target} -> {}", self.status);
        for name in ["x-request-id", "server-timing", "tagway-vendor-calls"] {
            assert!(self.header(name).is_some(), "{place} lacks {name}");
        }
        assert_eq!(self.header("cache-control"), Some("no-store"), "{place}");
        let path = target.split('?').next().unwrap_or_default();
        let verb = if method == "HEAD" { "GET" } else { method };
        let Found::Operation(operation, _) = document().find(&verb.parse().unwrap(), path) else {
            assert!(self.status >= 400, "{place} is not in the document");
            return;
        };
        assert!(operation.lists(self.status), "{place} is not described");
        if method == "HEAD" {
            return;
        }
        match operation.response(self.status) {
            Some(check) => {
                let kind = if self.status < 400 {
                    "json"
                } else {
                    "problem+json"
                };
                let kind = format!("application/{kind}");
                assert_eq!(self.header("content-type"), Some(kind.as_str()), "{place}");
                assert_eq!(check.violations(&self.json()), [], "{place}");
            }
            // A page is described without a schema.
            None => assert!(self.is_page() || self.body.is_empty(), "{place} has a body"),
        }
    }

    fn is_page(&self) -> bool {
        let kind = self.header("content-type");
        kind.is_some_and(|kind| kind.starts_with("text/html"))
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}
