//! What changes of a conversation do one after the other, told without any of the gateway's code: a set is a number.

use super::{
    linearizable::Specification,
    universe::{Mask, Universe},
};
use adapters::{Change, TagRef};

/// A tag that shall be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The tags that it may mean; several have one text.
    same: Mask,
    /// All of its name.
    name: Mask,
    /// What stands under its name and is no tag.
    entry: Mask,
}

/// A change in masks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Patch { add: Vec<Wanted>, remove: Mask },
    Replace { wanted: Vec<Wanted> },
}

/// What `If-Match` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Always,
    /// The set that had this entity tag; `None` for a tag that no set has.
    Set(Option<Mask>),
}

/// One call of a history.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Read,
    /// A change, and how its answer was given.
    Change {
        wish: Wish,
        condition: Match,
        /// Whether the answer repeats what was asked.
        assumed: bool,
        /// Whether the answer shows the set after it.
        shows: bool,
    },
    /// A part of a change of which only a part took effect.
    Part {
        on: Mask,
        off: Mask,
    },
}

/// What its caller learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A read's.
    Set(Mask),
    Changed {
        added: Mask,
        removed: Mask,
        set: Option<Mask>,
    },
    /// The set is another than `If-Match` says: it is this.
    Differs(Mask),
    /// One of several tags is meant.
    Ambiguous,
    /// Something that is no tag has the name.
    Foreign,
    /// A part's.
    Done,
}

/// The conversation of one vendor.
pub(crate) struct Conversation {
    /// What a replace leaves alone.
    pub(crate) entries: Mask,
}

impl Wish {
    pub(crate) fn of(change: &Change, universe: &Universe) -> Self {
        let wanted = |references: &[TagRef]| {
            let wanted = |reference: &TagRef| {
                let same = universe.reference(reference);
                let entry = match reference {
                    TagRef::Tag(tag) => universe.entry(&tag.name.trim().to_lowercase()),
                    TagRef::Id(_) => 0,
                };
                Wanted {
                    same,
                    name: universe.name_of(same),
                    entry,
                }
            };
            references.iter().map(wanted).collect()
        };
        match change {
            Change::Patch { add, remove } => Self::Patch {
                add: wanted(add),
                remove: remove
                    .iter()
                    .fold(0, |all, one| all | universe.removed(one)),
            },
            Change::Replace(tags) => Self::Replace {
                wanted: wanted(tags),
            },
        }
    }

    /// What it may put on, and what it may take off, whatever the state.
    pub(crate) fn reach(&self, conversation: &Conversation, all: Mask) -> (Mask, Mask) {
        match self {
            Self::Patch { add, remove } => {
                let on = add.iter().fold(0, |on, one| on | one.same);
                let pushed = add.iter().fold(0, |off, one| off | (one.name & !one.same));
                (on, pushed | remove)
            }
            Self::Replace { wanted } => {
                let on = wanted.iter().fold(0, |on, one| on | one.same);
                (on, all & !on & !conversation.entries)
            }
        }
    }

    fn apply(&self, state: Mask, entries: Mask) -> Result<Mask, Answer> {
        let (wanted, mut next) = match self {
            Self::Patch { add, remove } => (add, state & !remove),
            Self::Replace { wanted } => (wanted, state & entries),
        };
        for one in wanted {
            let carried = state & one.same;
            let on = match (carried, one.same.count_ones()) {
                (0, 1) => one.same,
                (0, 0) if state & one.entry != 0 => return Err(Answer::Foreign),
                (0, _) => return Err(Answer::Ambiguous),
                _ => carried,
            };
            // A replace may keep two values of one name that are both there.
            if matches!(self, Self::Patch { .. }) {
                next &= !one.name;
            }
            next |= on;
        }
        Ok(next)
    }
}

impl Specification for Conversation {
    type State = Mask;
    type Operation = Operation;
    type Answer = Answer;

    fn apply(&self, state: &Mask, operation: &Operation) -> Vec<(Answer, Mask)> {
        let before = *state;
        match operation {
            Operation::Read => vec![(Answer::Set(before), before)],
            Operation::Part { on, off } => vec![(Answer::Done, before & !off | on)],
            Operation::Change {
                wish,
                condition,
                assumed,
                shows,
            } => {
                if let Match::Set(expected) = condition
                    && *expected != Some(before)
                {
                    return vec![(Answer::Differs(before), before)];
                }
                let after = match wish.apply(before, self.entries) {
                    Ok(after) => after,
                    Err(refused) => return vec![(refused, before)],
                };
                let (added, removed) = match (assumed, wish) {
                    (true, Wish::Patch { add, remove }) => {
                        (add.iter().fold(0, |on, one| on | one.same), *remove)
                    }
                    _ => (after & !before, before & !after),
                };
                let set = shows.then_some(after);
                vec![(
                    Answer::Changed {
                        added,
                        removed,
                        set,
                    },
                    after,
                )]
            }
        }
    }

    fn only_reads(&self, operation: &Operation) -> bool {
        matches!(operation, Operation::Read)
    }
}
