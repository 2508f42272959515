//! A vendor that is dead: what it is still sent, how soon it is left alone and asked again, and what the others notice.

mod others;

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tagway::upstream::{BreakerPhase, Priority};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    Report, Settings,
    paused::{House, paused},
};

const SECOND: Duration = Duration::from_secs(1);

/// How long a caller waits.
const PATIENCE: Duration = Duration::from_secs(15);

/// Ways of being dead that show at once.
const CLASSES: [&str; 3] = ["503", "500", "reset-before-headers"];

/// The longest time from the first failure until a vendor is left alone, in milliseconds.
const OPENS_MS: u128 = 2_000;

pub(crate) async fn run(settings: &Settings) -> Report {
    let mut report = paused(async || {
        let mut report = Report::default();
        repeated(&mut report).await;
        once(&mut report).await;
        left_alone(&mut report).await;
        report
    })
    .await;
    others::run(settings, &mut report).await;
    report
}

fn house(vendor: &str, more: &str, class: &str, operation: &str) -> Arc<House> {
    let house = House::new(vendor, &format!("rate = \"off\"\n{more}"));
    let plan = json!({"faults": [{"class": class, "operation": operation, "effect": "none"}]});
    house.twin.add_faults(&plan).expect("a plan");
    Arc::new(house)
}

/// Reads against a dead vendor, with nothing but the budget to hold them back.
async fn repeated(report: &mut Report) {
    let mut most = 0.0_f64;
    let mut within = true;
    for class in CLASSES {
        let house = house("elevenlabs", "breaker_failures = 0", class, "any");
        let began = Instant::now();
        let mut reads = JoinSet::new();
        for number in 0..2_000 {
            let house = Arc::clone(&house);
            reads.spawn(async move {
                let _dead = house.read(number, Priority::Interactive, PATIENCE).await;
            });
            sleep(SECOND / 100).await;
        }
        let asked = reads.join_all().await.len() as f64;
        let received = house.received() as f64;
        within &= received <= 1.25 * asked + 3.0 * began.elapsed().as_secs_f64();
        most = most.max(received / asked);
    }
    let shown = (most * 1_000.0).round() / 1_000.0;
    report.gate(
        "calls_for_each_read",
        shown,
        "at most 1.25, and 3/s",
        within,
    );
}

/// Changes whose write must not be sent again.
async fn once(report: &mut Report) {
    let mut most = 0.0_f64;
    for (vendor, class) in [
        ("awardee", "503"),
        ("awardee", "reset-before-headers"),
        ("attention", "500"),
        ("attention", "reset-before-headers"),
    ] {
        let house = house(vendor, "breaker_failures = 0", class, "writes");
        let path = match vendor {
            "awardee" => "/v1/conversation-tags",
            _ => "/v2/labels",
        };
        let request = http::Request::post(path)
            .header("authorization", "Bearer test")
            .header("content-type", "application/json")
            .body(json!({"name": "vip"}).to_string().into())
            .expect("a request");
        assert_eq!(house.twin.call(request, 0).status(), 201);
        let mut changes = JoinSet::new();
        for number in 0..500 {
            let house = Arc::clone(&house);
            changes.spawn(async move { house.change(number, "vip", true, PATIENCE).await });
            sleep(SECOND / 50).await;
        }
        let asked = changes.join_all().await.len() as f64;
        most = most.max(house.struck() as f64 / asked);
    }
    report.gate(
        "writes_for_each_change",
        most,
        "1.0 where none may be repeated",
        most == 1.0,
    );
}

/// How soon a vendor is left alone, and how soon it is asked again once it is well.
async fn left_alone(report: &mut Report) {
    let (mut opens, mut most_calls, mut most_probes) = (0, 0, 0);
    let mut closes = Duration::ZERO;
    for class in CLASSES {
        let house = house("elevenlabs", "", class, "any");
        let is_closed = || house.account.breaker().phase == BreakerPhase::Closed;
        let began = Instant::now();
        let mut opened = None;
        let mut reads = JoinSet::new();
        for number in 0..2_000 {
            let one = Arc::clone(&house);
            reads.spawn(async move {
                let _dead = one.read(number, Priority::Interactive, PATIENCE).await;
            });
            sleep(SECOND / 200).await;
            opened = opened.or_else(|| (!is_closed()).then(|| began.elapsed()));
        }
        reads.join_all().await;
        opens = opens.max(opened.map_or(u128::MAX, |opened| opened.as_millis()));
        most_calls = most_calls.max(house.received());
        house.twin.clear_faults();
        let (before, well) = (house.received(), Instant::now());
        // Longer than it is ever left alone.
        while !is_closed() && well.elapsed() < 120 * SECOND {
            let _stopped = house.read(1, Priority::Interactive, PATIENCE).await;
            sleep(SECOND / 50).await;
        }
        let probes = match is_closed() {
            true => house.received() - before,
            false => u64::MAX,
        };
        most_probes = most_probes.max(probes);
        closes = closes.max(well.elapsed());
    }
    let opens = u64::try_from(opens).unwrap_or(u64::MAX);
    let soon = u128::from(opens) <= OPENS_MS;
    report.gate("breaker_opens_ms", opens, "at most 2000 at 200/s", soon);
    report.show("calls_of_2000_in_ten_seconds", most_calls, "");
    let target = "at most 2";
    report.gate("probes_until_closed", most_probes, target, most_probes <= 2);
    report.show("breaker_closes_s", closes.as_secs_f64().round(), "");
}
