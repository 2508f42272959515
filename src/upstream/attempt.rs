//! One attempt at a vendor call: sends once, reads the answer through the incremental reader.

use super::{
    AccountLimits, CallError,
    breaker::{Health, Leave},
    call::Outgoing,
    credential::Current,
    transport::{AnswerBody, Transport, TransportError},
    turns::{Place, Turn},
};
use crate::clock;
use adapters::{
    Adapter, Answer, ProblemKind, Repeat, VendorProblem, Verdict, Wait,
    reader::{Keep, Limits, Reader},
};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tower::ServiceExt;

/// Most of an error's body that is looked at, in bytes.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// The shortest silence that says something of the vendor.
const SILENCE: Duration = Duration::from_millis(500);

/// Sends a call once, whatever becomes of it.
pub(super) struct Attempt {
    pub(super) transport: Transport,
    pub(super) adapter: Arc<dyn Adapter>,
    pub(super) limits: AccountLimits,
    pub(super) credential: Current,
    /// Places for writes that are listened to, and hold no slot meanwhile.
    pub(super) listening: Arc<Semaphore>,
}

impl Attempt {
    pub(super) async fn make(
        &self,
        call: &Outgoing<'_>,
        turn: Turn,
        mut leave: Leave,
    ) -> Result<Answer, CallError> {
        call.meter.calls.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let answer = match call.repeat {
            Repeat::Read => self.read(call).await,
            Repeat::Commutes | Repeat::Keyed | Repeat::ReplacesSet | Repeat::LookUpFirst => {
                self.write(call, turn.place, &mut leave).await
            }
        };
        call.meter.spent(started.elapsed());
        let windows = match &answer {
            Ok(answer) => {
                turn.share.answered_after(started.elapsed());
                self.adapter.windows(&answer.headers)
            }
            Err(_) => Vec::new(),
        };
        let result = self.judge(answer);
        let cut_short = call.deadline < started + self.limits.attempt_timeout
            && started.elapsed() < long_silence(turn.share.usual());
        match &result {
            Err(CallError::NotSent(_)) => turn.share.unsent(),
            result => {
                turn.share.seen(&windows);
                if let Err(error) = result
                    && error.is_throttled()
                {
                    turn.share.turned_away(error.wait());
                }
            }
        }
        if let Some(health) = health(&result, cut_short) {
            leave.report(health);
        }
        result
    }

    async fn read(&self, call: &Outgoing<'_>) -> Result<Answer, AttemptError> {
        let until = call
            .deadline
            .min(Instant::now() + self.limits.attempt_timeout);
        let head = self.send(call);
        let answer = match timeout_at(until, head).await {
            Ok(head) => finish(head?, call, until).await?,
            Err(_) => return Err(AttemptError::Silent),
        };
        match answer.status.is_success() && answer.body.is_empty() {
            true => Err(AttemptError::Body {
                status: answer.status,
                why: "there is none".to_owned(),
            }),
            false => Ok(answer),
        }
    }

    /// A sent write is not cut: it is listened to for [`AccountLimits::settle`].
    async fn write(
        &self,
        call: &Outgoing<'_>,
        place: Place,
        leave: &mut Leave,
    ) -> Result<Answer, AttemptError> {
        let started = Instant::now();
        let head = self.send(call);
        tokio::pin!(head);
        let heard = match timeout_at(started + self.limits.attempt_timeout, &mut head).await {
            Ok(heard) => Ok(heard),
            Err(_) => {
                // A vendor that keeps silent for so long is not well, whatever it says in the end.
                leave.report(Health::Ill);
                // With nothing free among those that listen, the write keeps its place.
                let _held = match self.listening.try_acquire() {
                    Ok(listens) => {
                        drop(place);
                        Ok(listens)
                    }
                    Err(_) => Err(place),
                };
                timeout_at(started + self.limits.settle, head).await
            }
        };
        match heard {
            Ok(head) => {
                let until = Instant::now() + self.limits.attempt_timeout;
                finish(head?, call, until).await
            }
            Err(_) => Err(AttemptError::Silent),
        }
    }

    /// Sends the request once, with the credential of this moment; the answer's body is still to come.
    ///
    /// # Errors
    /// As [`AttemptError`] says; [`AttemptError::Silent`] is the caller's, who sets the time.
    async fn send(&self, call: &Outgoing<'_>) -> Result<Response<AnswerBody>, AttemptError> {
        let mut request = call.request();
        self.credential.show(request.headers_mut());
        let answer = self.transport.clone().oneshot(request).await;
        answer.map_err(|error| match error {
            TransportError::NotSent(why) => AttemptError::NotSent(why),
            TransportError::Broken(why) => AttemptError::NoAnswer(why),
        })
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

/// How long a silence says something of the vendor, whoever has no more time: many times what answers usually take.
fn long_silence(usual: Option<Duration>) -> Duration {
    usual.map_or(SILENCE, |usual| SILENCE.max(usual.saturating_mul(4)))
}

/// What a call showed of the vendor's health, if anything.
fn health(result: &Result<Answer, CallError>, cut_short: bool) -> Option<Health> {
    match result {
        Ok(_) => Some(Health::Well),
        Err(CallError::Refused(problem)) => Some(match problem.kind {
            ProblemKind::RateLimited => Health::Busy,
            _ if problem.refuses_key => Health::KeyRefused,
            _ => Health::Well,
        }),
        // It was our caller who had no time, and no answer could be expected yet.
        Err(CallError::Lost { silent: true, .. }) if cut_short => None,
        Err(CallError::NotSent(_) | CallError::Lost { .. } | CallError::Unclear(_)) => {
            Some(Health::Ill)
        }
        // It answered; what is wrong with the answer may be about one conversation.
        Err(CallError::Body(_)) => Some(Health::Busy),
        Err(
            CallError::Invalid(_)
            | CallError::Unsupported(_)
            | CallError::NoTime
            | CallError::QuotaUsed(_)
            | CallError::Stopped { .. },
        ) => None,
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

/// Reads the body of an answer. Its status stands, whatever becomes of the body.
///
/// # Errors
/// [`AttemptError::Body`], for a 2xx only.
async fn finish(
    answer: Response<AnswerBody>,
    call: &Outgoing<'_>,
    until: Instant,
) -> Result<Answer, AttemptError> {
    let status = answer.status();
    if !status.is_success() {
        return Ok(refused(answer, until).await);
    }
    timeout_at(until, kept(answer, call))
        .await
        .unwrap_or_else(|_| {
            Err(AttemptError::Body {
                status,
                why: "it did not come in time".to_owned(),
            })
        })
}

async fn kept(answer: Response<AnswerBody>, call: &Outgoing<'_>) -> Result<Answer, AttemptError> {
    let (head, mut body) = answer.into_parts();
    let status = head.status;
    let broken = |why: String| AttemptError::Body { status, why };
    if head.headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err(broken(
            "it is encoded, and that was not asked for".to_owned(),
        ));
    }
    let mut reader = Reader::new(call.keep, Limits::default());
    // Where everything is kept, the projection itself is looked at.
    let watch = match call.keep {
        Keep::Everything => None,
        Keep::Only(_) => call.watch,
    };
    if watch.is_some() {
        reader = reader.noting();
    }
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
        _ => {
            let finished = reader.finish_noting();
            let (body, left_out) = finished.map_err(|error| broken(error.to_string()))?;
            if let Some(watch) = watch {
                watch.beside(status.as_u16(), &left_out);
            }
            body
        }
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
