//! Bytes on a socket, and what becomes of them: the answers, the connection, and the calls at the vendor.
//!
//! The cases are lines of the files in `cases`:
//! `name | answers | connection | vendor calls | bytes`. An answer is a status, and the code of its problem behind a
//! colon (`-` where there is no body); `none` stands for no answer. The connection is `kept` or `closed`; one that is
//! kept has to answer another request. The calls are those that name the case's own conversation. The bytes are
//! written with `\r`, `\n`, `\t`, `\"`, `\\` and `\xNN`, and with `{id}` for the case's conversation, `{set}` for the
//! path of its tags, `{text*N}` for a repetition, `{len}` for the length of what follows the first head, and `{shut}`
//! at the end for a client that sends no more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and these helpers are used by nothing else"
)]

mod cases;
#[path = "../blackbox/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod support;

use cases::{Case, Expected};
use futures_util::future::join_all;
use std::{collections::BTreeSet, net::SocketAddr, time::Duration};
use support::{Answer, Gateway, Wire, load, route};
use tokio::time::timeout;

/// How long a case may take; less than what the helpers wait for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Limits that the cases count on.
const SERVER: &str = "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nhead_timeout_ms = 3000\nbody_timeout_ms = 3000\n";

/// The SHA-256 of the keys `reader`, `tagger` and `keeper`.
const KEYS: [(&str, &str, &str); 3] = [
    (
        "reader",
        "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30",
        "[\"read\"]",
    ),
    (
        "tagger",
        "eefd273c6e8f953b864a6636455e6780a13b128c4d61859662351c95e2586dcb",
        "[\"read\", \"tag\"]",
    ),
    (
        "keeper",
        "00aa8942525b763cbe72e4a0fbfbb027b909dd8299e9c6c85c28d3d42d2cc28b",
        "[\"tag\", \"catalogue\"]",
    ),
];

/// One of the gateway's listeners.
struct Listener {
    at: fn(&Gateway) -> SocketAddr,
    /// What every answer of it says.
    headers: &'static [&'static str],
}

const PUBLIC: Listener = Listener {
    at: Gateway::at,
    headers: &["x-request-id", "server-timing", "tagway-vendor-calls"],
};

const OPERATORS: Listener = Listener {
    at: |gateway| gateway.running.admin,
    headers: &["x-request-id"],
};

async fn gateway(keyed: bool) -> Gateway {
    let mut text = format!("[server]\n{SERVER}");
    for (name, hash, scopes) in KEYS.iter().filter(|_| keyed) {
        text.push_str(&format!(
            "[[clients]]\nname = \"{name}\"\nkey_sha256 = [\"{hash}\"]\nroutes = [\"elevenlabs\"]\nscopes = {scopes}\n"
        ));
    }
    for vendor in support::VENDORS {
        text.push_str(&route(vendor, "mock", "create_missing = true"));
    }
    Gateway::start(load(&text, &[])).await
}

/// Sends a case's bytes. Answers what differs from what is expected.
async fn differs(gateway: &Gateway, listener: &Listener, case: &Case) -> Option<String> {
    // Those who fail to log in are counted by their address.
    let mut wire = Wire::from_address(case.address, (listener.at)(gateway)).await;
    wire.send(&case.bytes).await;
    if case.shut {
        wire.shut().await;
    }
    let mut method = if case.bytes.starts_with(b"HEAD ") {
        "HEAD"
    } else {
        "GET"
    };
    for expected in &case.answers {
        let Some(answer) = wire.try_answer_to(method).await else {
            return Some(format!("no answer where {expected:?} is expected"));
        };
        if let Some(difference) = judge(&answer, expected, listener) {
            return Some(difference);
        }
        method = "GET";
    }
    if !case.kept {
        return (!wire.ends().await).then(|| "the connection is kept, or says more".to_owned());
    }
    let probe = format!("probe-{}", case.id);
    wire.send(
        format!("GET /probe HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {probe}\r\n\r\n")
            .as_bytes(),
    )
    .await;
    match wire.try_answer_to("GET").await {
        Some(answer) if answer.header("x-request-id") == Some(&probe) => None,
        Some(answer) => Some(format!("the next answer is another one: {answer:?}")),
        None => Some("the connection is closed".to_owned()),
    }
}

fn judge(answer: &Answer, expected: &Expected, listener: &Listener) -> Option<String> {
    let code = answer.try_json().and_then(|problem| {
        let code = problem.get("code")?.as_str()?;
        let kind = answer.header("content-type") == Some("application/problem+json");
        let same = problem["status"] == answer.status
            && problem["type"] == format!("/problems/{code}")
            && problem["request_id"].as_str() == answer.header("x-request-id");
        (kind && same).then(|| code.to_owned())
    });
    let sound = listener
        .headers
        .iter()
        .all(|name| answer.header(name).is_some())
        && answer.header("cache-control") == Some("no-store");
    let told = Expected {
        status: answer.status,
        code,
    };
    (told != *expected || !sound).then(|| format!("{told:?} where {expected:?} is expected"))
}

/// Runs all cases of some files at once against one gateway.
async fn run(keyed: bool, listener: Listener, files: &[(&str, &str)]) {
    let cases: Vec<Case> = files
        .iter()
        .flat_map(|(file, text)| cases::read(file, text))
        .collect();
    let gateway = gateway(keyed).await;
    let found = join_all(cases.iter().map(async |case| {
        let differs = timeout(PATIENCE, differs(&gateway, &listener, case)).await;
        differs.unwrap_or_else(|_| Some("nothing happens any more".to_owned()))
    }))
    .await;
    let mut wrong: Vec<String> = Vec::new();
    let calls: Vec<(String, String)> = support::VENDORS
        .iter()
        .flat_map(|vendor| gateway.embedded(vendor).calls())
        .map(|call| (call.method, call.path))
        .collect();
    for (case, difference) in cases.iter().zip(found) {
        if let Some(difference) = difference {
            wrong.push(format!("{}: {difference}", case.name));
        }
        let count = calls
            .iter()
            .filter(|(_, path)| path.contains(&case.id))
            .count();
        if count != case.calls {
            wrong.push(format!("{}: {count} vendor calls", case.name));
        }
    }
    // What belongs to no case fills or extends the catalogue.
    let of_none = calls
        .iter()
        .filter(|(_, path)| !path.contains("/tags") || path.contains("/conversations/"));
    for (method, path) in
        of_none.filter(|(_, path)| !cases.iter().any(|case| path.contains(&case.id)))
    {
        wrong.push(format!("nobody asked for {method} {path}"));
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_without_keys_are_answered_as_pinned() {
    run(false, PUBLIC, cases::OPEN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_with_keys_are_answered_as_pinned() {
    run(true, PUBLIC, cases::KEYED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_at_the_operators_listener_are_answered_as_pinned() {
    run(false, OPERATORS, cases::OPERATORS).await;
}

#[test]
fn there_are_enough_cases_and_their_names_are_their_own() {
    let all = cases::OPEN
        .iter()
        .chain(cases::KEYED)
        .chain(cases::OPERATORS);
    let names: Vec<String> = all
        .flat_map(|(file, text)| {
            let cases = cases::read(file, text).into_iter();
            cases.map(move |case| format!("{file}: {}", case.name))
        })
        .collect();
    let different: BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    assert!(names.len() >= 750, "{}", names.len());
}
