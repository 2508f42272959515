//! A small HTTP/1.1 client that keeps its connection.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A connection to the gateway, opened when it is needed.
pub(crate) struct Client {
    to: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// How long an answer may take: far above the gateway's deadline.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bytes of a request.
pub(crate) fn request(to: SocketAddr, method: &str, target: &str, body: &str) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {to}\r\n");
    if !body.is_empty() {
        head.push_str(&format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        ));
    }
    format!("{head}\r\n{body}").into_bytes()
}

impl Client {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self {
            to,
            stream: None,
            received: Vec::new(),
        }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let bytes = request(self.to, method, target, body);
        let answer = timeout(PATIENCE, self.exchange(&bytes)).await;
        let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, bytes: &[u8]) -> io::Result<Answer> {
        if self.stream.is_none() {
            self.stream = Some(TcpStream::connect(self.to).await?);
            self.received.clear();
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(bytes).await?;
        let end = loop {
            let end = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
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
        let named = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let length = named("content-length: ").map_or(Ok(0), str::parse::<usize>);
        let length = length.map_err(|_| io::ErrorKind::InvalidData)?;
        while self.received.len() < length {
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let body: Vec<u8> = self.received.drain(..length).collect();
        if named("connection: ") == Some("close") {
            self.stream = None;
        }
        Ok(Answer {
            status,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }
}
