//! Answers as a proxy, a failing vendor or a broken connection makes them.

use super::faults::{Body, Fault, RetryAfter};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::Value;
use std::time::Duration;
use tagway::upstream::{AnswerBody, TransportError};

/// An answer that is not the vendor's own.
pub(super) fn error(fault: Fault) -> Response<AnswerBody> {
    let mut answer = Response::new(full(Bytes::from_static(b"<html>it failed</html>")));
    if let Some(status) = fault.status() {
        *answer.status_mut() = status;
    }
    let headers = answer.headers_mut();
    let wait = match fault {
        Fault::TooMany(RetryAfter::Seconds) => Some("2"),
        // Long gone, so that it says the same at any time.
        Fault::TooMany(RetryAfter::Date) => Some("Thu, 01 Jan 2026 00:00:00 GMT"),
        Fault::TooMany(RetryAfter::Broken) => Some("soon"),
        _ => None,
    };
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(wait));
    }
    if fault.status().is_some_and(|status| status.is_redirection()) {
        headers.insert(
            header::LOCATION,
            HeaderValue::from_static("https://elsewhere.example/"),
        );
    }
    answer
}

/// The vendor's answer with a body that has something wrong with it.
pub(super) fn body(fault: Body, answer: Response<Bytes>, pause: Duration) -> Response<AnswerBody> {
    let (head, bytes) = answer.into_parts();
    let half = bytes.len() / 2;
    let body = match fault {
        Body::Cut => {
            let broken = TransportError::Broken("reset in the body".to_owned());
            pieces(vec![Ok(bytes.slice(..half)), Err(broken)], Duration::ZERO)
        }
        Body::Slow => pieces(
            vec![Ok(bytes.slice(..half)), Ok(bytes.slice(half..))],
            pause,
        ),
        Body::Truncated => full(bytes.slice(..bytes.len().saturating_sub(1).min(half + 1))),
        Body::Html => full(Bytes::from_static(b"<html>please log in</html>")),
        Body::Duplicate => full(twice(&bytes)),
        Body::Short => full(short(&bytes)),
    };
    Response::from_parts(head, body)
}

fn full(bytes: Bytes) -> AnswerBody {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

fn pieces(pieces: Vec<Result<Bytes, TransportError>>, pause: Duration) -> AnswerBody {
    let pieces = stream::iter(pieces)
        .enumerate()
        .then(move |(at, piece)| async move {
            if at > 0 && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            piece.map(Frame::data)
        });
    StreamBody::new(pieces).boxed_unsync()
}

/// Every member of the top level again, and empty: whoever takes the last one reads nothing.
fn twice(bytes: &Bytes) -> Bytes {
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(bytes) else {
        return Bytes::from_static(b"{\"a\":1,\"a\":2}");
    };
    let mut text = String::from_utf8_lossy(bytes)
        .trim_end()
        .trim_end_matches('}')
        .to_owned();
    for (name, value) in members {
        let empty = match value {
            Value::Array(_) => Value::Array(Vec::new()),
            Value::Object(object) => emptied(object),
            Value::Number(_) => 0.into(),
            other => other,
        };
        text.push_str(&format!(",{}:{empty}", Value::from(name)));
    }
    text.push('}');
    Bytes::from(text)
}

fn emptied(mut object: serde_json::Map<String, Value>) -> Value {
    if let Some(labels) = object.get_mut("labels") {
        *labels = Value::Object(serde_json::Map::new());
    }
    Value::Object(object)
}

/// The last element of a list is missing, and the count is as it was.
fn short(bytes: &Bytes) -> Bytes {
    let mut value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if value.get("total").is_some()
        && let Some(list) = value.get_mut("data").and_then(Value::as_array_mut)
        && list.pop().is_some()
    {
        return Bytes::from(value.to_string());
    }
    if let Some(more) = value.get_mut("has_more") {
        *more = true.into();
        return Bytes::from(value.to_string());
    }
    bytes.slice(..bytes.len().saturating_sub(1))
}
