//! Which call is sent again, and when: what the answer says × what a second arrival would do.

use super::{
    CallError,
    budget::Budget,
    call::{Outgoing, Sent},
    micros,
};
use crate::planted::{self, Bug};
use adapters::{Answer, ProblemKind, Repeat, VendorProblem};
use http::StatusCode;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// First pause before a call is repeated; doubled each time, and taken at random below that.
const PAUSE: Duration = Duration::from_millis(50);

/// Longest pause of that kind.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// The first pause where the vendor has more to do than it can, and does not say how long to wait.
const THROTTLED_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause of that kind.
const MAX_THROTTLED_PAUSE: Duration = Duration::from_secs(60);

/// Sends calls again where that is safe, within their deadline, their attempts and the account's budget: what an
/// account's calls share.
#[derive(Debug)]
pub(super) struct Retries {
    /// How often a call is sent in all.
    pub(super) attempts: u32,
    /// How many of all calls may be sent again.
    pub(super) budget: Arc<Budget>,
    /// Where the pauses come from.
    pub(super) random: Arc<Mutex<fastrand::Rng>>,
}

impl Retries {
    /// Has a call sent as often as it needs; `once` sends it.
    pub(super) async fn send<F>(&self, call: &Outgoing<'_>, once: impl Fn() -> F) -> Sent
    where
        F: Future<Output = Result<Box<Answer>, CallError>>,
    {
        self.budget.deposit();
        let (mut open_since, mut earlier) = (None, None);
        let mut attempt = 1;
        loop {
            let result = once().await;
            let Some(pause) = self.pause(call, &result, attempt) else {
                let result = match (result, earlier) {
                    // That it was not sent again says less than what it was sent again for.
                    (Err(CallError::Stopped { .. } | CallError::NoTime), Some(earlier)) => {
                        Err(earlier)
                    }
                    (result, _) => result,
                };
                return Sent { result, open_since };
            };
            if result.as_ref().is_err_and(CallError::is_unknown) && !planted::is(Bug::BlindResend) {
                open_since = Some(Instant::now());
            }
            earlier = match (call.repeat, result) {
                (Repeat::Read, Err(error)) if !error.is_throttled() => Some(error),
                _ => None,
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// How long to wait before the call is sent again; `None` when it is not.
    fn pause(
        &self,
        call: &Outgoing<'_>,
        result: &Result<Box<Answer>, CallError>,
        attempt: u32,
    ) -> Option<Duration> {
        let Err(error) = result else {
            return None;
        };
        if attempt >= self.attempts || attempt > most_repetitions(error, call.repeat) {
            return None;
        }
        let own = match error.problem().is_some_and(throttles) {
            true => self.jitter(THROTTLED_PAUSE, MAX_THROTTLED_PAUSE, attempt),
            false => self.jitter(PAUSE, MAX_PAUSE, attempt),
        };
        let pause = error.wait().unwrap_or(own);
        let now = Instant::now();
        let fits = now
            .checked_add(pause)
            .is_some_and(|then| then < call.patience(now));
        (fits && self.budget.withdraw()).then_some(pause)
    }

    /// Full jitter: anything up to the step, which doubles with each attempt.
    fn jitter(&self, first: Duration, most: Duration, attempt: u32) -> Duration {
        let step = first.saturating_mul(1 << (attempt - 1).min(16)).min(most);
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_micros(random.u64(0..=micros(step)))
    }
}

/// Whether the vendor says that it has too much to do.
fn throttles(problem: &VendorProblem) -> bool {
    problem.kind == ProblemKind::RateLimited || problem.status == StatusCode::SERVICE_UNAVAILABLE
}

/// How often a call may be sent once more after this, whatever else is allowed.
fn most_repetitions(error: &CallError, repeat: Repeat) -> u32 {
    if planted::is(Bug::BlindResend) && error.is_unknown() {
        return u32::MAX;
    }
    match (error, repeat) {
        // Nothing was sent, or the vendor turned it away before it did anything.
        (CallError::NotSent(_), _) => u32::MAX,
        (error, _) if error.is_throttled() => u32::MAX,
        (CallError::Refused(_), _) => 0,
        // A redirect is never followed, so it would only come again.
        (CallError::Unclear(problem), _) if problem.status.is_redirection() => 0,
        // Whether a failure is stored under the key is not documented: once, then it is looked up.
        (CallError::Unclear(_), Repeat::Keyed) => 1,
        (
            CallError::Lost { .. } | CallError::Unclear(_),
            Repeat::Read | Repeat::Commutes | Repeat::Keyed,
        ) => u32::MAX,
        // What was sent may land late: on somebody's change, or as a second tag.
        (
            CallError::Lost { .. } | CallError::Unclear(_),
            Repeat::ReplacesSet | Repeat::LookUpFirst,
        ) => 0,
        // The status says that it took effect: only what the body would have told is missing.
        (CallError::Body(_), Repeat::Read | Repeat::Keyed) => u32::MAX,
        (CallError::Body(_), Repeat::Commutes | Repeat::ReplacesSet | Repeat::LookUpFirst) => 0,
        // Nobody was asked, and nobody would be asked now.
        (
            CallError::Invalid(_)
            | CallError::Unsupported(_)
            | CallError::NoTime
            | CallError::QuotaUsed(_)
            | CallError::Stopped { .. },
            _,
        ) => 0,
    }
}
