//! What the callers of other vendors notice of one that hangs, on real sockets.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::super::{
    Report, Settings,
    child::Gateway,
    client::{Ask, Client},
    config,
    figures::percentile,
    paused::conversation,
    twin::OnSocket,
};

/// The vendor that hangs.
const HANGS: &str = "elevenlabs";

/// The others.
const WELL: [&str; 2] = ["awardee", "attention"];

/// Callers of each that is well.
const CALLERS: usize = 4;

/// How many calls an account has under way at most, as nothing else is configured.
const PLACES: usize = 8;

/// Callers of the one that hangs.
const HUNG: usize = 64;

/// How long the callers of the one that hangs may need to take its places.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn run(settings: &Settings, report: &mut Report) {
    let hangs = OnSocket::start(HANGS).await;
    let mut text = config::route(HANGS, HANGS, hangs.address, "attempt_timeout_ms = 2000");
    let mut twins = Vec::new();
    for vendor in WELL {
        let twin = OnSocket::start(vendor).await;
        text.push_str(&config::route(vendor, vendor, twin.address, ""));
        twins.push(twin);
    }
    let gateway = Gateway::start(settings.program, &text).await;
    let to = gateway.public;
    // The first calls make connections and read catalogues.
    measure(to, settings.real / 4).await;
    let (mut alone, wrong_alone) = measure(to, settings.real).await;
    hangs.served.clear_calls();
    let silence = json!({"faults": [{"class": "blackhole", "hold_ms": 60_000}]});
    hangs.served.add_faults(&silence).expect("a plan");
    let mut hung = JoinSet::new();
    for number in 0..HUNG {
        hung.spawn(async move {
            let mut client = Client::new(to);
            let mut ask = read_of(HANGS, number);
            ask.headers = "tagway-deadline-ms: 1000\r\n".to_owned();
            loop {
                // It hangs, or is left alone: then it is asked again at a person's pace.
                let _ = client.ask(&ask).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }
    let taken = async {
        while hangs.served.calls().len() < PLACES {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(TAKEN_WITHIN, taken)
        .await
        .expect("the hanging vendor's places are taken");
    let (mut beside, wrong_beside) = measure(to, settings.real).await;
    hung.abort_all();
    report.none("others_wrong", wrong_alone + wrong_beside);
    report.show("others_answered", alone.len() + beside.len(), "");
    let (alone, beside) = (percentile(&mut alone, 0.99), percentile(&mut beside, 0.99));
    report.show("others_p99_ms", alone, "");
    report.show("others_p99_ms_while_one_hangs", beside, "");
    let ratio = (beside / alone * 100.0).round() / 100.0;
    report.show("others_p99_ratio", ratio, "at most 1.2");
    report.none("panics", gateway.panics());
}

fn read_of(route: &str, number: usize) -> Ask {
    let id = conversation(number);
    Ask::new("GET", format!("/v1/{route}/conversations/{id}/tags"))
}

/// Asks the vendors that are well for so long; the times of the answers, and how many were none.
async fn measure(to: SocketAddr, time: Duration) -> (Vec<Duration>, u64) {
    let until = Instant::now() + time;
    let mut callers = JoinSet::new();
    for (number, vendor) in (0..CALLERS).flat_map(|number| WELL.map(|vendor| (number, vendor))) {
        callers.spawn(async move {
            let (mut times, mut wrong) = (Vec::new(), 0);
            let (mut client, ask) = (Client::new(to), read_of(vendor, number));
            while Instant::now() < until {
                match client.ask(&ask).await {
                    Ok(answer) if answer.status == 200 => times.push(answer.took),
                    _ => wrong += 1,
                }
                // Not so many that the machine is what is measured.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (times, wrong)
        });
    }
    let all = callers.join_all().await;
    let wrong = all.iter().map(|(_, wrong)| wrong).sum();
    (
        all.into_iter().flat_map(|(times, _)| times).collect(),
        wrong,
    )
}
