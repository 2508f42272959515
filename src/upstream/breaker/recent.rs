//! How calls went lately, success against failure.

use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// Over how long the share of successes is looked at.
pub(super) const MEMORY: Duration = Duration::from_secs(10);

/// The finest step of the memory.
const STEP: Duration = Duration::from_secs(1);

/// The least number of calls that a share says something about.
const ENOUGH: u32 = 20;

/// The calls of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Recent {
    seconds: VecDeque<Second>,
}

#[derive(Clone, Copy, Debug)]
struct Second {
    began: Instant,
    well: u32,
    ill: u32,
}

impl Recent {
    pub(super) fn count(&mut self, now: Instant, well: bool) {
        let is_old = |second: &mut Second| now.duration_since(second.began) >= MEMORY;
        while self.seconds.pop_front_if(is_old).is_some() {}
        let (well, ill) = (u32::from(well), u32::from(!well));
        match self.seconds.back_mut() {
            Some(last) if now.duration_since(last.began) < STEP => {
                last.well += well;
                last.ill += ill;
            }
            _ => self.seconds.push_back(Second {
                began: now,
                well,
                ill,
            }),
        }
    }

    /// Whether fewer than half of enough calls went well.
    pub(super) fn mostly_fails(&self, now: Instant) -> bool {
        let seconds = self.seconds.iter();
        let recent = seconds.filter(|second| now.duration_since(second.began) < MEMORY);
        let (well, ill) = recent.fold((0, 0), |(well, ill), second| {
            (well + second.well, ill + second.ill)
        });
        well + ill >= ENOUGH && well < ill
    }
}
