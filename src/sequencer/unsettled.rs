//! What of a conversation may still be changed by a write whose fate is not known.

use super::Job;
use crate::planted::{self, Bug};
use adapters::{Change, Element, RemoveRef, TagRef, Writes, fold};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::time::Instant;

/// Until when a late write may still take effect, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unsettled {
    pub(super) whole: Option<Instant>,
    pub(super) names: BTreeMap<String, Instant>,
}

/// What of a conversation a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// All of it: what is wanted is the whole set, or depends on it, or has no name yet.
    Whole,
    /// The tags of these folded names.
    Names(Arc<BTreeSet<String>>),
}

impl Unsettled {
    /// The whole conversation, until then.
    pub(super) fn whole(until: Instant) -> Self {
        Self {
            whole: Some(until),
            names: BTreeMap::new(),
        }
    }

    /// The conversation after a write of these elements with an unknown outcome: where a write replaces the set
    /// all of it, where tags come and go one by one only their names.
    pub(super) fn by<'a>(
        writes: Writes,
        elements: impl Iterator<Item = &'a Element>,
        until: Instant,
    ) -> Self {
        let mut unsettled = Self::default();
        if planted::is(Bug::NoSettling) {
            return unsettled;
        }
        let until = match planted::is(Bug::ShortSettling) {
            true => until - until.saturating_duration_since(Instant::now()) * 3 / 4,
            false => until,
        };
        if writes == Writes::ReplaceSet {
            return Self::whole(until);
        }
        for element in elements {
            match element.tag() {
                Some(held) => {
                    unsettled.names.insert(held.identity.name.clone(), until);
                }
                None => unsettled.whole = Some(until),
            }
        }
        unsettled
    }

    /// Whether nothing is open.
    pub(super) fn is_settled(&self) -> bool {
        self.whole.is_none() && self.names.is_empty()
    }

    /// Adds what another write left open.
    pub(super) fn extend(&mut self, other: Self) {
        self.whole = self.whole.max(other.whole);
        for (name, until) in other.names {
            let known = self.names.entry(name).or_insert(until);
            *known = until.max(*known);
        }
    }

    /// Forgets what has settled by now.
    pub(super) fn settle(&mut self, now: Instant) {
        self.whole = self.whole.filter(|until| *until > now);
        self.names.retain(|_, until| *until > now);
    }

    /// When the first of it settles.
    pub(super) fn next(&self) -> Option<Instant> {
        self.whole
            .into_iter()
            .chain(self.names.values().copied())
            .min()
    }

    /// Until when a change has to wait; `None` when it need not.
    pub(super) fn holds_up(&self, touch: &Touch) -> Option<Instant> {
        if self.names.is_empty() {
            return self.whole;
        }
        let by_name = match touch {
            Touch::Whole => self.names.values().copied().max(),
            Touch::Names(_) if planted::is(Bug::Overtaking) => None,
            Touch::Names(names) => names
                .iter()
                .filter_map(|name| self.names.get(name))
                .copied()
                .max(),
        };
        self.whole.max(by_name)
    }
}

impl Touch {
    /// What a job is about.
    pub(super) fn of(job: &Job) -> Self {
        let Change::Patch { add, remove } = &job.change else {
            return Self::Whole;
        };
        if job.if_match.is_some() {
            return Self::Whole;
        }
        let mut names = BTreeSet::new();
        let removed = remove.iter().map(|reference| match reference {
            RemoveRef::AnyValue(name) => Some(fold(name)),
            RemoveRef::Tag(TagRef::Tag(tag)) => Some(fold(&tag.name)),
            RemoveRef::Tag(TagRef::Id(_)) => None,
        });
        let added = add.iter().map(|reference| match reference {
            TagRef::Tag(tag) => Some(fold(&tag.name)),
            TagRef::Id(_) => None,
        });
        for name in added.chain(removed) {
            match name {
                Some(name) => names.insert(name),
                None => return Self::Whole,
            };
        }
        Self::Names(Arc::new(names))
    }

    /// Whether two changes are about the same.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Names(one), Self::Names(other)) => !one.is_disjoint(other),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::{Handle, HeldTag, Tag};
    use std::time::Duration;

    fn names(names: &[&str]) -> Touch {
        Touch::Names(Arc::new(
            names.iter().map(|name| (*name).to_owned()).collect(),
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_names_of_an_open_write_hold_up_where_tags_come_one_by_one() {
        let later = Instant::now() + Duration::from_secs(30);
        let element = Element::from(HeldTag::new(Tag::bare("VIP"), Handle::Id("1".into())));
        let one_by_one = Writes::AddAndRemove { adds_per_call: 50 };
        let mut open = Unsettled::by(one_by_one, [&element].into_iter(), later);
        assert_eq!(open.holds_up(&names(&["vip", "x"])), Some(later));
        assert_eq!(open.holds_up(&names(&["x"])), None);
        assert_eq!(open.holds_up(&Touch::Whole), Some(later));
        assert_eq!(open.next(), Some(later));
        open.settle(later);
        assert_eq!(open, Unsettled::default());
        let whole = Unsettled::by(Writes::ReplaceSet, [&element].into_iter(), later);
        assert_eq!(whole.holds_up(&names(&["x"])), Some(later));
    }
}
