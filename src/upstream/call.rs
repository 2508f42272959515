//! Making one vendor call: its turn, its attempts, its time.

use super::{
    Account, CallContext, CallError,
    attempt::{self, AttemptError},
    micros,
};
use adapters::{Answer, Call, ProblemKind, Repeat, Verdict};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use sha2::{Digest, Sha256};
use std::{
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// First pause before a call is repeated; doubled each time, and taken at random below that.
const PAUSE: Duration = Duration::from_millis(50);

/// Longest pause before a call is repeated.
const MAX_PAUSE: Duration = Duration::from_secs(2);

impl Account {
    /// Makes a call: checks the body against the vendor's document, waits for a slot, sends, repeats where
    /// nothing was sent or where a repetition only reads, and checks the answer.
    ///
    /// A sent write is not cut: it is listened to for [`super::AccountLimits::settle`].
    ///
    /// # Errors
    /// As [`CallError`] says; a 2xx that the document does not allow only where `responses` enforces it.
    pub async fn call(
        &self,
        call: &Call,
        body: Option<Bytes>,
        context: &CallContext,
    ) -> Result<Answer, CallError> {
        self.check_request(call, body.as_ref())?;
        let key = (call.repeat == Repeat::Keyed).then(|| match &context.seed {
            Some(seed) => derived_key(seed, call.operation, body.as_deref().unwrap_or_default()),
            None => self.random_key(),
        });
        let mut attempt = 1;
        loop {
            let result = self
                .attempt(call, body.clone(), key.as_deref(), context)
                .await;
            let again = attempt < self.limits.attempts && may_repeat(call.repeat, &result);
            if !again {
                return self.check_answer(call, result?, context);
            }
            let asked = result
                .as_ref()
                .err()
                .and_then(CallError::problem)
                .and_then(|said| said.retry_after);
            let pause = asked.unwrap_or_else(|| self.jitter(attempt));
            let fits = Instant::now()
                .checked_add(pause)
                .is_some_and(|then| then < context.deadline);
            if !fits {
                return self.check_answer(call, result?, context);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        body: Option<Bytes>,
        key: Option<&str>,
        context: &CallContext,
    ) -> Result<Answer, CallError> {
        let request = self.request(call, body, key)?;
        let Ok(slot) = timeout_at(context.deadline, self.slots.acquire()).await else {
            return Err(CallError::NoTime);
        };
        context.meter.calls.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let head = attempt::send(&self.transport, request);
        let result = if call.repeat == Repeat::Read {
            let until = context.deadline.min(started + self.limits.attempt_timeout);
            match timeout_at(until, head).await {
                Ok(Ok(head)) => attempt::finish(head, call.keep, until).await,
                Ok(Err(error)) => Err(error),
                Err(_) => Err(AttemptError::Silent),
            }
        } else {
            tokio::pin!(head);
            let heard = match timeout_at(started + self.limits.attempt_timeout, &mut head).await {
                Ok(heard) => Ok(heard),
                Err(_) => {
                    // With no place left among those that listen, the write keeps its slot.
                    let _held = match self.listening.try_acquire() {
                        Ok(place) => {
                            drop(slot);
                            Ok(place)
                        }
                        Err(_) => Err(slot),
                    };
                    timeout_at(started + self.limits.settle, head).await
                }
            };
            match heard {
                Ok(Ok(head)) => {
                    let until = Instant::now() + self.limits.attempt_timeout;
                    attempt::finish(head, call.keep, until).await
                }
                Ok(Err(error)) => Err(error),
                Err(_) => Err(AttemptError::Silent),
            }
        };
        context.meter.spent(started.elapsed());
        self.judge(result)
    }

    fn judge(&self, result: Result<Answer, AttemptError>) -> Result<Answer, CallError> {
        let answer = result.map_err(|error| match error {
            AttemptError::NotSent(why) => CallError::NotSent(why),
            AttemptError::NoAnswer(why) => CallError::Lost { silent: false, why },
            AttemptError::Silent => CallError::Lost {
                silent: true,
                why: error.to_string(),
            },
            AttemptError::Body { .. } => CallError::Body(error.to_string()),
        })?;
        match Verdict::by_status(answer.status) {
            Verdict::Applied => Ok(answer),
            Verdict::Refused => Err(CallError::Refused(self.adapter.problem(&answer))),
            Verdict::Unclear => Err(CallError::Unclear(self.adapter.problem(&answer))),
        }
    }

    fn request(
        &self,
        call: &Call,
        body: Option<Bytes>,
        key: Option<&str>,
    ) -> Result<Request<Bytes>, CallError> {
        let url = self
            .base
            .url(call)
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        let mut request = Request::new(body.unwrap_or_default());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = url;
        let headers = request.headers_mut();
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
        if let Some((name, value)) = self.credential() {
            headers.insert(name, value);
        }
        if let Some(key) = key {
            let value = HeaderValue::from_str(key)
                .map_err(|error| CallError::Invalid(error.to_string()))?;
            headers.insert(HeaderName::from_static("idempotency-key"), value);
        }
        Ok(request)
    }

    fn jitter(&self, attempt: u32) -> Duration {
        let most = PAUSE
            .saturating_mul(1 << (attempt - 1).min(10))
            .min(MAX_PAUSE);
        Duration::from_micros(self.random_below(micros(most)))
    }

    fn random_key(&self) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{:016x}{:016x}", random.u64(..), random.u64(..))
    }
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

/// Whether a call may be sent once more: nothing was sent, it only reads, or the vendor knows it by its key.
fn may_repeat(repeat: Repeat, result: &Result<Answer, CallError>) -> bool {
    match result {
        Ok(_) => false,
        Err(CallError::NotSent(_)) => true,
        // A redirect is never followed, so it would only come again.
        Err(CallError::Unclear(problem)) if problem.status.is_redirection() => false,
        Err(CallError::Lost { .. } | CallError::Unclear(_) | CallError::Body(_)) => {
            matches!(repeat, Repeat::Read | Repeat::Keyed)
        }
        // Refused before it did anything, with the time to wait; but a replace is planned from what was read,
        // and that grows old while it waits.
        Err(CallError::Refused(problem)) => {
            problem.kind == ProblemKind::RateLimited
                && problem.retry_after.is_some()
                && repeat != Repeat::ReplacesSet
        }
        Err(CallError::Invalid(_) | CallError::Unsupported(_) | CallError::NoTime) => false,
    }
}
