//! The gateway and nginx in turn, before one vendor.

use super::{
    Effort, Failure,
    load::{Load, Outcome, Until},
    peers::{self, Ask, Peer},
    process::{REST, Running, machine},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Requests a second where the load does not wait for answers.
const RATE: u32 = 2_000;

/// How often a measurement is made before the quietest of them has to do.
const TRIES: usize = 5;

/// What others may use of a core meanwhile.
const QUIET: f64 = 0.04;

/// What is measured, in the order of the table's lines: a name, what is asked, and whether at a fixed rate.
const KINDS: [(&str, Ask, bool); 3] = [
    ("change", Ask::Change, false),
    ("read", Ask::Read, false),
    ("change at 2,000/s", Ask::Change, true),
];

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Processor time for each request, in µs.
    pub(super) cost: f64,
    /// Answers in a second.
    pub(super) rate: f64,
    pub(super) outcome: Outcome,
    pub(super) foreign: f64,
}

/// Measures and prints the table.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn run(effort: Effort) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut vendor = Running::role(REST, &["vendor"])?;
    let address = vendor.line()?.parse()?;
    let mut peers = vec![peers::gateway(folder.path(), address).await?];
    peers.extend(peers::nginx(folder.path(), address).await?);
    let mut all: BTreeMap<(usize, usize), Vec<Figures>> = BTreeMap::new();
    for peer in &peers {
        for ask in [Ask::Read, Ask::Change] {
            measured(
                &peer.process,
                &vendor,
                &peer.load(ask, Until::Time(Duration::from_secs(1))),
            )?;
        }
    }
    for _ in 0..effort.rounds {
        for (line, (_, ask, at_rate)) in KINDS.iter().enumerate() {
            for (column, peer) in peers.iter().enumerate() {
                let until = match at_rate {
                    true => Until::Rate(RATE, effort.time),
                    false => Until::Time(effort.time),
                };
                let figures = quietest(&peer.process, &vendor, &peer.load(*ask, until))?;
                all.entry((line, column)).or_default().push(figures);
            }
        }
    }
    print(&peers, &all, effort);
    Ok(())
}

/// Measures again while others use the machine.
///
/// # Errors
/// As [`measured`].
pub(super) fn quietest(peer: &Running, vendor: &Running, load: &Load) -> Result<Figures, Failure> {
    let mut best = measured(peer, vendor, load)?;
    for _ in 1..TRIES {
        if best.foreign <= QUIET {
            break;
        }
        let again = measured(peer, vendor, load)?;
        if again.foreign < best.foreign {
            best = again;
        }
    }
    Ok(best)
}

/// What a load costs a peer.
///
/// # Errors
/// The load cannot be made, or an answer is no success.
pub(super) fn measured(peer: &Running, vendor: &Running, load: &Load) -> Result<Figures, Failure> {
    let arguments = load.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let before = (peer.spent(), vendor.spent(), machine(), Instant::now());
    let worker = Running::role(REST, &[&["load"], &arguments[..]].concat())?;
    let printed = worker.output()?;
    let outcome = Outcome::read(&printed).ok_or("the load has told nothing")?;
    let (own, others) = (peer.spent() - before.0, vendor.spent() - before.1);
    let time = before.3.elapsed();
    let loaded = Duration::from_secs_f64(outcome.busy);
    let foreign = (machine() - before.2).saturating_sub(own + others + loaded);
    if outcome.failed > 0 || outcome.answered == 0 {
        let Outcome {
            answered, failed, ..
        } = outcome;
        return Err(format!("{failed} of {} failed", answered + failed).into());
    }
    Ok(Figures {
        cost: own.as_secs_f64() * 1e6 / outcome.answered as f64,
        rate: outcome.answered as f64 / outcome.time.as_secs_f64(),
        outcome,
        foreign: foreign.as_secs_f64() / time.as_secs_f64(),
    })
}

/// A column of the table: what it is called, and what of a measurement stands in it.
type Column = (&'static str, fn(&Figures) -> f64);

fn print(peers: &[Peer], all: &BTreeMap<(usize, usize), Vec<Figures>>, effort: Effort) {
    let cost: Column = ("CPU µs per request", |figures| figures.cost);
    let throughput: Column = ("requests a second", |figures| figures.rate);
    let half: Column = ("p50 µs", |figures| figures.outcome.half);
    let nearly_all: Column = ("p99 µs", |figures| figures.outcome.nearly_all);
    let names: Vec<&str> = peers.iter().map(|peer| peer.name).collect();
    println!("| | {} | ratio |", names.join(" | "));
    println!("|---|{}---|", "---|".repeat(names.len()));
    for (line, (name, _, at_rate)) in KINDS.iter().enumerate() {
        let columns = match at_rate {
            true => [cost, half, nearly_all].to_vec(),
            false => [cost, throughput].to_vec(),
        };
        for (what, of) in columns {
            let medians: Vec<f64> = (0..peers.len())
                .map(|column| median(all.get(&(line, column)).into_iter().flatten().map(of)))
                .collect();
            row(&format!("{name}: {what}"), &medians);
        }
    }
    let memory: Vec<f64> = peers.iter().map(|peer| peer.process.memory()).collect();
    row("memory after all of it, MiB", &memory);
    let quiet = all.values().flatten().map(|figures| figures.foreign);
    let Effort { rounds, time } = effort;
    println!(
        "\n{rounds} rounds of {} s each, medians; others used up to {:.1} % of a core meanwhile.\n",
        time.as_secs(),
        quiet.fold(0.0, f64::max) * 100.0
    );
}

fn row(name: &str, figures: &[f64]) {
    let told: Vec<String> = figures.iter().map(|figure| shown(*figure)).collect();
    let ratio = match figures {
        [own, other] => format!("{:.2}", own / other),
        _ => "–".to_owned(),
    };
    println!("| {name} | {} | {ratio} |", told.join(" | "));
}

/// Three digits that count.
pub(super) fn shown(figure: f64) -> String {
    match figure {
        figure if figure >= 100.0 => format!("{figure:.0}"),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        figure => format!("{figure:.2}"),
    }
}

/// The one in the middle.
pub(super) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
