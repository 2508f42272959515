//! A vendor whose conversations are as large as one likes; it makes them while it sends them.

use std::{io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::Request;
use serde_json::json;
use tagway::{
    clock,
    mock::{Options, Served, TWINS},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What makes a conversation large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filling {
    /// Many messages.
    Transcript,
    /// As many elements as the bytes allow.
    Dense,
    /// Containers inside each other, as deep as an answer may be.
    Deep,
    /// One text.
    OneText,
    /// Deeper than an answer may be.
    TooDeep,
}

/// The vendor; it ends with this.
pub(super) struct Large {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

/// Everything of a conversation's answer.
struct Content {
    served: Arc<Served>,
    before: String,
    piece: Bytes,
    pieces: usize,
    after: String,
}

const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-000000000001";

/// About how much goes out at once.
const PIECE: usize = 64 * 1_024;

/// The path of the conversation's tags.
pub(super) fn tags_of(route: &str) -> String {
    format!("/v1/{route}/conversations/{CONVERSATION}/tags")
}

impl Large {
    pub(super) async fn start(vendor: &str, filling: Filling, bytes: usize) -> Self {
        let content = Arc::new(Content::new(vendor, filling, bytes));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let content = Arc::clone(&content);
                tokio::spawn(async move {
                    // A client that goes in the middle is no matter.
                    let _ = answer(stream, &content).await;
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Content {
    fn new(vendor: &str, filling: Filling, bytes: usize) -> Self {
        let named = |name: &str, id: &str| match vendor {
            "elevenlabs" => json!({"title": name, "tag_id": id}),
            _ => json!({"name": name}),
        };
        let kind = TWINS.iter().find(|kind| kind.name == vendor);
        let options = Options {
            tags: vec![named("kept", "tag_kept"), named("old", "tag_old")],
            transcript_bytes: 1_024,
            ..Options::default()
        };
        let served = Served::new(kind.expect("a twin"), options).expect("a document");
        let carried = match vendor {
            "elevenlabs" => json!(["tag_kept", "tag_old"]),
            _ => json!({"kept": "true", "old": "true"}),
        };
        assert!(served.twin(|twin| twin.set_conversation(CONVERSATION, carried)));
        let path = match vendor {
            "elevenlabs" => format!("/v1/convai/conversations/{CONVERSATION}"),
            _ => format!("/v2/conversations/{CONVERSATION}"),
        };
        let own = ask(&served, &path).1;
        let own = own.strip_prefix('{').expect("an object").to_owned();
        // What matters comes last, so that all the rest has to be read past.
        let (open, unit, close) = match filling {
            Filling::Transcript => ("[", message(), "null]"),
            Filling::Dense => ("[", "0,".to_owned(), "0]"),
            // The object, the list, and these.
            Filling::Deep => ("[", nested(30), "0]"),
            Filling::TooDeep => ("[", nested(31), "0]"),
            Filling::OneText => ("\"", "all work and no play ".to_owned(), "\""),
        };
        let piece = Bytes::from(unit.repeat(PIECE.div_ceil(unit.len())));
        Self {
            served,
            before: format!("{{\"filling\":{open}"),
            pieces: bytes.div_ceil(piece.len()),
            piece,
            after: format!("{close},{own}"),
        }
    }

    fn length(&self) -> usize {
        self.before.len() + self.pieces * self.piece.len() + self.after.len()
    }
}

fn message() -> String {
    let words = "the caller asks about the invoice of last month \\u00e9 ";
    format!(
        "{{\"role\":\"user\",\"message\":\"{}\",\"time_in_call_secs\":12.5,\"tool_calls\":[]}},",
        words.repeat(4)
    )
}

fn nested(levels: usize) -> String {
    format!("{}1{},", "[".repeat(levels), "]".repeat(levels))
}

fn ask(served: &Served, path: &str) -> (u16, String) {
    let request = Request::get(path)
        .header("authorization", "Bearer test")
        .header("xi-api-key", "test")
        .body(Bytes::new())
        .expect("a request");
    let answer = served.call(request, clock::unix_ms());
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status().as_u16(), text)
}

/// One request, one answer.
async fn answer(mut stream: TcpStream, content: &Content) -> io::Result<()> {
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&received);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let begin = |status: u16, length: usize| {
        format!(
            "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        )
    };
    if !path.contains(CONVERSATION) {
        let (status, text) = ask(&content.served, path);
        let head = begin(status, text.len());
        return stream.write_all((head + &text).as_bytes()).await;
    }
    stream
        .write_all(begin(200, content.length()).as_bytes())
        .await?;
    stream.write_all(content.before.as_bytes()).await?;
    for _ in 0..content.pieces {
        stream.write_all(&content.piece).await?;
    }
    stream.write_all(content.after.as_bytes()).await
}
