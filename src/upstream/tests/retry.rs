//! What is sent again: each cell of the table, the pauses, and the vendor's own wishes.

use super::{DEADLINE, Does, Vendor, account, call, context, limits, send};
use crate::upstream::{AccountLimits, BreakerLimits, BudgetLimits, CallError};
use adapters::Repeat;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const ALL: [Repeat; 5] = [
    Repeat::Read,
    Repeat::Commutes,
    Repeat::Keyed,
    Repeat::ReplacesSet,
    Repeat::LookUpFirst,
];

const OK: Does = Does::Says(200, &[], "{}");

/// Calls that are received when the vendor does this each time: for a read, a commuting write, a keyed create, a
/// replace, and a create that has to be looked up.
async fn received(does: Does) -> [usize; 5] {
    let mut received = [0; 5];
    for (repeat, received) in ALL.into_iter().zip(&mut received) {
        let vendor = Vendor::new([], does.clone());
        let account = account(&vendor, limits());
        send(&account, repeat, Duration::from_secs(600)).await;
        *received = vendor.arrivals();
    }
    received
}

#[tokio::test(start_paused = true)]
async fn every_cell_of_the_table_holds() {
    let status = |status| Does::Says(status, &[], "");
    assert_eq!(received(OK).await, [1; 5]);
    assert_eq!(received(Does::Breaks).await, [3, 3, 3, 1, 1]);
    assert_eq!(received(Does::Hangs).await, [3, 3, 3, 1, 1]);
    assert_eq!(
        received(status(429)).await,
        [3; 5],
        "turned away: nothing happened"
    );
    for failure in [408, 500, 502, 503, 504] {
        assert_eq!(
            received(status(failure)).await,
            [3, 3, 2, 1, 1],
            "{failure}"
        );
    }
    for redirect in [301, 302, 307, 308] {
        assert_eq!(received(status(redirect)).await, [1; 5], "{redirect}");
    }
    for refusal in [400, 401, 403, 404, 409, 412, 413, 415, 422] {
        assert_eq!(received(status(refusal)).await, [1; 5], "{refusal}");
    }
    // Cut or unreadable, below a status that says that it took effect.
    assert_eq!(
        received(Does::Says(200, &[], "{\"a")).await,
        [3, 1, 3, 1, 1]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_sent_again_whatever_it_is() {
    for repeat in ALL {
        let vendor = Vendor::new([Does::Refuses, Does::Refuses], OK);
        let account = account(&vendor, limits());
        let sent = send(&account, repeat, DEADLINE).await;
        assert!(sent.result.is_ok(), "{repeat:?}");
        assert_eq!(
            (sent.open_since, vendor.arrivals()),
            (None, 1),
            "{repeat:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_tells_that_an_earlier_sending_is_still_open() {
    for (first, open) in [
        (Does::Breaks, true),
        (Does::Says(502, &[], ""), true),
        (Does::Says(429, &[], ""), false),
        (Does::Refuses, false),
    ] {
        let vendor = Vendor::new([first.clone()], OK);
        let account = account(&vendor, limits());
        let sent = send(&account, Repeat::Commutes, DEADLINE).await;
        assert!(sent.result.is_ok(), "{first:?}");
        assert_eq!(sent.open_since.is_some(), open, "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_an_open_sending_refuses_nothing() {
    let vendor = Vendor::new([Does::Breaks], Does::Says(422, &[], ""));
    let account = account(&vendor, limits());
    let call = call(Repeat::Keyed);
    let body = call.body.as_ref().and_then(|body| body.render(|_| None));
    let result = account.call(&call, body, &context(DEADLINE)).await;
    let error = result.expect_err("it was refused");
    assert!(error.is_unknown(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_keyed_call_has_one_key_in_all_its_attempts() {
    let vendor = Vendor::new([Does::Breaks, Does::Breaks], OK);
    let account = account(&vendor, limits());
    send(&account, Repeat::Keyed, DEADLINE).await;
    send(&account, Repeat::Keyed, DEADLINE).await;
    let arrivals = vendor.arrivals.lock().unwrap();
    let keys: Vec<_> = arrivals
        .iter()
        .map(|(_, request)| request.headers().get("idempotency-key").expect("a key"))
        .collect();
    assert!(keys[0] == keys[1] && keys[1] == keys[2], "{keys:?}");
    assert_ne!(keys[2], keys[3]);
}

#[tokio::test(start_paused = true)]
async fn pauses_are_anything_up_to_a_step_that_doubles() {
    let many = AccountLimits {
        attempts: 10,
        retries: BudgetLimits {
            percent: 1_000,
            per_second: 1_000,
        },
        breaker: BreakerLimits {
            failures: 0,
            ..BreakerLimits::default()
        },
        ..limits()
    };
    let (mut shortest, mut longest) = ([Duration::MAX; 9], [Duration::ZERO; 9]);
    let vendor = Vendor::new([], Does::Breaks);
    let account = account(&vendor, many);
    for _ in 0..200 {
        send(&account, Repeat::Read, Duration::from_secs(600)).await;
        let pauses = vendor.pauses();
        for (at, pause) in pauses.iter().rev().take(9).rev().enumerate() {
            shortest[at] = shortest[at].min(*pause);
            longest[at] = longest[at].max(*pause);
        }
    }
    for at in 0..9 {
        let step = Duration::from_millis((50 << at).min(2_000)) + Duration::from_millis(1);
        assert!(
            longest[at] <= step && longest[at] * 10 >= step * 9,
            "{at}: {longest:?}"
        );
        assert!(shortest[at] * 10 <= step, "{at}: {shortest:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_the_vendor_asks_for_is_kept() {
    const SECONDS: &[(&str, &str)] = &[("retry-after", "7")];
    const MILLISECONDS: &[(&str, &str)] = &[("retry-after-ms", "7000")];
    const DATE: &[(&str, &str)] = &[
        ("date", "Sun, 06 Nov 1994 08:49:30 GMT"),
        ("retry-after", "Sunday, 06-Nov-94 08:49:37 GMT"),
    ];
    for headers in [SECONDS, MILLISECONDS, DATE] {
        for status in [429, 503] {
            let vendor = Vendor::new([Does::Says(status, headers, "")], OK);
            let account = account(&vendor, limits());
            let sent = send(&account, Repeat::Read, DEADLINE).await;
            assert!(sent.result.is_ok(), "{status} {headers:?}");
            let [pause] = vendor.pauses()[..] else {
                panic!("two calls")
            };
            let asked = Duration::from_secs(7);
            assert!(
                pause >= asked && pause <= asked + Duration::from_millis(2),
                "{pause:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_handed_on_at_once() {
    let vendor = Vendor::new([], Does::Says(429, &[("retry-after", "20")], ""));
    let account = account(&vendor, limits());
    let started = Instant::now();
    let sent = send(&account, Repeat::Read, DEADLINE).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(vendor.arrivals(), 1);
    let error = sent.result.expect_err("it was turned away");
    assert_eq!(error.wait(), Some(Duration::from_secs(20)));
    // A plan that is begun may go on, though its caller be gone by then.
    let account = super::account(&vendor, limits());
    let mut committed = context(Duration::from_secs(30));
    committed.due = Instant::now() + DEADLINE;
    committed.committed = true;
    let call = call(Repeat::Read);
    let sent = account.send(&call, None, &committed).await;
    assert!(matches!(sent.result, Err(CallError::Refused(_))));
    assert_eq!(vendor.arrivals(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_nothing_is_sent_twice() {
    let none = AccountLimits {
        retries: BudgetLimits {
            percent: 0,
            per_second: 0,
        },
        ..limits()
    };
    let vendor = Vendor::new([], Does::Breaks);
    let account = account(&vendor, none);
    send(&account, Repeat::Read, DEADLINE).await;
    assert_eq!(vendor.arrivals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_later_attempt_shows_the_secret_of_its_moment() {
    let vendor = Vendor::new([Does::Says(503, &[], "")], Does::Says(200, &[], "{}"));
    let account = Arc::new(account(&vendor, limits()));
    let called = {
        let account = account.clone();
        tokio::spawn(async move { send(&account, Repeat::Read, DEADLINE).await })
    };
    while vendor.arrivals() < 1 {
        tokio::task::yield_now().await;
    }
    let (name, _) = account.credential().expect("a secret");
    let rotated = http::HeaderValue::from_static("rotated");
    account.rotate((name.clone(), rotated.clone()));
    let sent = called.await.expect("no panic");
    sent.result.expect("the second attempt is answered");
    let arrivals = vendor.arrivals.lock().unwrap();
    let shown: Vec<_> = arrivals
        .iter()
        .map(|(_, request)| request.headers().get(&name) == Some(&rotated))
        .collect();
    assert_eq!(shown, [false, true]);
}
