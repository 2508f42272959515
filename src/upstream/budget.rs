//! How many calls may be sent again: a share of the calls that are made, and a few for whoever makes few.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a call counts towards the share.
const MEMORY: Duration = Duration::from_secs(10);

/// The finest step of the memory.
const STEP: Duration = Duration::from_secs(1);

/// A retry budget: of the calls of the last ten seconds a share may be sent again, and a few each second besides.
#[derive(Debug)]
pub(super) struct Budget {
    limits: BudgetLimits,
    seconds: Mutex<VecDeque<Second>>,
}

/// What a budget allows.
#[derive(Clone, Copy, Debug)]
pub struct BudgetLimits {
    /// Of 100 calls, so many may be sent again.
    pub percent: u32,
    /// So many more in each second.
    pub per_second: u32,
}

impl Default for BudgetLimits {
    fn default() -> Self {
        Self {
            percent: 20,
            per_second: 3,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Second {
    began: Instant,
    calls: u32,
    /// Sent again on the share.
    shared: u32,
    /// Sent again besides.
    besides: u32,
}

impl Budget {
    pub(super) fn new(limits: BudgetLimits) -> Self {
        Self {
            limits,
            seconds: Mutex::default(),
        }
    }

    /// A call is made for the first time.
    pub(super) fn deposit(&self) {
        if let Some(second) = self.now().back_mut() {
            second.calls = second.calls.saturating_add(1);
        }
    }

    /// Whether a call may be sent once more; if so, that is counted.
    pub(super) fn withdraw(&self) -> bool {
        let mut seconds = self.now();
        let share = self.share(&seconds);
        let per_second = self.limits.per_second;
        let Some(second) = seconds.back_mut() else {
            return false;
        };
        if second.besides < per_second {
            second.besides += 1;
            return true;
        }
        if share > 0 {
            second.shared += 1;
            return true;
        }
        false
    }

    /// How many calls could be sent again at this moment.
    pub(super) fn left(&self) -> u32 {
        let seconds = self.now();
        let besides = seconds.back().map_or(0, |second| second.besides);
        self.share(&seconds) + self.limits.per_second.saturating_sub(besides)
    }

    /// What is left of the share.
    fn share(&self, seconds: &VecDeque<Second>) -> u32 {
        let (calls, spent) = seconds.iter().fold((0_u64, 0), |(calls, spent), second| {
            (calls + u64::from(second.calls), spent + second.shared)
        });
        let share = calls * u64::from(self.limits.percent) / 100;
        u32::try_from(share)
            .unwrap_or(u32::MAX)
            .saturating_sub(spent)
    }

    /// The remembered seconds; the last of them is the one that runs.
    fn now(&self) -> MutexGuard<'_, VecDeque<Second>> {
        let now = Instant::now();
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |second: &mut Second| now.duration_since(second.began) >= MEMORY;
        while seconds.pop_front_if(is_old).is_some() {}
        if seconds
            .back()
            .is_none_or(|last| now.duration_since(last.began) >= STEP)
        {
            seconds.push_back(Second {
                began: now,
                calls: 0,
                shared: 0,
                besides: 0,
            });
        }
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_share_of_the_calls_and_a_few_each_second_may_be_sent_again() {
        let budget = Budget::new(BudgetLimits::default());
        let withdrawn = || {
            std::iter::repeat_with(|| budget.withdraw())
                .take_while(|yes| *yes)
                .count()
        };
        assert_eq!(withdrawn(), 3);
        (0..100).for_each(|_| budget.deposit());
        assert_eq!(budget.left(), 20);
        assert_eq!(withdrawn(), 20);
        tokio::time::advance(STEP).await;
        assert_eq!(withdrawn(), 3, "a new second, no new calls");
        (0..10).for_each(|_| budget.deposit());
        assert_eq!(withdrawn(), 2);
        tokio::time::advance(MEMORY).await;
        (0..10).for_each(|_| budget.deposit());
        assert_eq!(
            withdrawn(),
            5,
            "what is older than ten seconds counts no more"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn over_any_length_of_time_the_rule_holds() {
        let budget = Budget::new(BudgetLimits::default());
        let (mut calls, mut again) = (0, 0);
        for _ in 0..2_000 {
            budget.deposit();
            calls += 1;
            again += (0..4).filter(|_| budget.withdraw()).count();
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        let most = calls / 5 + 3 * 20;
        assert!(again <= most, "{again} of {calls}");
        assert!(again * 100 >= most * 95, "{again} of {calls}");
    }
}
