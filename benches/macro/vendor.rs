//! A vendor that answers at once and checks nothing: what it costs is the same for every peer.

use super::{Failure, answers};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The answers, written once.
struct Answers {
    catalogue: Vec<u8>,
    conversation: Vec<u8>,
}

const DONE: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
const NOTHING: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}";

/// Serves until the process is ended; tells the address on the standard output.
///
/// # Errors
/// No port.
pub(super) async fn serve(_: &[String]) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let whole = |body: String| {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        (head + &body).into_bytes()
    };
    let answers = Arc::new(Answers {
        catalogue: whole(answers::catalogue()),
        conversation: whole(answers::conversation()),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, answers.clone()));
    }
}

async fn connection(mut stream: TcpStream, answers: Arc<Answers>) -> Option<()> {
    let mut received = Vec::with_capacity(4_096);
    loop {
        let head = loop {
            match received.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None if stream.read_buf(&mut received).await.ok()? == 0 => return None,
                None => {}
            }
        };
        let text = std::str::from_utf8(received.get(..head)?).ok()?;
        let answer = match text.split(' ').next()? {
            "POST" => DONE,
            _ if text.starts_with("GET /v1/convai/tags") => &answers.catalogue,
            _ if text.starts_with("GET /v1/convai/conversations/") => &answers.conversation,
            _ => NOTHING,
        };
        let end = head + length(text);
        while received.len() < end {
            if stream.read_buf(&mut received).await.ok()? == 0 {
                return None;
            }
        }
        received.drain(..end);
        stream.write_all(answer).await.ok()?;
    }
}

/// What the head says of the body.
pub(super) fn length(head: &str) -> usize {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.map_or(0, |(_, value)| value.trim().parse().unwrap_or(0))
}
