//! A vendor that answers at once and checks nothing: what it costs is the same for every peer.

use super::{Failure, answers, peers::COMMON};
use std::{borrow::Cow, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A conversation whose writes are taken without a word: the connection ends instead.
pub(super) const SILENT: &str = "conv_silent_";

/// A conversation that carries as many tags as the number after this says.
pub(super) const CARRIES: &str = "conv_carries_";

/// What does not change from answer to answer, written once.
struct Answers {
    tags: usize,
    conversation: Vec<u8>,
}

const DONE: &[u8] = b"HTTP/1.1 204 No Content\r\ndate: Sat, 21 Nov 2026 10:00:00 GMT\r\n\r\n";
const NOTHING: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}";

/// Serves a catalogue of so many tags until the process is ended; tells the address on the standard output.
///
/// # Errors
/// No number, or no port.
pub(super) async fn serve(arguments: &[String]) -> Result<(), Failure> {
    let tags = arguments.first().ok_or("how many tags?")?.parse()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let answers = Arc::new(Answers {
        tags,
        conversation: whole(&answers::conversation(COMMON, 3)),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, answers.clone()));
    }
}

fn whole(body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         date: Sat, 21 Nov 2026 10:00:00 GMT\r\n\r\n"
    );
    (head + body).into_bytes()
}

impl Answers {
    /// What the head of a request is answered with; nothing where the connection ends.
    fn to(&self, head: &str) -> Option<Cow<'_, [u8]>> {
        let (method, target) = head.split_once(' ')?;
        let number = |after: &str| -> Option<usize> {
            let (_, rest) = target.split_once(after)?;
            let end = rest.find(|c: char| !c.is_ascii_digit());
            rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
        };
        match method {
            "POST" if target.contains(SILENT) => None,
            "POST" => Some(DONE.into()),
            _ if target.starts_with("/v1/convai/tags") => {
                let from = number("cursor=").unwrap_or(0);
                Some(whole(&answers::page(self.tags, from)).into())
            }
            _ if target.starts_with("/v1/convai/conversations/") => match number(CARRIES) {
                Some(tags) => {
                    let id = format!("{CARRIES}{tags}");
                    Some(whole(&answers::conversation(&id, tags)).into())
                }
                None => Some((&self.conversation).into()),
            },
            _ => Some(NOTHING.into()),
        }
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
        let (answer, end) = (answers.to(text), head + length(text));
        while received.len() < end {
            if stream.read_buf(&mut received).await.ok()? == 0 {
                return None;
            }
        }
        received.drain(..end);
        stream.write_all(&answer?).await.ok()?;
    }
}

/// What the head says of the body.
pub(super) fn length(head: &str) -> usize {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.map_or(0, |(_, value)| value.trim().parse().unwrap_or(0))
}
