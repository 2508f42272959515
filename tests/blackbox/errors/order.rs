//! When several things are wrong, the first in one order is told.

use super::told;
use crate::support::{Gateway, conversation, load, route, tags_of};
use tagway::error::Code;

/// The SHA-256 of the keys `reader` and `tagger`.
const READER: &str = "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30";
const TAGGER: &str = "eefd273c6e8f953b864a6636455e6780a13b128c4d61859662351c95e2586dcb";

async fn gateway() -> Gateway {
    let mut text =
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nmax_body_bytes = 1024\n"
            .to_owned();
    for (name, hash, scopes) in [
        ("reader", READER, "[\"read\"]"),
        ("tagger", TAGGER, "[\"read\", \"tag\"]"),
    ] {
        text.push_str(&format!(
            "[[clients]]\nname = \"{name}\"\nkey_sha256 = [\"{hash}\"]\nroutes = [\"elevenlabs\"]\nscopes = {scopes}\n"
        ));
    }
    text.push_str(&route("elevenlabs", "mock", ""));
    Gateway::start(load(&text, &[])).await
}

#[tokio::test]
async fn faults_are_told_in_one_order() {
    let gateway = gateway().await;
    let here = tags_of("elevenlabs", &conversation(1));
    let elsewhere = tags_of("nowhere", &conversation(1));
    let large = format!("{{\"tags\": [{}", " ".repeat(1_024));
    let (broken, odd) = ("{\"tags\": [", "{\"tags\": 7}");
    let unknown = "{\"tags\": [\"nobody made this\"]}";
    let good = "application/json";
    // Each row mends one fault more than the one before.
    let rows = [
        (
            Code::InvalidFraming,
            "POST",
            &elsewhere,
            "gzip",
            None,
            "text/plain",
            large.as_str(),
        ),
        (
            Code::MethodNotAllowed,
            "POST",
            &elsewhere,
            "",
            None,
            "text/plain",
            &large,
        ),
        (
            Code::Unauthenticated,
            "PUT",
            &elsewhere,
            "",
            None,
            "text/plain",
            &large,
        ),
        (
            Code::RouteNotFound,
            "PUT",
            &elsewhere,
            "",
            Some("reader"),
            "text/plain",
            &large,
        ),
        (
            Code::Forbidden,
            "PUT",
            &here,
            "",
            Some("reader"),
            "text/plain",
            &large,
        ),
        (
            Code::UnsupportedMediaType,
            "PUT",
            &here,
            "",
            Some("tagger"),
            "text/plain",
            &large,
        ),
        (
            Code::BodyTooLarge,
            "PUT",
            &here,
            "",
            Some("tagger"),
            good,
            &large,
        ),
        (
            Code::InvalidJson,
            "PUT",
            &here,
            "",
            Some("tagger"),
            good,
            broken,
        ),
        (
            Code::InvalidRequest,
            "PUT",
            &here,
            "",
            Some("tagger"),
            good,
            odd,
        ),
        (
            Code::PreconditionFailed,
            "PUT",
            &here,
            "",
            Some("tagger"),
            good,
            unknown,
        ),
    ];
    for (code, method, target, coding, key, kind, body) in rows {
        let mut ask = gateway.ask(method, target).header("if-match", "\"old\"");
        if !coding.is_empty() {
            ask = ask.header("transfer-encoding", coding);
        }
        if let Some(key) = key {
            ask = ask.header("authorization", &format!("Bearer {key}"));
        }
        told(&ask.text(kind, body).send().await, code);
    }
    let ask = gateway
        .ask("PUT", &here)
        .header("authorization", "Bearer tagger");
    told(&ask.text(good, unknown).send().await, Code::UnknownTag);
}
