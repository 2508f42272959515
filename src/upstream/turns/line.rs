//! The order in which calls come to their turn.

use super::{
    super::{
        AccountLimits,
        latency::Latency,
        quota::{Priority, Quota},
    },
    Turn,
};
use std::{collections::BTreeMap, time::Duration};
use tokio::{sync::oneshot, time::Instant};

/// Of so many calls one is a bulk call where both kinds wait.
const BULK_SHARE: u32 = 10;

/// Calls that wait, and what they wait for.
#[derive(Debug)]
pub(super) struct Line {
    /// Calls that the vendor sees at once.
    pub(super) places: usize,
    /// A call that has this much time left always has its chance.
    pub(super) enough: Duration,
    pub(super) taken: usize,
    pub(super) quota: Quota,
    pub(super) latency: Latency,
    pub(super) interactive: Waiting,
    pub(super) bulk: Waiting,
    /// Parts of the quota that are kept for the writes of changes that have begun.
    pub(super) kept: u32,
    /// Turns that others were given since a bulk call waits.
    pub(super) passed_over: u32,
    pub(super) arrivals: u64,
    /// When the quota will be looked at again, if that is planned.
    pub(super) alarm: Option<Instant>,
}

/// Who waits: what finishes a change first, then the earliest deadline, and among equals who came first.
pub(super) type Waiting = BTreeMap<Position, Waits>;

/// A call in the line.
#[derive(Debug)]
pub(super) struct Waits {
    pub(super) patience: Instant,
    pub(super) takes: Takes,
    pub(super) give: oneshot::Sender<Turn>,
}

/// Whether it is of a change that has yet to begin, when the caller stops waiting, and the number of the arrival.
pub(super) type Position = (bool, Instant, u64);

/// What a call takes of the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Itself,
    /// And a part is kept for the write that follows.
    AndKeeps,
    /// What was kept for it.
    Kept,
}

/// What a turn still has to give back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holds {
    /// A place at the vendor.
    pub(super) place: bool,
    pub(super) share: Share,
}

/// A part of the quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Share {
    #[default]
    None,
    /// The call that it is for was not sent.
    Unused,
    /// It counts as used for a whole window after it is given back.
    Used,
}

/// What happens next in a line.
pub(super) enum Next {
    /// It is this call's turn.
    Goes(Waits),
    /// The quota is used up until then.
    At(Instant),
    Nobody,
}

impl Line {
    /// Nobody waits, and nothing is taken.
    pub(super) fn new(limits: &AccountLimits, quota: Quota) -> Self {
        Self {
            places: limits.max_in_flight,
            enough: limits.attempt_timeout,
            taken: 0,
            quota,
            latency: Latency::default(),
            interactive: Waiting::new(),
            bulk: Waiting::new(),
            kept: 0,
            passed_over: 0,
            arrivals: 0,
            alarm: None,
        }
    }

    /// Whether too little time is left for a call to be answered, as calls go lately, with so many before it.
    pub(super) fn is_too_late(&self, now: Instant, patience: Instant, ahead: usize) -> bool {
        let left = patience.saturating_duration_since(now);
        let rounds = u32::try_from(ahead / self.places.max(1)).unwrap_or(u32::MAX);
        // However slow the vendor is, a call with an attempt's full time has its chance once it is its turn.
        if rounds == 0 && left >= self.enough {
            return false;
        }
        let median = self.latency.median(now);
        median.is_some_and(|median| left < median.saturating_mul(rounds.saturating_add(1)))
    }

    /// Whether nobody waits, and a place is free.
    pub(super) fn is_open(&self) -> bool {
        self.taken < self.places && !self.has_somebody()
    }

    /// Whether anybody waits.
    pub(super) fn has_somebody(&self) -> bool {
        !(self.interactive.is_empty() && self.bulk.is_empty())
    }

