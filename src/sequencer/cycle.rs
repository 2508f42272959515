//! The task of a lane: it works off what waits, and ends when nothing is left.

use super::{
    lane::{Lane, Next, Shared},
    once::TakeUp,
    pending::resolve,
    taken::{BatchConcluded, Taken},
    unsettled::Unsettled,
    waiting::{BoxedMember, CallOff},
};
use crate::{
    config::ForeignWriters,
    error::{Code, Error, Outcome},
};
use futures_util::FutureExt;
use std::{
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, atomic::Ordering},
};
use tokio::time::{Instant, timeout_at};

/// Works a lane off to its end.
pub(super) async fn run(shared: Arc<Shared>, lane: Arc<Lane>) {
    loop {
        match shared.next(&lane) {
            Next::Resolve(due) => {
                for again in Box::pin(resolve(due)).await {
                    lane.standing().open.push(again);
                }
            }
            Next::Batch(batch) => cycle(&shared, &lane, batch).await,
            Next::Rest(until) => {
                // Whatever arrives may be about other names.
                let _ = Box::pin(timeout_at(until, lane.arrived.notified())).await;
            }
            Next::Done => return,
        }
    }
}

/// One cycle of a lane: its changes are carried out together, and each has its answer.
async fn cycle(shared: &Arc<Shared>, lane: &Lane, batch: Vec<BoxedMember>) {
    let now = Instant::now();
    for member in &batch {
        let waited = now.saturating_duration_since(member.since);
        member.job.meter.queued(waited);
    }
    let members = match batch.iter().any(|member| member.job.once.is_some()) {
        true => Box::pin(taken_up(batch)).await,
        false => batch,
    };
    let Some(first) = members.first() else {
        return;
    };
    let limits = &first.job.route.account.limits;
    let remembers = limits.exclusive || limits.foreign_writers != ForeignWriters::Off;
    let mut turn = shared.known.take(&lane.key);
    let known = turn.set.take();
    let counted = Writing::begin(shared);
    let concluded = {
        let taken: Vec<Taken<'_>> = members.iter().map(|member| member.taken()).collect();
        // A lane that dies would leave its conversation without one for good.
        let work = pin!(shared.foreign.carry_out(&taken, &shared.names, known));
        let concluded = AssertUnwindSafe(work).catch_unwind().await;
        concluded.unwrap_or_else(|_| gave_up(&taken))
    };
    shared.counts.cycle(&concluded.results);
    let is_settled = {
        let mut standing = lane.standing();
        standing.unsettled.extend(concluded.unsettled);
        standing.unsettled.is_settled()
    };
    if let Some(set) = concluded.known.filter(|_| remembers && is_settled) {
        shared.known.put(&lane.key, &turn, set);
    }
    for (member, result) in members.into_iter().zip(concluded.results) {
        if member.may_be_looked_up(&result) {
            let mut standing = lane.standing();
            let due = standing.unsettled.holds_up(member.touch());
            let due = due.unwrap_or_else(Instant::now);
            standing.open.extend(member.pending(due));
        }
        member.conclude(result, shared);
    }
    drop(counted);
}

/// The changes whose turn it is, without those whose answer has become known while they waited.
async fn taken_up(batch: Vec<BoxedMember>) -> Vec<BoxedMember> {
    let mut members = Vec::with_capacity(batch.len());
    for member in batch {
        members.extend(take_up(member).await);
    }
    members
}

/// A change whose turn it is; nothing when its answer has become known while it waited.
async fn take_up(mut member: BoxedMember) -> Option<BoxedMember> {
    let Some(once) = &member.job.once else {
        return Some(member);
    };
    let refused = match once.take_up().await {
        Ok(TakeUp::Fresh) => return Some(member),
        Ok(TakeUp::Resumes) => {
            // What it has to wait for stays as it was.
            member.touch();
            member.job.if_match = None;
            return Some(member);
        }
        Ok(TakeUp::Known) => Error::new(
            Code::IdempotencyInProgress,
            "the answer has become known while the repeat waited",
        ),
        Err(error) => error,
    };
    member.refuse(refused);
    None
}

/// What is known of changes on which the gateway failed.
fn gave_up(members: &[Taken<'_>]) -> BatchConcluded {
    let mut unsettled = Unsettled::default();
    let results = members.iter().map(|member| {
        let error = Error::new(Code::Internal, "the gateway failed on this change");
        Err(match member.progress.call_off() {
            CallOff::Writing => {
                unsettled.extend(Unsettled::whole(
                    Instant::now() + member.job.route.account.limits.settle,
                ));
                error.outcome(Outcome::Unknown)
            }
            CallOff::Queued | CallOff::Preparing => error.outcome(Outcome::NotApplied),
        })
    });
    let results = results.collect();
    BatchConcluded {
        results,
        unsettled,
        ..BatchConcluded::default()
    }
}

/// Counts a cycle of a lane for as long as it is under way: it may be writing.
pub(super) struct Writing(Arc<Shared>);

impl Writing {
    pub(super) fn begin(shared: &Arc<Shared>) -> Self {
        shared.writing.fetch_add(1, Ordering::AcqRel);
        Self(shared.clone())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.writing.fetch_sub(1, Ordering::AcqRel);
        self.0.idle.notify_waiters();
    }
}
