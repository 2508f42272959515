//! What the gate lets through, however the bytes are cut.

use super::*;
use crate::error::Code;
use http::Request;
use http_body_util::Full;
use std::mem::MaybeUninit;

const MOST: usize = 32_768;

/// Gives the bytes to a gate in parts of this size. Answers what passed, and the code of each request that it was
/// announced as (none for a sound one).
fn through(bytes: &[u8], part: usize) -> (Vec<u8>, Vec<Option<Code>>) {
    let wire = Wire::default();
    let mut gate = Gate::new(MOST, wire.clone());
    let (mut passed, mut told) = (Vec::new(), Vec::new());
    for part in bytes.chunks(part) {
        gate.take(part);
        loop {
            let mut room = [MaybeUninit::uninit(); 100];
            let mut room = ReadBuf::uninit(&mut room);
            match gate.pass(&mut room) {
                Ok(true) => passed.extend_from_slice(room.filled()),
                Ok(false) => break,
                Err(_) => return (passed, told),
            }
            match wire.take() {
                Some(Ticket::Request(..)) => told.push(None),
                Some(Ticket::Refusal(error)) => told.push(Some(error.code())),
                None => {}
            }
        }
    }
    (passed, told)
}

/// The same for parts of every size that matters.
#[track_caller]
fn however_cut(bytes: &[u8]) -> (Vec<u8>, Vec<Option<Code>>) {
    let whole = through(bytes, bytes.len());
    for part in [1, 2, 3, 7, 64] {
        assert_eq!(through(bytes, part), whole, "{}", bytes.escape_ascii());
    }
    whole
}

#[test]
fn sound_requests_pass_as_they_are_one_after_the_other() {
    let requests: [&[u8]; 6] = [
        b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\nPUT /a?b=%20 HTTP/1.1\r\nhost:x\r\nCONTENT-LENGTH:\t 5 \r\n\r\n\r\n\r\n!",
        b"PATCH http://x/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nGET /\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nX: \r\nY:\xc3\xa9\tz\r\n\r\n",
        b"DELETE /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    ];
    let all = requests.concat();
    assert_eq!(however_cut(&all), (all.clone(), vec![None; requests.len()]));
}

#[test]
fn heads_that_are_none_are_refused_and_nothing_of_them_passes() {
    use Code::{HeadTooLarge, InvalidFraming, TargetTooLong};
    let after = |line: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n");
    let long = "x".repeat(9_000);
    let lines: Vec<String> = (0..100).map(|number| format!("X-{number}: y")).collect();
    let mut cases = vec![
        (InvalidFraming, "GET / HTTP/1.1\nHost: x\n\n".to_owned()),
        (InvalidFraming, "\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n".into()),
        (InvalidFraming, "\nGET / HTTP/1.1\r\n\r\n".into()),
        (InvalidFraming, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
        (TargetTooLong, format!("GET /{long} HTTP/1.1\r\n\r\n")),
        (HeadTooLarge, after(&format!("X: {}", "x".repeat(MOST)))),
        (HeadTooLarge, after(&lines.join("\r\n"))),
    ];
    for line in [
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.2",
        "GET / HTTP/0.9",
        "GET / HTTP/1.10",
        "GE(T / HTTP/1.1",
        " / HTTP/1.1",
        "GET  HTTP/1.1",
        "GET /#a HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET a/b HTTP/1.1",
        "GET /\r HTTP/1.1",
    ] {
        cases.push((InvalidFraming, format!("{line}\r\nHost: x\r\n\r\n")));
    }
    for line in [
        "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 1",
        "Transfer-Encoding: chunked\r\ncontent-length: 0",
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1, 1",
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length: 1 1",
        "Content-Length:",
        "Content-Length: 18446744073709551616",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        " folded: x",
        "\tfolded",
        "no colon",
        ": no name",
        "na me: x",
        "n\u{e4}me: x",
        "name: a\u{0}b",
        "name: a\rb",
        "name: a\u{7f}b",
        "name: a\nother: b",
    ] {
        cases.push((InvalidFraming, after(line)));
    }
    let old = "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    cases.push((InvalidFraming, old.into()));
    for (code, head) in cases {
        let (passed, told) = however_cut(&[head.as_bytes(), b"GET / HTTP/1.1\r\n\r\n"].concat());
        assert_eq!(told, [Some(code)], "{head:?}");
        assert_eq!(passed, STAND_IN, "{head:?}");
    }
}

#[test]
fn a_malformed_chunk_ends_the_connection() {
    let head = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let long = format!("1;{}\r\nx\r\n0\r\n\r\n", "x".repeat(1_100));
    for body in [
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhell\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        ";x\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 ;x\r\nhello\r\n0\r\n\r\n",
        "5;x\nhello\r\n0\r\n\r\n",
        "5;x\ry\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "0\r\nX: y\r\n\r\n",
        "0\r\n\n",
        &long,
    ] {
        let next = b"GET / HTTP/1.1\r\n\r\n";
        let (passed, told) = through(&[head, body.as_bytes(), next].concat(), 1);
        assert_eq!(told, [None], "{body:?}");
        assert!(passed.len() < head.len() + body.len(), "{body:?}");
    }
}

#[test]
fn a_request_that_was_not_announced_is_not_acted_on() {
    let request = |method: &str, body: &'static str| {
        let request = Request::builder().method(method);
        request
            .body(Full::new(bytes::Bytes::from(body)))
            .expect("a request")
    };
    let wire = Wire::default();
    assert!(wire.claim(&request("GET", "")).is_err(), "never announced");
    let announced = |length| Ticket::Request(http::Method::PUT, Framing::Length(length));
    assert!(wire.announce(announced(2)));
    assert!(!wire.announce(announced(2)), "the first is not read yet");
    assert!(wire.claim(&request("PUT", "{}")).is_ok());
    assert!(wire.claim(&request("PUT", "{}")).is_err(), "announced once");
    for other in [request("GET", "{}"), request("PUT", "{ }")] {
        assert!(wire.announce(announced(2)));
        assert!(wire.claim(&other).is_err());
    }
    assert!(wire.announce(Ticket::Request(http::Method::PUT, Framing::Chunked)));
    assert!(wire.claim(&request("PUT", "{}")).is_err());
}
