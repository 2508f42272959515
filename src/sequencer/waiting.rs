//! A caller that waits, and the lane that works for it: who may still call it off.

use super::{
    Changed, Job, lane::Writing, once::Intent, pending::Pending, taken::Taken, unsettled::Touch,
};
use crate::{
    error::{Code, Error, Outcome},
    sync::lock,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, Ordering},
};
use tokio::{sync::oneshot, time::Instant};

/// A change in a lane's queue.
pub(super) struct Member {
    pub(super) job: Job,
    pub(super) touch: Touch,
    pub(super) since: Instant,
    pub(super) progress: Arc<Progress>,
    /// What was written down of it before it was sent.
    pub(super) intent: Mutex<Option<Intent>>,
    pub(super) answer: oneshot::Sender<Result<Changed, Error>>,
}

impl Member {
    /// As the batch sees it.
    pub(super) fn taken(&self) -> Taken<'_> {
        Taken {
            job: &self.job,
            progress: &self.progress,
            intent: &self.intent,
        }
    }

    /// What is to be looked up later of a keyed change whose outcome is not known; `due`: when it can no longer
    /// land.
    pub(super) fn pending(&self, result: &Result<Changed, Error>, due: Instant) -> Option<Pending> {
        let is_open = result.as_ref().is_err_and(|error| {
            error.known_outcome() == Some(Outcome::Unknown)
                || error.code() == Code::PartiallyApplied
        });
        let once = self.job.once.clone().filter(|_| is_open)?;
        Some(Pending {
            route: self.job.route.clone(),
            intent: lock(&self.intent).take()?,
            touch: self.touch.clone(),
            once,
            due,
            tries: 0,
        })
    }

    /// Tells the caller what came of it, after it was remembered. A caller that is gone needs no answer.
    pub(super) fn conclude(self, result: Result<Changed, Error>, counted: Writing) {
        match self.job.once {
            None => {
                let _ = self.answer.send(result);
            }
            Some(once) => {
                tokio::spawn(async move {
                    let _ = self.answer.send(once.changed(result).await);
                    drop(counted);
                });
            }
        }
    }
}

const WAITING: u8 = 0;
const PREPARING: u8 = 1;
const WRITING: u8 = 2;
const CALLED_OFF: u8 = 3;

/// How far a change has got. A change can be called off until its first write, and never after.
#[derive(Debug, Default)]
pub(super) struct Progress {
    phase: AtomicU8,
}

/// What calling a change off came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallOff {
    /// It was still in the queue.
    Queued,
    /// It was being read for or planned; nothing will be written.
    Preparing,
    /// Too late: it may have been sent.
    Writing,
}

impl Progress {
    /// The lane takes the change up; false when it was called off.
    pub(super) fn begin(&self) -> bool {
        self.advance(WAITING, PREPARING)
    }

    /// The lane is about to write, or has said so before; false when the change was called off.
    pub(super) fn write(&self) -> bool {
        self.advance(PREPARING, WRITING) || self.phase.load(Ordering::Acquire) == WRITING
    }

    /// The caller stops waiting.
    pub(super) fn call_off(&self) -> CallOff {
        if self.advance(WAITING, CALLED_OFF) {
            CallOff::Queued
        } else if self.advance(PREPARING, CALLED_OFF) {
            CallOff::Preparing
        } else {
            CallOff::Writing
        }
    }

    /// Whether nobody waits for it any more and it will not be taken up.
    pub(super) fn is_called_off(&self) -> bool {
        self.phase.load(Ordering::Acquire) == CALLED_OFF
    }

    fn advance(&self, from: u8, to: u8) -> bool {
        self.phase
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// Calls the change off when the caller is gone.
pub(super) struct CallOffOnDrop(pub(super) Arc<Progress>);

impl Drop for CallOffOnDrop {
    fn drop(&mut self) {
        self.0.call_off();
    }
}
