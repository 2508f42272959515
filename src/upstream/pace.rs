//! How fast calls go after the vendor turned one away that nobody had expected to be too many.

use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// What is left of the pace at a cut.
const CUT: f64 = 0.7;

/// The pace is never cut below this many calls a second.
const SLOWEST: f64 = 1.0;

/// How long it takes until the pace after a cut has doubled.
const DOUBLES_IN: Duration = Duration::from_secs(10);

/// A pace that many times the one before the cut is no limit any more.
const FORGOTTEN_AT: f64 = 2.0;

/// Over how long the pace is measured.
const MEMORY: Duration = Duration::from_secs(10);

/// Answers to calls that were sent before a cut do not cut again for so long.
const SAME_CUT: Duration = Duration::from_secs(1);

/// The pace of one account; no limit until it is cut.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Calls of the last seconds: when a second began, and how many there were in it.
    recent: VecDeque<(Instant, u32)>,
    cut: Option<Cut>,
    last: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Cut {
    /// When calls go again.
    at: Instant,
    /// Calls a second right after it.
    to: f64,
}

impl Pace {
    /// A call goes.
    pub(super) fn sent(&mut self, now: Instant) {
        self.last = Some(now);
        let is_old = |(began, _): &mut (Instant, u32)| now.duration_since(*began) >= MEMORY;
        while self.recent.pop_front_if(is_old).is_some() {}
        match self.recent.back_mut() {
            Some((began, count)) if now.duration_since(*began) < Duration::from_secs(1) => {
                *count += 1
            }
            _ => self.recent.push_back((now, 1)),
        }
    }

    /// The vendor turned a call away, and takes none before then.
    pub(super) fn cut(&mut self, now: Instant, held_until: Instant) {
        let at = now.max(held_until);
        if let Some(cut) = &mut self.cut
            && now < cut.at + SAME_CUT
        {
            cut.at = cut.at.max(held_until);
            return;
        }
        let recent = self.recent.iter();
        let recent = recent.filter(|(began, _)| now.duration_since(*began) < MEMORY);
        // Whoever makes few calls, and those together, is not slowed down to the average of the pauses between.
        let fastest = recent.map(|(_, count)| *count).max().unwrap_or(0);
        let measured = f64::from(fastest);
        let to = self
            .per_second(now)
            .map_or(measured, |paced| paced.min(measured))
            * CUT;
        self.cut = Some(Cut {
            at,
            to: to.max(SLOWEST),
        });
    }

    /// Calls a second that are let pass; `None` where the pace is not cut, or has recovered.
    pub(super) fn per_second(&self, now: Instant) -> Option<f64> {
        let cut = self.cut?;
        let grown = 1.0 + now.duration_since(cut.at).as_secs_f64() / DOUBLES_IN.as_secs_f64();
        (grown * CUT < FORGOTTEN_AT).then_some(cut.to * grown)
    }

    /// When the next call may go, `ahead` others going before it.
    pub(super) fn ready_at(&self, now: Instant, ahead: u32) -> Instant {
        let (Some(per_second), Some(last)) = (self.per_second(now), self.last) else {
            return now;
        };
        last + Duration::from_secs_f64(f64::from(ahead.saturating_add(1)) / per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_pace_is_cut_once_and_grows_back_slowly() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        assert_eq!((pace.ready_at(now, 9), pace.per_second(now)), (now, None));
        for _ in 0..100 {
            now += SECOND / 10;
            pace.sent(now);
        }
        pace.cut(now, now);
        let close = |one: f64, other: f64| (one - other).abs() < 0.2;
        let after = pace.per_second(now).expect("a cut");
        assert!(close(after, 7.0), "{after}");
        pace.cut(now + SECOND / 2, now);
        assert_eq!(pace.per_second(now), Some(after), "the same cut");
        let wait = pace.ready_at(now, 0) - now;
        assert!(close(wait.as_secs_f64(), 1.0 / 7.0), "{wait:?}");
        let wait = pace.ready_at(now, 6) - now;
        assert!(close(wait.as_secs_f64(), 1.0), "{wait:?}");
        let later = pace.per_second(now + DOUBLES_IN).expect("still limited");
        assert!(close(later, 14.0), "{later}");
        assert_eq!(pace.per_second(now + DOUBLES_IN * 2), None);
        // Whoever makes few calls is not slowed to a crawl.
        let mut pace = Pace::default();
        pace.sent(now);
        pace.cut(now, now + SECOND * 5);
        assert_eq!(pace.per_second(now), Some(SLOWEST));
        assert_eq!(
            pace.per_second(now + SECOND * 5),
            Some(SLOWEST),
            "nothing was learnt since"
        );
        assert!(pace.per_second(now + SECOND * 6) > Some(SLOWEST));
        // A short burst is measured as fast as it was.
        let mut pace = Pace::default();
        (0..40).for_each(|_| pace.sent(now));
        pace.cut(now, now);
        assert_eq!(pace.per_second(now), Some(28.0));
    }
}
