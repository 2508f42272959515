//! Calls to one vendor, as a probe or a cleanup makes them.

use super::{coverage::Seen, script::Step};
use crate::{
    schema::Document,
    upstream::{AnswerBody, Transport},
};
use adapters::{
    Adapter, Answer, Call, Vendor,
    reader::{Limits, project},
    settings::defaults,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tower::ServiceExt;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest wait that a vendor may ask for; windows of a minute have to pass.
const LONGEST_WAIT: Duration = Duration::from_secs(90);

/// How often a call is made that the vendor puts off.
const TRIES: usize = 3;

/// Largest answer, in bytes.
const LARGEST: usize = 64 << 20;

/// How much of a body is shown, in characters.
const SHOWN: usize = 300;

/// What a path or a query need not escape.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// One vendor, and the way there.
pub struct Session {
    /// The vendor's dialect: for the cleanup.
    pub adapter: Arc<dyn Adapter>,
    /// The vendor's document.
    pub document: Arc<Document>,
    /// The base URL, without a slash at its end.
    pub base: String,
    /// The header with the key.
    pub credential: Option<(HeaderName, HeaderValue)>,
    /// The way there.
    pub transport: Transport,
    seen: Mutex<Seen>,
}

/// The vendor cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{vendor} does not answer: {why}")]
pub struct Unreachable {
    /// The vendor.
    pub vendor: &'static str,
    /// What went wrong.
    pub why: String,
}

/// A call and its answer.
pub(super) struct Exchange {
    method: Method,
    target: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Option<Value>,
    body: Bytes,
}

impl Session {
    /// A session that has seen nothing.
    pub fn new(
        adapter: Arc<dyn Adapter>,
        document: Arc<Document>,
        base: &str,
        credential: Option<(HeaderName, HeaderValue)>,
        transport: Transport,
    ) -> Self {
        Self {
            adapter,
            document,
            base: base.trim_end_matches('/').to_owned(),
            credential,
            transport,
            seen: Mutex::default(),
        }
    }

    /// A session with a vendor as it is vendored, with a key that its twin takes.
    ///
    /// # Errors
    /// When its document cannot be used.
    pub fn of_vendor(vendor: &'static Vendor, transport: Transport) -> Result<Self, String> {
        // Answers are judged whole: nothing is left out of the document's checks.
        let document = Document::compile(vendor.name, vendor.document, &|_| None)
            .map_err(|error| error.to_string())?;
        let adapter = (vendor.build)(&defaults(vendor.settings), document.value());
        let (name, value) = adapter.credential("contract");
        let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
        let credential = Some((HeaderName::from_static(name), value));
        let base = vendor.base_url;
        Ok(Self::new(
            adapter,
            Arc::new(document),
            base,
            credential,
            transport,
        ))
    }

    /// Whose contract it is.
    pub fn vendor(&self) -> &'static Vendor {
        self.adapter.vendor()
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the call of a step. The inner error is one of the step itself.
    pub(super) async fn make(&self, step: &Step) -> Result<Result<Exchange, String>, Unreachable> {
        let Some(operation) = self.document.operation(&step.call) else {
            return Ok(Err(format!(
                "the document has no operation `{}`",
                step.call
            )));
        };
        let mut target = operation.template().to_owned();
        for (name, value) in &step.path {
            let value = utf8_percent_encode(value, ESCAPED).to_string();
            target = target.replace(&format!("{{{name}}}"), &value);
        }
        let query = step
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ESCAPED)));
        let query: Vec<String> = query.collect();
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        let body = step.body.as_ref().map(|body| Bytes::from(body.to_string()));
        let mut request = match self.request(operation.method(), &target, body) {
            Ok(request) => request,
            Err(why) => return Ok(Err(why)),
        };
        for (name, value) in &step.headers {
            let header = (HeaderName::try_from(name), HeaderValue::try_from(value));
            let (Ok(name), Ok(value)) = header else {
                return Ok(Err(format!("`{name}` is no header")));
            };
            request.headers_mut().insert(name, value);
        }
        if step.without_key
            && let Some((name, _)) = &self.credential
        {
            request.headers_mut().remove(name);
        }
        let exchange = self.send(request).await?;
        self.seen()
            .take(&self.document, operation, step.body.as_ref(), &exchange);
        Ok(Ok(exchange))
    }

    /// Makes a call of the adapter. The inner error is an answer that is no success, or cannot be read.
    pub(super) async fn call(&self, call: &Call) -> Result<Result<Answer, String>, Unreachable> {
        let mut target = call.path.as_str().to_owned();
        if !call.query.is_empty() {
            target = format!("{target}?{}", call.query);
        }
        let body = call.body.as_ref().and_then(|body| body.render(|_| None));
        let request = match self.request(&call.method, &target, body) {
            Ok(request) => request,
            Err(why) => return Ok(Err(why)),
        };
        let exchange = self.send(request).await?;
        if !exchange.status.is_success() {
            return Ok(Err(exchange.to_string()));
        }
        let body = match exchange.body.is_empty() {
            true => Ok(Vec::new()),
            false => project(call.keep, Limits::default(), &exchange.body),
        };
        Ok(body.map_err(|error| error.to_string()).map(|body| Answer {
            status: exchange.status,
            headers: exchange.headers,
            body,
        }))
    }

    fn request(
        &self,
        method: &Method,
        target: &str,
        body: Option<Bytes>,
    ) -> Result<Request<Bytes>, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.base))
            .header(header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some((name, value)) = &self.credential {
            request = request.header(name, value);
        }
        request
            .body(body.unwrap_or_default())
            .map_err(|error| error.to_string())
    }

    /// Sends it, and again when the vendor says how long to wait.
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, Unreachable> {
        let method = request.method().clone();
        let target = request.uri().path_and_query().map(ToString::to_string);
        let mut tries = 1;
        loop {
            let (head, body) = self.sent(request.clone()).await?.into_parts();
            let wait = head
                .headers
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs)
                .filter(|wait| *wait <= LONGEST_WAIT);
            if let (StatusCode::TOO_MANY_REQUESTS, Some(wait)) = (head.status, wait)
                && tries < TRIES
            {
                tries += 1;
                tokio::time::sleep(wait).await;
                continue;
            }
            return Ok(Exchange {
                method,
                target: target.unwrap_or_default(),
                status: head.status,
                headers: head.headers,
                json: serde_json::from_slice(&body).ok(),
                body,
            });
        }
    }

    async fn sent(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Unreachable> {
        let failed = |why: String| Unreachable {
            vendor: self.vendor().name,
            why,
        };
        let whole = async {
            let answer: Response<AnswerBody> = self
                .transport
                .clone()
                .oneshot(request)
                .await
                .map_err(|error| failed(error.to_string()))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST).collect().await;
            let body = body.map_err(|error| failed(error.to_string()))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        tokio::time::timeout(PATIENCE, whole)
            .await
            .unwrap_or_else(|_| Err(failed(format!("nothing came in {} s", PATIENCE.as_secs()))))
    }
}

impl Exchange {
    /// What stands at a pointer, as a text.
    pub(super) fn text_at(&self, pointer: &str) -> Option<String> {
        match self.json.as_ref()?.pointer(pointer)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} is {}",
            self.method,
            self.target,
            self.status.as_u16()
        )?;
        let body = String::from_utf8_lossy(&self.body);
        let mut characters = body.chars();
        let shown: String = characters
            .by_ref()
            .take(SHOWN)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if !shown.is_empty() {
            let more = if characters.next().is_some() {
                "…"
            } else {
                ""
            };
            write!(f, " {shown}{more}")?;
        }
        Ok(())
    }
}
