//! What a load costs a peer.

use super::{
    Failure,
    load::{Load, Outcome},
    process::{REST, Running, everybody, own, stolen},
};
use std::time::Duration;
use tokio::time::Instant;

/// How many rounds are made at most for one that counts.
const TRIES: usize = 3;

/// What others may use of a core in a round that counts.
const QUIET: f64 = 0.04;

/// Somebody who is measured, before a vendor and under a load.
#[derive(Clone)]
pub(super) struct Case<'a> {
    pub(super) peer: &'a Running,
    pub(super) vendor: &'a Running,
    pub(super) load: Load,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Processor time for each request, in µs.
    pub(super) cost: f64,
    /// Answers in a second.
    pub(super) rate: f64,
    pub(super) outcome: Outcome,
    /// What others used here, and on the machine below where this one is a guest, as a share of a core.
    pub(super) foreign: f64,
}

/// The figures of each case by round. A round measures each case once, every other round in the opposite order, so that
/// whatever drifts meets all alike: on shared cores the same request costs half as much again a minute later, and what
/// works with more memory loses more of its caches. Rounds in which others used the machine count only where there are
/// not enough quiet ones.
///
/// # Errors
/// As [`measured`].
pub(super) fn in_turn(cases: &[Case<'_>], rounds: usize) -> Result<Vec<Vec<Figures>>, Failure> {
    let (mut quiet, mut disturbed) = (Vec::new(), Vec::new());
    for number in 0..rounds * TRIES {
        if quiet.len() == rounds {
            break;
        }
        let round = round(cases, number % 2 == 1)?;
        match worst(&round) <= QUIET {
            true => quiet.push(round),
            false => disturbed.push(round),
        }
    }
    disturbed.sort_by(|one, other| worst(one).total_cmp(&worst(other)));
    let missing = rounds - quiet.len();
    quiet.extend(disturbed.into_iter().take(missing));
    let of_case = |at| {
        let figures = quiet.iter().filter_map(|round| round.get(at).copied());
        figures.collect()
    };
    Ok((0..cases.len()).map(of_case).collect())
}

/// The most that others used of a core.
pub(super) fn worst<'a>(figures: impl IntoIterator<Item = &'a Figures>) -> f64 {
    let shares = figures.into_iter().map(|figures| figures.foreign);
    shares.fold(0.0, f64::max)
}

fn round(cases: &[Case<'_>], is_backward: bool) -> Result<Vec<Figures>, Failure> {
    let measure = |case: &Case<'_>| measured(case.peer, case.vendor, &case.load);
    if !is_backward {
        return cases.iter().map(measure).collect();
    }
    let figures: Result<Vec<Figures>, Failure> = cases.iter().rev().map(measure).collect();
    let mut figures = figures?;
    figures.reverse();
    Ok(figures)
}

/// Measures once.
///
/// # Errors
/// The load cannot be made, or an answer is no success.
pub(super) fn measured(peer: &Running, vendor: &Running, load: &Load) -> Result<Figures, Failure> {
    let ours = [&peer.tree()[..], &vendor.tree()[..], &[own()]].concat();
    let (others, taken) = (everybody(&ours), stolen());
    let (spent, begun) = (peer.spent(), Instant::now());
    let outcome = made(load)?;
    let (spent, time) = (peer.spent() - spent, begun.elapsed());
    let since = |(id, spent): (u32, Duration)| {
        spent.saturating_sub(others.get(&id).copied().unwrap_or_default())
    };
    let foreign = everybody(&ours).into_iter().map(since).sum::<Duration>() + (stolen() - taken);
    let Outcome {
        answered, failed, ..
    } = outcome;
    if failed > 0 || answered == 0 {
        let (method, path) = (load.method, &load.path);
        return Err(format!("{method} {path}: {failed} of {} failed", answered + failed).into());
    }
    Ok(Figures {
        cost: spent.as_secs_f64() * 1e6 / answered as f64,
        rate: answered as f64 / outcome.time.as_secs_f64(),
        outcome,
        foreign: foreign.as_secs_f64() / time.as_secs_f64(),
    })
}

/// Makes a load, whatever comes of it.
///
/// # Errors
/// It cannot be made.
pub(super) fn made(load: &Load) -> Result<Outcome, Failure> {
    let arguments = load.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let worker = Running::role(REST, &[&["load"], &arguments[..]].concat())?;
    let printed = worker.output()?;
    Ok(Outcome::read(&printed).ok_or("the load has told nothing")?)
}
