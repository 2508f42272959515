//! Places at the vendor: the least time left goes first, and whoever leaves takes none.

use super::account_with_rate;
use super::{Does, Vendor, account, call, context, limits};
use crate::{
    config::RateWindow,
    upstream::{AccountLimits, BreakerPhase, CallError},
};
use adapters::Repeat;
use std::{sync::Arc, sync::Mutex, time::Duration};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn one_place() -> AccountLimits {
    AccountLimits {
        max_in_flight: 1,
        attempts: 1,
        ..limits()
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_has_the_least_time_left_goes_first() {
    let vendor = Vendor::new([Does::Hangs], Does::Says(200, &[], "{}"));
    let account = Arc::new(account(&vendor, one_place()));
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for seconds in [99, 29, 13, 27, 11, 15] {
        let (account, served) = (account.clone(), served.clone());
        tasks.push(tokio::spawn(async move {
            let sent = account
                .send(&call(Repeat::Read), None, &context(seconds * SECOND))
                .await;
            if sent.result.is_ok() {
                served.lock().unwrap().push(seconds);
            }
        }));
        tokio::task::yield_now().await;
    }
    let standing = account.line();
    assert_eq!((standing.taken, standing.interactive), (1, 5));
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(*served.lock().unwrap(), [11, 13, 15, 27, 29]);
    let standing = account.line();
    assert_eq!((standing.taken, standing.interactive), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_line_takes_no_place() {
    let vendor = Vendor::new([Does::Hangs], Does::Says(200, &[], "{}"));
    let account = Arc::new(account(&vendor, one_place()));
    let hangs = {
        let account = account.clone();
        tokio::spawn(async move {
            account
                .send(&call(Repeat::Read), None, &context(99 * SECOND))
                .await
        })
    };
    tokio::task::yield_now().await;
    let sent = account
        .send(&call(Repeat::Read), None, &context(SECOND))
        .await;
    assert!(matches!(sent.result, Err(CallError::NoTime)));
    let gone = {
        let account = account.clone();
        tokio::spawn(async move {
            account
                .send(&call(Repeat::Read), None, &context(99 * SECOND))
                .await
        })
    };
    tokio::task::yield_now().await;
    assert_eq!(account.line().interactive, 1);
    gone.abort();
    assert!(gone.await.is_err());
    assert_eq!(account.line().interactive, 0);
    hangs.await.expect("no panic").result.expect_err("it hung");
    assert_eq!(account.line().taken, 0);
    assert_eq!(vendor.arrivals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_only_listened_to_keeps_nobody_out() {
    let vendor = Vendor::new([Does::Hangs], Does::Says(200, &[], "{}"));
    let account = Arc::new(account(&vendor, one_place()));
    let hangs = {
        let account = account.clone();
        tokio::spawn(async move { super::send(&account, Repeat::ReplacesSet, 60 * SECOND).await })
    };
    tokio::task::yield_now().await;
    assert_eq!(account.line().taken, 1);
    let sent = account
        .send(&call(Repeat::Read), None, &context(15 * SECOND))
        .await;
    sent.result.expect("served after the attempt's time");
    let sent = hangs.await.expect("no panic");
    assert!(matches!(
        sent.result,
        Err(CallError::Lost { silent: true, .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_answered_in_time_is_refused_before_it_is_made() {
    let vendor = Vendor::new([], Does::Takes(300));
    let account = Arc::new(account(&vendor, limits()));
    let ask = async |time| {
        account
            .send(&call(Repeat::Read), None, &context(time))
            .await
    };
    // As long as little is known, it is tried.
    for _ in 0..20 {
        let sent = ask(SECOND).await;
        sent.result.expect("it is answered");
    }
    let sent = ask(SECOND / 4).await;
    assert!(matches!(sent.result, Err(CallError::NoTime)));
    assert_eq!(vendor.arrivals(), 20);
    ask(SECOND / 2).await.result.expect("it is answered");
    // However slow the vendor is, whoever leaves an attempt its full time has one.
    *vendor.usually.lock().unwrap() = Does::Takes(4_900);
    for _ in 0..64 {
        ask(5 * SECOND).await.result.expect("it is answered");
    }
    *vendor.usually.lock().unwrap() = Does::Says(200, &[], "{}");
    ask(5 * SECOND).await.result.expect("it is answered");
    assert!(ask(4 * SECOND).await.result.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_is_overtaken_and_then_too_late_is_told_when_that_is_known() {
    let vendor = Vendor::new([], Does::Takes(300));
    let window = RateWindow {
        requests: 2,
        length: 60 * SECOND,
    };
    let url = "https://vendor.example";
    let account = account_with_rate(
        url,
        "elevenlabs",
        vendor.transport(),
        one_place(),
        vec![window],
    );
    let started = Instant::now();
    let ask = async |time| {
        let sent = account
            .send(&call(Repeat::Read), None, &context(time))
            .await;
        (sent.result, started.elapsed())
    };
    let ((first, _), (overtaken, told), (urgent, _)) =
        tokio::join!(ask(15 * SECOND), ask(15 * SECOND), ask(5 * SECOND));
    first.expect("it had the place");
    urgent.expect("it has the least time left");
    assert!(
        matches!(overtaken, Err(CallError::QuotaUsed(_))),
        "{overtaken:?}"
    );
    assert_eq!(told, SECOND * 600 / 1_000);
}

#[tokio::test(start_paused = true)]
async fn who_stands_too_far_back_in_the_line_is_told_at_once() {
    let vendor = Vendor::new([], Does::Takes(300));
    let account = Arc::new(account(&vendor, one_place()));
    let ask = |time| {
        let account = account.clone();
        async move {
            account
                .send(&call(Repeat::Read), None, &context(time))
                .await
                .result
        }
    };
    for _ in 0..20 {
        ask(SECOND).await.expect("it is answered");
    }
    let waiting: Vec<_> = (0..20).map(|_| tokio::spawn(ask(15 * SECOND))).collect();
    tokio::task::yield_now().await;
    let started = Instant::now();
    // Twenty calls of 300 ms come before it.
    let sent = ask(15 * SECOND + SECOND / 1_000).await;
    sent.expect("six seconds are enough for it");
    assert_eq!(started.elapsed(), 21 * 300 * SECOND / 1_000);
    for waits in waiting {
        waits.await.expect("no panic").expect("it is answered");
    }
    let started = Instant::now();
    let asked = (0..60).map(|_| async {
        let result = ask(Duration::from_millis(14_900)).await;
        (result, started.elapsed())
    });
    let answers = futures_util::future::join_all(asked).await;
    let refused = answers.iter().filter(|(result, _)| result.is_err());
    let refused: Vec<_> = refused.collect();
    assert!(
        refused
            .iter()
            .all(|(result, _)| matches!(result, Err(CallError::NoTime)))
    );
    // What is left of the call that is under way is not known, so one more is hoped for.
    let at_once = refused.iter().filter(|(_, told)| told.is_zero()).count();
    assert_eq!((refused.len(), at_once), (11, 10));
}

#[tokio::test(start_paused = true)]
async fn callers_with_little_time_find_out_that_the_vendor_is_silent() {
    let vendor = Vendor::new([], Does::Hangs);
    let account = account(&vendor, limits());
    for _ in 0..5 {
        let sent = account
            .send(&call(Repeat::Read), None, &context(SECOND))
            .await;
        sent.result.expect_err("it hangs");
    }
    assert!(matches!(account.breaker().phase, BreakerPhase::Open(_, _)));
}

#[tokio::test(start_paused = true)]
async fn a_catalogue_that_cannot_be_read_fails_for_all_who_wait_for_it() {
    let vendor = Vendor::new([], Does::Hangs);
    let account = account(&vendor, one_place());
    let started = Instant::now();
    let context = context(15 * SECOND);
    let asked = futures_util::future::join_all((0..5).map(|_| account.catalogue(&context))).await;
    assert!(asked.iter().all(Result::is_err));
    assert_eq!(vendor.arrivals(), 1);
    assert_eq!(started.elapsed(), limits().attempt_timeout);
    account.catalogue(&context).await.expect_err("asked anew");
    assert_eq!(vendor.arrivals(), 2);
}
