//! Connections on real sockets of this machine.

use super::{network, pool::IDLE};
use crate::upstream::{AnswerBody, Base, Transport, TransportError};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

const DONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// A vendor whose connections a test holds in its hand.
struct Vendor {
    listener: TcpListener,
    address: SocketAddr,
}

impl Vendor {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        Self { listener, address }
    }

    fn transport(&self) -> Transport {
        let base = Base::parse(&format!("http://{}", self.address)).expect("a URL");
        network(&base, true, &[]).expect("a network")
    }

    async fn accept(&self) -> TcpStream {
        self.listener.accept().await.expect("a connection").0
    }

    fn put(&self) -> Request<Bytes> {
        let request = Request::put(format!("http://{}/set?a=b", self.address));
        request
            .body(Bytes::from_static(b"{\"tags\":[]}"))
            .expect("a request")
    }
}

/// The head and body of one request with a `Content-Length`.
async fn received(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"{\"tags\":[]}") {
        let read = stream.read_buf(&mut bytes).await.expect("a part");
        assert!(read > 0, "it ends in {:?}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8(bytes).expect("text")
}

async fn answered(stream: &mut TcpStream, answer: &str) {
    received(stream).await;
    stream.write_all(answer.as_bytes()).await.expect("written");
}

async fn whole(answer: Result<Response<AnswerBody>, TransportError>) -> Bytes {
    let body = answer.expect("an answer").into_body();
    body.collect().await.expect("a body").to_bytes()
}

/// Whatever the system has told of any socket by now is known after this.
async fn turn(vendor: &Vendor) {
    let mut there = TcpStream::connect(vendor.address).await.expect("connected");
    let mut here = vendor.accept().await;
    there.write_all(b"x").await.expect("written");
    here.read_exact(&mut [0]).await.expect("read");
}

#[tokio::test]
async fn a_request_stands_on_the_wire_as_it_should() {
    let vendor = Vendor::new().await;
    let call = tokio::spawn(vendor.transport().oneshot(vendor.put()));
    let mut stream = vendor.accept().await;
    let request = received(&mut stream).await.to_ascii_lowercase();
    assert!(
        request.starts_with("put /set?a=b http/1.1\r\n"),
        "{request}"
    );
    let host = format!("\r\nhost: {}\r\n", vendor.address);
    for line in [&*host, "\r\ncontent-length: 11\r\n"] {
        assert_eq!(request.matches(line).count(), 1, "{request}");
    }
    stream.write_all(DONE.as_bytes()).await.expect("written");
    assert_eq!(whole(call.await.expect("no panic")).await, "{}");
}

#[tokio::test]
async fn a_connection_is_used_for_the_next_call() {
    let vendor = Vendor::new().await;
    let transport = vendor.transport();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let nothing = "HTTP/1.1 204 No Content\r\n\r\n";
    let vendor_side = async {
        let mut stream = vendor.accept().await;
        for answer in [DONE, chunked, nothing, DONE] {
            answered(&mut stream, answer).await;
        }
    };
    let calls = async {
        for body in ["{}", "{}", "", "{}"] {
            let answer = transport.clone().oneshot(vendor.put()).await;
            assert_eq!(whole(answer).await, body);
        }
    };
    tokio::join!(vendor_side, calls);
}

#[tokio::test]
async fn a_connection_that_the_vendor_has_closed_takes_no_request() {
    let vendor = Vendor::new().await;
    let transport = vendor.transport();
    let mut closed: Vec<TcpStream> = Vec::new();
    for _ in 0..3 {
        let call = tokio::spawn(transport.clone().oneshot(vendor.put()));
        let mut stream = vendor.accept().await;
        answered(&mut stream, DONE).await;
        whole(call.await.expect("no panic")).await;
        stream.shutdown().await.expect("closed");
        turn(&vendor).await;
        closed.push(stream);
    }
    drop(transport);
    for stream in &mut closed {
        let mut more = Vec::new();
        let _ = stream.read_to_end(&mut more).await;
        assert_eq!(String::from_utf8_lossy(&more), "");
    }
}

#[tokio::test]
async fn a_call_on_which_the_vendor_hangs_up_is_not_made_again() {
    let vendor = Vendor::new().await;
    let transport = vendor.transport();
    for begun in ["", "HTTP/1.1 200 OK\r\nx"] {
        let first = tokio::spawn(transport.clone().oneshot(vendor.put()));
        let mut stream = vendor.accept().await;
        answered(&mut stream, DONE).await;
        whole(first.await.expect("no panic")).await;
        // The same connection, and the vendor has read the request.
        let second = tokio::spawn(transport.clone().oneshot(vendor.put()));
        answered(&mut stream, begun).await;
        drop(stream);
        match second.await.expect("no panic") {
            Err(TransportError::Broken(_)) => {}
            other => panic!("{:?}", other.map(|answer| answer.status())),
        }
        turn(&vendor).await;
    }
}

#[tokio::test]
async fn what_is_left_half_read_or_half_answered_is_closed() {
    let vendor = Vendor::new().await;
    let transport = vendor.transport();
    // The caller leaves before there is an answer.
    let call = tokio::spawn(transport.clone().oneshot(vendor.put()));
    let mut unanswered = vendor.accept().await;
    received(&mut unanswered).await;
    call.abort();
    assert_eq!(unanswered.read(&mut [0]).await.expect("an end"), 0);
    // It reads half of the answer.
    let call = tokio::spawn(transport.clone().oneshot(vendor.put()));
    let mut half = vendor.accept().await;
    answered(&mut half, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await;
    let mut body = call.await.expect("no panic").expect("a head").into_body();
    assert!(body.frame().await.is_some());
    drop(body);
    assert_eq!(half.read(&mut [0]).await.expect("an end"), 0);
    // The vendor says more than it announced: the rest is no answer to the next call.
    let call = tokio::spawn(transport.clone().oneshot(vendor.put()));
    let mut more = vendor.accept().await;
    answered(&mut more, &DONE.repeat(2)).await;
    whole(call.await.expect("no panic")).await;
    let call = tokio::spawn(transport.clone().oneshot(vendor.put()));
    let mut next = vendor.accept().await;
    answered(&mut next, DONE).await;
    whole(call.await.expect("no panic")).await;
}

#[tokio::test]
async fn a_connection_at_rest_is_closed_after_a_while() {
    let vendor = Vendor::new().await;
    let transport = vendor.transport();
    let call = tokio::spawn(transport.clone().oneshot(vendor.put()));
    let mut stream = vendor.accept().await;
    answered(&mut stream, DONE).await;
    whole(call.await.expect("no panic")).await;
    tokio::time::pause();
    tokio::time::advance(IDLE / 2).await;
    tokio::time::resume();
    let call = tokio::spawn(transport.clone().oneshot(vendor.put()));
    answered(&mut stream, DONE).await;
    whole(call.await.expect("no panic")).await;
    tokio::time::pause();
    tokio::time::advance(IDLE * 2).await;
    tokio::time::resume();
    assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0);
}

#[tokio::test]
async fn a_call_goes_to_no_other_host() {
    let (vendor, other) = (Vendor::new().await, Vendor::new().await);
    match vendor.transport().oneshot(other.put()).await {
        Err(TransportError::NotSent(_)) => {}
        answer => panic!("{:?}", answer.map(|answer| answer.status())),
    }
}
