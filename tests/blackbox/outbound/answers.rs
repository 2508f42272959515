//! Answers that are too large, encoded, endless or no HTTP: each ends as an error of the vendor, within its limit,
//! and costs no more than that.

use super::raw::Raw;
use crate::support::{Answer, conversation, open, route, tags_of};
use std::time::Duration;
use tokio::time::timeout;

/// Asks for a conversation's tags at a vendor that answers so.
async fn read(vendor: &Raw, time_ms: u32) -> Answer {
    let more = format!("attempts = 1\nattempt_timeout_ms = {time_ms}\n");
    let gateway = open("", &route("awardee", &vendor.address.to_string(), &more)).await;
    let set = tags_of("awardee", &conversation(1));
    let answer = timeout(Duration::from_secs(20), gateway.get(&set)).await;
    let answer = answer.expect("an answer in time");
    let body = String::from_utf8_lossy(&answer.body);
    assert!(!body.contains("xxxxxxxx"), "{body}");
    answer
}

fn code(answer: &Answer) -> (u16, String) {
    let code = answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (answer.status, code)
}

fn is(answer: &Answer, status: u16, expected: &str) {
    assert_eq!(code(answer), (status, expected.to_owned()));
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const EMPTY: &str = "content-length: 21\r\n\r\n{\"total\":0,\"data\":[]}";

#[tokio::test]
async fn the_head_of_an_answer_has_at_most_64_kib() {
    let line = |length: usize| format!("x: {}\r\n", "x".repeat(length));
    let fits = Raw::once(format!("{HEAD}{}{EMPTY}", line(60_000))).await;
    read(&fits, 5_000).await.is(200);
    for more in [line(66_000), line(1_000).repeat(70), line(1).repeat(2_000)] {
        let vendor = Raw::once(format!("{HEAD}{more}{EMPTY}")).await;
        is(&read(&vendor, 5_000).await, 503, "vendor-unavailable");
    }
}

#[tokio::test]
async fn a_head_without_end_is_not_read_to_its_end() {
    for (begin, endless) in [
        (
            HEAD.to_owned(),
            "x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(20),
        ),
        (format!("{HEAD}x: "), "y".repeat(1_000)),
        ("HTTP/1.1 200 ".to_owned(), "y".repeat(1_000)),
    ] {
        let vendor = Raw::endless(&begin, &endless).await;
        is(&read(&vendor, 5_000).await, 503, "vendor-unavailable");
        let written = vendor.written().await;
        assert!(
            written < 8 << 20,
            "{written} bytes, the socket's own buffers included"
        );
    }
}

#[tokio::test]
async fn interim_answers_without_end_run_out_of_time() {
    let vendor = Raw::endless("", "HTTP/1.1 102 Processing\r\n\r\n").await;
    is(&read(&vendor, 300).await, 504, "vendor-timeout");
    vendor.written().await;
}

#[tokio::test]
async fn a_body_without_end_is_cut_where_nothing_more_may_be_kept() {
    let tag = format!(
        "{{\"id\":\"8f3a9d2e-1b4c-4f5d-9e8a-000000000001\",\"name\":\"{}\",\"color\":null,\"created_at\":\"x\"}},",
        "x".repeat(5_000)
    );
    let chunk = format!("{:x}\r\n{tag}\r\n", tag.len());
    let begin =
        format!("{HEAD}transfer-encoding: chunked\r\n\r\n17\r\n{{\"total\":1000,\"data\":[ \r\n");
    let vendor = Raw::endless(&begin, &chunk).await;
    is(&read(&vendor, 10_000).await, 502, "vendor-invalid-response");
    let written = vendor.written().await;
    assert!((1 << 20..16 << 20).contains(&written), "{written}");
}

#[tokio::test]
async fn an_error_without_end_is_read_to_its_first_64_kib() {
    for status in [400, 500] {
        let begin = format!("HTTP/1.1 {status} x\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        let vendor = Raw::endless(&begin, &chunk).await;
        let answer = read(&vendor, 10_000).await;
        assert!(answer.status >= 422, "{}", answer.status);
        let written = vendor.written().await;
        assert!(written < 16 << 20, "{written}");
    }
}

#[tokio::test]
async fn an_encoded_answer_is_not_decoded() {
    // The start of a gzip stream that would become ten thousand times as long.
    let zipped: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xed, 0xc1, 1, 1, 0, 0];
    for encoding in ["gzip", "deflate", "br", "zstd", "x", "identity, gzip"] {
        let head = format!("{HEAD}content-encoding: {encoding}\r\nconnection: close\r\n\r\n");
        let vendor = Raw::once([head.as_bytes(), zipped].concat()).await;
        is(&read(&vendor, 5_000).await, 502, "vendor-invalid-response");
        for head in vendor.heads() {
            assert!(
                !head.to_ascii_lowercase().contains("accept-encoding"),
                "{head}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_http_or_no_whole_answer_is_an_error_of_the_vendor() {
    let chunked = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    for (bytes, status, expected) in [
        (String::new(), 503, "vendor-unavailable"),
        (
            "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
            503,
            "vendor-unavailable",
        ),
        (
            "HTTP/2.0 200 OK\r\n\r\n".to_owned(),
            503,
            "vendor-unavailable",
        ),
        (
            "HTTP/1.1 999999 x\r\n\r\n".to_owned(),
            503,
            "vendor-unavailable",
        ),
        (
            format!("{HEAD}x: a\u{0}b\r\n{EMPTY}"),
            503,
            "vendor-unavailable",
        ),
        (
            format!("{HEAD}content-length: 5\r\ncontent-length: 21\r\n\r\n{{}}"),
            503,
            "vendor-unavailable",
        ),
        (
            format!("{HEAD}content-length: -1\r\n\r\n"),
            503,
            "vendor-unavailable",
        ),
        (
            format!("{HEAD}content-length: 99\r\n\r\n{{}}"),
            502,
            "vendor-invalid-response",
        ),
        (format!("{chunked}zz\r\n"), 502, "vendor-invalid-response"),
        (
            format!("{chunked}ffffffffffffffffff\r\n"),
            502,
            "vendor-invalid-response",
        ),
        (
            format!("{chunked}5\r\n{{\"a\""),
            502,
            "vendor-invalid-response",
        ),
        (
            format!("{HEAD}connection: close\r\n\r\n{{\"total\":0,\"data\":[]}} x"),
            502,
            "vendor-invalid-response",
        ),
        (
            format!("{HEAD}connection: close\r\n\r\n{{\"total\":0,\"total\":0,\"data\":[]}}"),
            502,
            "vendor-invalid-response",
        ),
        (
            format!("{HEAD}connection: close\r\n\r\n{}", "[".repeat(40)),
            502,
            "vendor-invalid-response",
        ),
        (
            format!("{HEAD}connection: close\r\n\r\n"),
            502,
            "vendor-invalid-response",
        ),
        (
            "HTTP/1.1 204 x\r\n\r\n".to_owned(),
            502,
            "vendor-invalid-response",
        ),
        (
            "HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_owned(),
            503,
            "vendor-unavailable",
        ),
    ] {
        let vendor = Raw::once(bytes.clone()).await;
        assert_eq!(
            code(&read(&vendor, 5_000).await),
            (status, expected.to_owned()),
            "{bytes:?}"
        );
    }
}
