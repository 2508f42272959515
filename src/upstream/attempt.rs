//! One attempt at a vendor call: sends once, reads the answer through the incremental reader.

use super::{
    AccountLimits, CallError,
    breaker::{Health, Leave},
    call::Outgoing,
    credential::Current,
    transport::{AnswerBody, Transport, TransportError},
    turns::{Turn, Went},
};
use crate::{alarm::Alarm, clock, sync::lock};
use adapters::{
    Adapter, Answer, ProblemKind, Repeat, VendorProblem, Verdict, Wait,
    reader::{Keep, Limits, Reader},
};
use bytes::Bytes;
use http::{Request, response::Parts};
use http_body::Body as _;
use http_body_util::BodyExt;
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, atomic::Ordering},
    task::Poll,
    time::Duration,
};
use tokio::{sync::Semaphore, task::unconstrained, time::Instant};

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
    /// At most as many as calls were under way at once.
    pub(super) alarms: Mutex<Vec<Alarm>>,
}

impl Attempt {
    /// Sends the request, with the credential of this moment, and reads the answer. A sent write is not cut: it is
    /// listened to for [`AccountLimits::settle`].
    pub(super) async fn make(
        &self,
        call: &Outgoing<'_>,
        started: Instant,
        turn: &mut Turn,
        leave: &mut Leave<'_>,
    ) -> Result<Box<Answer>, CallError> {
        call.meter.calls.fetch_add(1, Ordering::Relaxed);
        let is_read = call.repeat == Repeat::Read;
        let mut until = started + self.limits.attempt_timeout;
        if is_read {
            until = until.min(call.deadline);
        }
        let mut alarm = Borrowed::of(&self.alarms);
        let answer = {
            let mut head = pin!(self.transport.send(|| self.request(call)));
            match within(head.as_mut(), &mut alarm, until).await {
                Some(answer) => answer,
                None if is_read => return Err(silent()),
                None => {
                    // A vendor that keeps silent for so long is not well, whatever it says in the end.
                    leave.report(Health::Ill, Instant::now());
                    // With nothing free among those that listen, the write keeps its place.
                    let listens = self.listening.try_acquire();
                    if listens.is_ok() {
                        turn.leave_place();
                    }
                    let until = started + self.limits.settle;
                    let answer = within(head, &mut alarm, until).await;
                    drop(listens);
                    answer.ok_or_else(silent)?
                }
            }
        };
        let (head, mut body) = answer?.into_parts();
        if !is_read && !body.is_end_stream() {
            until = Instant::now() + self.limits.attempt_timeout;
        }
        let body = match head.status.is_success() {
            false => Box::pin(refused(body, &mut alarm, until)).await,
            true => {
                let kept = pin!(kept(&head, &mut body, call));
                let kept = within(kept, &mut alarm, until).await;
                kept.unwrap_or_else(|| Err("it did not come in time".to_owned()))
                    .and_then(|kept| match is_read && kept.is_empty() {
                        true => Err("there is none".to_owned()),
                        false => Ok(kept),
                    })
                    .map_err(|why| CallError::Body(format!("the body of the answer: {why}")))?
            }
        };
        Ok(Box::new(Answer {
            status: head.status,
            headers: head.headers,
            body,
        }))
    }

    /// Judges what came of an attempt, and tells all who are to learn from it.
    pub(super) fn conclude(
        &self,
        call: &Outgoing<'_>,
        started: Instant,
        mut turn: Turn,
        mut leave: Leave<'_>,
        answer: Result<Box<Answer>, CallError>,
    ) -> Result<Box<Answer>, CallError> {
        let now = Instant::now();
        let time = now.duration_since(started);
        call.meter.spent(time);
        let (answered_after, windows) = match &answer {
            Ok(answer) => (Some(time), self.adapter.windows(&answer.headers)),
            Err(_) => (None, Vec::new()),
        };
        let result = answer.and_then(|answer| self.judge(answer));
        let mut turned_away = None;
        match &result {
            Ok(_) => {}
            Err(CallError::NotSent(_)) => turn.unsent(),
            Err(error) if error.is_throttled() => turned_away = Some(error.wait()),
            Err(_) => {}
        }
        let cut_short = || {
            call.deadline < started + self.limits.attempt_timeout
                && time < long_silence(turn.usual(now))
        };
        if let Some(health) = health(&result, cut_short) {
            leave.report(health, now);
        }
        let went = Went {
            answered_after,
            windows: &windows,
            turned_away,
        };
        // Before the turn goes to the next call, which is told by the breaker what this one has learnt.
        drop(leave);
        turn.end(now, &went);
        result
    }

