//! A twin with its log.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{Kind, Options, Twin, answer};
use crate::schema::{Document, DocumentError};

/// A twin with its log, shared by a socket and by an in-process caller.
pub struct Served {
    inner: Mutex<Inner>,
}

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
    /// The status of the answer.
    pub status: u16,
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

struct Inner {
    twin: Box<dyn Twin>,
    log: VecDeque<(usize, Recorded)>,
    log_bytes: usize,
    refusals: VecDeque<Refused>,
}

/// An answer that takes the place of the twin's own, once; the state stays as it is.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// From 400 to 599.
    pub status: u16,
    /// The body, as JSON; a text is sent as it is.
    pub body: Value,
}

impl Refused {
    /// Whether its status is that of an error.
    pub fn is_error(&self) -> bool {
        (400..600).contains(&self.status)
    }

    fn answer(self) -> Response<Bytes> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self.body {
            Value::String(text) => answer::text(status, text),
            body => answer::json(status, &body),
        }
    }
}

/// Most refusals that wait for a call.
const MOST_REFUSALS: usize = 1_000;
/// The largest body that a twin takes, in bytes; above it the answer is 413.
pub(super) const LARGEST_BODY: usize = 1_048_576;
/// How many calls the log holds, the latest.
const LONGEST_LOG: usize = 10_000;
/// How many bytes of paths and bodies the log holds, so that large bodies cannot fill the memory.
const LARGEST_LOG: usize = 64 * 1_048_576;
const RECORDED_HEADERS: [&str; 2] = ["content-type", "idempotency-key"];

impl Served {
    /// Compiles the vendor's document and builds the twin.
    ///
    /// # Errors
    /// If the vendored document cannot be compiled.
    pub fn new(kind: &Kind, options: Options) -> Result<Arc<Self>, DocumentError> {
        let document = Document::compile(kind.name, kind.document, &|_| None)?;
        Ok(Self::with_document(kind, &options, Arc::new(document)))
    }

    /// Answers a request and records it. Calls are taken one at a time; the log has their order.
    pub fn call(&self, request: Request<Bytes>, now_unix_ms: u64) -> Response<Bytes> {
        if request.body().len() > LARGEST_BODY {
            return self.refuse_large(&request.into_parts().0);
        }
        let mut inner = self.lock();
        let answer = match inner.refusals.pop_front() {
            Some(refused) => refused.answer(),
            None => inner.twin.answer(&request, now_unix_ms),
        };
        let body = recorded_body(request.body());
        let (parts, body_bytes) = (
            request.into_parts().0,
            body.as_ref().map_or(0, RecordedBody::len),
        );
        inner.record(record(&parts, body, answer.status()), body_bytes);
        answer
    }

    /// The latest calls, oldest first: 10,000 of them, fewer where their bodies make more than 64 MiB.
    pub fn calls(&self) -> Vec<Recorded> {
        self.lock()
            .log
            .iter()
            .map(|(_, call)| call.clone())
            .collect()
    }

    /// Answers the next calls with these refusals, one each, so that errors which the twin has no state for can be
    /// had too. At most a thousand wait.
    pub fn refuse_next(&self, refusals: impl IntoIterator<Item = Refused>) {
        let mut inner = self.lock();
        inner.refusals.extend(refusals);
        inner.refusals.truncate(MOST_REFUSALS);
    }

    /// Forgets the refusals that wait.
    pub fn refuse_no_more(&self) {
        self.lock().refusals.clear();
    }

    /// Empties the log; the twin's state stays.
    pub fn clear_calls(&self) {
        self.lock().clear();
    }

    /// Looks at the twin, or changes it, between two calls.
    pub fn twin<R>(&self, f: impl FnOnce(&mut dyn Twin) -> R) -> R {
        f(self.lock().twin.as_mut())
    }

    pub(super) fn with_document(
        kind: &Kind,
        options: &Options,
        document: Arc<Document>,
    ) -> Arc<Self> {
        let inner = Inner {
            twin: (kind.build)(options, document),
            log: VecDeque::new(),
            log_bytes: 0,
            refusals: VecDeque::new(),
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
        })
    }

    /// Refuses a request whose body is too large, without showing it to the twin.
    pub(super) fn refuse_large(&self, parts: &Parts) -> Response<Bytes> {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        self.lock().record(record(parts, None, status), 0);
        answer::json(status, &json!({ "error": "the body is larger than 1 MiB" }))
    }

    /// A caller that panicked while it held the lock left a state that is whole: each call sets it at its end.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn record(&mut self, call: Recorded, body_bytes: usize) {
        let bytes = body_bytes + call.path.len();
        self.log_bytes += bytes;
        self.log.push_back((bytes, call));
        while self.log.len() > LONGEST_LOG || self.log_bytes > LARGEST_LOG {
            let Some((bytes, _)) = self.log.pop_front() else {
                break;
            };
            self.log_bytes -= bytes;
        }
    }

    fn clear(&mut self) {
        self.log.clear();
        self.log_bytes = 0;
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

fn record(parts: &Parts, body: Option<RecordedBody>, status: StatusCode) -> Recorded {
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
        status: status.as_u16(),
    }
}

fn recorded_body(body: &Bytes) -> Option<RecordedBody> {
    if body.is_empty() {
        return None;
    }
    let json = serde_json::from_slice(body).map(RecordedBody::Json);
    Some(json.unwrap_or_else(|_| RecordedBody::Text(String::from_utf8_lossy(body).into_owned())))
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};

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
        for number in 0..LONGEST_LOG + 3 {
            served.call(
                Request::get(format!("/v1/{number}"))
                    .body(Bytes::new())
                    .unwrap(),
                0,
            );
        }
        let calls = served.calls();
        assert_eq!(calls.len(), LONGEST_LOG);
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
