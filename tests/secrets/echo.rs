//! A vendor that gives back the key it was sent, in every way that HTTP knows, on a socket of its own.

use crate::{
    canaries::Canary,
    support::{Fault, Faulty},
};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use tagway::mock::Options;

/// A vendor that gives its key back, each time in the next of these ways.
pub(crate) async fn vendor(name: &str, key: &Canary) -> Faulty {
    let ways = ways(key);
    let next = AtomicUsize::new(0);
    Faulty::new(name, Options::default(), move |_| {
        let at = next.fetch_add(1, Ordering::Relaxed);
        // Now and then an answer of the twin, so that what comes after a read is reached as well.
        (at % 3 != 2).then(|| ways[at % ways.len()].clone())
    })
    .await
}

/// Every way of giving a key back.
pub(crate) fn ways(key: &Canary) -> Vec<Fault> {
    let forms: Vec<String> = key.forms().into_iter().map(|(_, form)| form).collect();
    let mut ways = Vec::new();
    // In the shapes that the three vendors give their errors.
    for form in &forms {
        for status in [400, 422] {
            let body = json!({
                "code": form, "error": form, "title": form, "message": format!("bad key {form}!"), "request_id": form,
                "detail": {"status": form, "code": form, "message": format!("bad key {form}!"), "request_id": form},
            });
            if status == 400 || forms[0] == *form {
                ways.push(answer(
                    status,
                    &[("x-request-id", form), ("x-trace-id", form)],
                    &body.to_string(),
                ));
            }
        }
    }
    let raw = &key.value;
    let said = json!({"error": raw, "message": raw, "detail": raw}).to_string();
    for status in [401, 403, 404, 409, 429, 500, 503] {
        ways.push(answer(status, &[("retry-after", raw)], &said));
    }
    let target = format!("http://127.0.0.1:9/{}", key.forms()[9].1);
    ways.push(answer(307, &[("location", &target)], ""));
    ways.push(answer(200, &[], raw));
    ways.push(answer(
        200,
        &[],
        &format!("{{\"tags\":[{{\"{}\":1}}]}}", key.forms()[12].1),
    ));
    ways.push(answer(200, &[("content-encoding", raw)], "{}"));
    ways.push(Fault::Bytes(format!(
        "HTTP/1.1 200 OK\r\nx: {raw}\u{1}\r\n\r\n"
    )));
    ways.push(Fault::Bytes(format!("{raw}\r\n\r\n")));
    ways.push(Fault::Bytes(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{said}"
    )));
    ways
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let mut text = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    Fault::Bytes(format!(
        "{text}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}
