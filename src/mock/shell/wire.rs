//! Faults as a raw client sees them: bytes, silence, and the ways in which a connection ends.

use std::{fmt::Write as _, io, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep_until},
};

use super::super::faults::{Class, Struck};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In order.
    Close,
    /// With a reset: what was not read yet may be lost.
    Reset,
}

/// A TLS record that says `handshake_failure`, fatally (RFC 8446, section 6): what a client that began a handshake
/// would get. One that speaks plain HTTP gets bytes that are none.
const TLS_ALERT: &[u8] = &[0x15, 3, 3, 0, 2, 2, 40];

/// What goes out at once where there is no end.
const CHUNK: usize = 16 * 1_024;

/// The most bytes that go out where there is no end.
const MOST_BYTES: usize = 256 * 1_048_576;

/// How many bytes a sliced answer has in each piece.
const SLICE: usize = 7;

/// The body of a 204 that should have none.
const STRAY: &[u8] = b"{\"stray\":true}";

/// Sends what stands in the place of an answer, and says how the connection is to end. Never longer than the fault
/// holds.
pub(super) async fn play(
    stream: &mut TcpStream,
    fault: &Struck,
    answer: Option<Response<Bytes>>,
) -> io::Result<End> {
    let answer = answer.unwrap_or_default();
    let head = head(&answer, answer.body().len());
    let body = answer.body();
    match fault.class {
        Class::Refuse | Class::ResetBeforeHeaders | Class::LateApply => Ok(End::Reset),
        Class::Blackhole => {
            silent(stream).await?;
            Ok(End::Close)
        }
        Class::TlsFailure => {
            stream.write_all(TLS_ALERT).await?;
            Ok(End::Close)
        }
        Class::ResetInHeaders => {
            stream.write_all(&head.as_bytes()[..head.len() / 2]).await?;
            Ok(End::Reset)
        }
        Class::ResetAfterHeaders => {
            // Some body is promised in any case, or there would be nothing to miss.
            let head = self::head(&with_body(&answer), body.len().max(1));
            stream.write_all(head.as_bytes()).await?;
            Ok(End::Reset)
        }
        Class::ResetInBody => {
            let head = self::head(&with_body(&answer), body.len().max(2));
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(half(body)).await?;
            Ok(End::Reset)
        }
        Class::HalfClose => {
            stream.shutdown().await?;
            silent(stream).await?;
            Ok(End::Close)
        }
        Class::WrongLength => {
            let head = self::head(&with_body(&answer), body.len() + 100);
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body).await?;
            Ok(End::Close)
        }
        Class::Slicer => {
            for piece in [head.as_bytes(), body].concat().chunks(SLICE) {
                stream.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
            Ok(End::Close)
        }
        Class::Trickle => {
            let each = Duration::from_secs(1).div_f64(fault.bytes_per_second as f64);
            for byte in [head.as_bytes(), body].concat() {
                stream.write_all(&[byte]).await?;
                sleep_until(Instant::now() + each).await;
            }
            Ok(End::Close)
        }
        Class::EndlessHeaders => {
            let begin = format!("HTTP/1.1 {}\r\n", answer.status());
            stream.write_all(begin.as_bytes()).await?;
            endless(stream, &header_lines()).await
        }
        Class::EndlessBody => {
            let begin = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
                         1\r\n\"\r\n";
            stream.write_all(begin.as_bytes()).await?;
            let chunk = format!("{CHUNK:x}\r\n{}\r\n", "x".repeat(CHUNK));
            endless(stream, chunk.as_bytes()).await
        }
        Class::ContinueStorm => {
            let one = "HTTP/1.1 100 Continue\r\n\r\n";
            endless(stream, one.repeat(CHUNK / one.len()).as_bytes()).await
        }
        Class::NoContentWithBody => {
            let mut empty = answer.clone();
            *empty.status_mut() = StatusCode::NO_CONTENT;
            let head = format!(
                "{}content-length: {}\r\n\r\n",
                self::lines(&empty),
                STRAY.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(STRAY).await?;
            Ok(End::Close)
        }
        // Answers like any other, which the connection sends itself.
        Class::Latency
        | Class::InvalidUtf8
        | Class::Html
        | Class::GzipBomb
        | Class::Redirect
        | Class::Unauthorized
        | Class::RateLimited
        | Class::RateLimitedSeconds
        | Class::RateLimitedDate
        | Class::RateLimitedMs
        | Class::RequestTimeout
        | Class::InternalError
        | Class::BadGateway
        | Class::Unavailable
        | Class::GatewayTimeout => {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body).await?;
            Ok(End::Close)
        }
    }
}

/// The answer as one that may have a body.
fn with_body(answer: &Response<Bytes>) -> Response<Bytes> {
    let mut answer = answer.clone();
    if answer.status() == StatusCode::NO_CONTENT {
        *answer.status_mut() = StatusCode::OK;
    }
    answer
}

/// The first half, and one byte at least where there is none.
pub(in crate::mock) fn half(body: &[u8]) -> &[u8] {
    match body {
        [] => b"{",
        body => &body[..body.len().div_ceil(2)],
    }
}

/// The whole head of an answer; only one that may have a body says its length.
fn head(answer: &Response<Bytes>, length: usize) -> String {
    let mut head = lines(answer);
    if answer.status() != StatusCode::NO_CONTENT {
        let _ = write!(head, "content-length: {length}\r\n");
    }
    head.push_str("\r\n");
    head
}

/// The status line and the headers; the connection is used no more.
fn lines(answer: &Response<Bytes>) -> String {
    let mut lines = format!("HTTP/1.1 {}\r\nconnection: close\r\n", answer.status());
    for (name, value) in answer.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let _ = write!(lines, "{name}: {value}\r\n");
    }
    lines
}

/// Header fields that no head has twice.
fn header_lines() -> Vec<u8> {
    let line = format!("x-endless: {}\r\n", "x".repeat(100));
    line.repeat(CHUNK / line.len()).into_bytes()
}

/// Nothing, until the other side goes.
async fn silent(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 1_024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

async fn endless(stream: &mut TcpStream, chunk: &[u8]) -> io::Result<End> {
    for _ in 0..MOST_BYTES / chunk.len() {
        stream.write_all(chunk).await?;
        // The buffers of this machine may take it all at once, and others want to be served.
        tokio::task::yield_now().await;
    }
    Ok(End::Close)
}
