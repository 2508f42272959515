//! The figures of many seeds.

use super::{
    branches,
    history::{Asked, Told},
    run::Outcome,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// From how many seeds on every branch has to be met.
pub(crate) const ENOUGH: u64 = 1_000;

/// Sums over many runs.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) seeds: u64,
    changes: usize,
    acked: usize,
    unknown: usize,
    left: usize,
    reads: usize,
    vendor_calls: usize,
    folded: usize,
    histories: usize,
    linearizable: usize,
    undecided: usize,
    crashes: usize,
    twice: u64,
    deterministic: u64,
    faults: BTreeMap<String, usize>,
    told: BTreeMap<String, usize>,
    wrong: BTreeMap<&'static str, usize>,
    met: BTreeSet<String>,
    /// The seeds that something was wrong with.
    pub(crate) failing: BTreeSet<u64>,
}

impl Report {
    /// Takes a run in.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.acked += outcome.acked();
        self.vendor_calls += outcome.vendor_calls;
        self.folded += outcome.folded;
        self.crashes += outcome.crashes;
        self.histories += outcome.judged.histories;
        self.linearizable += outcome.judged.linearizable;
        self.undecided += outcome.judged.undecided;
        for record in &outcome.records {
            match (&record.asked, &record.told) {
                (Asked::Read, _) => self.reads += 1,
                (Asked::Another { .. }, _) => {}
                (Asked::Change { .. }, told) => {
                    self.changes += 1;
                    let branch = branches::told(told);
                    self.unknown += usize::from(branch.ends_with("/unknown"));
                    self.left += usize::from(matches!(told, Told::Left));
                    *self.told.entry(branch.clone()).or_default() += 1;
                    self.met.insert(branch);
                }
            }
        }
        for ((call, fault), times) in &outcome.met {
            if let Some(fault) = fault {
                *self.faults.entry(fault.to_string()).or_default() += times;
            }
            self.met.insert(branches::call(*call, *fault));
        }
        for violation in &outcome.violations {
            *self.wrong.entry(violation.what).or_default() += 1;
            self.failing.insert(outcome.seed);
        }
    }

    /// Takes in that a seed was run a second time.
    pub(crate) fn again(&mut self, seed: u64, same: bool) {
        self.twice += 1;
        self.deterministic += u64::from(same);
        if !same {
            *self.wrong.entry("not the same twice").or_default() += 1;
            self.failing.insert(seed);
        }
    }

    /// The branches that nothing has met.
    pub(crate) fn untouched(&self) -> Vec<String> {
        branches::all()
            .into_iter()
            .filter(|branch| !self.met.contains(branch))
            .collect()
    }

    /// Whether nothing was wrong.
    pub(crate) fn is_good(&self) -> bool {
        self.wrong.is_empty() && (self.seeds < ENOUGH || self.untouched().is_empty())
    }

    /// All figures.
    pub(crate) fn json(&self, wall_s: f64) -> Value {
        let wrong = |what: &str| self.wrong.get(what).copied().unwrap_or(0);
        json!({
            "seeds": self.seeds,
            "changes": self.changes,
            "acked": self.acked,
            "lost": wrong("lost"),
            "false_applied": wrong("false_applied"),
            "false_not_applied": wrong("false_not_applied"),
            "unknown": self.unknown,
            "left": self.left,
            "reads": self.reads,
            "histories": self.histories,
            "linearizable": self.linearizable,
            "undecided": self.undecided,
            "vendor_calls": self.vendor_calls,
            "folded": self.folded,
            "crashes": self.crashes,
            "told": self.told,
            "faults": self.faults,
            "branches_untouched": self.untouched(),
            "run_twice": self.twice,
            "deterministic": self.deterministic == self.twice,
            "wrong": self.wrong,
            "failing_seeds": self.failing,
            "wall_s": (wall_s * 10.0).round() / 10.0,
        })
    }
}
