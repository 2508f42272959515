//! The vendor's windows, mirrored: at full load it never has to say that it was one call too many.

use super::{Vendor, account_at, account_with_rate, call, context, limits};
use crate::{
    clock,
    config::RateWindow,
    mock::{Options, Served, TWINS, Window},
    upstream::{Account, AccountLimits, AnswerBody, CallError, Priority, Transport},
};
use adapters::{Call, Path, Repeat, VENDORS, reader::Keep};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tower::service_fn;

pub(super) const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn published() -> Vec<RateWindow> {
    let window = |(requests, length)| RateWindow { requests, length };
    [(60, MINUTE), (1_000, HOUR)].map(window).to_vec()
}

/// Awardee's twin behind a network on which calls travel for up to 0.3 seconds.
pub(super) struct Awardee {
    twin: Arc<Served>,
    answered: Arc<AtomicU32>,
    turned_away: Arc<AtomicU32>,
}

impl Awardee {
    pub(super) fn new(windows: &[RateWindow]) -> Self {
        let kind = TWINS.iter().find(|kind| kind.name == "awardee");
        let windows = windows.iter().map(|window| Window {
            requests: window.requests,
            length_ms: u64::try_from(window.length.as_millis()).expect("it fits"),
        });
        let options = Options {
            windows: windows.collect(),
            ..Options::default()
        };
        Self {
            twin: Served::new(kind.expect("a twin"), options).expect("it compiles"),
            answered: Arc::default(),
            turned_away: Arc::default(),
        }
    }

    fn transport(&self) -> Transport {
        let (twin, answered, turned_away) = (
            self.twin.clone(),
            self.answered.clone(),
            self.turned_away.clone(),
        );
        let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(7)));
        Transport::new(service_fn(move |request: Request<Bytes>| {
            let (twin, answered, turned_away) =
                (twin.clone(), answered.clone(), turned_away.clone());
            let travel = || Duration::from_millis(random.lock().unwrap().u64(1..150));
            let (there, back) = (travel(), travel());
            async move {
                tokio::time::sleep(there).await;
                let answer = twin.call(request, clock::unix_ms());
                match answer.status().as_u16() {
                    429 => turned_away.fetch_add(1, Ordering::Relaxed),
                    _ => answered.fetch_add(1, Ordering::Relaxed),
                };
                tokio::time::sleep(back).await;
                Ok(boxed(answer))
            }
        }))
    }

    pub(super) fn account(&self, rate: Vec<RateWindow>) -> Arc<Account> {
        let known = VENDORS.iter().find(|known| known.name == "awardee");
        let url = known.expect("a vendor").base_url;
        let limits = AccountLimits {
            max_in_flight: 16,
            ..limits()
        };
        Arc::new(account_with_rate(
            url,
            "awardee",
            self.transport(),
            limits,
            rate,
        ))
    }

    pub(super) fn counts(&self) -> (u32, u32) {
        (
            self.answered.load(Ordering::Relaxed),
            self.turned_away.load(Ordering::Relaxed),
        )
    }
}

fn boxed(answer: Response<Bytes>) -> Response<AnswerBody> {
    answer.map(|bytes| {
        Full::new(bytes)
            .map_err(|never| match never {})
            .boxed_unsync()
    })
}

pub(super) fn list() -> Call {
    Call {
        operation: "list_conversation_tags",
        method: Method::GET,
        path: Path::new().fixed("conversation-tags"),
        query: String::new(),
        body: None,
        keep: Keep::Everything,
        repeat: Repeat::Read,
        why: "",
    }
}

