//! How long calls take lately.

use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// How many calls are remembered.
const REMEMBERED: usize = 64;

/// For how long after the last of them: when nobody is called because calls take too long, it has to be found out that
/// they do no more.
const MEMORY: Duration = Duration::from_secs(10);

/// The least number of calls that something is concluded from.
const ENOUGH: usize = 20;

/// The times of the last calls that were answered.
#[derive(Debug, Default)]
pub(super) struct Latency {
    recent: VecDeque<Duration>,
    last: Option<Instant>,
}

impl Latency {
    /// A call was answered after this time.
    pub(super) fn answered(&mut self, now: Instant, time: Duration) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(time);
        self.last = Some(now);
    }

    /// The median; `None` while too little is known.
    pub(super) fn median(&self, now: Instant) -> Option<Duration> {
        if now.duration_since(self.last?) >= MEMORY {
            return None;
        }
        let mut times: Vec<Duration> = self.recent.iter().copied().collect();
        if times.len() < ENOUGH {
            return None;
        }
        let middle = times.len() / 2;
        Some(*times.select_nth_unstable(middle).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_median_of_enough_calls_is_known_and_follows_them() {
        let mut latency = Latency::default();
        let (ms, now) = (Duration::from_millis, Instant::now());
        (1..20).for_each(|n| latency.answered(now, ms(n)));
        assert_eq!(latency.median(now), None);
        latency.answered(now, ms(1_000));
        assert_eq!(latency.median(now), Some(ms(11)));
        (0..64).for_each(|_| latency.answered(now, ms(7)));
        assert_eq!(latency.median(now), Some(ms(7)));
        assert_eq!(
            latency.median(now + MEMORY),
            None,
            "it may be otherwise by now"
        );
        latency.answered(now + MEMORY, ms(9));
        assert_eq!(latency.median(now + MEMORY), Some(ms(7)));
    }
}
