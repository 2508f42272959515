//! One attempt at a vendor call: sends once, reads the answer through the incremental reader.

use super::{
    AccountLimits, CallError,
    call::Outgoing,
    slots::{Placed, Slot},
    transport::{AnswerBody, Transport, TransportError},
};
use crate::clock;
use adapters::{
    Adapter, Answer, Repeat, VendorProblem, Verdict, Wait,
    reader::{Keep, Limits, Reader},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use std::{
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tower::{Service, ServiceExt};

/// Most of an error's body that is looked at, in bytes.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// Sends a call once, whatever becomes of it.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) transport: Transport,
    pub(super) adapter: Arc<dyn Adapter>,
    pub(super) limits: AccountLimits,
    /// Places for writes that are listened to, and hold no slot meanwhile.
    pub(super) listening: Arc<Semaphore>,
}

impl Service<Placed> for Attempt {
    type Response = Answer;
    type Error = CallError;
    type Future = BoxFuture<'static, Result<Answer, CallError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, placed: Placed) -> Self::Future {
        let attempt = self.clone();
        Box::pin(async move { attempt.make(placed).await })
    }
}

impl Attempt {
    async fn make(&self, Placed { call, slot }: Placed) -> Result<Answer, CallError> {
        call.meter.calls.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let result = match call.repeat {
            Repeat::Read => self.read(&call).await,
            Repeat::Commutes | Repeat::Keyed | Repeat::ReplacesSet | Repeat::LookUpFirst => {
                self.write(&call, slot).await
            }
        };
        call.meter.spent(started.elapsed());
        self.judge(result)
    }

    async fn read(&self, call: &Outgoing) -> Result<Answer, AttemptError> {
        let until = call
            .deadline
            .min(Instant::now() + self.limits.attempt_timeout);
        let head = send(&self.transport, call.request.clone());
        match timeout_at(until, head).await {
            Ok(head) => finish(head?, call.keep, until).await,
            Err(_) => Err(AttemptError::Silent),
        }
    }

    /// A sent write is not cut: it is listened to for [`AccountLimits::settle`].
    async fn write(&self, call: &Outgoing, slot: Slot) -> Result<Answer, AttemptError> {
        let started = Instant::now();
        let head = send(&self.transport, call.request.clone());
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
            Ok(head) => {
                let until = Instant::now() + self.limits.attempt_timeout;
                finish(head?, call.keep, until).await
            }
            Err(_) => Err(AttemptError::Silent),
        }
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
            Verdict::Refused => Err(CallError::Refused(self.problem(&answer))),
            Verdict::Unclear => Err(CallError::Unclear(self.problem(&answer))),
        }
    }

    /// What the vendor said; the time it asks for counts from now.
    fn problem(&self, answer: &Answer) -> VendorProblem {
        let problem = self.adapter.problem(answer);
        VendorProblem {
            retry_after: problem
                .retry_after
                .map(|wait| Wait::For(wait.after(clock::unix_ms()))),
            ..problem
        }
    }
}

/// Why an attempt brought no answer that can be used.
#[derive(Clone, Debug, thiserror::Error)]
enum AttemptError {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// It may have been received; no status line came back.
    #[error("{0}")]
    NoAnswer(String),
    /// Time ran out before a status line came.
    #[error("no answer in time")]
    Silent,
    /// The status line is there, the body is cut or not understood.
    #[error("the body of the answer: {why}")]
    Body {
        /// The status that was sent.
        status: StatusCode,
        /// What is wrong with the body.
        why: String,
    },
}

/// Sends the request once; the answer's body is still to come.
///
/// # Errors
/// As [`AttemptError`] says; [`AttemptError::Silent`] is the caller's, who sets the time.
async fn send(
    transport: &Transport,
    request: Request<Bytes>,
) -> Result<Response<AnswerBody>, AttemptError> {
    transport
        .clone()
        .oneshot(request)
        .await
        .map_err(|error| match error {
            TransportError::NotSent(why) => AttemptError::NotSent(why),
            TransportError::Broken(why) => AttemptError::NoAnswer(why),
        })
}

/// Reads the body of an answer. Its status stands, whatever becomes of the body.
///
/// # Errors
/// [`AttemptError::Body`], for a 2xx only.
async fn finish(
    answer: Response<AnswerBody>,
    keep: Keep,
    until: Instant,
) -> Result<Answer, AttemptError> {
    let status = answer.status();
    if !status.is_success() {
        return Ok(refused(answer, until).await);
    }
    timeout_at(until, kept(answer, keep))
        .await
        .unwrap_or_else(|_| {
            Err(AttemptError::Body {
                status,
                why: "it did not come in time".to_owned(),
            })
        })
}

async fn kept(answer: Response<AnswerBody>, keep: Keep) -> Result<Answer, AttemptError> {
    let (head, mut body) = answer.into_parts();
    let status = head.status;
    let broken = |why: String| AttemptError::Body { status, why };
    if head.headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err(broken(
            "it is encoded, and that was not asked for".to_owned(),
        ));
    }
    let mut reader = Reader::new(keep, Limits::default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            reader
                .push(data)
                .map_err(|error| broken(error.to_string()))?;
        }
    }
    // A write may be answered with a status alone.
    let body = match reader.streamed() {
        0 => Vec::new(),
        _ => reader.finish().map_err(|error| broken(error.to_string()))?,
    };
    Ok(Answer {
        status,
        headers: head.headers,
        body,
    })
}

async fn refused(answer: Response<AnswerBody>, until: Instant) -> Answer {
    let (head, mut body) = answer.into_parts();
    let mut bytes = Vec::new();
    // The status decides; of a body that is cut, slow or endless, what came is enough.
    while let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await {
        if let Some(data) = frame.data_ref() {
            let room = MAX_ERROR_BODY.saturating_sub(bytes.len());
            bytes.extend_from_slice(data.get(..room).unwrap_or(data));
            if data.len() >= room {
                break;
            }
        }
    }
    Answer {
        status: head.status,
        headers: head.headers,
        body: bytes,
    }
}
