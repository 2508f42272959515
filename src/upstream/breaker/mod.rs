//! Leaves a vendor alone that fails: for a second, then twice as long after each probe that fails too.

mod recent;
#[cfg(test)]
mod tests;

use super::micros;
use recent::Recent;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long others wait while a probe is under way.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerLimits {
    /// Failures one after the other that open it; 0 for never.
    pub failures: u32,
    /// How long it is open for the first time.
    pub open: Duration,
    /// The longest time that it is open.
    pub most_open: Duration,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self {
            failures: 5,
            open: Duration::from_secs(1),
            most_open: Duration::from_secs(60),
        }
    }
}

/// The breaker of one account.
#[derive(Debug)]
pub(super) struct Breaker {
    /// For the log.
    account: Box<str>,
    random: Arc<Mutex<fastrand::Rng>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limits: BreakerLimits,
    phase: Phase,
    /// When the vendor began to be left alone, or to be called again.
    since: Instant,
    /// Reads and writes are judged apart: a vendor that answers every read and fails every write is not well.
    reads: Record,
    writes: Record,
    /// How often it was opened since the vendor last did well.
    opened: u32,
    cause: Cause,
    /// How many keys there were before the one that is sent now.
    keys: u64,
}

/// How calls of one kind went.
#[derive(Debug, Default)]
struct Record {
    /// Failures one after the other.
    failures: u32,
    recent: Recent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    /// No call before then; then one, as a probe.
    Open(Instant),
    /// The probe is under way.
    Probing,
}

/// Why a breaker is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The vendor fails or cannot be reached.
    Failures,
    /// The vendor refuses the gateway's key.
    Key,
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerStanding {
    /// Whether calls go.
    pub phase: BreakerPhase,
    /// How long the vendor has been left alone by now, failed probes included, or has been called again.
    pub since: Duration,
    /// Failures of reads or of writes, one after the other, up to now.
    pub failures: u32,
}

/// Whether a breaker lets calls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerPhase {
    /// There is none.
    Off,
    /// Calls go.
    Closed,
    /// No call goes for this long; then one, as a probe.
    Open(Cause, Duration),
    /// The next call, or the one that is under way, is the probe.
    HalfOpen(Cause),
}

/// Why a call may not go, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped {
    pub(super) cause: Cause,
    pub(super) wait: Duration,
}

/// What a call showed of the vendor's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered as it should, be it with a refusal.
    Well,
    /// It failed, broke off, or stayed silent.
    Ill,
    /// It refuses the key.
    KeyRefused,
    /// It has too much to do, which says nothing of its health.
    Busy,
}

/// What a call does at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

impl Cause {
    /// One word for the operator.
    pub fn label(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Key => "credential",
        }
    }
}

/// Leave to make one call; what it shows is to be reported.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    kind: Kind,
    probe: bool,
    /// [`State::keys`] when it was given.
    keys: u64,
    reported: bool,
}

