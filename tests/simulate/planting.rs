//! Finds every planted mistake, or says which one it does not find.

use super::run;
use serde_json::{Value, json};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tagway::planted::{Bug, plant};

/// After how many seeds a mistake counts as not found.
const BOUND: u64 = 4_000;

/// What the search for a mistake came to.
struct Found {
    bug: Bug,
    /// The first seed that shows it, and how.
    by: Option<(u64, &'static str)>,
}

/// Plants the mistakes one by one; tells the figures, and whether all were found.
pub(crate) fn find_all(jobs: usize) -> (Value, bool) {
    let found: Vec<Found> = Bug::ALL.iter().map(|bug| find(*bug, jobs)).collect();
    let caught = found.iter().filter(|found| found.by.is_some()).count();
    let seeds: serde_json::Map<String, Value> = found
        .iter()
        .map(|found| {
            (
                format!("{:?}", found.bug),
                found.by.map(|(seed, _)| seed).into(),
            )
        })
        .collect();
    let figures = json!({"planted": found.len(), "caught": caught, "by_seed": seeds});
    (figures, caught == found.len())
}

fn find(bug: Bug, jobs: usize) -> Found {
    let (next, first) = (AtomicU64::new(1), Mutex::new(None::<(u64, &'static str)>));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let lock = || first.lock().unwrap_or_else(PoisonError::into_inner);
                    if seed > BOUND || lock().is_some_and(|(earlier, _)| earlier < seed) {
                        return;
                    }
                    plant(Some(bug));
                    let outcome = run::run(seed, false);
                    plant(None);
                    if let Some(violation) = outcome.violations.first() {
                        let mut first = lock();
                        if first.is_none_or(|(earlier, _)| seed < earlier) {
                            *first = Some((seed, violation.what));
                        }
                    }
                }
            });
        }
    });
    let by = first.into_inner().unwrap_or_else(PoisonError::into_inner);
    match by {
        Some((seed, what)) => println!("{bug:?}: seed {seed} shows it: {what}"),
        None => println!("{bug:?}: {BOUND} seeds do not show it"),
    }
    Found { bug, by }
}
