//! Whether what the callers were told can be true: a search for an order of the calls that explains it, and a
//! comparison with what reached the twin.

use super::{
    calls::Made,
    history::{Asked, Record, Told},
    linearizable::{Call, End, Verdict, check},
    model::{Answer, Conversation, Operation},
    network::Landing,
    record::Log,
    scenario::{Scenario, Usage},
    universe::{Mask, Universe},
};
use tagway::error::Code;

/// Most pairs that one search visits.
const LIMIT: usize = 2_000_000;

/// What is known of a run once nothing moves any more.
pub(crate) struct Evidence<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) universe: &'a Universe,
    pub(crate) log: &'a Log,
    pub(crate) records: &'a [Record],
    pub(crate) landings: &'a [Landing],
    /// What the twin has in the end.
    pub(crate) contents: &'a [Mask],
    /// When nothing moved any more.
    pub(crate) quiet: u64,
}

/// How the histories were found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Judged {
    pub(crate) histories: usize,
    pub(crate) linearizable: usize,
    pub(crate) undecided: usize,
}

impl Evidence<'_> {
    /// Judges every conversation.
    pub(crate) fn judge(&self) -> Judged {
        let mut judged = Judged::default();
        for (at, conversation) in self.scenario.conversations.iter().enumerate() {
            self.markers(at);
            // Nothing is promised to two who replace one set.
            if conversation.usage == Usage::Shared && self.universe.vendor.replaces() {
                continue;
            }
            self.history(at, conversation.initial, &mut judged);
            if !self.universe.vendor.replaces() {
                self.reads_one_by_one(at, conversation.initial, &mut judged);
            }
        }
        for text in self.universe.made_twice() {
            self.log
                .violation("duplicate", format!("`{text}` was made twice"));
        }
        judged
    }

    pub(super) fn of(&self, conversation: usize) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .filter(move |record| record.conversation == conversation)
    }

    pub(super) fn rules(&self) -> Conversation {
        Conversation {
            entries: self.universe.entries(),
        }
    }

    /// The whole set as the state.
    fn history(&self, conversation: usize, initial: Mask, judged: &mut Judged) {
        let mut calls = Vec::new();
        for record in self.of(conversation) {
            self.calls_of(record, &mut calls);
        }
        judged.histories += 1;
        match check(&self.rules(), initial, &calls, LIMIT) {
            Verdict::Linearizable { .. } => judged.linearizable += 1,
            Verdict::Undecided => judged.undecided += 1,
            Verdict::Broken { longest } => self.broken(conversation, initial, &calls, &longest),
        }
    }

    fn broken(&self, conversation: usize, initial: Mask, calls: &[Made], longest: &[usize]) {
        let mut detail = format!(
            "c{conversation}: no order explains the answers; from {} this one explains most:",
            self.universe.show(initial)
        );
        let show = |call: &Made| self.show(call);
        for &call in longest {
            detail.push_str(&format!("\n    {}", show(&calls[call])));
        }
        detail.push_str("\n  and these are left:");
        for (at, call) in calls.iter().enumerate() {
            if !longest.contains(&at) {
                detail.push_str(&format!("\n    {}", show(call)));
            }
        }
        self.log.violation("not linearizable", detail);
    }

    /// Where a change takes several calls, each tag by itself is still read as if it changed at once.
    fn reads_one_by_one(&self, conversation: usize, initial: Mask, judged: &mut Judged) {
        let mut calls = Vec::new();
        for record in self.of(conversation) {
            let &Record { begun, at, .. } = record;
            let part = |on, off, end| Call {
                operation: Operation::Part { on, off },
                begun,
                end,
            };
            match (&record.asked, &record.told) {
                (Asked::Read, Told::Set(set)) => calls.push(Call {
                    operation: Operation::Read,
                    begun,
                    end: End::Answered {
                        at,
                        answer: Answer::Set(*set),
                    },
                }),
                (Asked::Change { wish, .. }, Told::Changed { .. }) => {
                    let (on, off) = wish.reach(&self.rules(), self.universe.all());
                    calls.push(part(
                        on,
                        off,
                        End::Answered {
                            at,
                            answer: Answer::Done,
                        },
                    ));
                }
                (
                    Asked::Change { .. },
                    Told::Failed {
                        code: Code::PreconditionFailed | Code::AmbiguousTag,
                        ..
                    },
                ) => {}
                _ => self.calls_of(record, &mut calls),
            }
        }
        let several = self.universe.text(super::universe::DOUBLE);
        for bit in bits(self.universe.all() & !several) {
            let of_bit: Vec<_> = calls.iter().filter_map(|call| of_bit(call, bit)).collect();
            judged.histories += 1;
            match check(&self.rules(), initial & bit, &of_bit, LIMIT) {
                Verdict::Linearizable { .. } => judged.linearizable += 1,
                Verdict::Undecided => judged.undecided += 1,
                Verdict::Broken { longest } => {
                    self.broken(conversation, initial & bit, &of_bit, &longest)
                }
            }
        }
    }
}

/// What a call is to one tag; `None` where it is nothing to it.
fn of_bit(call: &Made, bit: Mask) -> Option<Made> {
    let operation = match &call.operation {
        Operation::Read => Operation::Read,
        Operation::Part { on, off } if (on | off) & bit != 0 => Operation::Part {
            on: on & bit,
            off: off & bit,
        },
        Operation::Part { .. } | Operation::Change { .. } => return None,
    };
    let end = match &call.end {
        End::Answered {
            at,
            answer: Answer::Set(set),
        } => End::Answered {
            at: *at,
            answer: Answer::Set(set & bit),
        },
        end => end.clone(),
    };
    Some(Call {
        operation,
        begun: call.begun,
        end,
    })
}

/// Each element of a set by itself.
pub(super) fn bits(mask: Mask) -> impl Iterator<Item = Mask> {
    (0..Mask::BITS)
        .map(|at| 1 << at)
        .filter(move |bit| mask & bit != 0)
}
