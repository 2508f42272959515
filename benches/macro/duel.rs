//! The gateway and nginx in turn, before one vendor.

use super::{
    Effort, Failure,
    load::{Load, Until},
    measure::{Case, Figures, in_turn, measured, worst},
    peers::{self, Ask, Peer, Target},
    process::{REST, Running},
    table::{median, ratio, shown},
};
use std::time::Duration;

/// Requests a second where the load does not wait for answers.
const RATE: u32 = 2_000;

/// How much longer such a load is made, in how many fewer rounds: what is rare has to happen in each.
const LONGER: u32 = 3;

/// What is measured: a name, what is asked, whether at a fixed rate, and what is wanted of the ratio of the processor
/// time.
const KINDS: [(&str, Ask, bool, &str); 5] = [
    (
        "add of 3 tags, all clients to one conversation",
        Ask::AddTogether,
        false,
        "1.25",
    ),
    (
        "add of 3 tags, each client to its own",
        Ask::Add,
        false,
        "1.25",
    ),
    ("read of a conversation of 1.5 KB", Ask::Read, false, "1.33"),
    (
        "add at 2,000/s, one conversation",
        Ask::AddTogether,
        true,
        "–",
    ),
    ("add at 2,000/s, each its own", Ask::Add, true, "–"),
];

/// A part of a line: what it is called, what of a measurement stands in it, and what is wanted of the ratio.
type Part = (&'static str, fn(&Figures) -> f64, &'static str);

/// Measures and prints the table.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn run(effort: Effort) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut vendor = Running::role(REST, &["vendor", "3"])?;
    let address = vendor.line()?.parse()?;
    let gateway = peers::gateway(folder.path(), address).await?;
    let nginx = peers::nginx(folder.path(), address).await?;
    let direct = Target::vendor(address);
    for peer in [&gateway, &nginx] {
        for (_, ask, ..) in KINDS {
            let load = peer.target.load(ask, Until::Time(Duration::from_secs(1)));
            measured(&peer.process, &vendor, &load)?;
        }
    }
    println!("| | tagway | nginx | no proxy | tagway : nginx | wanted |");
    println!("|---|---|---|---|---|---|");
    let mut foreign = 0.0_f64;
    for (name, ask, at_rate, wanted) in KINDS {
        let (until, rounds) = match at_rate {
            true => (
                Until::Rate(RATE, effort.time * LONGER),
                effort.rounds.div_ceil(LONGER as usize),
            ),
            false => (Until::Time(effort.time), effort.rounds),
        };
        let case = |peer, load: Load| Case {
            peer,
            vendor: &vendor,
            load,
        };
        let figures = in_turn(
            &[
                case(&gateway.process, gateway.target.load(ask, until)),
                case(&nginx.process, nginx.target.load(ask, until)),
                case(&vendor, direct.load(ask, until)),
            ],
            rounds,
        )?;
        foreign = foreign.max(worst(figures.iter().flatten()));
        let cost: Part = ("CPU µs per request", |figures| figures.cost, wanted);
        let parts: &[Part] = match at_rate {
            true => &[
                cost,
                ("p50 µs", |figures| figures.outcome.half, "1.2"),
                ("p99 µs", |figures| figures.outcome.nearly_all, "1.5"),
            ],
            false => &[cost, ("requests a second", |figures| figures.rate, "–")],
        };
        for part in parts {
            print(name, &figures, part);
        }
    }
    memory(&gateway, &nginx);
    let Effort { rounds, time } = effort;
    println!(
        "\n{rounds} rounds of {} s for each figure, at 2,000/s {} of {} s; 64 connections. Medians; the ratio is that of \
         each round, in brackets what half of the rounds lie between. Others used up to {:.1} % of a core meanwhile. At \
         2,000/s a time counts from the moment at which a request was due.\n",
        time.as_secs(),
        rounds.div_ceil(LONGER as usize),
        (time * LONGER).as_secs(),
        foreign * 100.0
    );
    Ok(())
}

fn print(name: &str, figures: &[Vec<Figures>], (what, of, wanted): &Part) {
    let [gateway, nginx, direct] = figures else {
        return;
    };
    let all = |figures: &[Figures]| figures.iter().map(of).collect::<Vec<f64>>();
    let [gateway, nginx, direct] = [gateway, nginx, direct].map(|figures| all(figures));
    let ratio = ratio(gateway.clone(), nginx.clone());
    let [gateway, nginx, direct] = [gateway, nginx, direct].map(|all| shown(median(all)));
    println!("| {name}: {what} | {gateway} | {nginx} | {direct} | {ratio} | {wanted} |");
}

fn memory(gateway: &Peer, nginx: &Peer) {
    let [own, other] = [gateway, nginx].map(|peer| peer.process.memory());
    let (ratio, [own, other]) = (own / other, [own, other].map(shown));
    println!("| memory after all of it, MiB | {own} | {other} | – | {ratio:.2} | – |");
}
