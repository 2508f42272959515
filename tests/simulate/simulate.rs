//! The real engine (lanes, plans, retries, adapters) against the twins on a clock that does not wait and a network
//! that fails in every way it can.
//!
//! One seed is one run, and the same seed is the same run. What its callers were told is held against what is
//! possible: see `tests/README.md`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for developers, whose answer is what it prints"
)]

mod another;
mod arguments;
mod branches;
mod calls;
mod clients;
mod faults;
mod history;
mod judge;
mod keyed;
mod life;
#[path = "../model/linearizable.rs"]
mod linearizable;
mod mangle;
mod markers;
mod model;
mod network;
#[cfg(feature = "planted")]
mod planting;
mod record;
mod report;
mod run;
mod scenario;
mod universe;
mod vendor;
mod world;

use arguments::{Arguments, USAGE};
use report::Report;
use run::Outcome;
use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// Every so many seeds one is run twice.
const TWICE: u64 = 10;

fn main() -> ExitCode {
    let good = match Arguments::read(std::env::args().skip(1)) {
        Ok(Arguments::Run { from, seeds, jobs }) => run_all(from, seeds, jobs),
        Ok(Arguments::Trace(seed)) => trace(&run::run(seed, true)),
        Ok(Arguments::Planted { jobs }) => planted(jobs),
        Ok(Arguments::Help) => {
            println!("{USAGE}");
            true
        }
        Err(why) => {
            println!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is a matter of the real clock"
)]
fn run_all(from: u64, seeds: u64, jobs: usize) -> bool {
    let started = Instant::now();
    let report = many(from, seeds, jobs);
    for seed in report.failing.iter().take(3) {
        trace(&run::run(*seed, true));
    }
    println!("{}", report.json(started.elapsed().as_secs_f64()));
    report.is_good()
}

#[cfg(feature = "planted")]
fn planted(jobs: usize) -> bool {
    let (figures, all) = planting::find_all(jobs);
    println!("{figures}");
    all
}

#[cfg(not(feature = "planted"))]
fn planted(_: usize) -> bool {
    println!("this program is built without the feature `planted`");
    false
}

/// Runs seeds on several threads.
fn many(from: u64, seeds: u64, jobs: usize) -> Report {
    let next = AtomicU64::new(from);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from.saturating_add(seeds) {
                        return;
                    }
                    let outcome = run::run(seed, false);
                    let again = seed
                        .is_multiple_of(TWICE)
                        .then(|| run::run(seed, false).hash);
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    report.add(&outcome);
                    if let Some(hash) = again {
                        report.again(seed, hash == outcome.hash);
                    }
                }
            });
        }
    });
    report.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Prints all of a run; tells whether nothing was wrong with it.
fn trace(outcome: &Outcome) -> bool {
    for line in &outcome.lines {
        println!("{line}");
    }
    let Outcome {
        seed, vendor, hash, ..
    } = outcome;
    println!("seed {seed} ({}): trace {hash:016x}", vendor.name());
    if outcome.violations.is_empty() && outcome.judged.undecided == 0 {
        return true;
    }
    for violation in &outcome.violations {
        println!("seed {seed}: {}: {}", violation.what, violation.detail);
    }
    println!("again: cargo run --release -p tagway --example simulate -- --trace {seed}");
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_seeds_hold() {
        let report = many(1, 60, 1);
        assert!(report.is_good(), "{}", report.json(0.0));
    }

    #[test]
    fn the_same_seed_is_the_same_run() {
        for seed in 1..=9 {
            let (one, other) = (run::run(seed, true), run::run(seed, true));
            assert_eq!(one.lines, other.lines);
            assert_eq!(one.hash, other.hash);
            assert_ne!(one.hash, run::run(seed + 9, false).hash);
        }
    }
}
