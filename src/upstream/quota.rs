//! A mirror of the vendor's rate windows: it says when the next call may go, so that the vendor need not.
//!
//! A call is counted from when it is sent until a whole window after it was answered. Wherever the vendor's own
//! windows begin, and however long calls travel, no window of the vendor then sees more calls than fit in it.

use super::pace::Pace;
use crate::{clock, config::RateWindow};
use adapters::WindowSeen;
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// Of a window's length, the finest part that answered calls are told apart by.
const GRAINS: u32 = 1_024;

/// How much later than it is a window may seem to end: vendors tell the time in whole seconds.
const COARSE: Duration = Duration::from_secs(2);

/// The part of the shortest window that bulk calls leave to others.
const RESERVE: u32 = 30;

/// The part of the longer windows that bulk calls leave to others: used up, they stay so for long.
const LONG_RESERVE: u32 = 4;

/// The quota of one account.
#[derive(Debug)]
pub(super) struct Quota {
    /// Shortest first.
    windows: Vec<Window>,
    /// Calls that are sent and not answered.
    in_flight: u32,
    /// No call before then: the vendor asked for it.
    held_until: Option<Instant>,
    pace: Pace,
    paced: bool,
    /// When calls that come evenly spaced would have used up what is used.
    even: Instant,
}

/// How a window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its length.
    pub length: Duration,
    /// Calls that fit in it.
    pub limit: u32,
    /// Calls that are used up, by the gateway and by others.
    pub used: u32,
    /// Calls that may still be made in it.
    pub remaining: u32,
    /// After how long there is more.
    pub more_in: Duration,
}

#[derive(Debug)]
struct Window {
    length: Duration,
    /// As configured: what others use besides is theirs.
    configured: u32,
    /// The least of what is configured and what the vendor last said.
    limit: u32,
    /// When calls were answered, and how many.
    answered: VecDeque<(Instant, u32)>,
    /// Calls that others made with the same quota, and when the vendor's window that counts them ends.
    foreign: Option<(u32, Instant)>,
}

/// Who a call is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for it.
    #[default]
    Interactive,
    /// One of many; it comes after the others, and gets a tenth of the calls when they are many.
    Bulk,
}

impl Quota {
    /// A quota of these windows, nothing of it used; none is no limit.
    pub(super) fn new(windows: &[RateWindow], paced: bool) -> Self {
        let mut quota = Self {
            windows: Vec::new(),
            in_flight: 0,
            held_until: None,
            pace: Pace::default(),
            paced,
            even: Instant::now(),
        };
        quota.limit(windows, paced);
        quota
    }

    /// Other windows hold from now on; what was used of those before is used of these.
    pub(super) fn limit(&mut self, windows: &[RateWindow], paced: bool) {
        // The longest remembers most.
        let longest = self.windows.last();
        let window = |new: &RateWindow| {
            let same = self.windows.iter().find(|old| old.length == new.length);
            Window {
                length: new.length,
                configured: new.requests,
                limit: new.requests,
                answered: same
                    .or(longest)
                    .map(|old| old.answered.clone())
                    .unwrap_or_default(),
                foreign: same.and_then(|old| old.foreign),
            }
        };
        let mut windows: Vec<Window> = windows.iter().map(window).collect();
        windows.sort_by_key(|window| window.length);
        self.windows = windows;
        self.paced = paced;
        if !paced {
            self.pace = Pace::default();
        }
    }

    /// When the next call may go, `ahead` others going before it and `besides` staying free for others.
    pub(super) fn ready_at(
        &self,
        now: Instant,
        (ahead, besides): (usize, u32),
        priority: Priority,
    ) -> Instant {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let mut ready = self
            .held_until
            .unwrap_or(now)
            .max(self.pace.ready_at(now, ahead));
        for (at, window) in self.windows.iter().enumerate() {
            let reserve = match (priority, at) {
                (Priority::Interactive, _) => 0,
                (Priority::Bulk, 0) => window.limit / RESERVE,
                (Priority::Bulk, _) => window.limit / LONG_RESERVE,
            };
            let at_once = reserve.saturating_add(besides).saturating_add(1);
            // What is more than all of it would never be free.
            let more = at_once.min(window.limit).saturating_add(ahead);
            ready = ready.max(window.ready_at(now, self.in_flight, more));
        }
        // So that a quota that bulk calls use up comes back evenly, and nobody waits long for a part of it.
        if priority == Priority::Bulk {
            ready = ready.max(self.even + self.evenly().saturating_mul(ahead));
        }
        ready.max(now)
    }

