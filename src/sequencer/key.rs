//! By what a lane is found.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
};

/// A conversation of an account. Its text is hashed once, and shared by all who remember it.
#[derive(Clone)]
pub(super) struct LaneKey(Arc<Parts>);

struct Parts {
    hash: u64,
    account: String,
    conversation: String,
}

/// What is found by a lane's key.
pub(super) type ByLane<T> = HashMap<LaneKey, T, BuildHasherDefault<AsItIs>>;

/// Takes the one number that it is given.
#[derive(Default)]
pub(super) struct AsItIs(u64);

/// Callers choose the ids, so nobody may know beforehand what meets.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl LaneKey {
    /// `account`: what it is ordered as; `conversation`: the vendor's id.
    pub(super) fn new(account: &str, conversation: &str) -> Self {
        Self(Arc::new(Parts {
            hash: HASHER.hash_one((account, conversation)),
            account: account.to_owned(),
            conversation: conversation.to_owned(),
        }))
    }

    pub(super) fn account(&self) -> &str {
        &self.0.account
    }

    pub(super) fn conversation(&self) -> &str {
        &self.0.conversation
    }

    /// Which of so many parts of the lanes it belongs to. A map takes the low and the highest bits for itself.
    pub(super) fn part(&self, parts: usize) -> usize {
        usize::try_from((self.0.hash >> 32) & 0xffff).unwrap_or_default() % parts
    }
}

impl fmt::Debug for LaneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.account, self.0.conversation)
    }
}

impl PartialEq for LaneKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.hash == other.0.hash
                && self.0.conversation == other.0.conversation
                && self.0.account == other.0.account)
    }
}

impl Eq for LaneKey {}

impl Hash for LaneKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl Hasher for AsItIs {
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_what_it_says_and_by_nothing_else() {
        let mut lanes: ByLane<usize> = ByLane::default();
        for (at, (account, conversation)) in [("a", "bc"), ("ab", "c"), ("a", "b")]
            .into_iter()
            .enumerate()
        {
            lanes.insert(LaneKey::new(account, conversation), at);
        }
        assert_eq!(lanes.get(&LaneKey::new("a", "bc")), Some(&0));
        assert_eq!(lanes.get(&LaneKey::new("ab", "c")), Some(&1));
        assert_eq!(lanes.get(&LaneKey::new("", "abc")), None);
    }

    #[test]
    fn keys_are_spread_over_the_parts() {
        let parts = (0..1_000).map(|at| LaneKey::new("account", &at.to_string()).part(16));
        let used: std::collections::BTreeSet<usize> = parts.collect();
        assert_eq!(used.len(), 16);
    }
}
