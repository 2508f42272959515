//! From what callers were told to the calls of a history.

use super::{
    history::{Asked, Parts, Record, Told},
    judge::{Evidence, bits},
    linearizable::{Call, End},
    model::{Answer, Operation, Wish},
    network::Landing,
    universe::Mask,
};
use tagway::error::{Code, Outcome};

/// A call of a history.
pub(super) type Made = Call<Operation, Answer>;

impl Evidence<'_> {
    /// A call, for a reader.
    pub(super) fn show(&self, call: &Made) -> String {
        let mask = |mask: Mask| self.universe.show(mask);
        let end = match &call.end {
            End::Unknown { .. } => "open".to_owned(),
            End::Answered { at, answer } => {
                let answer = match answer {
                    Answer::Set(set) => mask(*set),
                    Answer::Changed {
                        added,
                        removed,
                        set,
                    } => {
                        let set = set
                            .map(|set| format!(" set {}", mask(set)))
                            .unwrap_or_default();
                        format!("+{} -{}{set}", mask(*added), mask(*removed))
                    }
                    Answer::Differs(set) => format!("412 {}", mask(*set)),
                    Answer::Ambiguous => "ambiguous".to_owned(),
                    Answer::Foreign => "foreign".to_owned(),
                    Answer::Done => "done".to_owned(),
                };
                format!("{at}: {answer}")
            }
        };
        let operation = match &call.operation {
            Operation::Read => "read".to_owned(),
            Operation::Part { on, off } => format!("part +{} -{}", mask(*on), mask(*off)),
            Operation::Change {
                wish,
                condition,
                assumed,
                ..
            } => {
                let (on, off) = wish.reach(&self.rules(), self.universe.all());
                let kind = match wish {
                    Wish::Patch { .. } => format!("patch +{} -{}", mask(on), mask(off)),
                    Wish::Replace { .. } => format!("replace {}", mask(on)),
                };
                format!(
                    "{kind} {condition:?}{}",
                    if *assumed { " assumed" } else { "" }
                )
            }
        };
        format!("[{} .. {end}] {operation}", call.begun)
    }

    /// The calls that a record stands for.
    pub(super) fn calls_of(&self, record: &Record, calls: &mut Vec<Made>) {
        let &Record { begun, at, .. } = record;
        let answered = |operation, answer| Call {
            operation,
            begun,
            end: End::Answered { at, answer },
        };
        let replaces = self.universe.vendor.replaces();
        match (&record.asked, &record.told) {
            // Between the calls of one change a reader sees what no order of whole changes explains.
            (Asked::Read, Told::Set(set)) if replaces || begun >= self.quiet => {
                calls.push(answered(Operation::Read, Answer::Set(*set)));
            }
            (Asked::Another { on, off }, _) => {
                calls.push(answered(
                    Operation::Part { on: *on, off: *off },
                    Answer::Done,
                ));
            }
            (
                Asked::Change {
                    wish, condition, ..
                },
                told,
            ) => {
                let change = |assumed, shows| Operation::Change {
                    wish: wish.clone(),
                    condition: *condition,
                    assumed,
                    shows,
                };
                let refused = |answer| answered(change(false, false), answer);
                match told {
                    &Told::Changed {
                        added,
                        removed,
                        assumed,
                        set,
                    } => {
                        // Where a call adds or removes, the set is read after the change.
                        let inside = set.filter(|_| replaces);
                        let answer = Answer::Changed {
                            added,
                            removed,
                            set: inside,
                        };
                        calls.push(answered(change(assumed, inside.is_some()), answer));
                        if let Some(set) = set.filter(|_| !replaces) {
                            calls.push(answered(Operation::Read, Answer::Set(set)));
                        }
                    }
                    Told::Failed {
                        code: Code::PreconditionFailed,
                        set: Some(set),
                        ..
                    } => {
                        calls.push(refused(Answer::Differs(*set)));
                    }
                    Told::Failed {
                        code: Code::AmbiguousTag,
                        ..
                    } => calls.push(refused(Answer::Ambiguous)),
                    Told::Failed {
                        code: Code::ForeignValue,
                        ..
                    } => calls.push(refused(Answer::Foreign)),
                    Told::Failed {
                        code: Code::PartiallyApplied,
                        parts,
                        set,
                        ..
                    } if !replaces => {
                        self.parts_of(record, parts, calls);
                        calls.extend(set.map(|set| answered(Operation::Read, Answer::Set(set))));
                    }
                    Told::Failed {
                        outcome: Some(Outcome::NotApplied),
                        ..
                    } => {}
                    Told::Failed { .. } | Told::Left | Told::Set(_) | Told::Done if replaces => {
                        if self.landed(record.conversation, begun, |landing| {
                            landing.on | landing.off != 0
                        }) {
                            calls.push(Call {
                                operation: change(false, false),
                                begun,
                                end: End::Unknown { over: None },
                            });
                        }
                    }
                    Told::Failed { .. } | Told::Left | Told::Set(_) | Told::Done => {
                        let reach = wish.reach(&self.rules(), self.universe.all());
                        self.open(record, reach, calls);
                    }
                }
            }
            (Asked::Read, _) => {}
        }
    }

    /// Each tag of a change by itself.
    fn parts_of(&self, record: &Record, parts: &Parts, calls: &mut Vec<Made>) {
        let &Record { begun, at, .. } = record;
        let (on, off) = parts.applied;
        for bit in bits(on | off) {
            let operation = Operation::Part {
                on: on & bit,
                off: off & bit,
            };
            calls.push(Call {
                operation,
                begun,
                end: End::Answered {
                    at,
                    answer: Answer::Done,
                },
            });
        }
        self.open(record, parts.unknown, calls);
    }

    /// Tags that may be put on or taken off as long as the run lasts, if a call did so at all.
    fn open(&self, record: &Record, (on, off): (Mask, Mask), calls: &mut Vec<Made>) {
        let &Record {
            begun,
            conversation,
            ..
        } = record;
        for bit in bits(on | off) {
            let (on, off) = (on & bit, off & bit);
            let mut landings = self.landings.iter();
            let landed = landings.find(|landing| {
                landing.conversation == conversation
                    && landing.at >= begun
                    && landing.on & on | landing.off & off != 0
            });
            // It is nowhere to be seen before it has reached the vendor.
            let begun = match landed {
                _ if self.is_told_of(record, on, off) => begun,
                Some(landing) => landing.at,
                None => continue,
            };
            calls.push(Call {
                operation: Operation::Part { on, off },
                begun,
                end: End::Unknown { over: None },
            });
        }
    }

    /// Whether somebody was told of a state in which the tag was on, or off: of changes that are folded together, what
    /// lies between them never reaches the vendor.
    fn is_told_of(&self, record: &Record, on: Mask, off: Mask) -> bool {
        let later = self.of(record.conversation);
        let mut later = later.filter(|other| other.at >= record.begun);
        later.any(|other| match &other.told {
            Told::Changed { added, removed, .. } => removed & on | added & off != 0,
            Told::Failed { set, .. } => set.is_some_and(|set| set & on != 0),
            Told::Set(_) | Told::Left | Told::Done => false,
        })
    }

    fn landed(&self, conversation: usize, begun: u64, what: impl Fn(&Landing) -> bool) -> bool {
        self.landings.iter().any(|landing| {
            landing.conversation == conversation && landing.at >= begun && what(landing)
        })
    }
}
