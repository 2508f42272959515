//! What a request costs as there is more of everything around it.

use super::sum;
use crate::{
    Effort, Failure, answers,
    load::{Load, Until},
    measure::{Case, Figures, in_turn, made, measured},
    peers::{Ask, Peer, gateway_with},
    process::{REST, Running},
    table::{line, median, ratio, shown},
    vendor::{CARRIES, SILENT},
};
use std::{path::Path, time::Duration};

/// Other lanes; a few less than there may be, so that the measured changes have theirs.
const LANES: [usize; 3] = [0, 1_000, 99_900];

/// Sizes of the catalogue.
const CATALOGUES: [usize; 3] = [10, 1_000, 10_000];

/// Tags on a conversation.
const CARRIED: [usize; 3] = [10, 100, 1_000];

/// What stays the same may differ by so much.
const FLAT: &str = "0.90–1.10";

/// A gateway and its vendor.
struct Pair {
    vendor: Running,
    peer: Peer,
}

/// Each load in turn, and what it cost in each round.
fn costs(pairs: &[(&Pair, Load)], effort: Effort) -> Result<Vec<Vec<f64>>, Failure> {
    let mut cases = Vec::new();
    for (pair, load) in pairs {
        let (peer, vendor) = (&pair.peer.process, &pair.vendor);
        let warm = Load {
            until: Until::Time(Duration::from_secs(1)),
            ..load.clone()
        };
        measured(peer, vendor, &warm)?;
        let load = load.clone();
        cases.push(Case { peer, vendor, load });
    }
    let costs = |all: Vec<Figures>| all.into_iter().map(|one| one.cost).collect();
    Ok(in_turn(&cases, effort.rounds)?
        .into_iter()
        .map(costs)
        .collect())
}

fn print(what: &str, sizes: &[usize], costs: &[Vec<f64>], wanted: &str) {
    let mut rows = sizes.iter().zip(costs);
    let Some((size, first)) = rows.next() else {
        return;
    };
    let cost = shown(median(first.iter().copied()));
    line(&format!("CPU µs per {what} {size}"), &cost, "–");
    for (size, costs) in rows {
        let times = ratio(costs.iter().copied(), first.iter().copied());
        line(&format!("– {size}, times that"), &times, wanted);
    }
}

/// Changes beside other lanes, each of which waits for a write of unknown outcome to settle.
///
/// # Errors
/// A process that cannot be started, lanes that do not wait, or answers that are no successes.
pub(super) async fn lanes(folder: &Path, effort: Effort) -> Result<(), Failure> {
    let more = "attempts = 1\nbreaker_failures = 0\nsettle_ms = 600_000\n";
    let mut pairs = Vec::new();
    for others in LANES {
        let mut vendor = Running::role(REST, &["vendor", "3"])?;
        let name = format!("lanes-{others}");
        let address = vendor.line()?.parse()?;
        let (peer, admin) = gateway_with(folder, &name, address, more).await?;
        if others > 0 {
            let own = peer
                .target
                .load(Ask::Add, Until::Requests(others.div_ceil(64)));
            let path = answers::set_path(&format!("{SILENT}{{n}}"));
            let (outcome, together) = (Load { path, ..own }, 1);
            made(&Load {
                together,
                ..outcome
            })?;
            let waiting = sum(admin, "tagway_lanes").await?;
            if waiting < others as f64 {
                return Err(format!("{waiting} lanes wait instead of {others}").into());
            }
        }
        pairs.push(Pair { vendor, peer });
    }
    let loads: Vec<(&Pair, Load)> = pairs
        .iter()
        .map(|pair| {
            (
                pair,
                pair.peer.target.load(Ask::Add, Until::Time(effort.time)),
            )
        })
        .collect();
    let costs = costs(&loads, effort)?;
    let what = "add, other lanes:";
    print(what, &LANES, &costs, FLAT);
    Ok(())
}

/// Changes with more and more tags in the catalogue.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn catalogue(folder: &Path, effort: Effort) -> Result<(), Failure> {
    let mut pairs = Vec::new();
    for tags in CATALOGUES {
        let pair = with_catalogue(folder, &format!("tags-{tags}"), tags).await?;
        pairs.push(pair);
    }
    let loads: Vec<(&Pair, Load)> = pairs
        .iter()
        .map(|pair| {
            (
                pair,
                pair.peer.target.load(Ask::Add, Until::Time(effort.time)),
            )
        })
        .collect();
    let costs = costs(&loads, effort)?;
    let what = "add, tags in the catalogue:";
    print(what, &CATALOGUES, &costs, FLAT);
    Ok(())
}

async fn with_catalogue(folder: &Path, name: &str, tags: usize) -> Result<Pair, Failure> {
    let mut vendor = Running::role(REST, &["vendor", &tags.to_string()])?;
    let address = vendor.line()?.parse()?;
    // Read once: what the reading costs is a matter of its interval.
    let more = "catalogue_ttl_ms = 3_600_000\n";
    let (peer, _) = gateway_with(folder, name, address, more).await?;
    Ok(Pair { vendor, peer })
}

/// Reads of conversations with more and more tags.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn tags(folder: &Path, effort: Effort) -> Result<(), Failure> {
    let pair = with_catalogue(folder, "carried", 1_000).await?;
    let load = |tags: usize| {
        let read = pair.peer.target.load(Ask::Read, Until::Time(effort.time));
        let path = answers::set_path(&format!("{CARRIES}{tags}"));
        (&pair, Load { path, ..read })
    };
    let costs = costs(&CARRIED.map(load), effort)?;
    let what = "read, tags on the conversation:";
    print(what, &CARRIED, &costs, "–");
    if let ([few, some, many], [low, middle, high]) = (CARRIED, &costs[..]) {
        let slope = |from: &[f64], to: &[f64], tags: usize| {
            let rounds = from.iter().zip(to);
            median(rounds.map(|(from, to)| (to - from) / tags as f64))
        };
        let begin = slope(low, middle, some - few);
        let end = slope(middle, high, many - some);
        line(
            "– µs for one tag more, up to 100 and up to 1,000",
            &format!("{begin:.2} and {end:.2}"),
            "the same: linear",
        );
    }
    Ok(())
}