    /// A call goes.
    pub(super) fn take(&mut self, now: Instant) {
        self.in_flight += 1;
        self.pace.sent(now);
        self.even = self.even.max(now) + self.evenly();
    }

    /// The time between two calls that come evenly spaced.
    fn evenly(&self) -> Duration {
        let shortest = self.windows.first();
        shortest.map_or(Duration::ZERO, |window| window.length / window.limit.max(1))
    }

    /// A call was answered, or given up: it may have been counted up to now.
    pub(super) fn answered(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        for window in &mut self.windows {
            window.count(now);
        }
    }

    /// A call never left.
    pub(super) fn unsent(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The vendor said how its windows stand, in an answer to a call that is still counted as under way.
    pub(super) fn seen(&mut self, now: Instant, seen: &[WindowSeen]) {
        for seen in seen {
            let ours = self
                .windows
                .iter_mut()
                .find(|ours| ours.length == seen.length);
            if let Some(ours) = ours {
                ours.correct(now, self.in_flight, seen);
            }
        }
    }

    /// The vendor turned a call away although the mirror had let it pass.
    pub(super) fn turned_away(&mut self, now: Instant, wait: Option<Duration>) {
        if let Some(until) = wait.and_then(|wait| now.checked_add(wait)) {
            self.held_until = self.held_until.max(Some(until));
        }
        if self.paced {
            // While nothing is sent nothing is learnt.
            self.pace.cut(now, self.held_until.unwrap_or(now));
        }
    }

    /// How long the vendor asked to be left alone, if it did.
    pub(super) fn held(&self, now: Instant) -> Option<Duration> {
        let held = self.held_until?.checked_duration_since(now);
        held.filter(|held| !held.is_zero())
    }

    /// How the windows stand.
    pub(super) fn standings(&self, now: Instant) -> Vec<Standing> {
        let held = self.held(now).and_then(|held| now.checked_add(held));
        let standing = |window: &Window| {
            let used = window.used(now, self.in_flight);
            let remaining = match held {
                Some(_) => 0,
                None => window.limit.saturating_sub(used),
            };
            let more = held.unwrap_or(now).max(window.next_expiry(now));
            Standing {
                length: window.length,
                limit: window.limit,
                used,
                remaining,
                more_in: more.duration_since(now),
            }
        };
        self.windows.iter().map(standing).collect()
    }

    /// Calls a second that are let pass after the vendor turned one away; `None` where it has not lately.
    pub(super) fn paced(&self, now: Instant) -> Option<f64> {
        self.pace.per_second(now)
    }
}

impl Window {
    fn expired(&self, now: Instant) -> impl Fn(&(Instant, u32)) -> bool + use<> {
        let length = self.length;
        move |(at, _)| now.duration_since(*at) >= length
    }

    fn count(&mut self, now: Instant) {
        let kept = self.length + COARSE;
        let forgotten = |(at, _): &(Instant, u32)| now.duration_since(*at) >= kept;
        while self.answered.front().is_some_and(forgotten) {
            self.answered.pop_front();
        }
        match self.answered.back_mut() {
            Some((until, count)) if now <= *until => *count = count.saturating_add(1),
            // Counted together they expire with the last of them: late for the others, and never early.
            _ => self.answered.push_back((now + self.length / GRAINS, 1)),
        }
    }

    fn foreign(&self, now: Instant) -> Option<(u32, Instant)> {
        self.foreign.filter(|(_, until)| *until > now)
    }

