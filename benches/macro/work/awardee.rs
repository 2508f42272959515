//! Changes that share their vendor calls, at the vendor that replaces whole sets.

use super::{sum, twin};
use crate::{
    Effort, Failure,
    load::{Load, Until},
    measure::{Case, in_turn, measured},
    peers::{Ask, nginx, serve},
    process::{REST, Running},
    table::{line, median, ratio, shown},
};
use std::{net::SocketAddr, path::Path, time::Duration};

/// An id as Awardee gives them, with room for a number.
const NUMBERED: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a{n}";

/// Calls to the vendor at once, where many conversations are changed.
const PLACES: usize = 32;

/// How long the vendor takes there.
const ANSWER: Duration = Duration::from_millis(20);

/// Conversations that are changed, changes of each, and clients at a time.
const CONVERSATIONS: usize = 10_000;
const CHANGES: usize = 10;
const CLIENTS: usize = 1_000;

fn route(url: &str, places: usize) -> String {
    format!(
        "max_in_flight = 2048\nmax_in_flight_per_client = 2048\n[routes.team]\nvendor = \"awardee\"\n\
         base_url = \"{url}\"\nallow_any_host = true\nsecret = \"env:VENDOR_KEY\"\nrate = \"off\"\n\
         create_missing = true\nmax_in_flight = {places}\n"
    )
}

/// Each client puts its own tag on and takes it off, so that every change has something to do.
fn changes(address: SocketAddr, connections: usize, together: usize, until: Until) -> Load {
    Load {
        address,
        method: "PATCH",
        path: format!("/v1/team/conversations/{NUMBERED}/tags"),
        body: "{\"{verb}\":[\"mine {own}\"]}".to_owned(),
        connections,
        together,
        until,
    }
}

/// 64 clients and one conversation, beside nginx and its requests.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn one_conversation(folder: &Path, effort: Effort) -> Result<(), Failure> {
    let (twin, url) = twin("awardee", &[])?;
    let (gateway, address, admin) = serve(folder, "one", &route(&url, 8)).await?;
    let mut vendor = Running::role(REST, &["vendor", "3"])?;
    let proxy = nginx(folder, vendor.line()?.parse()?).await?;
    let load = |time| Load {
        path: format!(
            "/v1/team/conversations/{}/tags",
            NUMBERED.replace("{n}", "000000")
        ),
        ..changes(address, 64, 64, Until::Time(time))
    };
    measured(&gateway, &twin, &load(Duration::from_secs(1)))?;
    let before = (
        sum(admin, "tagway_vendor_calls_total").await?,
        sum(admin, "tagway_requests_total").await?,
    );
    let forwarded = |time| proxy.target.load(Ask::AddTogether, Until::Time(time));
    measured(&proxy.process, &vendor, &forwarded(Duration::from_secs(1)))?;
    let cases = [
        Case {
            peer: &gateway,
            vendor: &twin,
            load: load(effort.time),
        },
        Case {
            peer: &proxy.process,
            vendor: &vendor,
            load: forwarded(effort.time),
        },
    ];
    let costs = in_turn(&cases, effort.rounds)?;
    let calls = sum(admin, "tagway_vendor_calls_total").await? - before.0;
    let changed = sum(admin, "tagway_requests_total").await? - before.1;
    let costs = costs.iter().map(|all| all.iter().map(|one| one.cost));
    let costs: Vec<Vec<f64>> = costs.map(Iterator::collect).collect();
    if let [own, others] = &costs[..] {
        let [cost, other] = [own, others].map(|all| shown(median(all.iter().copied())));
        line(
            "64 clients change one conversation of a vendor of whole sets: CPU µs per change",
            &cost,
            "–",
        );
        let ratio = ratio(own.iter().copied(), others.iter().copied());
        let beside = format!("– as a share of nginx's per request, {other}");
        line(&beside, &ratio, "< 1");
    }
    let share = format!("{:.3}", calls / changed);
    line("– vendor calls per change", &share, "≤ 0.1");
    Ok(())
}

/// 10,000 conversations and ten changes of each, before a vendor that takes its time.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn many_conversations(folder: &Path) -> Result<(), Failure> {
    let latency = format!("any:latency={}", ANSWER.as_millis());
    let (twin, url) = twin("awardee", &["--fault", &latency])?;
    let (gateway, address, admin) = serve(folder, "many", &route(&url, PLACES)).await?;
    // A hundred conversations at a time, each with ten changes that are there together.
    let each = CONVERSATIONS * CHANGES / CLIENTS;
    let load = changes(address, CLIENTS, CHANGES, Until::Requests(each));
    let figures = measured(&gateway, &twin, &load)?;
    let calls = sum(admin, "tagway_vendor_calls_total").await?;
    let changed = sum(admin, "tagway_requests_total").await?;
    let batches = changed - sum(admin, "tagway_changes_folded_total").await?;
    let seconds = figures.outcome.time.as_secs_f64();
    let most = PLACES as f64 / ANSWER.as_secs_f64() * seconds;
    line(
        &format!(
            "10,000 conversations × 10 changes, a vendor of 20 ms, {PLACES} calls at once: share of the calls that fit"
        ),
        &format!("{:.2}", calls / most),
        "≥ 0.8",
    );
    let of_batch = format!("{:.2}", calls / batches);
    line("– vendor calls per batch", &of_batch, "≤ 2");
    let folded = format!("{:.1}", changed / batches);
    line("– changes in a batch", &folded, "–");
    line("– CPU µs per change", &shown(figures.cost), "–");
    line("– changes a second", &shown(figures.rate), "–");
    Ok(())
}
