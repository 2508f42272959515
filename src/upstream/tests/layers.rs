//! The order of the layers: what each of them holds, and does not hold, while another one waits.

use super::{DEADLINE, Does, Vendor, account, account_with_rate, call, context, limits, send};
use crate::{
    config::RateWindow,
    upstream::{Account, AccountLimits, CallError, Sent},
};
use adapters::Repeat;
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::Instant};

const SECOND: Duration = Duration::from_secs(1);
const OK: Does = Does::Says(200, &[], "{}");

fn places(max_in_flight: usize) -> AccountLimits {
    AccountLimits {
        max_in_flight,
        ..limits()
    }
}

fn begin(account: &Arc<Account>, deadline: Duration) -> JoinHandle<Sent> {
    let account = account.clone();
    tokio::spawn(async move { send(&account, Repeat::Read, deadline).await })
}

/// One call an hour.
fn scarce(vendor: &Arc<Vendor>, limits: AccountLimits) -> Arc<Account> {
    let rate = vec![RateWindow {
        requests: 1,
        length: 3_600 * SECOND,
    }];
    let url = "https://vendor.example";
    Arc::new(account_with_rate(
        url,
        "elevenlabs",
        vendor.transport(),
        limits,
        rate,
    ))
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_while_a_repetition_waits() {
    const WAIT: &[(&str, &str)] = &[("retry-after", "5")];
    let vendor = Vendor::new([Does::Says(503, WAIT, "")], OK);
    let account = Arc::new(account(&vendor, places(1)));
    let repeated = begin(&account, DEADLINE);
    tokio::time::sleep(SECOND).await;
    assert_eq!((vendor.arrivals(), account.line().taken), (1, 0));
    let started = Instant::now();
    let other = send(&account, Repeat::Read, SECOND).await;
    other.result.expect("the only place is free");
    assert_eq!(started.elapsed(), Duration::ZERO);
    repeated
        .await
        .expect("no panic")
        .result
        .expect("it is repeated");
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_told_before_the_line() {
    let vendor = Vendor::new([], Does::Says(401, &[], ""));
    let account = scarce(&vendor, limits());
    let refused = send(&account, Repeat::Read, DEADLINE).await;
    assert!(matches!(refused.result, Err(CallError::Refused(_))));
    assert_eq!(account.line().windows[0].remaining, 0);
    // Nobody is told to wait an hour for a vendor that will be asked in a second.
    let stopped = send(&account, Repeat::Read, DEADLINE).await;
    assert!(matches!(stopped.result, Err(CallError::Stopped { .. })));
}

#[tokio::test(start_paused = true)]
async fn whoever_stood_in_line_when_the_breaker_opened_is_not_sent_and_uses_nothing() {
    let vendor = Vendor::new([Does::Takes(1_000), Does::Says(401, &[], "")], OK);
    let rate = vec![RateWindow {
        requests: 60,
        length: 60 * SECOND,
    }];
    let url = "https://vendor.example";
    let transport = vendor.transport();
    let account = account_with_rate(url, "elevenlabs", transport, places(1), rate);
    let account = Arc::new(account);
    // The first is answered well, the second shows that the key is refused, the third comes to its turn then.
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(begin(&account, DEADLINE));
        tokio::task::yield_now().await;
    }
    assert_eq!(account.line().interactive, 2);
    let mut results = Vec::new();
    for call in calls {
        results.push(call.await.expect("no panic").result);
    }
    assert!(matches!(
        &results[..],
        [
            Ok(_),
            Err(CallError::Refused(_)),
            Err(CallError::Stopped { .. })
        ]
    ));
    assert_eq!((vendor.arrivals(), account.line().windows[0].used), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_quota_holds_no_place() {
    let vendor = Vendor::new([], OK);
    let account = scarce(&vendor, places(1));
    send(&account, Repeat::Read, DEADLINE)
        .await
        .result
        .expect("the only call of the hour");
    let waits = begin(&account, 2 * 3_600 * SECOND);
    tokio::time::sleep(SECOND).await;
    let line = account.line();
    assert_eq!((line.interactive, line.taken), (1, 0));
    waits
        .await
        .expect("no panic")
        .result
        .expect("it comes to its turn");
    assert_eq!(vendor.arrivals(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_time_in_the_line_is_no_time_of_an_attempt() {
    let vendor = Vendor::new([], Does::Takes(4_000));
    let account = Arc::new(account(&vendor, places(1)));
    let first = begin(&account, DEADLINE);
    tokio::task::yield_now().await;
    let started = Instant::now();
    let sent = account
        .send(&call(Repeat::Read), None, &context(DEADLINE))
        .await;
    sent.result.expect("its own attempt has its whole time");
    assert_eq!(started.elapsed(), 8 * SECOND);
    first
        .await
        .expect("no panic")
        .result
        .expect("it is answered");
}