    fn used(&self, now: Instant, in_flight: u32) -> u32 {
        let expired = self.expired(now);
        let answered = self.answered.iter().filter(|entry| !expired(entry));
        let foreign = self.foreign(now).map_or(0, |(count, _)| count);
        answered.fold(in_flight.saturating_add(foreign), |used, (_, count)| {
            used.saturating_add(*count)
        })
    }

    /// When `more` calls will fit.
    fn ready_at(&self, now: Instant, in_flight: u32, more: u32) -> Instant {
        let used = self.used(now, in_flight);
        let mut over = used.saturating_add(more).saturating_sub(self.limit);
        if over == 0 {
            return now;
        }
        let expired = self.expired(now);
        let answered = self.answered.iter().filter(|entry| !expired(entry));
        let mut expiries: Vec<(Instant, u32)> = answered
            .map(|(at, count)| (*at + self.length, *count))
            .chain(self.foreign(now).map(|(count, until)| (until, count)))
            .collect();
        expiries.sort_unstable();
        for (at, count) in expiries {
            over = over.saturating_sub(count);
            if over == 0 {
                return at;
            }
        }
        // What is under way expires a whole window after it is answered, and that is not known yet. Whoever waits
        // for more than fits at once waits for as many windows.
        now + self.length * (1 + over.saturating_sub(in_flight) / self.limit.max(1))
    }

    fn next_expiry(&self, now: Instant) -> Instant {
        let expired = self.expired(now);
        let oldest = self.answered.iter().find(|entry| !expired(entry));
        let oldest = oldest.map(|(at, _)| *at + self.length);
        let foreign = self.foreign(now).map(|(_, until)| until);
        oldest.into_iter().chain(foreign).min().unwrap_or(now)
    }

    /// Takes over what the vendor knows better: that others use the quota too, or that it is smaller.
    fn correct(&mut self, now: Instant, in_flight: u32, seen: &WindowSeen) {
        self.limit = self.configured.min(seen.limit.max(1));
        // A clock that is wrong, or milliseconds where seconds are meant, must not hold calls back for hours.
        let resets = seen.resets.after(clock::unix_ms_at(now));
        let until = now + resets.min(self.length + COARSE);
        let ours = |(at, _): &&(Instant, u32)| *at + self.length + COARSE >= until;
        let ours = self.answered.iter().filter(ours).map(|(_, count)| count);
        let ours = ours.sum::<u32>().saturating_add(in_flight);
        let used = seen.limit.saturating_sub(seen.remaining);
        // What the operator leaves to others is theirs.
        let theirs = seen.limit.saturating_sub(self.limit);
        let foreign = used.saturating_sub(ours).saturating_sub(theirs);
        // Answers overtake one another; within a window of the vendor's the count only grows.
        self.foreign = match self.foreign(now) {
            Some((known, then)) if until <= then => Some((known.max(foreign), then)),
            _ => (foreign > 0).then_some((foreign, until)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::Wait;

    const MINUTE: Duration = Duration::from_secs(60);

    fn quota() -> Quota {
        let window = RateWindow {
            requests: 60,
            length: MINUTE,
        };
        Quota::new(&[window], true)
    }

    fn seen(limit: u32, remaining: u32, resets: Duration) -> [WindowSeen; 1] {
        [WindowSeen {
            length: MINUTE,
            limit,
            remaining,
            resets: Wait::For(resets),
        }]
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_the_vendor_lowered_rises_again_but_not_above_the_configured_one() {
        let mut quota = quota();
        let now = Instant::now();
        let limit = |quota: &Quota| quota.standings(now).first().map(|window| window.limit);
        for (said, holds) in [(2, 2), (60, 60), (600, 60)] {
            quota.seen(now, &seen(said, said, MINUTE));
            assert_eq!(limit(&quota), Some(holds));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_that_lies_beyond_the_window_is_not_believed() {
        let mut quota = quota();
        let now = Instant::now();
        quota.seen(now, &seen(60, 0, MINUTE * 60 * 24));
        let ready = |now| quota.ready_at(now, (0, 0), Priority::Interactive);
        assert!(ready(now) > now);
        let later = now + MINUTE + COARSE;
        assert_eq!(ready(later), later);
    }
}
