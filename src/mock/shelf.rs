//! Things with an id, in the order they came.

use std::collections::{BTreeMap, HashMap};

/// How many tags a catalogue holds at most; creating one more is refused.
pub(super) const MOST_TAGS: usize = 100_000;

/// An ordered store: quick by id, and by place for cursors that stay valid when neighbours go.
#[derive(Clone, Debug)]
pub(super) struct Shelf<T> {
    items: BTreeMap<u64, (String, T)>,
    places: HashMap<String, u64>,
    next: u64,
}

impl<T> Shelf<T> {
    pub(super) fn new() -> Self {
        Self {
            items: BTreeMap::new(),
            places: HashMap::new(),
            next: 1,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        let place = self.places.get(id)?;
        self.items.get(place).map(|(_, item)| item)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let place = self.places.get(id)?;
        self.items.get_mut(place).map(|(_, item)| item)
    }

    /// Puts the item at the newest place, or where its id already stands.
    pub(super) fn put(&mut self, id: &str, item: T) {
        let place = *self.places.entry(id.to_owned()).or_insert(self.next);
        if place == self.next {
            self.next += 1;
        }
        self.items.insert(place, (id.to_owned(), item));
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.places.remove(id)?;
        self.items.remove(&place).map(|(_, item)| item)
    }

    /// Place, id and item, the newest first. Places grow and are never used twice.
    pub(super) fn newest_first(&self) -> impl DoubleEndedIterator<Item = (u64, &str, &T)> {
        self.items
            .iter()
            .rev()
            .map(|(place, (id, item))| (*place, id.as_str(), item))
    }

    /// What has stood there longest.
    pub(super) fn oldest(&self) -> Option<(&str, &T)> {
        self.items
            .values()
            .next()
            .map(|(id, item)| (id.as_str(), item))
    }

    pub(super) fn items_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.values_mut().map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_arrival_and_survives_changes() {
        let mut shelf = Shelf::new();
        for id in ["a", "b", "c"] {
            shelf.put(id, id.to_uppercase());
        }
        shelf.put("a", "again".to_owned());
        assert_eq!(shelf.remove("b").as_deref(), Some("B"));
        assert_eq!(shelf.remove("b"), None);
        shelf.put("b", "late".to_owned());
        let order: Vec<_> = shelf
            .newest_first()
            .map(|(place, id, item)| (place, id, item.as_str()))
            .collect();
        assert_eq!(order, [(4, "b", "late"), (3, "c", "C"), (1, "a", "again")]);
        assert_eq!(shelf.len(), 3);
        assert!(shelf.contains("c") && shelf.get("c").is_some() && shelf.get("d").is_none());
    }
}
