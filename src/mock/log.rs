//! What a twin received.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::{StatusCode, request::Parts};
use serde::Serialize;
use serde_json::value::RawValue;

use super::faults::{Effect, Struck};

/// A request as it arrived, and the status of its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// Path and query as received.
    pub path: String,
    /// `idempotency-key` and `content-type`, where they were sent. No other header is kept, so no credential is.
    pub headers: BTreeMap<String, String>,
    /// The body; `None` if it was empty or too large to be taken.
    pub body: Option<RecordedBody>,
    /// The status of the answer; 0 where a fault left none.
    pub status: u16,
    /// What went wrong on purpose, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<RecordedFault>,
}

/// A recorded body.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum RecordedBody {
    /// JSON, byte for byte.
    Json(Box<RawValue>),
    /// Anything else, with what is not UTF-8 replaced.
    Text(String),
}

/// A fault that struck a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedFault {
    /// The name of its class.
    pub class: &'static str,
    /// What the call did to the state: `none`, `applied` or `late`.
    pub effect: &'static str,
    /// Whether a late effect has come.
    pub landed: bool,
}

/// The latest calls, oldest first.
#[derive(Debug)]
pub(super) struct Log {
    calls: VecDeque<(usize, Recorded)>,
    bytes: usize,
    limits: Limits,
    /// How many calls were there before the oldest that is kept.
    forgotten: u64,
}

/// How much a log holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) calls: usize,
    /// Of paths and bodies, so that large bodies cannot fill the memory.
    pub(super) bytes: usize,
}

const RECORDED_HEADERS: [&str; 2] = ["content-type", "idempotency-key"];

impl Log {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            calls: VecDeque::new(),
            bytes: 0,
            limits,
            forgotten: 0,
        }
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = &Recorded> {
        self.calls.iter().map(|(_, call)| call)
    }

    pub(super) fn clear(&mut self) {
        self.forgotten += self.calls.len() as u64;
        self.calls.clear();
        self.bytes = 0;
    }

    /// Keeps a call, and gives back its number for [`Log::landed`].
    pub(super) fn push(&mut self, call: Recorded) -> u64 {
        let bytes = call.path.len() + call.body.as_ref().map_or(0, RecordedBody::len);
        self.bytes += bytes;
        self.calls.push_back((bytes, call));
        let number = self.forgotten + self.calls.len() as u64 - 1;
        while self.calls.len() > self.limits.calls || self.bytes > self.limits.bytes {
            let Some((bytes, _)) = self.calls.pop_front() else {
                break;
            };
            self.bytes -= bytes;
            self.forgotten += 1;
        }
        number
    }

    /// Notes that a call had its late effect.
    pub(super) fn landed(&mut self, number: u64) {
        let place = number.checked_sub(self.forgotten);
        let place = place.and_then(|place| usize::try_from(place).ok());
        let call = place.and_then(|place| self.calls.get_mut(place));
        if let Some(fault) = call.and_then(|(_, call)| call.fault.as_mut()) {
            fault.landed = true;
        }
    }
}

impl RecordedFault {
    pub(super) fn of(fault: &Struck) -> Self {
        Self {
            class: fault.class.name(),
            effect: fault.effect.name(),
            landed: fault.effect == Effect::Applied,
        }
    }
}

impl RecordedBody {
    fn len(&self) -> usize {
        match self {
            Self::Json(raw) => raw.get().len(),
            Self::Text(text) => text.len(),
        }
    }
}

pub(super) fn record(
    parts: &Parts,
    body: Option<RecordedBody>,
    status: Option<StatusCode>,
    fault: Option<RecordedFault>,
) -> Recorded {
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        Some((
            name.to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        ))
    };
    Recorded {
        method: parts.method.to_string(),
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| parts.uri.path().to_owned(), ToString::to_string),
        headers: RECORDED_HEADERS.into_iter().filter_map(header).collect(),
        body,
        status: status.map_or(0, |status| status.as_u16()),
        fault,
    }
}

pub(super) fn recorded_body(body: &Bytes) -> Option<RecordedBody> {
    if body.is_empty() {
        return None;
    }
    let json = serde_json::from_slice(body).map(RecordedBody::Json);
    Some(json.unwrap_or_else(|_| RecordedBody::Text(String::from_utf8_lossy(body).into_owned())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::Request;

    use super::{
        super::{Options, Served, served::LARGEST_BODY, testing},
        *,
    };

    fn served() -> Arc<Served> {
        testing::served("awardee", Options::default())
    }

    #[test]
    fn a_call_is_recorded_without_its_credentials() {
        let served = served();
        let request = Request::post("/v1/conversation-tags?x=1")
            .header("authorization", "Bearer secret")
            .header("idempotency-key", "k1")
            .header("content-type", "application/json")
            .body(Bytes::from(r#"{ "name": "a",  "color": 1e999 }"#))
            .unwrap();
        let answer = served.call(request, 0);
        let calls = served.calls();
        let text = serde_json::to_string(&calls).unwrap();
        assert_eq!(
            text,
            format!(
                r#"[{{"method":"POST","path":"/v1/conversation-tags?x=1","headers":{{"content-type":"application/json","idempotency-key":"k1"}},"body":{{ "name": "a",  "color": 1e999 }},"status":{}}}]"#,
                answer.status().as_u16()
            )
        );
        served.clear_calls();
        assert!(served.calls().is_empty());
    }

    #[test]
    fn a_body_that_is_not_json_is_kept_as_text() {
        let served = served();
        served.call(
            Request::post("/v1/x")
                .body(Bytes::from_static(b"a\xffb"))
                .unwrap(),
            0,
        );
        assert!(
            matches!(&served.calls()[0].body, Some(RecordedBody::Text(text)) if text == "a\u{fffd}b")
        );
    }

    #[test]
    fn the_log_keeps_the_latest_calls() {
        let served = served();
        for number in 0..10_000 + 3 {
            served.call(
                Request::get(format!("/v1/{number}"))
                    .body(Bytes::new())
                    .unwrap(),
                0,
            );
        }
        let calls = served.calls();
        assert_eq!(calls.len(), 10_000);
        assert_eq!(calls[0].path, "/v1/3");
    }

    #[test]
    fn large_bodies_push_old_calls_out() {
        let served = served();
        let body = Bytes::from(format!("\"{}\"", "x".repeat(LARGEST_BODY - 2)));
        for _ in 0..70 {
            served.call(Request::post("/").body(body.clone()).unwrap(), 0);
        }
        let held = served.calls().len();
        assert!((60..64).contains(&held), "{held}");
    }

    #[test]
    fn a_body_above_the_limit_is_413_and_does_nothing() {
        let served = served();
        let body = Bytes::from(format!(r#"{{"name":"{}"}}"#, "x".repeat(LARGEST_BODY)));
        let request = Request::post("/v1/conversation-tags")
            .header("authorization", "Bearer k")
            .body(body)
            .unwrap();
        assert_eq!(served.call(request, 0).status(), 413);
        let call = &served.calls()[0];
        assert!(call.status == 413 && call.body.is_none());
    }
}
