//! The conversations of a twin, which may come to be at first sight.

use std::collections::BTreeSet;

use super::shelf::Shelf;

/// How many conversations a twin holds at most; the next is answered as unknown.
pub(super) const MOST: usize = 100_000;

/// The conversations that there are.
#[derive(Clone, Debug)]
pub(super) struct Conversations<T> {
    seen: Shelf<T>,
    open: bool,
}

impl<T> Conversations<T> {
    /// With `known`, exactly those exist from the start; without, each comes to be when it is first asked for.
    pub(super) fn new(known: Option<&BTreeSet<String>>, mut make: impl FnMut(&str) -> T) -> Self {
        let mut seen = Shelf::new();
        for id in known.into_iter().flatten() {
            seen.put(id, make(id));
        }
        Self {
            seen,
            open: known.is_none(),
        }
    }

    /// The conversation, made now if it may come to be; `None` if there is no such conversation.
    pub(super) fn meet(&mut self, id: &str, make: impl FnOnce() -> T) -> Option<&mut T> {
        if self.open && self.seen.len() < MOST && !self.seen.contains(id) {
            self.seen.put(id, make());
        }
        self.seen.get_mut(id)
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.seen.get(id)
    }

    /// Makes the conversation whatever was there before.
    pub(super) fn put(&mut self, id: &str, conversation: T) {
        self.seen.put(id, conversation);
    }

    pub(super) fn newest_first(&self) -> impl DoubleEndedIterator<Item = (u64, &str, &T)> {
        self.seen.newest_first()
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.seen.items_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_sight_makes_one_unless_the_list_is_closed() {
        let mut open = Conversations::new(None, |_| 0);
        assert_eq!(open.meet("a", || 7), Some(&mut 7));
        assert_eq!(open.meet("a", || 8), Some(&mut 7));
        let known = BTreeSet::from(["k".to_owned()]);
        let mut closed = Conversations::new(Some(&known), |_| 1);
        assert_eq!(closed.meet("a", || 7), None);
        assert_eq!(closed.get("k"), Some(&1));
        closed.put("a", 9);
        assert_eq!(closed.meet("a", || 7), Some(&mut 9));
    }

    #[test]
    fn their_number_is_bounded() {
        let mut open = Conversations::new(None, |_| ());
        for id in 0..MOST {
            assert!(open.meet(&id.to_string(), || ()).is_some());
        }
        assert!(open.meet("one more", || ()).is_none());
        assert!(open.meet("5", || ()).is_some());
    }
}
