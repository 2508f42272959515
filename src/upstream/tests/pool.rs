//! Kept connections on real sockets: one that the peer has closed loses no write and doubles none.

use super::{account_at, limits};
use crate::upstream::{Account, Base, CallError, Sent, network};
use adapters::{Body, Call, Path, Repeat, reader::Keep};
use bytes::Bytes;
use http::Method;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// How a peer treats a connection after its first answer, which says nothing of closing.
#[derive(Clone, Copy, Debug)]
enum Closes {
    /// At once.
    AtOnce,
    /// After some microseconds, so that the next request may meet it.
    After(u64),
    /// When the second request is there, whole.
    OnTheSecondRequest,
    /// When the first bytes of the second request are there; they are never read.
    Unread,
}

/// How often each body was received whole.
type Arrivals = Arc<Mutex<BTreeMap<String, usize>>>;

async fn peer(closes: impl Fn(u64) -> Closes + Send + 'static) -> (u16, Arrivals) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let arrivals = Arrivals::default();
    let received = arrivals.clone();
    tokio::spawn(async move {
        let mut connections = 0;
        while let Ok((stream, _)) = listener.accept().await {
            connections += 1;
            tokio::spawn(serve(stream, closes(connections), received.clone()));
        }
    });
    (port, arrivals)
}

async fn serve(mut stream: TcpStream, closes: Closes, arrivals: Arrivals) -> Option<()> {
    let first = request(&mut stream).await?;
    *arrivals.lock().unwrap().entry(first).or_default() += 1;
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(answer.as_bytes()).await.ok()?;
    match closes {
        Closes::AtOnce => {}
        Closes::After(micros) => {
            let until = Instant::now() + Duration::from_micros(micros);
            // The clock of timers is too coarse for the moments that matter.
            while Instant::now() < until {
                tokio::task::yield_now().await;
            }
        }
        Closes::OnTheSecondRequest => {
            let second = request(&mut stream).await?;
            *arrivals.lock().unwrap().entry(second).or_default() += 1;
        }
        Closes::Unread => stream.readable().await.ok()?,
    }
    Some(())
}

/// The body of the next request.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let (_, length) = head.split_once("content-length: ")?;
            let length: usize = length.split("\r\n").next()?.parse().ok()?;
            if body.len() == length {
                return Some(body.to_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn account_on(port: u16) -> Account {
    let url = format!("http://127.0.0.1:{port}");
    let base = Base::parse(&url).expect("a URL");
    let transport = network(&base, true, &[]).expect("a network");
    let mut limits = limits();
    limits.retries.per_second = 100;
    account_at(&url, "elevenlabs", transport, limits)
}

async fn send(account: &Account, repeat: Repeat, number: usize) -> Sent {
    let body = format!(r#"{{"title":"{number}"}}"#);
    let call = Call {
        operation: "create_conversation_tag_route",
        method: Method::POST,
        path: Path::new().fixed("v1/convai/tags"),
        query: String::new(),
        body: Some(Body::text(body.clone())),
        keep: Keep::Everything,
        repeat,
        why: "",
    };
    let context = super::context(Duration::from_secs(15));
    account.send(&call, Some(Bytes::from(body)), &context).await
}

fn count(arrivals: &Arrivals, number: usize) -> usize {
    let body = format!(r#"{{"title":"{number}"}}"#);
    arrivals.lock().unwrap().get(&body).copied().unwrap_or(0)
}

#[tokio::test]
async fn no_write_is_lost_or_doubled_on_a_connection_that_is_being_closed() {
    let (port, arrivals) = peer(|n| match n % 4 {
        0 => Closes::AtOnce,
        _ => Closes::After(n * 37 % 400),
    })
    .await;
    let account = account_on(port);
    let mut answered = 0;
    for number in 0..400 {
        let repeat = match number % 2 {
            0 => Repeat::ReplacesSet,
            _ => Repeat::LookUpFirst,
        };
        let sent = send(&account, repeat, number).await;
        match (&sent.result, count(&arrivals, number)) {
            (Ok(_), 1) => answered += 1,
            // It met the closing: whether it was read is not known, and it was not sent again.
            (Err(error), 0) if error.is_unknown() => {}
            (result, arrived) => panic!("{number}: arrived {arrived} times: {result:?}"),
        }
    }
    assert!(answered >= 200, "{answered}");
}

#[tokio::test]
async fn a_write_that_the_peer_took_and_did_not_answer_is_not_sent_again_by_anybody() {
    let (port, arrivals) = peer(|_| Closes::OnTheSecondRequest).await;
    let account = account_on(port);
    for number in 0..20 {
        let sent = send(&account, Repeat::ReplacesSet, number).await;
        let lost = matches!(sent.result, Err(CallError::Lost { silent: false, .. }));
        assert_eq!(lost, number % 2 == 1, "{number}: {:?}", sent.result);
        assert_eq!(count(&arrivals, number), 1, "{number}");
    }
}

#[tokio::test]
async fn a_write_that_commutes_gets_through_where_kept_connections_are_reset() {
    let (port, arrivals) = peer(|_| Closes::Unread).await;
    let account = account_on(port);
    let mut again = 0;
    for number in 0..10 {
        let sent = send(&account, Repeat::Commutes, number).await;
        assert!(sent.result.is_ok(), "{number}: {:?}", sent.result);
        assert_eq!(count(&arrivals, number), 1, "{number}");
        again += usize::from(sent.open_since.is_some());
    }
    assert!(again > 0, "no connection was used twice");
}
