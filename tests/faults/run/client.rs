//! A small HTTP/1.1 client that keeps its connection.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// A connection to the gateway, opened when it is needed.
pub(crate) struct Client {
    to: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    /// Lines of further headers, each with its end.
    pub(crate) headers: String,
    /// A JSON text; empty for none.
    pub(crate) body: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The head in lower case.
    pub(crate) head: String,
    pub(crate) body: Value,
    /// From the first byte of the request to the last of the answer, connecting included.
    pub(crate) took: Duration,
}

/// How long an answer may take: far above every deadline.
const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self {
            to,
            stream: None,
            received: Vec::new(),
        }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> io::Result<Answer> {
        let started = Instant::now();
        let answer = timeout(PATIENCE, self.exchange(ask, started)).await;
        let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, ask: &Ask, started: Instant) -> io::Result<Answer> {
        let bytes = ask.bytes(self.to);
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.to).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
            self.received.clear();
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(&bytes).await?;
        let end = loop {
            let mut fours = self.received.windows(4);
            if let Some(end) = fours.position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&self.received[..end]).to_ascii_lowercase();
        self.received.drain(..end);
        let status = head.get(9..12).and_then(|digits| digits.parse().ok());
        let status: u16 = status.ok_or(io::ErrorKind::InvalidData)?;
        let length = header(&head, "content-length").map_or(Ok(0), str::parse::<usize>);
        let length = length.map_err(|_| io::ErrorKind::InvalidData)?;
        while self.received.len() < length {
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let took = started.elapsed();
        let body: Vec<u8> = self.received.drain(..length).collect();
        if header(&head, "connection") == Some("close") {
            self.stream = None;
        }
        Ok(Answer {
            status,
            head,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            took,
        })
    }
}

impl Ask {
    pub(crate) fn new(method: &'static str, target: String) -> Self {
        Self {
            method,
            target,
            ..Self::default()
        }
    }

    fn bytes(&self, to: SocketAddr) -> Vec<u8> {
        let Self {
            method,
            target,
            headers,
            body,
        } = self;
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {to}\r\n{headers}");
        if !body.is_empty() {
            head.push_str("content-type: application/json\r\n");
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        format!("{head}\r\n{body}").into_bytes()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let line = head.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.strip_prefix(": "))
}
