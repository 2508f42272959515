//! What is wrong before anything looks at what the request says.

use super::{cases, told};
use crate::support::{Answer, Gateway, VENDORS, Wire, conversation, open, route, tags_of};
use tagway::error::Code;

async fn gateway(server: &str) -> Gateway {
    open(server, &route("elevenlabs", "mock", "")).await
}

fn target() -> String {
    tags_of("elevenlabs", &conversation(1))
}

/// Sends bytes as they are, and reads one answer.
async fn raw(gateway: &Gateway, bytes: &str) -> Answer {
    let mut wire = Wire::open(gateway.at()).await;
    wire.send(bytes.as_bytes()).await;
    let answer = wire.answer_to("GET").await;
    answer.hold("GET", &target());
    answer
}

/// A GET whose headers after the request line are these lines.
async fn headed(gateway: &Gateway, lines: &[&str]) -> Answer {
    let lines = lines.join("\r\n");
    raw(
        gateway,
        &format!("GET {} HTTP/1.1\r\n{lines}\r\n\r\n", target()),
    )
    .await
}

cases! {
    two_hosts_are_refused => InvalidFraming {
        headed(&gateway("").await, &["Host: localhost", "Host: localhost"]).await
    }

    a_header_line_that_is_none_is_refused_with_a_problem_too => InvalidFraming {
        headed(&gateway("").await, &["Host: localhost", "what is this"]).await
    }

    a_foreign_host_is_refused_on_an_open_listener => MisdirectedRequest {
        headed(&gateway("").await, &["Host: gateway.example.com"]).await
    }

    an_absolute_target_on_another_host_is_refused => MisdirectedRequest {
        let target = format!("GET http://example.com{} HTTP/1.1", target());
        raw(&gateway("").await, &format!("{target}\r\nHost: localhost\r\n\r\n")).await
    }

    a_page_of_another_site_is_refused => Forbidden {
        let gateway = gateway("").await;
        for (name, value) in [("origin", "null"), ("sec-fetch-site", "cross-site")] {
            let answer = gateway.ask("GET", &target()).header(name, value).send().await;
            told(&answer, Code::Forbidden);
        }
        let foreign = gateway.ask("PUT", &target()).header("origin", "https://example.com");
        foreign.text("text/plain", "{\"tags\":[]}").send().await
    }

    an_expectation_other_than_100_continue_is_refused => ExpectationFailed {
        headed(&gateway("").await, &["Host: localhost", "Expect: a-miracle"]).await
    }

    a_target_over_the_limit_is_refused => TargetTooLong {
        let long = format!("{}?{}", target(), "x".repeat(8_192));
        raw(&gateway("").await, &format!("GET {long} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }

    too_many_headers_are_refused => HeadTooLarge {
        let many: Vec<String> = (0..200).map(|number| format!("X-{number}: x")).collect();
        headed(&gateway("").await, &["Host: localhost", &many.join("\r\n")]).await
    }

    a_head_over_the_limit_is_refused => HeadTooLarge {
        let gateway = gateway("max_head_bytes = 8192").await;
        headed(&gateway, &["Host: localhost", &format!("X-Long: {}", "x".repeat(9_000))]).await
    }

    a_body_that_does_not_come_is_given_up => RequestTimeout {
        let gateway = gateway("body_timeout_ms = 100").await;
        let ask = gateway.ask("PUT", &target()).header("content-length", "20");
        ask.text("application/json", "{\"tags\"").send().await
    }

    a_body_that_ends_before_its_end_is_no_change => InvalidFraming {
        let gateway = gateway("").await;
        let mut wire = Wire::open(gateway.at()).await;
        let ask = gateway.ask("PUT", &target()).header("content-length", "20");
        wire.send(&ask.text("application/json", "{\"tags\": []}").bytes()).await;
        wire.shut().await;
        let answer = wire.answer_to("PUT").await;
        assert!(gateway.embedded("elevenlabs").calls().is_empty());
        answer
    }

    a_head_that_does_not_come_is_given_up => RequestTimeout {
        let gateway = gateway("head_timeout_ms = 100").await;
        raw(&gateway, &format!("GET {} HTTP/1.1\r\nHost: loc", target())).await
    }
}

#[tokio::test]
async fn hosts_that_are_none_are_refused() {
    let gateway = gateway("").await;
    for host in [
        "",
        "a b",
        "user@localhost",
        "localhost, localhost",
        "localhost:x",
        "/",
    ] {
        let answer = headed(&gateway, &[&format!("Host: {host}")]).await;
        assert_eq!(answer.status, 400, "{host:?}");
        told(&answer, Code::InvalidFraming);
    }
    told(
        &headed(&gateway, &["X-Other: none"]).await,
        Code::InvalidFraming,
    );
}

#[tokio::test]
async fn transfer_codings_other_than_one_chunked_are_refused() {
    let gateway = gateway("").await;
    for coding in ["gzip", "gzip, chunked", "chunked, chunked", "identity"] {
        let line = format!("Transfer-Encoding: {coding}");
        let answer = headed(&gateway, &["Host: localhost", &line]).await;
        told(&answer, Code::InvalidFraming);
    }
    let twice = ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"];
    let answer = headed(&gateway, &["Host: localhost", twice[0], twice[1]]).await;
    told(&answer, Code::InvalidFraming);
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_refused_and_nothing_after_them_is_read() {
    let gateway = gateway("").await;
    for lines in [
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: -1", "X: x"],
        ["Content-Length: 2, 3", "X: x"],
    ] {
        let mut wire = Wire::open(gateway.at()).await;
        let smuggled = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", target());
        let head = format!("PUT {} HTTP/1.1\r\nHost: localhost\r\n", target());
        let head = format!("{head}{}\r\n{}\r\n\r\n{smuggled}", lines[0], lines[1]);
        wire.send(head.as_bytes()).await;
        told(&wire.answer_to("PUT").await, Code::InvalidFraming);
        assert!(wire.ends().await, "{lines:?}");
    }
    assert!(gateway.embedded("elevenlabs").calls().is_empty());
}

#[tokio::test]
async fn a_length_next_to_chunks_never_makes_a_second_request() {
    let gateway = gateway("").await;
    let mut wire = Wire::open(gateway.at()).await;
    let smuggled = format!("DELETE {} HTTP/1.1\r\nHost: localhost\r\n\r\n", target());
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
        target()
    );
    wire.send(head.as_bytes()).await;
    told(&wire.answer_to("PUT").await, Code::InvalidFraming);
    assert!(wire.ends().await);
    assert!(gateway.embedded("elevenlabs").calls().is_empty());
}

#[tokio::test]
async fn a_request_id_is_taken_if_it_is_sane_and_made_if_not() {
    let gateway = gateway("").await;
    let ask = |id: &str| gateway.ask("GET", "/nowhere").header("x-request-id", id);
    let answer = ask("crm-7f3c:9a/1").send().await.is(404);
    assert_eq!(answer.header("x-request-id"), Some("crm-7f3c:9a/1"));
    told(&answer, Code::NotFound);
    let long = "x".repeat(129);
    let mut made = Vec::new();
    for odd in ["", "a b", "<script>", "é", long.as_str()] {
        let answer = ask(odd).send().await.is(404);
        told(&answer, Code::NotFound);
        made.push(answer.header("x-request-id").unwrap().to_owned());
    }
    let twice = ask("one").header("x-request-id", "two").send().await;
    made.push(twice.header("x-request-id").unwrap().to_owned());
    assert!(made.iter().all(|id| id.len() == 16), "{made:?}");
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 6);
}

#[tokio::test]
async fn the_operators_listener_is_as_strict_about_host_and_origin() {
    let gateway = gateway("").await;
    for (name, value, status) in [
        ("host", "gateway.example.com", 421),
        ("origin", "https://example.com", 403),
        ("sec-fetch-site", "cross-site", 403),
    ] {
        let ask = gateway
            .admin("GET", "/twins/elevenlabs/calls")
            .header(name, value);
        ask.send().await.is(status);
    }
    gateway
        .admin("GET", "/twins/elevenlabs/calls")
        .send()
        .await
        .is(200);
    assert_eq!(
        gateway
            .admin("POST", "/healthz")
            .send()
            .await
            .is(405)
            .header("allow"),
        Some("GET, HEAD")
    );
}

#[tokio::test]
async fn two_requests_on_one_connection_are_answered_in_order() {
    let routes: String = VENDORS
        .iter()
        .map(|vendor| route(vendor, "mock", ""))
        .collect();
    let gateway = open("", &routes).await;
    let mut wire = Wire::open(gateway.at()).await;
    let get = |vendor| {
        let target = tags_of(vendor, &conversation(1));
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    };
    wire.send(VENDORS.map(get).concat().as_bytes()).await;
    for vendor in VENDORS {
        let answer = wire.answer_to("GET").await.is(200);
        assert_eq!(answer.json()["route"], vendor);
    }
}