    fn request(&self, call: &Outgoing<'_>) -> Request<Bytes> {
        let length = call.target.body.as_ref().map(Bytes::len);
        call.target.request(self.credential.headers(length))
    }

    fn judge(&self, answer: Box<Answer>) -> Result<Box<Answer>, CallError> {
        match Verdict::by_status(answer.status) {
            Verdict::Applied => Ok(answer),
            Verdict::Refused => Err(CallError::Refused(Box::new(self.problem(&answer)))),
            Verdict::Unclear => Err(CallError::Unclear(Box::new(self.problem(&answer)))),
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
fn health(
    result: &Result<Box<Answer>, CallError>,
    cut_short: impl FnOnce() -> bool,
) -> Option<Health> {
    match result {
        Ok(_) => Some(Health::Well),
        Err(CallError::Refused(problem)) => Some(match problem.kind {
            ProblemKind::RateLimited => Health::Busy,
            _ if problem.refuses_key => Health::KeyRefused,
            _ => Health::Well,
        }),
        // It was our caller who had no time, and no answer could be expected yet.
        Err(CallError::Lost { silent: true, .. }) if cut_short() => None,
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

/// No status line came in time.
fn silent() -> CallError {
    CallError::Lost {
        silent: true,
        why: "no answer in time".to_owned(),
    }
}

impl From<TransportError> for CallError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(why) => Self::NotSent(why),
            TransportError::Broken(why) => Self::Lost { silent: false, why },
        }
    }
}

/// An alarm of earlier calls, which is given back: to set it again seldom takes more than to look at it, where a timer of
/// its own is registered and taken out again for each call.
struct Borrowed<'a> {
    alarm: Alarm,
    spare: &'a Mutex<Vec<Alarm>>,
}

impl<'a> Borrowed<'a> {
    fn of(spare: &'a Mutex<Vec<Alarm>>) -> Self {
        let alarm = lock(spare).pop().unwrap_or_default();
        Self { alarm, spare }
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        lock(self.spare).push(std::mem::take(&mut self.alarm));
    }
}

/// What comes of a future in time.
async fn within<F: Future>(
    mut future: Pin<&mut F>,
    borrowed: &mut Borrowed<'_>,
    until: Instant,
) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            let rings = poll_fn(|context| borrowed.alarm.poll(until, context));
            // Whatever the future has used up of what a task may do at once: the time has to be looked at.
            pin!(unconstrained(rings)).poll(context).map(|()| None)
        }
    })
    .await
}

/// What is kept of the body of an answer that tells success.
///
/// # Errors
/// Why it cannot be used.
async fn kept(head: &Parts, body: &mut AnswerBody, call: &Outgoing<'_>) -> Result<Vec<u8>, String> {
    if head.headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err("it is encoded, and that was not asked for".to_owned());
    }
    // A write may be answered with a status alone.
    if body.is_end_stream() {
        return Ok(Vec::new());
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
        let frame = frame.map_err(|error| error.to_string())?;
        if let Some(data) = frame.data_ref() {
            reader.push(data).map_err(|error| error.to_string())?;
        }
    }
    if reader.streamed() == 0 {
        return Ok(Vec::new());
    }
    let (body, left_out) = reader.finish_noting().map_err(|error| error.to_string())?;
    if let Some(watch) = watch {
        watch.beside(head.status.as_u16(), &left_out);
    }
    Ok(body)
}

/// The start of any other body. The status decides; of a body that is cut, slow or endless, what came is enough.
async fn refused(mut body: AnswerBody, alarm: &mut Borrowed<'_>, until: Instant) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Some(Ok(frame))) = within(pin!(body.frame()), alarm, until).await {
        if let Some(data) = frame.data_ref() {
            let room = MAX_ERROR_BODY.saturating_sub(bytes.len());
            bytes.extend_from_slice(data.get(..room).unwrap_or(data));
            if data.len() >= room {
                break;
            }
        }
    }
    bytes
}
