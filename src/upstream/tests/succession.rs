//! An account that takes the place of another one, with other settings, at the same vendor.

use super::{DEADLINE, Does, Vendor, limits, parts, send};
use crate::{
    config::RateWindow,
    upstream::{Account, AccountLimits, BreakerPhase, CallError, Cause, Parts},
};
use adapters::Repeat;
use std::{sync::Arc, time::Duration};

const SECOND: Duration = Duration::from_secs(1);
const URL: &str = "https://vendor.example";
const OK: Does = Does::Says(200, &[], "{}");

fn a_minute(requests: u32) -> Vec<RateWindow> {
    let length = 60 * SECOND;
    vec![RateWindow { requests, length }]
}

fn first(vendor: &Arc<Vendor>, rate: Vec<RateWindow>) -> Arc<Account> {
    let parts = parts(URL, "elevenlabs", vendor.transport(), limits(), rate);
    Arc::new(Account::new(parts))
}

/// It is not in force yet.
fn next(
    earlier: &Arc<Account>,
    vendor: &Arc<Vendor>,
    limits: AccountLimits,
    rate: Vec<RateWindow>,
) -> Arc<Account> {
    let parts = parts(URL, "elevenlabs", vendor.transport(), limits, rate);
    Arc::new(Account::new(Parts {
        earlier: Some(earlier.clone()),
        ..parts
    }))
}

async fn served(account: &Account) -> usize {
    let mut served = 0;
    while send(account, Repeat::Read, SECOND).await.result.is_ok() {
        served += 1;
    }
    served
}

#[tokio::test(start_paused = true)]
async fn what_is_used_of_the_quota_stays_used_whatever_the_windows_are_now() {
    let vendor = Vendor::new([], OK);
    let earlier = first(&vendor, a_minute(10));
    for _ in 0..4 {
        send(&earlier, Repeat::Read, SECOND)
            .await
            .result
            .expect("it fits");
    }
    let more = next(&earlier, &vendor, limits(), a_minute(20));
    assert_eq!(
        earlier.line().windows[0].limit,
        10,
        "it is not in force yet"
    );
    more.take_over();
    // What still runs by the earlier one uses the same quota.
    for _ in 0..2 {
        send(&earlier, Repeat::Read, SECOND)
            .await
            .result
            .expect("it fits");
    }
    assert_eq!(served(&more).await, 14);
    let hour = vec![RateWindow {
        requests: 23,
        length: 3_600 * SECOND,
    }];
    let longer = next(&more, &vendor, limits(), hour);
    longer.take_over();
    assert_eq!(longer.line().windows[0].used, 20);
    assert_eq!(served(&longer).await, 3);
    let none = next(&longer, &vendor, limits(), Vec::new());
    none.take_over();
    send(&none, Repeat::Read, SECOND)
        .await
        .result
        .expect("no window is left");
}

#[tokio::test(start_paused = true)]
async fn the_vendors_wish_to_be_left_alone_goes_on() {
    const WAIT: &[(&str, &str)] = &[("retry-after", "30")];
    let vendor = Vendor::new([Does::Says(429, WAIT, "")], OK);
    let earlier = first(&vendor, Vec::new());
    let refused = send(&earlier, Repeat::Read, SECOND).await.result;
    assert!(matches!(refused, Err(CallError::Refused(_))));
    let other = AccountLimits {
        attempts: 1,
        ..limits()
    };
    let next = next(&earlier, &vendor, other, Vec::new());
    next.take_over();
    let refused = send(&next, Repeat::Read, SECOND).await.result;
    assert!(matches!(refused, Err(CallError::QuotaUsed(wait)) if wait == 30 * SECOND));
    assert_eq!(vendor.arrivals(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_stays_open_and_a_rotated_key_closes_it() {
    let vendor = Vendor::new([Does::Says(401, &[], "")], OK);
    let earlier = first(&vendor, Vec::new());
    send(&earlier, Repeat::Read, SECOND)
        .await
        .result
        .expect_err("the key is refused");
    let next = next(&earlier, &vendor, limits(), Vec::new());
    next.take_over();
    assert!(matches!(
        next.breaker().phase,
        BreakerPhase::Open(Cause::Key, _)
    ));
    let credential = earlier.credential().expect("a key");
    earlier.rotate(credential);
    assert_eq!(next.breaker().phase, BreakerPhase::Closed);
    send(&next, Repeat::Read, SECOND)
        .await
        .result
        .expect("it is asked again");
}

#[tokio::test(start_paused = true)]
async fn other_limits_hold_at_once_for_those_who_wait() {
    let vendor = Vendor::new([], Does::Takes(2_000));
    let one = AccountLimits {
        max_in_flight: 1,
        ..limits()
    };
    let parts = parts(URL, "elevenlabs", vendor.transport(), one, Vec::new());
    let earlier = Arc::new(Account::new(parts));
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let account = earlier.clone();
            tokio::spawn(async move { send(&account, Repeat::Read, DEADLINE).await.result })
        })
        .collect();
    tokio::time::sleep(SECOND).await;
    assert_eq!(vendor.arrivals(), 1);
    next(&earlier, &vendor, limits(), Vec::new()).take_over();
    tokio::time::sleep(SECOND / 2).await;
    assert_eq!(vendor.arrivals(), 4);
    for call in calls {
        call.await.expect("no panic").expect("it is answered");
    }
}
