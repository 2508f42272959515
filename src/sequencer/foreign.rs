//! Writers outside the gateway: whether a write still stands is looked up after it, where the operator asks for it.
//!
//! This finds others who overwrite us. It never finds us overwriting others: the vendors have no conditional write.

use super::{
    Job, NameLocks, batch, evidence,
    taken::{BatchConcluded, Taken},
};
use crate::{
    answers,
    config::ForeignWriters,
    error::{Code, Error, Outcome},
    etag::etag,
};
use adapters::Carried;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often a change that was overwritten is made again.
const MAX_AGAIN: usize = 2;

/// What has been noticed of other writers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForeignCounts {
    /// Writes of ours that did not stand when they were looked at.
    pub overwritten: u64,
    /// Sets that were not what we had left.
    pub drifted: u64,
}

/// Counts what is noticed of other writers.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    overwritten: AtomicU64,
    drifted: AtomicU64,
}

impl Foreign {
    pub(super) fn counts(&self) -> ForeignCounts {
        ForeignCounts {
            overwritten: self.overwritten.load(Ordering::Relaxed),
            drifted: self.drifted.load(Ordering::Relaxed),
        }
    }

    /// Carries changes out as [`batch::carry_out`] does, and looks after others who write.
    pub(super) async fn carry_out(
        &self,
        members: &[Taken<'_>],
        names: &NameLocks,
        known: Option<Carried>,
    ) -> BatchConcluded {
        match members.first().map(|first| first.job.foreign_writers()) {
            Some(mode @ (ForeignWriters::Detect | ForeignWriters::Strict)) => {
                Box::pin(self.carry_out_watched(members, names, known, mode)).await
            }
            Some(ForeignWriters::Off) | None => batch::carry_out(members, names, known).await,
        }
    }

    async fn carry_out_watched(
        &self,
        members: &[Taken<'_>],
        names: &NameLocks,
        known: Option<Carried>,
        mode: ForeignWriters,
    ) -> BatchConcluded {
        let mut concluded = batch::carry_out(members, names, known.clone()).await;
        if let (Some(known), Some(before)) = (&known, &concluded.before)
            && !is_same_set(known, before)
        {
            self.drifted.fetch_add(1, Ordering::Relaxed);
        }
        for made_again in 0..=MAX_AGAIN {
            let Some(seen) = self.overwritten(members, &mut concluded).await else {
                return concluded;
            };
            if mode == ForeignWriters::Detect {
                concluded.show(&seen);
                return concluded;
            }
            if made_again == MAX_AGAIN {
                concluded.give_up(members, &seen);
                return concluded;
            }
            make_again(members, names, &mut concluded).await;
        }
        concluded
    }

    /// What is carried, where a write that took effect does not stand any more.
    async fn overwritten(
        &self,
        members: &[Taken<'_>],
        concluded: &mut BatchConcluded,
    ) -> Option<Carried> {
        let first = members.first()?;
        if concluded.wishes.is_empty() || !concluded.unsettled.is_settled() {
            return None;
        }
        let context = first.job.context_beyond_the_caller();
        let seen = evidence::carried_now(first.job, &context).await.ok()?;
        if concluded.wishes.iter().all(|wish| wish.holds(&seen)) {
            concluded.known = Some(seen);
            return None;
        }
        self.overwritten.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            route = %first.job.route.name,
            "another writer has overwritten a change of the gateway's"
        );
        Some(seen)
    }
}

/// Makes the changes that had taken effect once more; their conditions have been judged already.
async fn make_again(members: &[Taken<'_>], names: &NameLocks, concluded: &mut BatchConcluded) {
    let jobs: Vec<(usize, Job)> = members
        .iter()
        .zip(&concluded.results)
        .enumerate()
        .filter(|(_, (_, result))| result.is_ok())
        .map(|(at, (member, _))| {
            let unconditional = Job {
                if_match: None,
                ..member.job.clone()
            };
            (at, unconditional)
        })
        .collect();
    let again: Vec<Taken<'_>> = jobs
        .iter()
        .filter_map(|(at, job)| {
            Some(Taken {
                job,
                ..*members.get(*at)?
            })
        })
        .collect();
    let next = batch::carry_out(&again, names, None).await;
    for ((at, _), result) in jobs.iter().zip(next.results) {
        let Some(place) = concluded.results.get_mut(*at) else {
            continue;
        };
        // What the change did at its place in the order stands; the set is the newer one.
        match (&mut *place, result) {
            (Ok(first), Ok(second)) => first.set = second.set,
            (place, Err(error)) => *place = Err(error),
            (Err(_), Ok(_)) => {}
        }
    }
    concluded.wishes = next.wishes;
    concluded.unsettled = next.unsettled;
    concluded.known = next.known;
}

impl BatchConcluded {
    /// Shows the set as it was seen to those who asked for it.
    fn show(&mut self, seen: &Carried) {
        self.known = Some(seen.clone());
        for changed in self.results.iter_mut().flatten() {
            changed.set = changed.set.as_ref().map(|_| seen.clone());
        }
    }

    fn give_up(&mut self, members: &[Taken<'_>], seen: &Carried) {
        self.known = None;
        for (result, member) in self.results.iter_mut().zip(members) {
            if result.is_ok() {
                *result = Err(foreign_write(member.job, seen));
            }
        }
    }
}

impl Job {
    fn foreign_writers(&self) -> ForeignWriters {
        self.route.account.limits.foreign_writers
    }
}

fn foreign_write(job: &Job, seen: &Carried) -> Error {
    Error::new(
        Code::ForeignWrite,
        "the change took effect, and another writer undid it each time",
    )
    .outcome(Outcome::Applied)
    .with("tags", answers::tags(&seen.0))
    .with(
        "etag",
        etag(&job.route.account.key, &job.conversation, seen),
    )
}

fn is_same_set(one: &Carried, other: &Carried) -> bool {
    one.without(other).next().is_none() && other.without(one).next().is_none()
}
