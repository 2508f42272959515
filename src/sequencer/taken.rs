//! What a lane hands to a batch, and what it learns from it.

use super::{
    Changed, Job,
    once::{Intent, Wish},
    unsettled::Unsettled,
    waiting::Progress,
};
use crate::{
    error::{Code, Error, Outcome},
    sync::lock,
    upstream::Meter,
};
use adapters::Carried;
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

/// A change that the lane has taken up.
#[derive(Clone, Copy)]
pub(super) struct Taken<'a> {
    pub(super) job: &'a Job,
    pub(super) progress: &'a Progress,
    pub(super) intent: &'a Mutex<Option<Intent>>,
}

impl Taken<'_> {
    /// Has a keyed change written down before anything of it is sent.
    ///
    /// # Errors
    /// `store-unavailable`; then nothing of it may be sent.
    pub(super) async fn intend(&self, intent: Intent) -> Result<(), Error> {
        let Some(once) = &self.job.once else {
            return Ok(());
        };
        once.intend(intent.clone()).await?;
        *lock(self.intent) = Some(intent);
        Ok(())
    }
}

/// What a lane learns from a batch.
#[derive(Default)]
pub(super) struct BatchConcluded {
    /// An answer for each member.
    pub(super) results: Vec<Result<Changed, Error>>,
    /// What is open.
    pub(super) unsettled: Unsettled,
    /// What was carried before it, where that was read.
    pub(super) before: Option<Carried>,
    /// What is carried after it, where that is certain.
    pub(super) known: Option<Carried>,
    /// What its writes have brought about, where all of them took effect.
    pub(super) wishes: Vec<Wish>,
}

impl BatchConcluded {
    /// Nothing is known of a change but what its caller is told.
    pub(super) fn alone(result: Result<Changed, Error>) -> Self {
        Self {
            results: vec![result],
            ..Self::default()
        }
    }

    /// Adds what came of the members that were carried out after these.
    pub(super) fn extend(&mut self, later: Self) {
        self.results.extend(later.results);
        self.unsettled.extend(later.unsettled);
        self.before = self.before.take().or(later.before);
        self.known = later.known;
        let undone = |wish: &Wish| {
            later
                .wishes
                .iter()
                .any(|newer| newer.element == wish.element)
        };
        self.wishes.retain(|wish| !undone(wish));
        self.wishes.extend(later.wishes);
    }
}

/// A member that waits for what an earlier write may still do.
pub(super) fn settling(until: Option<Instant>) -> Error {
    let wait = until.map(|until| until.saturating_duration_since(Instant::now()));
    Error::new(
        Code::ConversationSettling,
        "an earlier write to this conversation may still take effect",
    )
    .retry_after(wait.unwrap_or_default())
    .outcome(Outcome::NotApplied)
}

/// Members that cannot be carried out before then.
pub(super) fn held_back(count: usize, until: Option<Instant>) -> BatchConcluded {
    let error = settling(until);
    BatchConcluded {
        results: (0..count).map(|_| Err(error.clone())).collect(),
        ..BatchConcluded::default()
    }
}

/// A job that stands for all: as patient as the most patient member, with a meter of its own.
pub(super) fn shared_job(first: &Taken<'_>, members: &[Taken<'_>]) -> Job {
    let deadlines = members.iter().map(|member| member.job.deadline);
    let arrivals = members.iter().map(|member| member.job.meter.started());
    Job {
        deadline: deadlines.fold(first.job.deadline, Instant::max),
        meter: Arc::new(Meter::since(
            arrivals.fold(first.job.meter.started(), Instant::max),
        )),
        if_match: None,
        representation: false,
        once: members.iter().find_map(|member| member.job.once.clone()),
        ..first.job.clone()
    }
}
