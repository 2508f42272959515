//! What large answers cost: conversations of 50 MB, read sixteen at once, must not be held by the gateway.

mod vendor;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;
use vendor::{Filling, Large};

use super::{
    Report, Settings,
    child::Gateway,
    client::{Ask, Client},
    config,
};

/// Conversations that are read at once.
const TOGETHER: usize = 16;

/// The most that the gateway may take, in MiB.
const MOST_MIB: f64 = 256.0;

/// Fillings, and the vendor that sends them.
const RUNS: [(&str, Filling); 6] = [
    ("elevenlabs", Filling::Transcript),
    ("attention", Filling::Transcript),
    ("elevenlabs", Filling::Dense),
    ("attention", Filling::Deep),
    ("elevenlabs", Filling::OneText),
    ("attention", Filling::TooDeep),
];

pub(crate) async fn run(settings: &Settings) -> Report {
    let mut report = Report::default();
    let mut vendors = Vec::new();
    let mut text = String::from("deadline_ms = 600000\n");
    for (number, (vendor, filling)) in RUNS.iter().enumerate() {
        let large = Large::start(vendor, *filling, settings.body_bytes).await;
        let more = "attempt_timeout_ms = 600000\nattempts = 1\nmax_in_flight = 16";
        let name = format!("r{number}");
        text.push_str(&config::route(&name, vendor, large.address, more));
        vendors.push(large);
    }
    let mut gateway = Gateway::start(settings.program, &text).await;
    let start = gateway.mib("VmRSS:");
    let (mut right, mut wrong) = (0_u64, 0_u64);
    let mut rates = serde_json::Map::new();
    for (number, (vendor, filling)) in RUNS.iter().enumerate() {
        let started = Instant::now();
        let reads = (0..TOGETHER).map(|_| {
            let ask = Ask::new("GET", vendor::tags_of(&format!("r{number}")));
            async move { Client::new(gateway.public).ask(&ask).await }
        });
        for answer in join_all(reads).await {
            let is_right = match (&answer, filling) {
                (Ok(answer), Filling::TooDeep) => {
                    answer.status == 502 && answer.body["code"] == "vendor-invalid-response"
                }
                (Ok(answer), _) => {
                    let tags = answer.body["tags"].as_array();
                    let texts = tags.into_iter().flatten().map(|tag| tag["tag"].as_str());
                    answer.status == 200 && texts.eq([Some("kept"), Some("old")])
                }
                (Err(_), _) => false,
            };
            if is_right {
                right += 1;
            } else {
                wrong += 1;
                report.finding(format!("{vendor}, {filling:?}: {answer:?}"));
            }
        }
        let bytes = (settings.body_bytes * TOGETHER) as f64;
        let rate = bytes / 1_000_000.0 / started.elapsed().as_secs_f64();
        rates.insert(format!("{vendor} {filling:?}"), json!(rate.round()));
    }
    let peak = gateway.mib("VmHWM:");
    report.show("body_mb", settings.body_bytes / 1_000_000, "50");
    report.show("together", TOGETHER, "16");
    report.gate("right_answers", right, "all", wrong == 0);
    report.show("start_mib", start, "");
    report.gate("peak_mib", peak, "at most 256", peak <= MOST_MIB);
    let grown = ((peak - start) * 10.0).round() / 10.0;
    let quarter = (settings.body_bytes * TOGETHER) as f64 / 1_048_576.0 / 4.0;
    let target = "at most a quarter of what is read at once";
    report.gate("grown_mib", grown, target, grown <= quarter);
    report.show("mb_per_second", rates, "");
    report.none("panics", gateway.panics());
    report.gate("lives", gateway.lives(), "true", gateway.lives());
    report
}
