//! How the gateway stands towards its vendors, account by account.

use super::Status;
use crate::{
    clock,
    sequencer::LaneStanding,
    upstream::{Account, BreakerPhase, Cause},
};
use serde::Serialize;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// The answer to `GET /status`.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    ready: bool,
    config_generation: u64,
    config_digest: String,
    accounts: Vec<AccountStanding>,
}

#[derive(Debug, Serialize)]
struct AccountStanding {
    account: String,
    vendor: &'static str,
    mock: bool,
    routes: Vec<String>,
    breaker: Breaker,
    quota: Quota,
    /// Calls that wait for a slot and for their share of the quota.
    line: Line,
    /// Calls at the vendor.
    slots: Share,
    /// Writes whose answer is late, and that hold no slot any more.
    listening_writes: Share,
    /// How many calls could be sent again at this moment.
    retries_left: u32,
    lanes: LaneStanding,
}

/// How an account's breaker stands; part of the readiness as well, where it is not closed.
#[derive(Debug, Serialize)]
pub(super) struct Breaker {
    /// `closed`, `open` or `half-open`, which is between the time of a probe and its answer; `off` without one.
    state: &'static str,
    /// Since when the vendor is left alone, failed probes included, or is called.
    since: String,
    /// `failures` or `credential`; nothing where it is closed.
    cause: Option<&'static str>,
    /// When a call goes as a probe; nothing unless it is open.
    next_probe: Option<String>,
    /// Failures one after the other.
    failures: u32,
}

#[derive(Debug, Serialize)]
struct Quota {
    windows: Vec<Window>,
    /// Calls that are kept for the writes of changes that have begun.
    kept_for_writes: u32,
    /// Until when the vendor asked to be left alone.
    held_until: Option<String>,
    /// Calls a second that are let pass, while the vendor has turned one away lately.
    calls_per_second: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Window {
    seconds: u64,
    limit: u32,
    used: u32,
    remaining: u32,
    /// When more remains.
    resets: String,
}

#[derive(Debug, Serialize)]
struct Line {
    interactive: usize,
    bulk: usize,
}

#[derive(Debug, Serialize)]
struct Share {
    used: usize,
    most: usize,
}

/// Everything that is known of every account.
pub(super) fn standing(status: &Status) -> Standing {
    let generation = status.live.current();
    let lanes = status.lanes.standings();
    let accounts = generation.gateway.accounts().map(|(account, routes)| {
        let of_account = lanes.get(account.order_key()).copied();
        AccountStanding::of(account, routes, of_account.unwrap_or_default())
    });
    Standing {
        ready: status.ready.load(Ordering::Acquire),
        config_generation: generation.number,
        config_digest: generation.digest.clone(),
        accounts: accounts.collect(),
    }
}

/// The accounts whose vendor is left alone.
pub(super) fn open_breakers(status: &Status) -> Vec<serde_json::Value> {
    let generation = status.live.current();
    let open = generation.gateway.accounts().filter_map(|(account, routes)| {
        let breaker = Breaker::of(account);
        let shown = || serde_json::json!({"account": account.key, "routes": routes, "breaker": breaker});
        breaker.cause.map(|_| shown())
    });
    open.collect()
}

impl AccountStanding {
    fn of(account: &Arc<Account>, routes: Vec<String>, lanes: LaneStanding) -> Self {
        let now = Instant::now();
        let line = account.line();
        let (listening, most_listening) = account.listening();
        let windows = line.windows.iter().map(|window| Window {
            seconds: window.length.as_secs(),
            limit: window.limit,
            used: window.used,
            remaining: window.remaining,
            resets: clock::rfc3339(now + window.more_in),
        });
        Self {
            account: account.key.clone(),
            vendor: account.adapter.vendor().name,
            mock: account.twin.is_some(),
            routes,
            breaker: Breaker::of(account),
            quota: Quota {
                windows: windows.collect(),
                kept_for_writes: line.kept,
                held_until: line.held.map(|held| clock::rfc3339(now + held)),
                calls_per_second: line.paced,
            },
            line: Line {
                interactive: line.interactive,
                bulk: line.bulk,
            },
            slots: Share {
                used: line.taken,
                most: line.places,
            },
            listening_writes: Share {
                used: listening,
                most: most_listening,
            },
            retries_left: account.retries_left(),
            lanes,
        }
    }
}

impl Breaker {
    fn of(account: &Account) -> Self {
        let now = Instant::now();
        let standing = account.breaker();
        let (state, cause, probe) = match standing.phase {
            BreakerPhase::Off => ("off", None, None),
            BreakerPhase::Closed => ("closed", None, None),
            BreakerPhase::Open(cause, wait) => ("open", Some(cause), Some(wait)),
            BreakerPhase::HalfOpen(cause) => ("half-open", Some(cause), None),
        };
        Self {
            state,
            since: clock::rfc3339(before(now, standing.since)),
            cause: cause.map(Cause::label),
            next_probe: probe.map(|wait| clock::rfc3339(now + wait)),
            failures: standing.failures,
        }
    }
}

fn before(now: Instant, time: Duration) -> Instant {
    now.checked_sub(time).unwrap_or(now)
}
