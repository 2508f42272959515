//! Sending a plan: in order, and together where the calls commute.

use super::Job;
use crate::planted::{self, Bug};
use crate::upstream::{CallContext, CallError};
use adapters::{Answer, Element, ProblemKind, Repeat, Step};
use futures_util::{StreamExt, stream};

/// Most removes of one plan that are under way at once.
const TOGETHER: usize = 4;

/// What became of a plan's steps.
#[derive(Debug, Default)]
pub(super) struct Executed {
    /// Of each step.
    pub(super) done: Vec<Done>,
    /// What steps are about that were sent more than once, one of the times without an answer: that sending may still
    /// arrive, whatever became of the step and whatever is seen.
    pub(super) late: Vec<Element>,
}

impl Executed {
    fn take(&mut self, step: &Step, (done, late): (Done, bool)) {
        self.done.push(done);
        if late {
            self.late
                .extend(step.adds.iter().chain(&step.removes).cloned());
        }
    }
}

/// What became of one step.
#[derive(Clone, Debug)]
pub(super) enum Done {
    /// It took effect; the answer says so.
    Applied(Box<Answer>),
    /// The vendor answered a remove with "no such thing": the tag is off, or the conversation is not there.
    Absent,
    /// It took effect, and the answer's body is not understood.
    Mute,
    /// It did not take effect, and will not.
    Failed(CallError),
    /// It may have taken effect, or may still do so.
    Unknown(CallError),
    /// It was not sent, because an earlier one failed.
    NotSent,
}

impl Done {
    pub(super) fn took_effect(&self) -> bool {
        matches!(self, Self::Applied(_) | Self::Absent | Self::Mute)
    }

    pub(super) fn error(&self) -> Option<&CallError> {
        match self {
            Self::Failed(error) | Self::Unknown(error) => Some(error),
            Self::Applied(_) | Self::Absent | Self::Mute | Self::NotSent => None,
        }
    }
}

/// Sends the steps. After an add that did not certainly take effect nothing more is sent; a remove that fails
/// does not keep the others back.
pub(super) async fn execute(
    job: &Job,
    steps: &[Step],
    created: &[String],
    context: &CallContext,
) -> Executed {
    let removes = steps.iter().position(is_remove).unwrap_or(steps.len());
    let (first, together) = steps.split_at(removes);
    let mut executed = Executed::default();
    // What is begun is brought to its end, though the caller be gone by then.
    let mut committed: Option<CallContext> = None;
    for step in first {
        let now = committed.as_ref().unwrap_or(context);
        executed.take(step, send(job, step, created, now).await);
        if !executed.done.iter().all(Done::took_effect) {
            executed.done.resize_with(steps.len(), || Done::NotSent);
            return executed;
        }
        if steps.len() > 1 {
            committed = Some(CallContext {
                committed: true,
                ..context.clone()
            });
        }
    }
    if !together.is_empty() {
        let context = committed.as_ref().unwrap_or(context);
        Box::pin(take_off(job, together, created, context, &mut executed)).await;
    }
    executed
}

/// Sends removes, some at a time.
async fn take_off(
    job: &Job,
    steps: &[Step],
    created: &[String],
    context: &CallContext,
    executed: &mut Executed,
) {
    let sends: Vec<_> = steps
        .iter()
        .map(|step| send(job, step, created, context))
        .collect();
    let sent: Vec<(Done, bool)> = stream::iter(sends).buffered(TOGETHER).collect().await;
    for (step, done) in steps.iter().zip(sent) {
        executed.take(step, done);
    }
}

fn is_remove(step: &Step) -> bool {
    step.adds.is_empty() && step.call.repeat == Repeat::Commutes
}

/// Sends one step; tells also whether an earlier sending of it may still arrive.
async fn send(job: &Job, step: &Step, created: &[String], context: &CallContext) -> (Done, bool) {
    let body = match &step.call.body {
        None => None,
        Some(body) => match body.render(|at| created.get(at).map(String::as_str)) {
            Some(body) => Some(body),
            None => {
                let missing = "an id that the body refers to is missing".to_owned();
                return (Done::Failed(CallError::Invalid(missing)), false);
            }
        },
    };
    let sent = job.route.account.send(&step.call, body, context).await;
    let late = sent.open_since.is_some();
    let done = match done(job, step, sent.result) {
        // It did not take effect this time; the other time may be still to come.
        Done::Failed(error) if late => Done::Unknown(error),
        done => done,
    };
    (done, late)
}

fn done(job: &Job, step: &Step, result: Result<Box<Answer>, CallError>) -> Done {
    let account = &job.route.account;
    match result {
        Ok(answer) => Done::Applied(answer),
        Err(CallError::Refused(problem))
            if is_remove(step) && problem.kind == ProblemKind::NotFound =>
        {
            Done::Absent
        }
        Err(CallError::Body(why)) => {
            tracing::warn!(
                vendor = account.adapter.vendor().name,
                why,
                "the answer to a write is not understood"
            );
            Done::Mute
        }
        Err(error) if error.is_unknown() && planted::is(Bug::AcknowledgeFirst) => Done::Mute,
        Err(error) if error.is_unknown() => Done::Unknown(error),
        Err(error) => Done::Failed(error),
    }
}
