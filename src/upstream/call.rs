//! Making one vendor call: what is asked of it, and what became of it.

use super::{Account, CallContext, CallError, Meter, Priority, watch::Watch};
use adapters::{Answer, Call, ProblemKind, Repeat, Writes, reader::Keep};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header};
use sha2::{Digest, Sha256};
use std::sync::{Arc, PoisonError};
use tokio::time::Instant;
use tower::ServiceExt;

/// What became of a call, over all its attempts.
#[derive(Debug)]
pub struct Sent {
    /// What the last attempt brought.
    pub result: Result<Answer, CallError>,
    /// When the last of the earlier attempts ended whose fate is not known, if there is one: it may still take effect,
    /// whatever the result is, for as long as the account's settle time.
    pub open_since: Option<Instant>,
}

/// A checked call on its way to the vendor.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) request: Request<Bytes>,
    pub(super) repeat: Repeat,
    pub(super) keep: Keep,
    pub(super) deadline: Instant,
    pub(super) due: Instant,
    pub(super) committed: bool,
    /// Whether a write follows that replaces what this reads.
    pub(super) begins: bool,
    pub(super) priority: Priority,
    pub(super) meter: Arc<Meter>,
    /// Where what an answer holds beside the kept parts is counted.
    pub(super) watch: Option<Watch>,
}

impl Outgoing {
    /// Until when a wait may last that is known beforehand.
    pub(super) fn patience(&self, now: Instant) -> Instant {
        // Nobody is told any sooner once the caller is gone.
        match self.committed || self.due <= now {
            true => self.deadline,
            false => self.due.min(self.deadline),
        }
    }
}

impl Account {
    /// Makes a call as [`Account::send`] does. Where an earlier attempt of it may still take effect, a refusal of a
    /// later one is no longer a refusal of the call; but what is to go and is not there is gone.
    ///
    /// # Errors
    /// As [`CallError`] says; a 2xx that the document does not allow only where `responses` enforces it.
    pub async fn call(
        &self,
        call: &Call,
        body: Option<Bytes>,
        context: &CallContext,
    ) -> Result<Answer, CallError> {
        let Sent { result, open_since } = self.send(call, body, context).await;
        match (result, open_since) {
            (Err(error), Some(_))
                if !error.is_unknown()
                    && call.repeat != Repeat::Read
                    && !(call.method == Method::DELETE && is_not_found(&error)) =>
            {
                Err(CallError::Lost {
                    silent: false,
                    why: format!("an attempt brought no answer, and a later one failed: {error}"),
                })
            }
            (result, _) => result,
        }
    }

    /// Makes a call: checks the body against the vendor's document, sends it through the account's layers, which
    /// repeat it where that is safe, and checks the answer.
    pub async fn send(&self, call: &Call, body: Option<Bytes>, context: &CallContext) -> Sent {
        let sent = self.send_uncounted(call, body, context).await;
        let outcome = match &sent.result {
            Ok(_) => "answered",
            Err(error) => error.label(),
        };
        self.calls.made(&self.label, call.operation, outcome);
        sent
    }

    async fn send_uncounted(
        &self,
        call: &Call,
        body: Option<Bytes>,
        context: &CallContext,
    ) -> Sent {
        let failed = |error| Sent {
            result: Err(error),
            open_since: None,
        };
        if let Err(error) = self.check_request(call, body.as_ref()) {
            return failed(error);
        }
        let request = match self.request(call, body, context) {
            Ok(request) => request,
            Err(error) => return failed(error),
        };
        let outgoing = Outgoing {
            request,
            repeat: call.repeat,
            keep: call.keep,
            deadline: context.deadline,
            due: context.due,
            committed: context.committed,
            begins: context.changes
                && call.repeat == Repeat::Read
                && self.adapter.rules().writes == Writes::ReplaceSet,
            priority: context.priority,
            meter: context.meter.clone(),
            watch: self.watch(call, &context.route, context.responses),
        };
        let Sent { result, open_since } = match self.stack.clone().oneshot(outgoing).await {
            Ok(sent) => sent,
            Err(never) => match never {},
        };
        Sent {
            result: result.and_then(|answer| self.check_answer(call, answer, context)),
            open_since,
        }
    }

    /// The request, the same in all its attempts but for the credential.
    fn request(
        &self,
        call: &Call,
        body: Option<Bytes>,
        context: &CallContext,
    ) -> Result<Request<Bytes>, CallError> {
        let url = self
            .base
            .url(call)
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        let mut request = Request::new(body.unwrap_or_default());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = url;
        let headers = request.headers_mut();
        headers.reserve(6);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("tagway/", env!("CARGO_PKG_VERSION"))),
        );
        if call.body.is_some() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        if call.repeat == Repeat::Keyed {
            let key = match &context.seed {
                Some(seed) => derived_key(seed, call.operation, request.body()),
                None => self.random_key(),
            };
            let value = HeaderValue::from_str(&key)
                .map_err(|error| CallError::Invalid(error.to_string()))?;
            request
                .headers_mut()
                .insert(HeaderName::from_static("idempotency-key"), value);
        }
        Ok(request)
    }

    fn random_key(&self) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{:016x}{:016x}", random.u64(..), random.u64(..))
    }
}

fn is_not_found(error: &CallError) -> bool {
    error
        .problem()
        .is_some_and(|problem| problem.kind == ProblemKind::NotFound)
}

/// The same for the same call of the same keyed request, whatever process makes it.
fn derived_key(seed: &[u8; 32], operation: &str, body: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(seed)
        .chain_update(operation)
        .chain_update([0])
        .chain_update(body)
        .finalize();
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
