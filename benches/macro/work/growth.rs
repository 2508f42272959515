//! What a request costs as there is more of everything around it.

use super::sum;
use crate::{
    Effort, Failure, answers,
    load::{Load, Until},
    measure::{made, measured, quietest},
    peers::{Ask, Peer, gateway_with},
    process::{REST, Running},
    table::{line, median, shown},
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
const FLAT: &str = "0.90–1.10 of the first";

/// A gateway and its vendor.
struct Pair {
    vendor: Running,
    peer: Peer,
}

/// The medians, each load in turn.
fn costs(pairs: &[(&Pair, Load)], effort: Effort) -> Result<Vec<f64>, Failure> {
    let mut all = vec![Vec::new(); pairs.len()];
    for (pair, load) in pairs {
        let warm = Until::Time(Duration::from_secs(1));
        let load = Load {
            until: warm,
            ..load.clone()
        };
        measured(&pair.peer.process, &pair.vendor, &load)?;
    }
    for _ in 0..effort.rounds {
        for ((pair, load), costs) in pairs.iter().zip(&mut all) {
            costs.push(quietest(&pair.peer.process, &pair.vendor, load)?.cost);
        }
    }
    Ok(all.into_iter().map(median).collect())
}

fn print(what: &str, sizes: &[usize], costs: &[f64], wanted: &str) {
    let first = costs.first().copied().unwrap_or(f64::NAN);
    for (size, cost) in sizes.iter().zip(costs) {
        let told = format!("{} ({:.2})", shown(*cost), cost / first);
        line(&format!("{what} {size}"), &told, wanted);
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
            let own = peer.load(Ask::Add, Until::Requests(others.div_ceil(64)));
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
        .map(|pair| (pair, pair.peer.load(Ask::Add, Until::Time(effort.time))))
        .collect();
    let costs = costs(&loads, effort)?;
    let what = "CPU µs per add, other lanes:";
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
        .map(|pair| (pair, pair.peer.load(Ask::Add, Until::Time(effort.time))))
        .collect();
    let costs = costs(&loads, effort)?;
    let what = "CPU µs per add, tags in the catalogue:";
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
        let read = pair.peer.load(Ask::Read, Until::Time(effort.time));
        let path = answers::set_path(&format!("{CARRIES}{tags}"));
        (&pair, Load { path, ..read })
    };
    let costs = costs(&CARRIED.map(load), effort)?;
    let what = "CPU µs per read, tags on the conversation:";
    print(what, &CARRIED, &costs, "–");
    if let ([few, some, many], [low, middle, high]) = (CARRIED, &costs[..]) {
        let begin = (middle - low) / (some - few) as f64;
        let end = (high - middle) / (many - some) as f64;
        line(
            "– µs for one tag more, up to 100 and up to 1,000",
            &format!("{begin:.2} and {end:.2}"),
            "the same: linear",
        );
    }
    Ok(())
}
