//! What callers asked and what they were told.

use super::{
    model::{Match, Wish},
    universe::Mask,
    world::{Request, World},
};
use adapters::Change;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use tagway::error::{Code, Outcome};

/// One call and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) conversation: usize,
    pub(crate) begun: u64,
    pub(crate) at: u64,
    pub(crate) asked: Asked,
    pub(crate) told: Told,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Read,
    Change {
        wish: Wish,
        condition: Match,
        marker: Option<usize>,
        representation: bool,
    },
    /// Somebody else's write.
    Another {
        on: Mask,
        off: Mask,
    },
}

/// What the caller was told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Set(Mask),
    Changed {
        added: Mask,
        removed: Mask,
        assumed: bool,
        set: Option<Mask>,
    },
    Failed {
        code: Code,
        outcome: Option<Outcome>,
        parts: Parts,
        set: Option<Mask>,
    },
    /// Nothing: it went away.
    Left,
    /// Somebody else's write was done.
    Done,
}

/// What a caller was told of the parts of its change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) applied: (Mask, Mask),
    pub(crate) not_applied: (Mask, Mask),
    pub(crate) unknown: (Mask, Mask),
}

/// All records of a run, and which set each entity tag stands for.
#[derive(Default)]
pub(crate) struct History {
    records: Mutex<Vec<Record>>,
    sets: Mutex<BTreeMap<(usize, String), Mask>>,
}

impl History {
    pub(crate) fn records(&self) -> Vec<Record> {
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn push(&self, record: Record) {
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
    }

    /// Learns that a set has an entity tag; one set never has two, nor one entity tag two sets.
    pub(super) fn learn(&self, world: &World, conversation: usize, tag: &str, set: Mask) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sets
            .iter()
            .find(|((of, text), known)| *of == conversation && (text == tag) != (**known == set));
        if let Some(((_, text), other)) = known {
            let (one, other) = (world.universe.show(set), world.universe.show(*other));
            world
                .log
                .violation("etag", format!("{tag} is {one}, and {text} is {other}"));
        }
        sets.insert((conversation, tag.to_owned()), set);
    }

    pub(super) fn set_of(&self, conversation: usize, tag: &str) -> Option<Mask> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.get(&(conversation, tag.to_owned())).copied()
    }
}

impl Told {
    /// Whether a caller has nothing to ask any more.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Set(_) | Self::Changed { .. } | Self::Done => true,
            Self::Failed { code, outcome, .. } => {
                *outcome != Some(Outcome::Unknown) && *code != Code::PartiallyApplied
            }
            Self::Left => false,
        }
    }

    /// For a reader.
    pub(crate) fn show(&self, world: &World) -> String {
        let show = |mask: Mask| world.universe.show(mask);
        match self {
            Self::Set(set) => show(*set),
            Self::Changed {
                added,
                removed,
                assumed,
                set,
            } => {
                let assumed = if *assumed { " (assumed)" } else { "" };
                let set = set
                    .map(|set| format!(", set {}", show(set)))
                    .unwrap_or_default();
                format!(
                    "added {} removed {}{assumed}{set}",
                    show(*added),
                    show(*removed)
                )
            }
            Self::Failed {
                code,
                outcome,
                parts,
                set,
            } => {
                let outcome = outcome.map_or("outcome not said".to_owned(), |outcome| {
                    format!("{outcome:?}")
                });
                let both = |(on, off): (Mask, Mask)| format!("+{}-{}", show(on), show(off));
                let parts = match *parts == Parts::default() {
                    true => String::new(),
                    false => format!(
                        ", applied {} not applied {} unknown {}",
                        both(parts.applied),
                        both(parts.not_applied),
                        both(parts.unknown)
                    ),
                };
                let set = set
                    .map(|set| format!(", set {}", show(set)))
                    .unwrap_or_default();
                format!("{}: {outcome}{parts}{set}", code.as_str())
            }
            Self::Left => "nothing, it has left".to_owned(),
            Self::Done => "that it is done".to_owned(),
        }
    }
}

/// A request, for a reader.
pub(super) fn shown(request: &Request) -> String {
    let tag = |reference: &adapters::TagRef| match reference {
        adapters::TagRef::Tag(tag) => tag.encode(),
        adapters::TagRef::Id(id) => format!("id:{id}"),
    };
    let mut text = match &request.change {
        Change::Patch { add, remove } => {
            let add: Vec<_> = add.iter().map(tag).collect();
            let remove = remove.iter().map(|reference| match reference {
                adapters::RemoveRef::Tag(reference) => tag(reference),
                adapters::RemoveRef::AnyValue(name) => format!("{name}=*"),
            });
            format!(
                "add [{}] remove [{}]",
                add.join(", "),
                remove.collect::<Vec<_>>().join(", ")
            )
        }
        Change::Replace(wanted) => format!(
            "replace [{}]",
            wanted.iter().map(tag).collect::<Vec<_>>().join(", ")
        ),
    };
    if let Some(condition) = &request.if_match {
        text.push_str(&format!(" if {condition:?}"));
    }
    if request.create_missing {
        text.push_str(" create");
    }
    if request.representation {
        text.push_str(" show");
    }
    format!("{text} within {:?}", request.deadline)
}
