//! The fault plan of a twin: which calls go wrong, and how.
//!
//! A plan is pure and repeatable: what it decides follows from its rules, its seed and the order of the calls. What a
//! fault looks like on a socket and in the same process is told by the two shells.

pub(super) mod answers;
mod class;
mod gzip;
mod rule;
mod select;
mod short;
#[cfg(test)]
mod tests;

pub use class::{Class, Effect};
pub use rule::Struck;
pub use short::short_form;

pub(super) use select::Calls;

use serde_json::{Value, json};

use self::rule::Rule;
use super::reading::{Faults, Members, Misread, misread};
use crate::schema::{Document, Operation};

/// Rules in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    rules: Vec<Rule>,
}

/// Most rules of a plan.
const MOST_RULES: usize = 1_000;

/// Spreads the rules' seeds, so that two rules of one plan do not draw alike.
const SEED_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Plan {
    /// Reads `{"seed": 7, "faults": [rule, …]}` and puts the rules behind those that are there.
    ///
    /// # Errors
    /// Everything that is wrong, with its place; then the plan stays as it was.
    pub(super) fn extend(&mut self, body: &Value, document: &Document) -> Result<(), Vec<Misread>> {
        let mut faults = Faults::new();
        let mut rules = Vec::new();
        if let Some(members) = Members::of(body, "", &["seed", "faults"], &mut faults) {
            let seed = members
                .number("seed", 0..=u64::MAX, &mut faults)
                .unwrap_or(1);
            if members.get("faults").is_none() {
                members.missing("faults", &mut faults);
            }
            let items = members.items("faults", &mut faults);
            if items.len() + self.rules.len() > MOST_RULES {
                let most = format!("a plan has at most {MOST_RULES} rules");
                faults.push(misread("/faults", most));
            }
            let seeds = (self.rules.len() as u64..).map(|place| place.wrapping_mul(SEED_STEP));
            for ((pointer, item), step) in items.iter().zip(seeds) {
                rules.extend(Rule::read(
                    item,
                    pointer,
                    document,
                    seed ^ step,
                    &mut faults,
                ));
            }
        }
        if faults.is_empty() {
            self.rules.extend(rules);
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// What goes wrong with this call. Every rule counts it; the first that strikes decides.
    pub(super) fn strike(&mut self, operation: Option<&Operation>) -> Option<Struck> {
        let mut first = None;
        for (place, rule) in self.rules.iter_mut().enumerate() {
            if rule.would_strike(operation) {
                first = first.or(Some(place));
            }
        }
        first
            .and_then(|place| self.rules.get_mut(place))
            .map(Rule::strike)
    }

    /// Every rule with nothing left out, and what came of it.
    pub(super) fn shown(&self) -> Value {
        json!({ "faults": self.rules.iter().map(Rule::shown).collect::<Vec<_>>() })
    }
}
