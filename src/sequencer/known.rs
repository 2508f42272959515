//! Sets that are known from a certain success, where that is worth something: nobody else writes, or what others
//! write is to be noticed.

use super::key::{ByLane, LaneKey};
use crate::sync::lock;
use adapters::Carried;
use std::{collections::BTreeMap, sync::Mutex};

/// Most conversations whose set is remembered; the one that was changed the longest time ago goes first.
const MAX_SETS: usize = 10_000;

/// The remembered sets.
#[derive(Debug, Default)]
pub(super) struct KnownSets {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sets: ByLane<(u64, Carried)>,
    order: BTreeMap<u64, LaneKey>,
    next: u64,
    /// Counts what is forgotten all at once, so that a set that was taken out before is not put back after.
    generation: u64,
}

/// A set that was taken out, or none, and the right to put a newer one back.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) set: Option<Carried>,
    generation: u64,
}

impl KnownSets {
    /// Takes a set out: as long as a change is under way it is not known.
    pub(super) fn take(&self, key: &LaneKey) -> Known {
        let mut inner = lock(&self.inner);
        let found = match inner.sets.is_empty() {
            true => None,
            false => inner.sets.remove(key),
        };
        if let Some((at, _)) = &found {
            inner.order.remove(at);
        }
        Known {
            set: found.map(|(_, set)| set),
            generation: inner.generation,
        }
    }

    /// Remembers a set, unless sets were forgotten since the turn was taken.
    pub(super) fn put(&self, key: &LaneKey, turn: &Known, set: Carried) {
        let mut inner = lock(&self.inner);
        if inner.generation != turn.generation {
            return;
        }
        let at = inner.next;
        inner.next += 1;
        inner.order.insert(at, key.clone());
        inner.sets.insert(key.clone(), (at, set));
        if inner.sets.len() > MAX_SETS
            && let Some((_, oldest)) = inner.order.pop_first()
        {
            inner.sets.remove(&oldest);
        }
    }

    /// Forgets every set.
    pub(super) fn forget_all(&self) {
        let mut inner = lock(&self.inner);
        inner.generation += 1;
        inner.sets.clear();
        inner.order.clear();
    }

    /// Forgets every set of an account.
    pub(super) fn forget_account(&self, account: &str) {
        let mut inner = lock(&self.inner);
        inner.generation += 1;
        let Inner { sets, order, .. } = &mut *inner;
        sets.retain(|key, _| key.account() != account);
        order.retain(|_, key| key.account() != account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(conversation: usize) -> LaneKey {
        LaneKey::new("account", &conversation.to_string())
    }

    #[test]
    fn a_set_that_was_forgotten_meanwhile_is_not_put_back() {
        let known = KnownSets::default();
        let turn = known.take(&key(1));
        known.forget_account("account");
        known.put(&key(1), &turn, Carried::default());
        assert_eq!(known.take(&key(1)).set, None);
        let turn = known.take(&key(1));
        known.put(&key(1), &turn, Carried::default());
        assert_eq!(known.take(&key(1)).set, Some(Carried::default()));
        assert_eq!(known.take(&key(1)).set, None, "it is out");
    }

    #[test]
    fn the_oldest_goes_first() {
        let known = KnownSets::default();
        for conversation in 0..=MAX_SETS {
            let turn = known.take(&key(conversation));
            known.put(&key(conversation), &turn, Carried::default());
        }
        assert!(known.take(&key(0)).set.is_none());
        assert!(known.take(&key(1)).set.is_some());
    }
}
