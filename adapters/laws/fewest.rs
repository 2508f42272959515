//! The fewest writes, found by trying all of them.

use super::twin::Kind;
use std::collections::{HashMap, VecDeque};

/// What a vendor's writes do to a set of at most 16 elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Moves {
    pub(super) kind: Kind,
    pub(super) elements: u32,
    pub(super) adds_per_call: u32,
}

/// What is known to be on and off after some writes; of the others nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Forced {
    pub(super) on: u32,
    pub(super) off: u32,
}

impl Forced {
    /// The set that a set has become.
    pub(super) fn applied(self, set: u32) -> u32 {
        (set | self.on) & !self.off
    }
}

/// Searches, and remembers what it found.
#[derive(Default)]
pub(super) struct Search {
    found: HashMap<(Moves, Forced), HashMap<Forced, usize>>,
}

impl Search {
    /// The fewest writes from one set to another.
    pub(super) fn known(&mut self, moves: Moves, before: u32, after: u32) -> usize {
        let all = (1 << moves.elements) - 1;
        let whole = |set: u32| Forced {
            on: set,
            off: all & !set,
        };
        self.from(moves, whole(before))[&whole(after)]
    }

    /// The fewest writes, in the worst case, that lead from every one of the sets to where it should be, sent
    /// without looking.
    pub(super) fn blind(&mut self, moves: Moves, wanted: &[(u32, u32)]) -> Option<usize> {
        let found = self.from(moves, Forced::default()).iter();
        let leads = |forced: &Forced| {
            wanted
                .iter()
                .all(|(before, after)| forced.applied(*before) == *after)
        };
        found
            .filter(|(forced, _)| leads(forced))
            .map(|(_, writes)| *writes)
            .min()
    }

    fn from(&mut self, moves: Moves, start: Forced) -> &HashMap<Forced, usize> {
        self.found.entry((moves, start)).or_insert_with(|| {
            let mut found = HashMap::from([(start, 0)]);
            let mut queue = VecDeque::from([start]);
            while let Some(state) = queue.pop_front() {
                let writes = found[&state] + 1;
                for next in moves.after(state) {
                    found.entry(next).or_insert_with(|| {
                        queue.push_back(next);
                        writes
                    });
                }
            }
            found
        })
    }
}

impl Moves {
    fn after(self, state: Forced) -> Vec<Forced> {
        let all = (1_u32 << self.elements) - 1;
        let sets = 0..=all;
        if self.kind != Kind::ElevenLabs {
            return sets
                .map(|set| Forced {
                    on: set,
                    off: all & !set,
                })
                .collect();
        }
        let adds = sets.filter(|set| (1..=self.adds_per_call).contains(&set.count_ones()));
        let add = |set: u32| Forced {
            on: state.on | set,
            off: state.off & !set,
        };
        let removes = (0..self.elements).map(|at| 1_u32 << at);
        let remove = |one: u32| Forced {
            on: state.on & !one,
            off: state.off | one,
        };
        adds.map(add).chain(removes.map(remove)).collect()
    }
}