/// Calls that each wait for the one before, as often as they can until then.
async fn keep_calling(account: Arc<Account>, priority: Priority, until: Instant) {
    while Instant::now() < until {
        let mut context = context(15 * SECOND);
        context.priority = priority;
        let sent = account.send(&list(), None, &context).await;
        match sent.result {
            Ok(_) => {}
            Err(CallError::QuotaUsed(wait)) => tokio::time::sleep(wait.min(SECOND)).await,
            // It came to its turn when there was hardly any time left.
            Err(CallError::NoTime | CallError::Lost { silent: true, .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_full_load_for_ten_minutes_the_vendor_turns_nothing_away() {
    for priority in [Priority::Interactive, Priority::Bulk] {
        let awardee = Awardee::new(&published());
        let account = awardee.account(published());
        let until = Instant::now() + 10 * MINUTE;
        let callers: Vec<_> = (0..32)
            .map(|_| tokio::spawn(keep_calling(account.clone(), priority, until)))
            .collect();
        for caller in callers {
            caller.await.expect("no panic");
        }
        let (answered, turned_away) = awardee.counts();
        assert_eq!(turned_away, 0, "{priority:?}");
        assert!(answered >= 570, "{priority:?}: {answered} of 600");
    }
}

#[tokio::test(start_paused = true)]
async fn the_hour_is_never_overdrawn_either() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    let until = Instant::now() + 2 * HOUR;
    let callers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(keep_calling(account.clone(), Priority::Interactive, until)))
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    let (answered, turned_away) = awardee.counts();
    assert_eq!(turned_away, 0);
    assert!((1_900..=3_000).contains(&answered), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_served_soon_while_bulk_runs() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    let until = Instant::now() + 10 * MINUTE;
    let bulk: Vec<_> = (0..32)
        .map(|_| tokio::spawn(keep_calling(account.clone(), Priority::Bulk, until)))
        .collect();
    let mut random = fastrand::Rng::with_seed(3);
    let mut interactive = Vec::new();
    while Instant::now() < until {
        // Twenty a minute, at moments that have nothing to do with one another.
        let pause = -(1.0 - random.f64()).ln() * 3.0;
        tokio::time::sleep(Duration::from_secs_f64(pause)).await;
        let account = account.clone();
        interactive.push(tokio::spawn(async move {
            let started = Instant::now();
            let sent = account.send(&list(), None, &context(15 * SECOND)).await;
            sent.result.expect("it was served");
            started.elapsed()
        }));
    }
    let mut waits = Vec::new();
    for call in interactive {
        waits.push(call.await.expect("no panic"));
    }
    for caller in bulk {
        caller.await.expect("no panic");
    }
    waits.sort_unstable();
    let p99 = waits[waits.len() * 99 / 100];
    let (answered, turned_away) = awardee.counts();
    assert_eq!(turned_away, 0);
    assert!(p99 <= 2 * SECOND, "{p99:?}");
    assert!(answered >= 570, "{answered} of 600");
}

#[tokio::test(start_paused = true)]
async fn bulk_gets_its_tenth_however_many_others_there_are() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    let until = Instant::now() + 10 * MINUTE;
    let others: Vec<_> = (0..64)
        .map(|_| tokio::spawn(keep_calling(account.clone(), Priority::Interactive, until)))
        .collect();
    let mut served = 0;
    while Instant::now() < until {
        let mut context = context(10 * MINUTE);
        context.priority = Priority::Bulk;
        let mut together = Vec::new();
        for _ in 0..8 {
            let (account, context) = (account.clone(), context.clone());
            together.push(tokio::spawn(async move {
                account.send(&list(), None, &context).await.result.is_ok()
            }));
        }
        for call in together {
            served += u32::from(call.await.expect("no panic"));
        }
    }
    for caller in others {
        caller.await.expect("no panic");
    }
    assert!(served >= 54, "{served} of 600");
    assert_eq!(awardee.counts().1, 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_refused_at_once_with_the_true_time() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    let calls: Vec<_> = (0..60)
        .map(|_| {
            let account = account.clone();
            tokio::spawn(async move { account.send(&list(), None, &context(60 * SECOND)).await })
        })
        .collect();
    for call in calls {
        call.await.expect("no panic").result.expect("it fits");
    }
    let started = Instant::now();
    let sent = account.send(&list(), None, &context(15 * SECOND)).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
    let Err(CallError::QuotaUsed(wait)) = sent.result else {
        panic!("{:?}", sent.result)
    };
    assert!(wait > 50 * SECOND && wait <= 61 * SECOND, "{wait:?}");
    // Neither too long nor too short.
    tokio::time::sleep(wait).await;
    let sent = account.send(&list(), None, &context(SECOND * 2)).await;
    sent.result.expect("it fits again");
    assert_eq!(awardee.counts(), (61, 0));
}

#[tokio::test(start_paused = true)]
async fn what_others_use_of_the_quota_is_learnt_from_the_vendor() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    // So that all of it falls into one minute of the vendor's.
    let into = Duration::from_millis(clock::unix_ms() % 60_000);
    tokio::time::sleep(MINUTE - into).await;
    for _ in 0..40 {
        let request = Request::get("https://api.awardee.dev/v1/conversation-tags")
            .header("authorization", "Bearer another")
            .body(Bytes::new())
            .expect("a request");
        awardee.twin.call(request, clock::unix_ms());
    }
    let until = Instant::now() + 40 * SECOND;
    keep_calling(account.clone(), Priority::Interactive, until).await;
    let (answered, turned_away) = awardee.counts();
    assert_eq!(turned_away, 0);
    assert!((15..=20).contains(&answered), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn a_surprising_refusal_holds_everybody_for_as_long_as_the_vendor_says_and_then_slows_down() {
    const WAIT: &[(&str, &str)] = &[("retry-after", "10")];
    let vendor = Vendor::new(
        [super::Does::Says(429, WAIT, "")],
        super::Does::Says(200, &[], "{}"),
    );
    let account = Arc::new(account_at(
        "https://vendor.example",
        "elevenlabs",
        vendor.transport(),
        limits(),
    ));
    let first = account
        .send(&call(Repeat::Read), None, &context(5 * SECOND))
        .await;
    assert!(matches!(first.result, Err(CallError::Refused(_))));
    let second = account
        .send(&call(Repeat::Read), None, &context(5 * SECOND))
        .await;
    assert!(matches!(second.result, Err(CallError::QuotaUsed(wait)) if wait == 10 * SECOND));
    assert_eq!(vendor.arrivals(), 1, "not even asked");
    let started = Instant::now();
    for _ in 0..10 {
        let sent = account
            .send(&call(Repeat::Read), None, &context(15 * SECOND))
            .await;
        sent.result.expect("it is served");
    }
    let took = started.elapsed();
    assert!(took >= 10 * SECOND, "{took:?}");
    // One a second at first, and faster with time.
    assert!(took >= 16 * SECOND && took <= 19 * SECOND, "{took:?}");
    tokio::time::sleep(MINUTE).await;
    let started = Instant::now();
    for _ in 0..10 {
        let sent = account
            .send(&call(Repeat::Read), None, &context(15 * SECOND))
            .await;
        sent.result.expect("it is served");
    }
    assert_eq!(started.elapsed(), Duration::ZERO, "forgotten");
}

#[tokio::test(start_paused = true)]
async fn with_the_quota_off_only_the_vendors_own_wait_is_waited_for() {
    const WAIT: &[(&str, &str)] = &[("retry-after", "2")];
    let vendor = Vendor::new(
        [super::Does::Says(429, WAIT, "")],
        super::Does::Says(200, &[], "{}"),
    );
    let limits = AccountLimits {
        paced: false,
        ..limits()
    };
    let account = account_at(
        "https://vendor.example",
        "elevenlabs",
        vendor.transport(),
        limits,
    );
    let started = Instant::now();
    for _ in 0..10 {
        let sent = account
            .send(&call(Repeat::Read), None, &context(15 * SECOND))
            .await;
        sent.result.expect("it is served");
    }
    assert_eq!(started.elapsed(), 2 * SECOND);
    assert!(account.line().paced.is_none());
}
