//! A call's turn: a place at the vendor and a part of its quota, both at once.
//!
//! Whoever had one of them while waiting for the other would keep it from somebody. Calls with the least time left come
//! first, those that somebody waits for before bulk ones.

use super::{
    AccountLimits, CallError,
    call::Outgoing,
    latency::Latency,
    quota::{Priority, Quota, Standing},
};
use crate::config::RateWindow;
use adapters::WindowSeen;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout_at},
};

/// Of so many calls one is a bulk call where both kinds wait.
const BULK_SHARE: u32 = 10;

/// The line of one account.
#[derive(Debug)]
pub(super) struct Turns {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    places: usize,
    /// A call that has this much time left always has its chance.
    enough: Duration,
    taken: usize,
    quota: Quota,
    latency: Latency,
    interactive: Waiting,
    bulk: Waiting,
    /// Turns that others were given since a bulk call waits.
    passed_over: u32,
    arrivals: u64,
    /// When the quota will be looked at again, if that is planned.
    alarm: Option<Instant>,
}

/// Who waits: the earliest deadline first, and among equals who came first.
type Waiting = BTreeMap<Position, Waits>;

/// A call in the line.
#[derive(Debug)]
struct Waits {
    patience: Instant,
    give: oneshot::Sender<Turn>,
}

/// When the caller stops waiting, and the number of the arrival.
type Position = (Instant, u64);

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
    /// How long the vendor asked to be left alone, if it did.
    pub held: Option<Duration>,
    /// Calls a second that are let pass after the vendor turned one away, if it did so lately.
    pub paced: Option<f64>,
}

/// A turn. Its two parts are given back when they are dropped.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) place: Place,
    pub(super) share: Share,
}

/// A place at the vendor.
#[derive(Debug)]
pub(super) struct Place(Arc<Turns>);

/// A part of the quota: counted as used a whole window long after it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    turns: Arc<Turns>,
    used: bool,
}

impl Turns {
    pub(super) fn new(limits: &AccountLimits, quota: Quota) -> Arc<Self> {
        Arc::new(Self {
            line: Mutex::new(Line {
                places: limits.max_in_flight,
                enough: limits.attempt_timeout,
                taken: 0,
                quota,
                latency: Latency::default(),
                interactive: Waiting::new(),
                bulk: Waiting::new(),
                passed_over: 0,
                arrivals: 0,
                alarm: None,
            }),
        })
    }

    /// Waits for the call's turn.
    ///
    /// # Errors
    /// [`CallError::QuotaUsed`], at once where the quota is seen to last no longer than the call's patience;
    /// [`CallError::NoTime`] when there was no place in time, or when less time is left than calls usually take.
    pub(super) async fn take(self: &Arc<Self>, call: &Outgoing) -> Result<Turn, CallError> {
        let now = Instant::now();
        let patience = call.patience(now);
        let (give, given) = oneshot::channel();
        let position = {
            let mut line = self.line();
            if line.is_too_late(now, patience) {
                return Err(CallError::NoTime);
            }
            let ready = line.ready_at(now, call);
            if ready >= patience && ready > now {
                return Err(CallError::QuotaUsed(ready.duration_since(now)));
            }
            line.arrivals += 1;
            let position = (call.due, line.arrivals);
            line.waiting(call.priority)
                .insert(position, Waits { patience, give });
            position
        };
        let leaves = LeavesTheLine(self, call.priority, position);
        self.serve();
        match timeout_at(patience, given).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => {
                drop(leaves);
                let now = Instant::now();
                let ready = self.line().quota.ready_at(now, 0, call.priority);
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
            held: line.quota.held(now),
            paced: line.quota.paced(now),
        }
    }

    /// Gives turns to those who wait, as far as there are places and quota.
    fn serve(self: &Arc<Self>) {
        loop {
            let mut line = self.line();
            if line.taken >= line.places {
                return;
            }
            let now = Instant::now();
            match line.next(now) {
                // It is told so by what it waits on being dropped.
                Next::Goes(waits) if line.is_too_late(now, waits.patience) => {}
                Next::Goes(Waits { give, .. }) => {
                    line.taken += 1;
                    line.quota.take(now);
                    drop(line);
                    let turn = Turn {
                        place: Place(self.clone()),
                        share: Share {
                            turns: self.clone(),
                            used: true,
                        },
                    };
                    // Whoever is gone by now has sent nothing.
                    if let Err(turn) = give.send(turn) {
                        turn.share.unsent();
                    }
                }
                Next::At(ready) => {
                    if line.alarm.is_none_or(|alarm| alarm > ready || alarm <= now) {
                        line.alarm = Some(ready);
                        drop(line);
                        self.wake_at(ready);
                    }
                    return;
                }
                Next::Nobody => return,
            }
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

enum Next {
    /// It is this call's turn.
    Goes(Waits),
    /// The quota is used up until then.
    At(Instant),
    Nobody,
}

impl Line {
    /// Whether too little time is left for a call to be answered, as calls go lately.
    fn is_too_late(&self, now: Instant, patience: Instant) -> bool {
        let left = patience.saturating_duration_since(now);
        left < self.enough && self.latency.median(now).is_some_and(|median| left < median)
    }

    fn waiting(&mut self, priority: Priority) -> &mut Waiting {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Bulk => &mut self.bulk,
        }
    }

    /// When a call would go by the quota, those before it going first.
    fn ready_at(&self, now: Instant, call: &Outgoing) -> Instant {
        let before = |waiting: &Waiting| waiting.range(..=(call.due, u64::MAX)).count();
        let ahead = match call.priority {
            Priority::Interactive => before(&self.interactive),
            Priority::Bulk => self.interactive.len() + before(&self.bulk),
        };
        self.quota.ready_at(now, ahead, call.priority)
    }

    fn next(&mut self, now: Instant) -> Next {
        let bulk_is_due = !self.bulk.is_empty() && self.passed_over + 1 >= BULK_SHARE;
        if self.interactive.is_empty() && self.bulk.is_empty() {
            return Next::Nobody;
        }
        let from_bulk = self.interactive.is_empty() || bulk_is_due;
        // A bulk call that is due takes what others would have taken.
        let priority = match from_bulk && !bulk_is_due {
            true => Priority::Bulk,
            false => Priority::Interactive,
        };
        let ready = self.quota.ready_at(now, 0, priority);
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

impl Share {
    /// The call never left.
    pub(super) fn unsent(mut self) {
        self.used = false;
    }

    /// The vendor answered after this time.
    pub(super) fn answered_after(&self, time: Duration) {
        self.turns.line().latency.answered(Instant::now(), time);
    }

    /// The vendor said how its windows stand.
    pub(super) fn seen(&self, windows: &[WindowSeen]) {
        if !windows.is_empty() {
            self.turns.line().quota.seen(Instant::now(), windows);
        }
    }

    /// The vendor turned the call away, and perhaps said for how long.
    pub(super) fn turned_away(&self, wait: Option<Duration>) {
        self.turns.line().quota.turned_away(Instant::now(), wait);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut line = self.turns.line();
        match self.used {
            true => line.quota.answered(Instant::now()),
            false => line.quota.unsent(),
        }
        drop(line);
        self.turns.serve();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.line().taken -= 1;
        self.0.serve();
    }
}

struct LeavesTheLine<'a>(&'a Turns, Priority, Position);

impl Drop for LeavesTheLine<'_> {
    fn drop(&mut self) {
        self.0.line().waiting(self.1).remove(&self.2);
    }
}
