//! A call's turn: a place at the vendor and a part of its quota, both at once.
//!
//! Whoever had one of them while waiting for the other would keep it from somebody. Calls with the least time left come
//! first, those that somebody waits for before bulk ones. With the read that a change begins with, a part of the quota
//! is kept for its write, which then goes before what has not begun: otherwise a quota that many changes ask for at once
//! would be used up by their reads, and none of them be made.

mod line;

use super::{
    AccountLimits, CallError, Meter,
    call::Outgoing,
    quota::{Priority, Quota, Standing},
};
use crate::config::RateWindow;
use adapters::{Repeat, WindowSeen};
use line::{Holds, Line, Next, Position, Share, Takes, Waits};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout_at},
};

/// The line of one account.
#[derive(Debug)]
pub(super) struct Turns {
    line: Mutex<Line>,
}

/// How the line stands.
#[derive(Clone, Debug)]
pub struct LineStanding {
    /// Places at the vendor.
    pub places: usize,
    /// Places that are taken.
    pub taken: usize,
    /// Interactive calls that wait for their turn.
    pub interactive: usize,
    /// Bulk calls that wait for their turn.
    pub bulk: usize,
    /// How the quota stands, shortest window first.
    pub windows: Vec<Standing>,
    /// Calls of the quota that are kept for the writes of changes that have begun.
    pub kept: u32,
    /// How long the vendor asked to be left alone, if it did.
    pub held: Option<Duration>,
    /// Calls a second that are let pass after the vendor turned one away, if it did so lately.
    pub paced: Option<f64>,
}

/// A turn. What it holds is given back at its end, or when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    holds: Holds,
    kept: Option<Kept>,
}

/// A part of the quota that is kept for a write, until this is dropped.
#[derive(Debug)]
pub(super) struct Kept(Arc<Turns>);

/// How a call went, for those that come after it.
#[derive(Debug, Default)]
pub(super) struct Went<'a> {
    /// After what time the vendor answered, if it did.
    pub(super) answered_after: Option<Duration>,
    /// What the vendor said of its windows.
    pub(super) windows: &'a [WindowSeen],
    /// Whether the vendor turned the call away, and for how long if it said so.
    pub(super) turned_away: Option<Option<Duration>>,
}

impl Turns {
    pub(super) fn new(limits: &AccountLimits, quota: Quota) -> Arc<Self> {
        Arc::new(Self {
            line: Mutex::new(Line::new(limits, quota)),
        })
    }

    /// Waits for the call's turn.
    ///
    /// # Errors
    /// [`CallError::QuotaUsed`], at once where the quota is seen to last no longer than the call's patience;
    /// [`CallError::NoTime`] when there was no place in time, or when less time is left than calls usually take.
    pub(super) async fn take(self: &Arc<Self>, call: &Outgoing<'_>) -> Result<Turn, CallError> {
        let now = Instant::now();
        let patience = call.patience(now);
        let has_begun = call.meter.has_begun();
        let takes = match (has_begun, call.repeat) {
            (false, _) if call.begins && call.meter.may_keep() => Takes::AndKeeps,
            (true, Repeat::Read) | (false, _) => Takes::Itself,
            (true, _) => Takes::Kept,
        };
        // What has begun is brought to its end.
        let priority = match has_begun {
            true => Priority::Interactive,
            false => call.priority,
        };
        let (position, given) = {
            let mut line = self.line();
            let ahead = line.ahead((!has_begun, call.due), priority);
            if line.is_too_late(now, patience, ahead) {
                return Err(CallError::NoTime);
            }
            let ready = line.ready_at(now, (!has_begun, call.due), takes, priority);
            if ready >= patience && ready > now {
                return Err(CallError::QuotaUsed(ready.duration_since(now)));
            }
            if ready <= now && priority == Priority::Interactive && line.is_open() {
                line.passed_over = 0;
                line.goes(now, takes);
                drop(line);
                return Ok(self.turn(takes).begun(takes, call.meter));
            }
            line.arrivals += 1;
            let position = (!has_begun, call.due, line.arrivals);
            let (give, given) = oneshot::channel();
            let waits = Waits {
                patience,
                takes,
                give,
            };
            line.waiting(priority).insert(position, waits);
            (position, given)
        };
        let leaves = LeavesTheLine(self, priority, position);
        self.serve();
        // Boxed: large, and seldom needed.
        match Box::pin(timeout_at(patience, given)).await {
            Ok(Ok(turn)) => Ok(turn.begun(takes, call.meter)),
            Ok(Err(_)) | Err(_) => {
                drop(leaves);
                let now = Instant::now();
                let line = self.line();
                let ready = line.quota.ready_at(now, (0, line.besides(takes)), priority);
                Err(match ready.checked_duration_since(now) {
                    Some(wait) if !wait.is_zero() => CallError::QuotaUsed(wait),
                    _ => CallError::NoTime,
                })
            }
        }
    }

