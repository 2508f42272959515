//! A caller that waits, and the lane that works for it: who may still call it off.

use super::{
    Changed, Job, cycle::Writing, lane::Shared, once::Intent, pending::Pending, taken::Taken,
    unsettled::Touch,
};
use crate::{
    error::{Code, Error, Outcome},
    sync::lock,
};
use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicU8, Ordering},
};
use tokio::{sync::oneshot, time::Instant};

/// A change as it is handed on: into the queue, into a batch, and to its answer.
pub(super) type BoxedMember = Box<Member>;

/// A change in a lane's queue.
pub(super) struct Member {
    pub(super) job: Job,
    touch: OnceLock<Touch>,
    pub(super) since: Instant,
    pub(super) progress: Arc<Progress>,
    /// What was written down of it before it was sent.
    intent: Mutex<Option<Intent>>,
    answer: oneshot::Sender<Result<Changed, Error>>,
}

impl Member {
    /// A change that arrives now.
    pub(super) fn new(
        job: Job,
        progress: Arc<Progress>,
        answer: oneshot::Sender<Result<Changed, Error>>,
    ) -> Self {
        Self {
            job,
            touch: OnceLock::new(),
            since: Instant::now(),
            progress,
            intent: Mutex::new(None),
            answer,
        }
    }

    /// What it is about, once somebody asks: of most changes nobody does.
    pub(super) fn touch(&self) -> &Touch {
        self.touch.get_or_init(|| Touch::of(&self.job))
    }

    /// As the batch sees it.
    pub(super) fn taken(&self) -> Taken<'_> {
        Taken {
            job: &self.job,
            progress: &self.progress,
            intent: &self.intent,
        }
    }

    /// Whether it is keyed and its outcome is not known.
    pub(super) fn may_be_looked_up(&self, result: &Result<Changed, Error>) -> bool {
        self.job.once.is_some()
            && result.as_ref().is_err_and(|error| {
                error.known_outcome() == Some(Outcome::Unknown)
                    || error.code() == Code::PartiallyApplied
            })
    }

    /// What is to be looked up of it later; `due`: when it can no longer land.
    pub(super) fn pending(&self, due: Instant) -> Option<Pending> {
        Some(Pending {
            route: self.job.route.clone(),
            intent: lock(&self.intent).take()?,
            touch: self.touch().clone(),
            once: self.job.once.clone()?,
            due,
            tries: 0,
        })
    }

    /// Tells the caller that it is not carried out. A caller that is gone needs no answer.
    pub(super) fn refuse(self, error: Error) {
        let _ = self.answer.send(Err(error));
    }

    /// Tells the caller what came of it, after it was remembered. A caller that is gone needs no answer.
    pub(super) fn conclude(self: Box<Self>, result: Result<Changed, Error>, shared: &Arc<Shared>) {
        let Self { job, answer, .. } = *self;
        match job.once {
            None => {
                let _ = answer.send(result);
            }
            Some(once) => {
                let counted = Writing::begin(shared);
                tokio::spawn(async move {
                    let _ = answer.send(once.changed(result).await);
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