    /// What a call had is free again, or counts as used from now on.
    pub(super) fn take_back(&mut self, now: Instant, holds: Holds) {
        self.taken -= usize::from(holds.place);
        match holds.share {
            Share::None => {}
            Share::Unused => self.quota.unsent(),
            Share::Used => self.quota.answered(now),
        }
    }

    /// A call goes.
    pub(super) fn goes(&mut self, now: Instant, takes: Takes) {
        self.taken += 1;
        self.kept += u32::from(takes == Takes::AndKeeps);
        self.quota.take(now);
    }

    /// How many wait that come before such a call.
    pub(super) fn ahead(&self, (begins, due): (bool, Instant), priority: Priority) -> usize {
        let before = |waiting: &Waiting| waiting.range(..=(begins, due, u64::MAX)).count();
        match priority {
            Priority::Interactive => before(&self.interactive),
            Priority::Bulk => self.interactive.len() + before(&self.bulk),
        }
    }

    pub(super) fn waiting(&mut self, priority: Priority) -> &mut Waiting {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Bulk => &mut self.bulk,
        }
    }

    /// When a call would go by the quota, those before it going first.
    pub(super) fn ready_at(
        &self,
        now: Instant,
        (begins, due): (bool, Instant),
        takes: Takes,
        priority: Priority,
    ) -> Instant {
        let before = |waiting: &Waiting| calls(waiting.range(..=(begins, due, u64::MAX)));
        let ahead = match priority {
            Priority::Interactive => before(&self.interactive),
            Priority::Bulk => calls(self.interactive.iter()) + before(&self.bulk),
        };
        self.quota
            .ready_at(now, (ahead, self.besides(takes)), priority)
    }

    /// What of the quota has to be free besides the call itself.
    pub(super) fn besides(&self, takes: Takes) -> u32 {
        match takes {
            Takes::Itself => self.kept,
            Takes::AndKeeps => self.kept.saturating_add(1),
            Takes::Kept => self.kept.saturating_sub(1),
        }
    }

    /// Takes out of the line whoever would stop waiting before any call can go: dropped, they are told at once.
    pub(super) fn dismiss(&mut self, ready: Instant) -> Vec<Waits> {
        let mut dismissed = Vec::new();
        for waiting in [&mut self.interactive, &mut self.bulk] {
            let gone = waiting.extract_if(.., |_, waits| waits.patience <= ready);
            dismissed.extend(gone.map(|(_, waits)| waits));
        }
        dismissed
    }

    pub(super) fn next(&mut self, now: Instant) -> Next {
        let bulk_is_due = !self.bulk.is_empty() && self.passed_over + 1 >= BULK_SHARE;
        if !self.has_somebody() {
            return Next::Nobody;
        }
        let from_bulk = self.interactive.is_empty() || bulk_is_due;
        // A bulk call that is due takes what others would have taken.
        let priority = match from_bulk && !bulk_is_due {
            true => Priority::Bulk,
            false => Priority::Interactive,
        };
        let first = match from_bulk {
            true => self.bulk.first_key_value(),
            false => self.interactive.first_key_value(),
        };
        let takes = first.map_or(Takes::Itself, |(_, waits)| waits.takes);
        let ready = self.quota.ready_at(now, (0, self.besides(takes)), priority);
        if ready > now {
            return Next::At(ready);
        }
        self.passed_over = match from_bulk || self.bulk.is_empty() {
            true => 0,
            false => self.passed_over + 1,
        };
        let waiting = match from_bulk {
            true => &mut self.bulk,
            false => &mut self.interactive,
        };
        match waiting.pop_first() {
            Some((_, waits)) => Next::Goes(waits),
            None => Next::Nobody,
        }
    }
}

/// How many calls of the quota these want.
fn calls<'a>(waiting: impl Iterator<Item = (&'a Position, &'a Waits)>) -> usize {
    let calls = waiting.map(|(_, waits)| match waits.takes {
        Takes::Itself | Takes::Kept => 1,
        Takes::AndKeeps => 2,
    });
    calls.sum()
}
