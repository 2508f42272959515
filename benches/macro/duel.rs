//! The gateway and nginx in turn, before one vendor.

use super::{
    Effort, Failure,
    load::Until,
    measure::{Figures, measured, quietest},
    peers::{self, Ask, Peer},
    process::{REST, Running},
    table::{line, median, shown},
};
use std::{collections::BTreeMap, time::Duration};

/// Requests a second where the load does not wait for answers.
const RATE: u32 = 2_000;

/// What is measured: a name, what is asked, and whether at a fixed rate.
const KINDS: [(&str, Ask, bool); 4] = [
    (
        "add of 3 tags, each client to its own conversation",
        Ask::Add,
        false,
    ),
    (
        "add of 3 tags, all clients to one conversation",
        Ask::AddTogether,
        false,
    ),
    ("read of a conversation of 1.5 KB", Ask::Read, false),
    ("add of 3 tags at 2,000/s", Ask::AddTogether, true),
];

/// What is wanted of the ratios of the processor time.
const COSTS: [&str; 4] = ["1.25", "1.25", "1.33", "–"];

/// Measurements by kind and peer.
type All = BTreeMap<(usize, usize), Vec<Figures>>;

/// Measures and prints the table.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn run(effort: Effort) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut vendor = Running::role(REST, &["vendor", "3"])?;
    let address = vendor.line()?.parse()?;
    let peers = [
        peers::gateway(folder.path(), address).await?,
        peers::nginx(folder.path(), address).await?,
    ];
    for peer in &peers {
        for (_, ask, _) in KINDS {
            let load = peer.load(ask, Until::Time(Duration::from_secs(1)));
            measured(&peer.process, &vendor, &load)?;
        }
    }
    let mut all = All::new();
    for _ in 0..effort.rounds {
        for (kind, (_, ask, at_rate)) in KINDS.iter().enumerate() {
            for (who, peer) in peers.iter().enumerate() {
                let until = match at_rate {
                    true => Until::Rate(RATE, effort.time),
                    false => Until::Time(effort.time),
                };
                let figures = quietest(&peer.process, &vendor, &peer.load(*ask, until))?;
                all.entry((kind, who)).or_default().push(figures);
            }
        }
    }
    print(&peers, &all, effort);
    Ok(())
}

/// A part of a line: what it is called, what of a measurement stands in it, and what is wanted of the ratio.
type Part = (&'static str, fn(&Figures) -> f64, &'static str);

fn print(peers: &[Peer; 2], all: &All, effort: Effort) {
    println!("| | tagway | nginx | ratio | wanted |");
    println!("|---|---|---|---|---|");
    for (kind, (name, _, at_rate)) in KINDS.iter().enumerate() {
        let cost: Part = (
            "CPU µs per request",
            |figures| figures.cost,
            COSTS.get(kind).unwrap_or(&"–"),
        );
        let parts: Vec<Part> = match at_rate {
            true => vec![
                cost,
                ("p50 µs", |figures| figures.outcome.half, "1.2"),
                ("p99 µs", |figures| figures.outcome.nearly_all, "1.5"),
            ],
            false => vec![cost, ("requests a second", |figures| figures.rate, "–")],
        };
        for (what, of, wanted) in parts {
            let of_peer = |who| median(all.get(&(kind, who)).into_iter().flatten().map(of));
            row(&format!("{name}: {what}"), of_peer(0), of_peer(1), wanted);
        }
    }
    let [own, other] = peers.each_ref().map(|peer| peer.process.memory());
    row("memory after all of it, MiB", own, other, "–");
    let quiet = all.values().flatten().map(|figures| figures.foreign);
    let Effort { rounds, time } = effort;
    println!(
        "\n{rounds} rounds of {} s each, 64 connections, medians; others used up to {:.1} % of a core meanwhile. At \
         2,000/s a time counts from the moment at which a request was due.\n",
        time.as_secs(),
        quiet.fold(0.0, f64::max) * 100.0
    );
}

fn row(name: &str, own: f64, other: f64, wanted: &str) {
    let both = format!("{} | {}", shown(own), shown(other));
    line(name, &both, &format!("{:.2} | {wanted}", own / other));
}
