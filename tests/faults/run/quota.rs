//! Full load on a vendor with windows, on a paused clock: the vendor never has to say that it was one call too many,
//! and whoever waits is served soon while bulk calls run.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use serde_json::json;
use tagway::{error::Code, upstream::Priority};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    Report,
    figures::percentile,
    paused::{House, paused},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// How long a caller waits.
const PATIENCE: Duration = Duration::from_secs(15);

/// Callers at once, each of whom asks again as soon as it may.
const CALLERS: usize = 32;

/// What is waited for at most beside bulk calls, in 99 of 100 cases.
const SOON_MS: f64 = 2_000.0;

pub(crate) async fn run() -> Report {
    paused(async || {
        let mut report = Report::default();
        full(&mut report).await;
        beside_bulk(&mut report).await;
        hours(&mut report).await;
        report
    })
    .await
}

/// Awardee with the windows that it publishes; calls travel for 0.15 seconds.
fn awardee() -> Arc<House> {
    let more = "rate = [\"60/min\", \"1000/h\"]\nmax_in_flight = 16";
    let house = House::new("awardee", more);
    let slow = json!({"faults": [{"class": "latency", "latency_ms": 150}]});
    house.twin.add_faults(&slow).expect("a plan");
    let name = json!({"name": "vip"}).to_string();
    let request = http::Request::post("/v1/conversation-tags")
        .header("authorization", "Bearer test")
        .header("content-type", "application/json")
        .body(name.into())
        .expect("a request");
    assert_eq!(house.twin.call(request, 0).status(), 201);
    house.twin.clear_calls();
    Arc::new(house)
}

/// The calls that the vendor took, and those that it turned away.
fn counts(house: &House) -> (u64, u64) {
    let calls = house.twin.calls();
    let away = calls.iter().filter(|call| call.status == 429).count() as u64;
    (calls.len() as u64 - away, away)
}

/// Half of the callers read, half of them change their own conversation to and fro.
async fn keep_asking(house: &House, number: usize, until: Instant) {
    let mut there = true;
    while Instant::now() < until {
        let asked = match number % 2 {
            0 => house.read(number, Priority::Interactive, PATIENCE).await,
            _ => house.change(number, "vip", there, PATIENCE).await,
        };
        match asked {
            Ok(()) => there = !there,
            // As the caller is told, but no later than the load is to be looked at.
            Err((_, wait)) => sleep(wait.clamp(SECOND / 10, SECOND)).await,
        }
    }
}

async fn full(report: &mut Report) {
    let house = awardee();
    let until = Instant::now() + 10 * MINUTE;
    join_all((0..CALLERS).map(|number| keep_asking(&house, number, until))).await;
    let (taken, away) = counts(&house);
    report.none("vendor_429", away);
    report.show(
        "calls_in_ten_minutes",
        taken,
        "at most 600 and what was left",
    );
    report.gate("used", taken, "at least 480 of 600", taken >= 480);
}

async fn beside_bulk(report: &mut Report) {
    let house = awardee();
    let until = Instant::now() + 10 * MINUTE;
    let mut bulk = JoinSet::new();
    for number in 0..CALLERS {
        let house = Arc::clone(&house);
        bulk.spawn(async move {
            let mut done = 0_u64;
            while Instant::now() < until {
                match house.read(number, Priority::Bulk, PATIENCE).await {
                    Ok(()) => done += 1,
                    Err((_, wait)) => sleep(wait.clamp(SECOND / 10, SECOND)).await,
                }
            }
            done
        });
    }
    let mut random = fastrand::Rng::with_seed(3);
    let mut interactive = JoinSet::new();
    while Instant::now() < until {
        // Twenty a minute, at moments that have nothing to do with one another.
        sleep(Duration::from_secs_f64(-(1.0 - random.f64()).ln() * 3.0)).await;
        let house = Arc::clone(&house);
        interactive.spawn(async move {
            let began = Instant::now();
            let read = house.read(1_000, Priority::Interactive, PATIENCE).await;
            read.map(|()| began.elapsed())
        });
    }
    let (mut waits, mut refused) = (Vec::new(), 0_u64);
    for read in interactive.join_all().await {
        match read {
            Ok(wait) => waits.push(wait),
            Err((code, wait)) => {
                refused += 1;
                report.finding(format!("an interactive read: {code:?}, {wait:?}"));
            }
        }
    }
    let done: u64 = bulk.join_all().await.iter().sum();
    report.none("vendor_429_beside_bulk", counts(&house).1);
    report.show("interactive_beside_bulk", waits.len(), "");
    report.none("interactive_refused_beside_bulk", refused);
    let p99 = percentile(&mut waits, 0.99);
    let target = "at most 2000";
    report.gate(
        "interactive_p99_ms_beside_bulk",
        p99,
        target,
        p99 <= SOON_MS,
    );
    report.gate("bulk_calls", done, "at least 60: a tenth", done >= 60);
}

/// The longer window: two hours, of which the first uses it up.
async fn hours(report: &mut Report) {
    let house = awardee();
    let until = Instant::now() + 2 * HOUR;
    let asking = (0..4).map(async |number| {
        while Instant::now() < until {
            match house.read(number, Priority::Interactive, PATIENCE).await {
                Ok(()) => {}
                Err((Code::VendorRateLimited, wait)) => sleep(wait.min(MINUTE)).await,
                Err(_) => sleep(SECOND).await,
            }
        }
    });
    join_all(asking).await;
    let (taken, away) = counts(&house);
    report.none("vendor_429_in_two_hours", away);
    report.gate(
        "used_in_two_hours",
        taken,
        "at least 1800 of 2000",
        taken >= 1_800,
    );
}