impl Breaker {
    pub(super) fn new(
        account: &str,
        limits: BreakerLimits,
        random: Arc<Mutex<fastrand::Rng>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            account: account.into(),
            random,
            state: Mutex::new(State::new(limits)),
        })
    }

    /// Whether calls are stopped now; one that comes as a probe would be let through.
    pub(super) fn look(&self) -> Result<(), Stopped> {
        self.state().check()
    }

    /// Leave for one call, right before it is sent: where the breaker was open, for exactly one.
    pub(super) fn leave(&self, kind: Kind) -> Result<Leave<'_>, Stopped> {
        let mut state = self.state();
        state.check()?;
        let probe = matches!(state.phase, Phase::Open(_));
        if probe {
            state.phase = Phase::Probing;
        }
        Ok(Leave {
            breaker: self,
            kind,
            probe,
            keys: state.keys,
            reported: false,
        })
    }

    /// How the breaker stands.
    pub(super) fn standing(&self) -> BreakerStanding {
        let (state, now) = (self.state(), Instant::now());
        let phase = match state.phase {
            _ if state.limits.failures == 0 => BreakerPhase::Off,
            Phase::Closed => BreakerPhase::Closed,
            Phase::Open(until) if until > now => {
                BreakerPhase::Open(state.cause, until.duration_since(now))
            }
            Phase::Open(_) | Phase::Probing => BreakerPhase::HalfOpen(state.cause),
        };
        BreakerStanding {
            phase,
            since: now.duration_since(state.since),
            failures: state.reads.failures.max(state.writes.failures),
        }
    }

    /// There is another key: what the vendor says of those before it says nothing of this one.
    pub(super) fn new_key(&self) {
        let mut state = self.state();
        state.keys += 1;
        if state.cause == Cause::Key {
            self.close(&mut state);
        }
    }

    fn report(&self, leave: &Leave<'_>, health: Health, now: Instant) {
        let mut state = self.state();
        let of_an_earlier_key = health == Health::KeyRefused && leave.keys < state.keys;
        if state.limits.failures == 0 || of_an_earlier_key {
            return;
        }
        match (state.phase, leave.probe, health) {
            (Phase::Probing, true, Health::Well | Health::Busy) => self.close(&mut state),
            (Phase::Probing, true, Health::Ill) => self.open(&mut state, now, Cause::Failures),
            (Phase::Probing, true, Health::KeyRefused) | (Phase::Closed, _, Health::KeyRefused) => {
                self.open(&mut state, now, Cause::Key)
            }
            (Phase::Closed, _, Health::Well) => {
                let record = state.record(leave.kind);
                record.failures = 0;
                record.recent.count(now, true);
            }
            (Phase::Closed, _, Health::Ill) => {
                let most = state.limits.failures;
                let record = state.record(leave.kind);
                record.failures = record.failures.saturating_add(1);
                record.recent.count(now, false);
                if record.failures >= most || record.recent.mostly_fails(now) {
                    self.open(&mut state, now, Cause::Failures);
                }
            }
            // What was sent before the breaker opened tells nothing new.
            (Phase::Open(_) | Phase::Probing, _, _) | (Phase::Closed, _, Health::Busy) => {}
        }
    }

    /// Other limits hold from now on. What is known of the vendor stays, unless there is to be no breaker.
    pub(super) fn limit(&self, limits: BreakerLimits) {
        let mut state = self.state();
        state.limits = limits;
        if limits.failures == 0 {
            self.close(&mut state);
        }
    }

    /// Opens it: the first time for the least time, then for twice as long, and up to half of that more.
    fn open(&self, state: &mut State, now: Instant, cause: Cause) {
        let BreakerLimits {
            open, most_open, ..
        } = state.limits;
        let time = open
            .saturating_mul(1 << state.opened.min(20))
            .min(most_open);
        let more = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            Duration::from_micros(random.u64(0..=micros(time) / 2))
        };
        let time = (time + more).min(most_open);
        if state.phase == Phase::Closed {
            state.since = now;
            let (account, cause, open_ms) = (&*self.account, cause.label(), time.as_millis());
            tracing::warn!(account, cause, open_ms, "the vendor is left alone");
        }
        state.phase = Phase::Open(now + time);
        for record in [&mut state.reads, &mut state.writes] {
            record.recent = Recent::default();
        }
        state.opened = state.opened.saturating_add(1);
        state.cause = cause;
    }

    /// Nothing is known of the vendor but that it may be called.
    fn close(&self, state: &mut State) {
        if state.phase != Phase::Closed {
            tracing::info!(account = &*self.account, "the vendor is called again");
        }
        *state = State {
            keys: state.keys,
            ..State::new(state.limits)
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(limits: BreakerLimits) -> Self {
        Self {
            limits,
            phase: Phase::Closed,
            since: Instant::now(),
            reads: Record::default(),
            writes: Record::default(),
            opened: 0,
            cause: Cause::Failures,
            keys: 0,
        }
    }

    fn record(&mut self, kind: Kind) -> &mut Record {
        match kind {
            Kind::Read => &mut self.reads,
            Kind::Write => &mut self.writes,
        }
    }

    fn check(&self) -> Result<(), Stopped> {
        let wait = match self.phase {
            Phase::Closed => return Ok(()),
            Phase::Open(until) => match until.checked_duration_since(Instant::now()) {
                Some(wait) if !wait.is_zero() => wait,
                _ => return Ok(()),
            },
            Phase::Probing => PROBE_WAIT,
        };
        Err(Stopped {
            cause: self.cause,
            wait,
        })
    }
}

impl Leave<'_> {
    /// Says what the call showed; only the first word counts.
    pub(super) fn report(&mut self, health: Health, now: Instant) {
        if !self.reported {
            self.reported = true;
            self.breaker.report(self, health, now);
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        // A probe that tells nothing leaves the place to another one.
        if self.probe && !self.reported {
            let mut state = self.breaker.state();
            if state.phase == Phase::Probing {
                state.phase = Phase::Open(Instant::now());
            }
        }
    }
}
