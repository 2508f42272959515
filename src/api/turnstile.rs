//! How often a client may ask, how much of it at once, and how often somebody may try keys.
//!
//! A window of 60 a minute is a store of 60 that fills up by one each second: whoever asks evenly is never refused,
//! and whoever waits for `Retry-After` is served. The state of a window is one instant, the one at which it is full.

use crate::{
    config::RateWindow,
    error::{Code, Error},
    sync::lock,
};
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How many addresses are remembered; when they are more, the one with the fullest store is forgotten.
const MAX_REMEMBERED: usize = 8_192;

/// How often an address may send a key that is none, or none at all.
const FAILURES: RateWindow = RateWindow {
    requests: 20,
    length: Duration::from_secs(60),
};

/// How long to wait while a client has as many requests under way as it may.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Who is counted as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// A configured client, by its name: it is the same after a reload and with another key.
    Client(String),
    /// Where there are no clients.
    Address(IpAddr),
}

/// What is left of a window (the `RateLimit` fields of the IETF's HTTPAPI group).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The window.
    pub window: RateWindow,
    /// How many requests it still takes now.
    pub remaining: u64,
    /// When it is full again.
    pub full_in: Duration,
}

/// Counts the requests of everybody. It outlives a reload of the configuration.
#[derive(Debug, Default)]
pub struct Turnstile {
    rates: Mutex<Stores<Who>>,
    failures: Mutex<Stores<IpAddr>>,
    clients: Counted,
    accounts: Counted,
}

/// Requests under way, by whose they are: clients and accounts that were configured since the start.
type Counted = Mutex<BTreeMap<String, Arc<AtomicUsize>>>;

/// A request that is under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<AtomicUsize>);

impl Turnstile {
    /// Counts a request. What is left of each window goes to `quotas`, whether it is let through or not.
    ///
    /// # Errors
    /// `rate-limited`, with the time after which it would be let through.
    pub(super) fn admit(
        &self,
        who: &Who,
        windows: &[RateWindow],
        quotas: &mut Vec<Quota>,
    ) -> Result<(), Error> {
        if windows.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        let mut rates = lock(&self.rates);
        let spent = rates.spend(who, windows, now);
        quotas.extend(windows.iter().map(|window| rates.left(who, *window, now)));
        spent.map_err(|wait| {
            let windows: Vec<String> = windows.iter().map(ToString::to_string).collect();
            let detail = format!("this client has {} requests", windows.join(" and "));
            Error::new(Code::RateLimited, detail).retry_after(wait)
        })
    }

    /// Counts a failed login of an address.
    ///
    /// # Errors
    /// `rate-limited` when there were too many of them. A key that is right is let through all the same: keys are
    /// too long to be guessed, and others may share the address.
    pub(super) fn failed(&self, address: IpAddr) -> Result<(), Error> {
        let mut failures = lock(&self.failures);
        failures
            .spend(&address, &[FAILURES], Instant::now())
            .map_err(|wait| {
                let detail = "too many requests without a valid key came from this address";
                Error::new(Code::RateLimited, detail).retry_after(wait)
            })
    }

    /// Counts a request of a client as under way until what is given back is dropped.
    ///
    /// # Errors
    /// `rate-limited` when the client has `most` of them.
    pub(super) fn begin(&self, client: &str, most: usize) -> Result<UnderWay, Error> {
        UnderWay::begin(&self.clients, client, most).ok_or_else(|| {
            let detail = format!("this client has {most} requests under way");
            Error::new(Code::RateLimited, detail).retry_after(BUSY_WAIT)
        })
    }

    /// Counts a request to an account as under way until what is given back is dropped.
    ///
    /// # Errors
    /// `overloaded` when `most` of them are: a vendor that does not answer must not hold up those that do.
    pub(super) fn visit(&self, account: &str, most: usize) -> Result<UnderWay, Error> {
        UnderWay::begin(&self.accounts, account, most).ok_or_else(|| {
            let detail = format!("{most} requests to this vendor's account are under way");
            Error::new(Code::Overloaded, detail).retry_after(BUSY_WAIT)
        })
    }
}

