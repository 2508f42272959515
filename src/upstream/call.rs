//! Making one vendor call: what is asked of it, and what became of it.

use super::{Account, CallContext, CallError, Meter, Priority, checks::check_answer, watch::Watch};
use adapters::{Answer, Call, ProblemKind, Repeat, Writes, reader::Keep};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use sha2::{Digest, Sha256};
use std::sync::PoisonError;
use tokio::time::Instant;

/// What became of a call, over all its attempts.
#[derive(Debug)]
pub struct Sent {
    /// What the last attempt brought.
    pub result: Result<Box<Answer>, CallError>,
    /// When the last of the earlier attempts ended whose fate is not known, if there is one: it may still take effect,
    /// whatever the result is, for as long as the account's settle time.
    pub open_since: Option<Instant>,
}

/// A checked call on its way to the vendor.
#[derive(Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) target: Target,
    pub(super) repeat: Repeat,
    pub(super) keep: Keep,
    pub(super) deadline: Instant,
    pub(super) due: Instant,
    pub(super) committed: bool,
    /// Whether a write follows that replaces what this reads.
    pub(super) begins: bool,
    pub(super) priority: Priority,
    pub(super) meter: &'a Meter,
    /// Where what an answer holds beside the kept parts is counted.
    pub(super) watch: Option<&'a Watch<'a>>,
}

/// What is sent, the same in all attempts but for the credential.
#[derive(Debug)]
pub(super) struct Target {
    method: Method,
    url: Uri,
    pub(super) body: Option<Bytes>,
    /// By which the vendor knows the call again.
    key: Option<HeaderValue>,
}

impl Target {
    /// The request of one attempt.
    pub(super) fn request(&self, headers: HeaderMap) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone().unwrap_or_default());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = headers;
        if let Some(key) = &self.key {
            let name = HeaderName::from_static("idempotency-key");
            request.headers_mut().insert(name, key.clone());
        }
        request
    }
}

impl Outgoing<'_> {
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
    ) -> Result<Box<Answer>, CallError> {
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
        // What a call holds while it is under way lies in one box: by value, it would be copied with the futures of all
        // who make calls.
        let sent = Box::pin(self.send_uncounted(call, body, context)).await;
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
        let operation = self.document.operation(call.operation);
        if let Err(error) = self.check_request(operation, call, body.as_ref()) {
            return failed(error);
        }
        let target = match self.target(call, body, context) {
            Ok(target) => target,
            Err(error) => return failed(error),
        };
        let watch = self.watch(operation, call, context);
        let outgoing = Outgoing {
            target,
            repeat: call.repeat,
            keep: call.keep,
            deadline: context.deadline,
            due: context.due,
            committed: context.committed,
            begins: context.changes
                && call.repeat == Repeat::Read
                && self.adapter.rules().writes == Writes::ReplaceSet,
            priority: context.priority,
            meter: &context.meter,
            watch: watch.as_ref(),
        };
        let Sent { result, open_since } = self.stack.send(&outgoing).await;
        Sent {
            result: result.and_then(|answer| {
                check_answer(watch.as_ref(), &answer, context.responses)?;
                Ok(answer)
            }),
            open_since,
        }
    }

    fn target(
        &self,
        call: &Call,
        body: Option<Bytes>,
        context: &CallContext,
    ) -> Result<Target, CallError> {
        let url = self
            .base
            .url(call)
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        let key = match (call.repeat, &context.seed) {
            (Repeat::Keyed, Some(seed)) => {
                let body = body.as_deref().unwrap_or_default();
                Some(derived_key(seed, call.operation, body))
            }
            (Repeat::Keyed, None) => Some(self.random_key()),
            _ => None,
        };
        let key = key.map(HeaderValue::try_from).transpose();
        Ok(Target {
            method: call.method.clone(),
            url,
            body,
            key: key.map_err(|error| CallError::Invalid(error.to_string()))?,
        })
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
