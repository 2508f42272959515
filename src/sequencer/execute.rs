//! Sending a plan: in order, and together where the calls commute.

use super::Job;
use crate::upstream::CallError;
use adapters::{Answer, ProblemKind, Repeat, Step};
use futures_util::{StreamExt, stream};

/// Most removes of one plan that are under way at once.
const TOGETHER: usize = 4;

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
pub(super) async fn execute(job: &Job, steps: &[Step], created: &[String]) -> Vec<Done> {
    let removes = steps.iter().position(is_remove).unwrap_or(steps.len());
    let (first, together) = steps.split_at(removes);
    let mut done = Vec::with_capacity(steps.len());
    for step in first {
        let failed = done.last().is_some_and(|done: &Done| !done.took_effect());
        done.push(if failed {
            Done::NotSent
        } else {
            send(job, step, created).await
        });
    }
    if done.last().is_some_and(|done| !done.took_effect()) {
        done.resize_with(steps.len(), || Done::NotSent);
        return done;
    }
    let sends: Vec<_> = together
        .iter()
        .map(|step| send(job, step, created))
        .collect();
    let rest: Vec<Done> = stream::iter(sends).buffered(TOGETHER).collect().await;
    done.extend(rest);
    done
}

fn is_remove(step: &Step) -> bool {
    step.adds.is_empty() && step.call.repeat == Repeat::Commutes
}

async fn send(job: &Job, step: &Step, created: &[String]) -> Done {
    let account = &job.route.account;
    let body = match &step.call.body {
        None => None,
        Some(body) => match body.render(|at| created.get(at).map(String::as_str)) {
            Some(body) => Some(body),
            None => {
                return Done::Failed(CallError::Invalid(
                    "an id that the body refers to is missing".to_owned(),
                ));
            }
        },
    };
    match account.call(&step.call, body, &job.context()).await {
        Ok(answer) => Done::Applied(Box::new(answer)),
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
        Err(error) if error.is_unknown() => Done::Unknown(error),
        Err(error) => Done::Failed(error),
    }
}