impl UnderWay {
    fn begin(counted: &Counted, whose: &str, most: usize) -> Option<Self> {
        let mut counts = lock(counted);
        let count = match counts.get(whose) {
            Some(count) => count.clone(),
            None => counts.entry(whose.to_owned()).or_default().clone(),
        };
        // Nobody else adds to it while the table is locked.
        if count.load(Ordering::Acquire) >= most {
            return None;
        }
        count.fetch_add(1, Ordering::AcqRel);
        Some(Self(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// When each store is full; one that is full is as good as one that is not there.
#[derive(Debug)]
struct Stores<K>(BTreeMap<(K, Duration), Instant>);

impl<K> Default for Stores<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Clone> Stores<K> {
    /// Takes one from every window, or from none and says after how long all of them have one.
    fn spend(&mut self, key: &K, windows: &[RateWindow], now: Instant) -> Result<(), Duration> {
        let wait = windows.iter().map(|window| {
            let lacking = self.lacking(key, *window, now) + cost(*window);
            lacking.saturating_sub(window.length)
        });
        let wait = wait.max().unwrap_or_default();
        if wait > Duration::ZERO {
            return Err(wait);
        }
        for window in windows {
            let full = now + self.lacking(key, *window, now) + cost(*window);
            self.0.insert((key.clone(), window.length), full);
        }
        while self.0.len() > MAX_REMEMBERED {
            let fullest = self.0.iter().min_by_key(|(_, full)| **full);
            let Some(fullest) = fullest.map(|(key, _)| key.clone()) else {
                break;
            };
            self.0.remove(&fullest);
        }
        Ok(())
    }

    fn left(&self, key: &K, window: RateWindow, now: Instant) -> Quota {
        let full_in = self.lacking(key, window, now);
        let there = window.length.saturating_sub(full_in).as_nanos();
        let remaining = there / cost(window).as_nanos().max(1);
        Quota {
            window,
            remaining: u64::try_from(remaining).unwrap_or(u64::MAX),
            full_in,
        }
    }

    /// How long the store takes to be full again.
    fn lacking(&self, key: &K, window: RateWindow, now: Instant) -> Duration {
        let full = self.0.get(&(key.clone(), window.length));
        full.map_or(Duration::ZERO, |full| full.saturating_duration_since(now))
    }
}

/// How long a store takes for one request.
fn cost(window: RateWindow) -> Duration {
    window.length / window.requests.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::time::advance;

    fn window(requests: u32, seconds: u64) -> RateWindow {
        RateWindow {
            requests,
            length: Duration::from_secs(seconds),
        }
    }

    fn crm() -> Who {
        Who::Client("crm".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_as_told_is_served_and_not_a_moment_earlier() {
        let turnstile = Turnstile::default();
        let windows = [window(3, 1), window(5, 60)];
        let ask = || turnstile.admit(&crm(), &windows, &mut Vec::new());
        let wait = |error: Error| {
            assert_eq!(error.code(), Code::RateLimited);
            error.wait().expect("a time")
        };
        for _ in 0..3 {
            ask().expect("of the first window");
        }
        let short = wait(ask().expect_err("the second is used up"));
        assert!(short <= Duration::from_millis(334), "{short:?}");
        advance(short - Duration::from_millis(1)).await;
        assert!(ask().is_err());
        advance(Duration::from_millis(1)).await;
        ask().expect("the time was true");
        advance(Duration::from_secs(1)).await;
        ask().expect("the fifth of the minute");
        let long = wait(ask().expect_err("the minute is used up"));
        assert!(long > Duration::from_secs(9), "{long:?}");
        advance(long).await;
        ask().expect("the time was true");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_told_and_others_have_their_own() {
        let turnstile = Turnstile::default();
        let windows = [window(60, 60)];
        let mut quotas = Vec::new();
        for _ in 0..3 {
            quotas.clear();
            turnstile
                .admit(&crm(), &windows, &mut quotas)
                .expect("room");
        }
        let [quota] = quotas[..] else {
            panic!("one window")
        };
        assert_eq!(
            (quota.remaining, quota.full_in),
            (57, Duration::from_secs(3))
        );
        let other = Who::Client("erp".to_owned());
        quotas.clear();
        turnstile
            .admit(&other, &windows, &mut quotas)
            .expect("room");
        assert_eq!(quotas[0].remaining, 59);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_of_many_addresses_take_little_room_and_those_of_one_are_counted() {
        let turnstile = Turnstile::default();
        let busy = IpAddr::from([10, 0, 0, 1]);
        for _ in 0..20 {
            turnstile.failed(busy).expect("one of twenty");
        }
        for other in 0..20_000_u32 {
            let address = Ipv4Addr::from_bits(0x0b00_0000 + other).into();
            turnstile.failed(address).expect("its first");
        }
        assert!(lock(&turnstile.failures).0.len() <= MAX_REMEMBERED);
        let error = turnstile.failed(busy).expect_err("it is not forgotten");
        assert_eq!(error.wait(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_client_has_so_many_requests_under_way_and_another_has_its_own() {
        let turnstile = Turnstile::default();
        let first = turnstile.begin("crm", 2).expect("a place");
        let _second = turnstile.begin("crm", 2).expect("a place");
        let error = turnstile.begin("crm", 2).expect_err("both are taken");
        assert_eq!(error.code(), Code::RateLimited);
        turnstile.begin("erp", 2).expect("a place of its own");
        drop(first);
        turnstile.begin("crm", 2).expect("a place that came back");
    }

    #[test]
    fn requests_to_one_account_leave_room_for_those_to_others() {
        let turnstile = Turnstile::default();
        let silent = || turnstile.visit("silent", 2);
        let (one, _two) = (silent().expect("room"), silent().expect("room"));
        let refused = silent().expect_err("no more of this one");
        assert_eq!(refused.code(), Code::Overloaded);
        assert_eq!(refused.wait(), Some(BUSY_WAIT));
        turnstile.visit("other", 2).expect("its own room");
        drop(one);
        silent().expect("there is room again");
    }
}
