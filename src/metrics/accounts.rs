//! How accounts stand towards their vendors, as gauges.

use crate::{
    gateway::Gateway,
    upstream::{Account, BreakerPhase},
};
use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

/// The states of a breaker, as `/status` names them.
const STATES: [&str; 4] = ["off", "closed", "half-open", "open"];

type ByAccount = Family<[(&'static str, String); 1], Gauge>;
type ByAccountAnd = Family<[(&'static str, String); 2], Gauge>;

/// Registers the gauges of every account.
pub(super) fn register(gateway: &Gateway, registry: &mut Registry) {
    let breakers = ByAccountAnd::default();
    let (limits, remaining) = (ByAccountAnd::default(), ByAccountAnd::default());
    let waiting = ByAccountAnd::default();
    let [slots, listening, retries] = [(); 3].map(|()| ByAccount::default());
    for (account, _) in gateway.accounts() {
        let with = |name, value: &str| [("account", account.key.clone()), (name, value.to_owned())];
        let state = state(account);
        for known in STATES {
            set(&breakers, with("state", known), usize::from(known == state));
        }
        let line = account.line();
        for window in &line.windows {
            let seconds = window.length.as_secs().to_string();
            set(&limits, with("seconds", &seconds), window.limit as usize);
            set(
                &remaining,
                with("seconds", &seconds),
                window.remaining as usize,
            );
        }
        set(&waiting, with("priority", "interactive"), line.interactive);
        set(&waiting, with("priority", "bulk"), line.bulk);
        let alone = || [("account", account.key.clone())];
        set(&slots, alone(), line.taken);
        set(&listening, alone(), account.listening().0);
        set(&retries, alone(), account.retries_left() as usize);
    }
    for (name, help, gauges) in [
        (
            "breaker_state",
            "How the account's breaker stands: 1 for the state that it is in.",
            breakers,
        ),
        (
            "quota_limit",
            "Calls that fit in the window of the account's quota.",
            limits,
        ),
        (
            "quota_remaining",
            "Calls that may still be made in the window of the account's quota.",
            remaining,
        ),
        (
            "calls_waiting",
            "Calls that wait for a slot and for their share of the quota.",
            waiting,
        ),
    ] {
        registry.register(name, help, gauges);
    }
    for (name, help, gauges) in [
        (
            "calls_under_way",
            "Calls that hold one of the account's slots.",
            slots,
        ),
        (
            "writes_listened_to",
            "Writes whose answer is late, and that hold no slot any more.",
            listening,
        ),
        (
            "retries_left",
            "Calls that could be sent again at this moment.",
            retries,
        ),
    ] {
        registry.register(name, help, gauges);
    }
}

fn state(account: &Account) -> &'static str {
    match account.breaker().phase {
        BreakerPhase::Off => "off",
        BreakerPhase::Closed => "closed",
        BreakerPhase::HalfOpen(_) => "half-open",
        BreakerPhase::Open(..) => "open",
    }
}

fn set<const N: usize>(
    gauges: &Family<[(&'static str, String); N], Gauge>,
    labels: [(&'static str, String); N],
    value: usize,
) where
    [(&'static str, String); N]: Clone + std::hash::Hash + Eq,
{
    gauges
        .get_or_create(&labels)
        .set(i64::try_from(value).unwrap_or(i64::MAX));
}
