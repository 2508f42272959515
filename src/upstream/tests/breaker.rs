//! A vendor that fails is left alone, and asked again one call at a time.

use super::{DEADLINE, Does, Vendor, account, context, limits, send};
use crate::{
    error::{Code, Outcome},
    upstream::{AccountLimits, BreakerPhase, CallError, Cause},
};
use adapters::Repeat;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const DEAD: Does = Does::Says(503, &[], "");
const OK: Does = Does::Says(200, &[], "{}");

/// So many calls a second for so long; how many were made, and when the first was stopped by the breaker.
async fn load(
    account: &Arc<crate::upstream::Account>,
    repeat: Repeat,
    per_second: u32,
    time: Duration,
) -> (usize, Option<Duration>) {
    let started = Instant::now();
    let mut calls = Vec::new();
    while started.elapsed() < time {
        let account = account.clone();
        calls.push(tokio::spawn(async move {
            let sent = send(&account, repeat, DEADLINE).await;
            let stopped = matches!(sent.result, Err(CallError::Stopped { .. }));
            stopped.then(Instant::now)
        }));
        tokio::time::sleep(SECOND / per_second).await;
    }
    let (made, mut first) = (calls.len(), None::<Instant>);
    for call in calls {
        if let Some(at) = call.await.expect("no panic") {
            first = Some(first.map_or(at, |first| first.min(at)));
        }
    }
    (made, first.map(|at| at - started))
}

#[tokio::test(start_paused = true)]
async fn a_dead_vendor_is_called_little_more_often_than_asked_and_soon_not_at_all() {
    for does in [DEAD, Does::Breaks, Does::Says(500, &[], "")] {
        let vendor = Vendor::new([], does.clone());
        let account = Arc::new(account(&vendor, limits()));
        let (_, stopped) = load(&account, Repeat::Read, 200, 10 * SECOND).await;
        let stopped = stopped.expect("it opened");
        assert!(stopped <= 2 * SECOND, "{does:?}: {stopped:?}");
        assert!(vendor.arrivals() <= 30, "{does:?}: {}", vendor.arrivals());
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_the_budget_alone_bounds_what_a_dead_vendor_is_sent() {
    let no_breaker = || {
        let mut limits = limits();
        limits.breaker.failures = 0;
        limits
    };
    for (repeat, most) in [
        (Repeat::Read, 1.25),
        (Repeat::Commutes, 1.25),
        (Repeat::ReplacesSet, 1.0),
        (Repeat::LookUpFirst, 1.0),
    ] {
        let vendor = Vendor::new([], DEAD);
        let account = Arc::new(account(&vendor, no_breaker()));
        let (made, _) = load(&account, repeat, 100, 20 * SECOND).await;
        let received = vendor.arrivals();
        let besides = if most > 1.0 { 3 * 22 } else { 0 };
        let bound = (made as f64 * most) as usize + besides;
        assert!(
            received >= made && received <= bound,
            "{repeat:?}: {received} for {made}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn it_closes_with_the_first_probe_that_is_answered() {
    let vendor = Vendor::new([], DEAD);
    let account = Arc::new(account(&vendor, limits()));
    load(&account, Repeat::Read, 50, 5 * SECOND).await;
    assert_ne!(account.breaker().phase, BreakerPhase::Closed);
    *vendor.usually.lock().unwrap() = OK;
    let before = vendor.arrivals();
    let healed = Instant::now();
    let mut refused = 0;
    while account.breaker().phase != BreakerPhase::Closed {
        let sent = send(&account, Repeat::Read, DEADLINE).await;
        refused += u32::from(sent.result.is_err());
        tokio::time::sleep(SECOND / 50).await;
    }
    assert_eq!(vendor.arrivals() - before, 1, "one probe is enough");
    assert!(
        refused > 0 && healed.elapsed() <= 12 * SECOND,
        "{:?}",
        healed.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn exactly_one_probe_goes_while_many_ask() {
    let vendor = Vendor::new([], Does::Breaks);
    let account = Arc::new(account(
        &vendor,
        AccountLimits {
            attempts: 1,
            ..limits()
        },
    ));
    for _ in 0..5 {
        send(&account, Repeat::Read, DEADLINE).await;
    }
    let BreakerPhase::Open(Cause::Failures, wait) = account.breaker().phase else {
        panic!("{:?}", account.breaker().phase)
    };
    tokio::time::sleep(wait).await;
    *vendor.usually.lock().unwrap() = Does::Hangs;
    let before = vendor.arrivals();
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let account = account.clone();
            tokio::spawn(async move { send(&account, Repeat::Read, DEADLINE).await.result })
        })
        .collect();
    let mut stopped = 0;
    for asked in asked {
        let result = asked.await.expect("no panic");
        stopped += usize::from(matches!(result, Err(CallError::Stopped { .. })));
    }
    assert_eq!((vendor.arrivals() - before, stopped), (1, 49));
    assert!(
        matches!(account.breaker().phase, BreakerPhase::Open(..)),
        "the probe was not answered"
    );
}

#[tokio::test(start_paused = true)]
async fn being_told_to_wait_opens_nothing() {
    let vendor = Vendor::new([], Does::Says(429, &[("retry-after", "0")], ""));
    let account = account(&vendor, limits());
    for _ in 0..20 {
        send(&account, Repeat::Read, 60 * SECOND).await;
    }
    assert_eq!(account.breaker().phase, BreakerPhase::Closed);
    // Neither does a refusal that is about one thing, or a caller without time.
    for status in [400, 403, 404, 409, 422] {
        *vendor.usually.lock().unwrap() = Does::Says(status, &[], "");
        for _ in 0..10 {
            send(&account, Repeat::Read, 60 * SECOND).await;
        }
        assert_eq!(account.breaker().phase, BreakerPhase::Closed, "{status}");
    }
    *vendor.usually.lock().unwrap() = Does::Hangs;
    for _ in 0..10 {
        send(&account, Repeat::Read, SECOND / 10).await;
    }
    assert_eq!(account.breaker().phase, BreakerPhase::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_not_tried_again_and_again() {
    let vendor = Vendor::new([], Does::Says(401, &[], ""));
    let account = account(&vendor, limits());
    send(&account, Repeat::Read, DEADLINE).await;
    assert!(matches!(
        account.breaker().phase,
        BreakerPhase::Open(Cause::Key, _)
    ));
    let sent = send(&account, Repeat::Read, DEADLINE).await;
    let error = sent.result.expect_err("it is stopped");
    let told = error.before_any_write(&account, Code::ConversationNotFound);
    assert_eq!(told.code(), Code::VendorUnavailable);
    assert_eq!(told.known_outcome(), Some(Outcome::NotApplied));
    assert!(
        told.wait()
            .is_some_and(|wait| wait > Duration::ZERO && wait <= 2 * SECOND)
    );
    assert_eq!(vendor.arrivals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_stays_silent_is_a_failure_long_before_it_is_given_up() {
    let vendor = Vendor::new([], Does::Hangs);
    let account = Arc::new(account(&vendor, limits()));
    let writes: Vec<_> = (0..8)
        .map(|_| {
            let account = account.clone();
            tokio::spawn(async move { send(&account, Repeat::ReplacesSet, DEADLINE).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    assert!(matches!(
        account.breaker().phase,
        BreakerPhase::Open(Cause::Failures, _)
    ));
    let looked = account
        .send(&super::call(Repeat::Read), None, &context(DEADLINE))
        .await;
    assert!(matches!(looked.result, Err(CallError::Stopped { .. })));
    for write in writes {
        write.await.expect("no panic");
    }
}
