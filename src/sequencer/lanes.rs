//! The lanes of this process, as their callers see them: a change goes in, and its answer or the end of the
//! caller's time comes back.

use super::{
    Changed, EditJob, Edited, Job, Once, Sequencer, catalogue,
    cycle::Writing,
    lane::{Lane, Shared, settling},
    refusal::called_off,
    restart::{Dormant, Notes},
    waiting::{CallOff, CallOffOnDrop, Member, Progress},
};
use crate::{
    clock,
    error::{Code, Error, Outcome},
    planted::{self, Bug},
};
use futures_util::future::BoxFuture;
use std::{future::ready, sync::Arc, time::Duration};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

/// The in-process owner of all lanes.
pub struct Lanes {
    pub(super) shared: Arc<Shared>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self::new()
    }
}

impl Lanes {
    /// No lane yet, and nothing that an earlier process left open.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared::new()),
        }
    }

    /// What has been counted of other writers.
    pub fn foreign(&self) -> super::ForeignCounts {
        self.shared.foreign.counts()
    }

    /// Holds every write of an account up until then: an earlier process stopped without saying what it left
    /// open, so any of its writes may still land.
    pub fn hold_account(&self, account: &str, until: Instant) {
        if planted::is(Bug::NoWaitAfterKill) {
            return;
        }
        self.shared.restored.hold(account, until);
        self.shared.names.hold(account, until);
    }

    /// Until when accounts are held up, if any is.
    pub fn held_until(&self) -> Option<Instant> {
        self.shared.restored.held_until()
    }

    /// Takes over what an earlier process noted when it stopped.
    pub fn restore(&self, notes: Notes) {
        for noted in &notes.names {
            let until = clock::instant_at(noted.until);
            self.shared
                .names
                .hold_name(&noted.account, &noted.name, until);
        }
        self.shared.restored.take_over(notes);
    }

    /// Takes over keyed changes of which an earlier process did not learn what they came to.
    pub fn restore_open(&self, open: Vec<Dormant>) {
        self.shared.restored.take_over_open(open);
    }

    /// What may still land at the vendors, for the process that comes after this one.
    pub fn notes(&self) -> Notes {
        self.shared.notes()
    }

    /// Forgets every set that is known: who else writes may have changed.
    pub fn forget_known(&self) {
        self.shared.known.forget_all();
    }
}

impl Sequencer for Lanes {
    fn submit(&self, job: Job) -> BoxFuture<'static, Result<Changed, Error>> {
        let deadline = job.deadline;
        let settle = job.route.account.limits.settle;
        let once = job.once.clone();
        let progress = Arc::new(Progress::default());
        let (answer, waiting) = oneshot::channel();
        let member = Box::new(Member::new(job, progress.clone(), answer));
        let lane = match self.shared.enqueue(member) {
            Ok(lane) => lane,
            Err(error) => return Box::pin(ready(Err(refused(once.as_ref(), error)))),
        };
        let gone = CallOffOnDrop(progress);
        Box::pin(async move {
            match timeout_at(deadline, waiting).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => {
                    Err(Error::new(Code::Internal, "the change was given up")
                        .outcome(Outcome::Unknown))
                }
                Err(_) => Err(refused(once.as_ref(), too_late(&gone.0, &lane, settle))),
            }
        })
    }

    fn edit(&self, job: EditJob) -> BoxFuture<'static, Result<Edited, Error>> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let deadline = job.deadline;
            let settle = job.route.account.limits.settle;
            let progress = Arc::new(Progress::default());
            let gone = CallOffOnDrop(progress.clone());
            let working = progress.clone();
            let once = job.once.clone();
            let work = tokio::spawn(Box::pin(async move {
                if !working.begin() {
                    return Err(Error::new(Code::Deadline, "the caller is gone")
                        .outcome(Outcome::NotApplied));
                }
                let _counted = Writing::begin(&shared);
                let result = catalogue::edit(&job, &working, &shared.names).await;
                if !job.dry_run {
                    // A tag that is deleted or renamed changes the sets that carry it.
                    shared.known.forget_account(job.route.account.order_key());
                }
                match &job.once {
                    Some(once) => once.edited(result).await,
                    None => result,
                }
            }));
            let result =
                match timeout_at(deadline, work).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(Error::new(Code::Internal, "the edit was given up")
                        .outcome(Outcome::Unknown)),
                    Err(_) => {
                        let error = edit_too_late(progress.call_off(), settle);
                        Err(refused(once.as_ref(), error))
                    }
                };
            drop(gone);
            result
        })
    }
}

/// An edit that the caller did not wait for.
fn edit_too_late(call_off: CallOff, settle: Duration) -> Error {
    match call_off {
        CallOff::Queued | CallOff::Preparing => called_off(),
        CallOff::Writing => Error::new(
            Code::VendorTimeout,
            "the vendor has not answered yet; the edit goes on",
        )
        .outcome(Outcome::Unknown)
        .settles_at(clock::rfc3339(Instant::now() + settle * 2)),
    }
}

#[cold]
fn too_late(progress: &Arc<Progress>, lane: &Lane, settle: Duration) -> Error {
    let now = Instant::now();
    let held_up = lane.holds_up_queued(progress);
    match (progress.call_off(), held_up) {
        (CallOff::Queued, Some(until)) if until > now => settling(until),
        (CallOff::Queued | CallOff::Preparing, _) => called_off(),
        (CallOff::Writing, _) => {
            // An answer is listened to for the settle time, and a write whose answer never comes may land for as
            // long again.
            Error::new(
                Code::VendorTimeout,
                "the vendor has not answered yet; the change goes on",
            )
            .outcome(Outcome::Unknown)
            .settles_at(clock::rfc3339(now + settle * 2))
        }
    }
}

/// What the caller is told of a change that is not carried out.
fn refused(once: Option<&Arc<dyn Once>>, error: Error) -> Error {
    match once {
        Some(once) => once.refused(error),
        None => error,
    }
}
