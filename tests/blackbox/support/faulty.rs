//! A vendor on a socket that fails as it is told; what it is not told, its twin answers.

use super::{twin, until};
use bytes::Bytes;
use http::Request;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tagway::mock::{Options, Served};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// An answer of this status, with these headers and this body; the twin never sees the request.
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// These bytes, and then the connection ends; the twin never sees the request.
    Bytes(String),
    /// No answer, and the connection stays open; the twin never sees the request.
    Silence,
    /// The connection ends without an answer; the twin never sees the request.
    Close,
    /// The twin answers once there is a permit.
    Hold(Arc<Semaphore>),
    /// The twin takes the request, and then the connection ends without an answer.
    LostAnswer,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The whole head, for what stands in it.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A vendor that fails as it is told.
pub(crate) struct Faulty {
    pub(crate) address: SocketAddr,
    pub(crate) served: Arc<Served>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Judge = dyn Fn(&Seen) -> Option<Fault> + Send + Sync;

impl Faulty {
    /// `judge` decides for each request whether something goes wrong with it.
    pub(crate) async fn new(
        vendor: &str,
        options: Options,
        judge: impl Fn(&Seen) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let faulty = Self {
            address: listener.local_addr().unwrap(),
            served: twin(vendor, options),
            seen: Arc::default(),
        };
        let (served, seen, judge) = (faulty.served.clone(), faulty.seen.clone(), Arc::new(judge));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let judge: Arc<Judge> = judge.clone();
                tokio::spawn(connection(stream, served.clone(), seen.clone(), judge));
            }
        });
        faulty
    }

    /// A vendor with which this goes wrong whatever it is asked.
    pub(crate) async fn always(vendor: &str, fault: Fault) -> Self {
        Self::new(vendor, Options::default(), move |_| Some(fault.clone())).await
    }

    /// Everything that arrived, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests of a method arrived.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.seen()
            .iter()
            .filter(|seen| seen.method == method)
            .count()
    }

    /// Waits until so many requests of a method arrived.
    pub(crate) async fn arrived(&self, method: &str, count: usize) {
        until("a request at the vendor", || self.count(method) >= count).await;
    }
}

/// A socket whose address refuses every connection for as long as it is kept.
pub(crate) fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn connection(
    mut stream: TcpStream,
    served: Arc<Served>,
    seen: Arc<Mutex<Vec<Seen>>>,
    judge: Arc<Judge>,
) {
    let mut received = Vec::new();
    while let Some(request) = next(&mut stream, &mut received).await {
        let fault = judge(&request);
        seen.lock().unwrap().push(request.clone());
        let answer = match fault {
            None => answer(&served, &request),
            Some(Fault::Answer(status, headers, body)) => rendered(
                status,
                headers
                    .iter()
                    .map(|(name, value)| (*name, (*value).to_owned())),
                body.as_bytes(),
            ),
            Some(Fault::Bytes(bytes)) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Some(Fault::Silence) => {
                // Held open until the other side gives up.
                let _ = stream.read_to_end(&mut received).await;
                return;
            }
            Some(Fault::Hold(until)) => {
                until.acquire().await.unwrap().forget();
                answer(&served, &request)
            }
            Some(Fault::Close) => return,
            Some(Fault::LostAnswer) => {
                answer(&served, &request);
                return;
            }
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

async fn next(stream: &mut TcpStream, received: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(end) = received.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(received).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(received.drain(..end).collect()).ok()?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    while received.len() < length {
        if stream.read_buf(received).await.ok()? == 0 {
            return None;
        }
    }
    let body = received.drain(..length).collect();
    let mut line = head.split(' ');
    Some(Seen {
        method: line.next()?.to_owned(),
        path: line.next()?.to_owned(),
        head,
        body,
    })
}

fn answer(served: &Served, seen: &Seen) -> Vec<u8> {
    let mut request = Request::builder()
        .method(seen.method.as_str())
        .uri(seen.path.as_str());
    for (name, value) in seen
        .head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
    {
        request = request.header(name, value);
    }
    let request = request.body(Bytes::from(seen.body.clone())).unwrap();
    let answer = served.call(request, tagway::clock::unix_ms());
    let headers = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "content-length")
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap().to_owned()));
    rendered(answer.status().as_u16(), headers, answer.body())
}

fn rendered<'a>(
    status: u16,
    headers: impl Iterator<Item = (&'a str, String)>,
    body: &[u8],
) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} x\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 204 {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}