    /// Other limits and windows hold from now on; who has a place or waits keeps it, and what is used stays used.
    pub(super) fn limit(self: &Arc<Self>, limits: &AccountLimits, rate: &[RateWindow]) {
        let mut line = self.line();
        line.places = limits.max_in_flight;
        line.enough = limits.attempt_timeout;
        line.quota.limit(rate, limits.paced);
        // When more may go is to be found out anew.
        line.alarm = None;
        drop(line);
        self.serve();
    }

    /// How the line stands.
    pub(super) fn standing(&self) -> LineStanding {
        let now = Instant::now();
        let line = self.line();
        LineStanding {
            places: line.places,
            taken: line.taken,
            interactive: line.interactive.len(),
            bulk: line.bulk.len(),
            windows: line.quota.standings(now),
            kept: line.kept,
            held: line.quota.held(now),
            paced: line.quota.paced(now),
        }
    }

    /// Gives turns to those who wait, as far as there are places and quota.
    fn serve(self: &Arc<Self>) {
        loop {
            let mut line = self.line();
            if line.taken >= line.places || !line.has_somebody() {
                return;
            }
            let now = Instant::now();
            match line.next(now) {
                // It is told so by what it waits on being dropped.
                Next::Goes(waits) if line.is_too_late(now, waits.patience, 0) => {}
                Next::Goes(Waits { give, takes, .. }) => {
                    line.goes(now, takes);
                    drop(line);
                    // Whoever is gone by now has sent nothing: the turn is dropped unused.
                    let _ = give.send(self.turn(takes));
                }
                Next::At(ready) => {
                    let dismissed = line.dismiss(ready);
                    if line.alarm.is_none_or(|alarm| alarm > ready || alarm <= now) {
                        line.alarm = Some(ready);
                        drop(line);
                        self.wake_at(ready);
                    } else {
                        drop(line);
                    }
                    drop(dismissed);
                    return;
                }
                Next::Nobody => return,
            }
        }
    }

    /// A turn that the line has counted.
    fn turn(self: &Arc<Self>, takes: Takes) -> Turn {
        Turn {
            turns: self.clone(),
            holds: Holds {
                place: true,
                share: Share::Unused,
            },
            kept: (takes == Takes::AndKeeps).then(|| Kept(self.clone())),
        }
    }

    /// Looks at the line again then.
    fn wake_at(self: &Arc<Self>, then: Instant) {
        let turns = Arc::downgrade(self);
        // A runtime that is gone has nobody waiting.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                sleep_until(then).await;
                if let Some(turns) = turns.upgrade() {
                    turns.serve();
                }
            });
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The call whose turn it is goes; what is kept for a write is from now on its change's.
    fn begun(mut self, takes: Takes, meter: &Meter) -> Self {
        self.holds.share = Share::Used;
        if let Some(kept) = self.kept.take() {
            meter.keep(kept);
        }
        if takes == Takes::Kept {
            meter.release();
        }
        self
    }

    /// The call never left.
    pub(super) fn unsent(&mut self) {
        self.holds.share = Share::Unused;
    }

    /// Leaves the place to another call before this one is answered.
    pub(super) fn leave_place(&mut self) {
        if std::mem::take(&mut self.holds.place) {
            self.turns.line().taken -= 1;
            self.turns.serve();
        }
    }

    /// How long answers take lately, if that is known.
    pub(super) fn usual(&self, now: Instant) -> Option<Duration> {
        self.turns.line().latency.median(now)
    }

    /// The call is over.
    pub(super) fn end(mut self, now: Instant, went: &Went<'_>) {
        let mut line = self.turns.line();
        if let Some(time) = went.answered_after {
            line.latency.answered(now, time);
        }
        if !went.windows.is_empty() {
            line.quota.seen(now, went.windows);
        }
        if let Some(wait) = went.turned_away {
            // The wait counts from when it was read, which is later than `now`.
            line.quota.turned_away(Instant::now(), wait);
        }
        line.take_back(now, std::mem::take(&mut self.holds));
        let is_awaited = line.has_somebody();
        drop(line);
        if is_awaited {
            self.turns.serve();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let holds = std::mem::take(&mut self.holds);
        if holds != Holds::default() {
            self.turns.line().take_back(Instant::now(), holds);
            self.turns.serve();
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut line = self.0.line();
        line.kept = line.kept.saturating_sub(1);
        drop(line);
        self.0.serve();
    }
}

struct LeavesTheLine<'a>(&'a Turns, Priority, Position);

impl Drop for LeavesTheLine<'_> {
    fn drop(&mut self) {
        self.0.line().waiting(self.1).remove(&self.2);
    }
}
