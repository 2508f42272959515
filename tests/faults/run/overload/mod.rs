//! Ten times the load that the gateway can carry: what it can do it still does, the rest is refused at once, and
//! soon after it is over nothing is left of it.
//!
//! The peak is what the vendor's places allow, not what the machine does: the load comes from the same machine.

mod load;

use std::time::Duration;

use load::{Got, closed, open};
use serde_json::json;

use super::{
    Report, Settings,
    child::{Gateway, cpu_of},
    config,
    figures::percentile,
    twin::OnSocket,
};

/// Callers that find the peak: several for each of the vendor's places.
const CALLERS: usize = 32;

/// How many times the peak is offered.
const TIMES: f64 = 10.0;

/// The part of the peak that has to be left under overload.
const GOODPUT: f64 = 0.8;

/// The part of the peak at which it has recovered.
const RECOVERED: f64 = 0.95;

/// The parts of time in which the recovery is looked for.
const STEP: Duration = Duration::from_millis(250);

pub(crate) async fn run(settings: &Settings) -> Report {
    let mut report = Report::default();
    let twin = OnSocket::start("attention").await;
    let latency = settings.vendor_ms;
    let slow = json!({"faults": [{"class": "latency", "latency_ms": latency}]});
    twin.served.add_faults(&slow).expect("a plan");
    let text = format!(
        "max_in_flight = 1024\nmax_in_flight_per_client = 65536\nmax_connections_per_address = 16384\n\
         max_connections = 16384\n{}",
        config::route("attention", "attention", twin.address, "max_in_flight = 8")
    );
    let mut gateway = Gateway::start(settings.program, &text).await;
    let to = gateway.public;
    closed(to, CALLERS, settings.real / 4).await;
    let peak = per_second(&closed(to, CALLERS, settings.real).await, settings.real);
    let (cpu, own) = (gateway.cpu(), cpu_of("self"));
    let got = open(to, peak * TIMES, settings.real).await;
    let (cpu, own) = (gateway.cpu() - cpu, cpu_of("self") - own);
    let after = closed(to, CALLERS, settings.real * 2).await;

    report.show("peak_per_second", peak.round(), "");
    let offered = got.all.len() as f64 / settings.real.as_secs_f64();
    report.show("offered_per_second", offered.round(), "10 x the peak");
    report.show(
        "not_offered",
        got.not_offered,
        "0 where the machine keeps up",
    );
    let goodput = per_second(&got, settings.real) / peak;
    report.show("goodput", round(goodput), "at least 0.8 of the peak");
    if goodput < GOODPUT {
        report.finding(format!("under overload {goodput:.2} of the peak was left"));
    }
    let shed = got.all.iter().filter(|one| one.is_shed());
    let mut shed: Vec<Duration> = shed.map(|one| one.took).collect();
    report.show("shed", shed.len(), "");
    report.show("shed_p99_ms", percentile(&mut shed, 0.99), "at most 10");
    let late = got.all.iter().filter(|one| one.status == 504);
    let mut late: Vec<Duration> = late.map(|one| one.took).collect();
    report.show("too_late_p50_ms", percentile(&mut late, 0.5), "");
    report.show("answers", json!(got.counts()), "");
    let recovery = recovery(&after, peak);
    report.show("recovery_s", json!(recovery), "at most 5");
    report.show("gateway_cpu_s", round(cpu), "");
    report.show("load_cpu_s", round(own), "of the same machine");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    report.show("cores", cores, "");
    report.none("wrong_answers", got.wrong() + after.wrong());
    report.none("panics", gateway.panics());
    report.gate("lives", gateway.lives(), "true", gateway.lives());
    report
}

/// Good answers a second, of those that came within the time.
fn per_second(got: &Got, time: Duration) -> f64 {
    let good = got
        .all
        .iter()
        .filter(|one| one.status == 200 && one.at <= time);
    good.count() as f64 / time.as_secs_f64()
}

/// After how many seconds as much is done as before.
fn recovery(after: &Got, peak: f64) -> Option<f64> {
    let most = after.all.iter().map(|one| one.at).max()?;
    let steps = (most.as_secs_f64() / STEP.as_secs_f64()) as u32;
    let recovered = (0..steps).find(|step| {
        let (from, to) = (STEP * *step, STEP * (*step + 1));
        let within = after.all.iter();
        let good = within.filter(|one| one.status == 200 && one.at >= from && one.at < to);
        good.count() as f64 / STEP.as_secs_f64() >= peak * RECOVERED
    });
    recovered.map(|step| (STEP * (step + 1)).as_secs_f64())
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
