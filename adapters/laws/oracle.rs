//! What a change should do, said without the code that does it.

use super::gateway::FLAG;
use super::items::{Item, carried, low, options_of, same, split};
use super::twin::{Kind, Twin};
use crate::{Change, Refusal, RemoveRef, Tag, TagRef};
use std::collections::BTreeSet;

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    Unknown,
    Ambiguous,
    Foreign,
    Invalid,
    Unsupported,
}

/// What is known of an account and a conversation.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) kind: Kind,
    pub(super) listed: Vec<Item>,
    pub(super) carried: Vec<Item>,
    /// The names of labels, and whether they have options.
    labels: Vec<(String, bool)>,
    /// The ids of labels without options.
    bare_labels: Vec<(String, Item)>,
}

/// What one reference stands for.
struct Meant {
    items: BTreeSet<Item>,
    is_carried: bool,
}

impl World {
    pub(super) fn of(twin: &Twin) -> Self {
        let kind = twin.kind;
        let known = twin.catalogue.iter().filter(|tag| !tag.is_fresh);
        let mut bare_labels = Vec::new();
        let listed = match kind {
            Kind::Attention => known.clone().flat_map(options_of).collect(),
            _ => known
                .clone()
                .map(|tag| Item::listed(kind, &tag.id, split(&tag.name)))
                .collect(),
        };
        if kind == Kind::Attention {
            for label in known.clone().filter(|label| label.options.is_empty()) {
                bare_labels.push((
                    label.id.clone(),
                    Item::listed(kind, "", Tag::bare(&label.name)),
                ));
            }
        }
        let labels = known
            .map(|label| (label.name.clone(), !label.options.is_empty()))
            .collect();
        let carried = twin.rows.iter().map(|row| carried(twin, row)).collect();
        Self {
            kind,
            listed,
            carried,
            labels,
            bare_labels,
        }
    }

    /// The world after the change, or every reason against it.
    pub(super) fn judge(&self, change: &Change, create: bool) -> Result<Self, BTreeSet<Why>> {
        let nothing = Vec::new();
        let (wanted, removes, is_replace) = match change {
            Change::Patch { add, remove } => (add, remove, false),
            Change::Replace(wanted) => (wanted, &nothing, true),
        };
        let mut next = self.clone();
        let mut against = BTreeSet::new();
        let mut meant: Vec<Meant> = Vec::new();
        for reference in wanted {
            match next.meaning(reference, create) {
                Ok(one) => meant.push(one),
                Err(why) => drop(against.insert(why)),
            }
        }
        let text = |reference: &TagRef| match reference {
            TagRef::Tag(tag) => Some(tag.clone()),
            TagRef::Id(_) => None,
        };
        let texts: Vec<Tag> = wanted.iter().filter_map(text).collect();
        let several =
            |one: &Tag, other: &Tag| low(&one.name) == low(&other.name) && !same(one, other);
        if !is_replace
            && texts
                .iter()
                .any(|one| texts.iter().any(|other| several(one, other)))
        {
            against.insert(Why::Invalid);
        }
        for (at, one) in meant.iter().enumerate() {
            for other in &meant[..at] {
                let may_both = is_replace && one.is_carried && other.is_carried;
                if one.names().intersection(&other.names()).next().is_some()
                    && one.items != other.items
                    && !may_both
                {
                    against.insert(Why::Invalid);
                }
            }
            if one
                .items
                .iter()
                .any(|item| removes.iter().any(|off| self.takes_off(off, item)))
            {
                against.insert(Why::Invalid);
            }
            let foreign = |item: &Item| matches!(item, Item::Foreign { name, .. } if one.names().contains(&low(name)));
            if !one.is_carried && self.carried.iter().any(foreign) {
                against.insert(Why::Foreign);
            }
        }
        let flagged =
            |off: &RemoveRef| matches!(off, RemoveRef::Tag(TagRef::Tag(tag)) if self.is_flag(tag));
        if removes.iter().any(flagged) {
            against.insert(Why::Unsupported);
        }
        if !against.is_empty() {
            return Err(against);
        }
        let kept = |item: &Item| {
            let asked = meant.iter().any(|one| one.items.contains(item));
            let name = item.name();
            let is_pushed_out =
                name.is_some_and(|name| meant.iter().any(|one| one.names().contains(&name)));
            match item {
                Item::Foreign { .. } => true,
                _ if is_replace => asked,
                _ => {
                    asked
                        || (!is_pushed_out && !removes.iter().any(|off| self.takes_off(off, item)))
                }
            }
        };
        next.carried.retain(kept);
        for item in meant.iter().flat_map(|one| &one.items) {
            if !next.carried.contains(item) {
                next.carried.push(item.clone());
            }
        }
        Ok(next)
    }

    /// Whether the change cannot be planned without reading, on a vendor that adds and removes.
    pub(super) fn has_to_read(&self, change: &Change, create: bool) -> bool {
        let Change::Patch { add, remove } = change else {
            return true;
        };
        let mut next = self.clone();
        let has_sibling = add.iter().any(|reference| {
            let listed = match reference {
                TagRef::Tag(tag) => next.listed.iter().filter(|item| item.is(tag)).count(),
                TagRef::Id(id) => next.listed.iter().filter(|item| item.id() == id).count(),
            };
            if listed > 1 || (listed == 0 && matches!(reference, TagRef::Id(_))) {
                return true;
            }
            let Ok(meant) = next.meaning(reference, create) else {
                return false;
            };
            meant.names().iter().any(|name| next.named(name) > 1)
        });
        // None may be one that was made since; of several, which is on has to be said.
        let is_unclear = |off: &RemoveRef| match off {
            RemoveRef::AnyValue(name) => next.named(&low(name)) != 1,
            RemoveRef::Tag(TagRef::Tag(tag)) => !next.listed.iter().any(|item| item.is(tag)),
            RemoveRef::Tag(TagRef::Id(_)) => false,
        };
        has_sibling || remove.iter().any(is_unclear)
    }

    /// The items in another order, and without what is not told apart for ever.
    pub(super) fn set(&self) -> BTreeSet<Item> {
        let set: BTreeSet<Item> = self.carried.iter().cloned().collect();
        assert_eq!(set.len(), self.carried.len(), "{:?}", self.carried);
        set
    }

    /// Whether no name has two tags.
    pub(super) fn has_one_per_name(&self) -> bool {
        let names: Vec<String> = self.carried.iter().filter_map(Item::name).collect();
        names.iter().collect::<BTreeSet<_>>().len() == names.len()
    }

    fn named(&self, name: &str) -> usize {
        self.listed
            .iter()
            .filter(|item| item.name().as_deref() == Some(name))
            .count()
    }

    fn is_flag(&self, tag: &Tag) -> bool {
        self.kind == Kind::Attention && tag.value.as_deref().map(str::trim) == Some(FLAG)
    }

    fn meaning(&mut self, reference: &TagRef, create: bool) -> Result<Meant, Why> {
        let tag = match reference {
            TagRef::Tag(tag) if self.is_flag(tag) => return Err(Why::Unsupported),
            TagRef::Tag(tag) => tag,
            TagRef::Id(id) => return self.meaning_of_id(id),
        };
        let carried: BTreeSet<Item> = self
            .carried
            .iter()
            .filter(|item| item.is(tag))
            .cloned()
            .collect();
        if !carried.is_empty() {
            return Ok(Meant {
                items: carried,
                is_carried: true,
            });
        }
        let listed: Vec<Item> = self
            .listed
            .iter()
            .filter(|item| item.is(tag))
            .cloned()
            .collect();
        let item = match &listed[..] {
            [] if create => self.make(tag)?,
            [] => return Err(Why::Unknown),
            [only] => only.clone(),
            _ => return Err(Why::Ambiguous),
        };
        Ok(Meant {
            items: BTreeSet::from([item]),
            is_carried: false,
        })
    }

    fn meaning_of_id(&self, id: &str) -> Result<Meant, Why> {
        let means = |item: &&Item| match (self.kind, *item) {
            (Kind::Attention, Item::Tag { tag, .. }) => self
                .bare_labels
                .iter()
                .any(|(label, bare)| label == id && bare.is(tag)),
            (Kind::Attention, _) => false,
            (_, item) => item.id() == id,
        };
        let carried: BTreeSet<Item> = self.carried.iter().filter(means).cloned().collect();
        if !carried.is_empty() {
            return Ok(Meant {
                items: carried,
                is_carried: true,
            });
        }
        let item = self.listed.iter().find(means).ok_or(Why::Unknown)?;
        Ok(Meant {
            items: BTreeSet::from([item.clone()]),
            is_carried: false,
        })
    }

    fn make(&mut self, tag: &Tag) -> Result<Item, Why> {
        let mut tag = Tag {
            name: tag.name.trim().to_owned(),
            value: tag.value.as_deref().map(|v| v.trim().to_owned()),
        };
        if tag.name.is_empty() || tag.value.as_deref() == Some("") {
            return Err(Why::Invalid);
        }
        if self.is_flag(&tag) {
            return Err(Why::Unsupported);
        }
        if self.kind == Kind::Attention {
            let label = self
                .labels
                .iter()
                .find(|(name, _)| low(name) == low(&tag.name));
            match label {
                Some((_, has_options)) if *has_options != tag.value.is_some() => {
                    return Err(Why::Unsupported);
                }
                Some((name, _)) => tag.name.clone_from(name),
                None => self.labels.push((tag.name.clone(), tag.value.is_some())),
            }
        }
        let item = Item::listed(self.kind, "made", tag);
        self.listed.push(item.clone());
        Ok(item)
    }

    fn takes_off(&self, off: &RemoveRef, item: &Item) -> bool {
        match (off, item) {
            (RemoveRef::AnyValue(name), item) => item.name() == Some(low(name)),
            (RemoveRef::Tag(TagRef::Tag(tag)), item) => item.is(tag),
            (RemoveRef::Tag(TagRef::Id(id)), Item::Tag { tag, .. })
                if self.kind == Kind::Attention =>
            {
                self.bare_labels
                    .iter()
                    .any(|(label, bare)| label == id && bare.is(tag))
            }
            (RemoveRef::Tag(TagRef::Id(id)), item) => {
                item.id() == id && self.kind != Kind::Attention
            }
        }
    }
}

impl Meant {
    fn names(&self) -> BTreeSet<String> {
        self.items.iter().filter_map(Item::name).collect()
    }
}

/// The reason that the code gives; `None` where it wants to read first.
pub(super) fn why(refusal: &Refusal) -> Option<Why> {
    match refusal {
        Refusal::NeedsRead => None,
        Refusal::Unknown(_) => Some(Why::Unknown),
        Refusal::Ambiguous(..) => Some(Why::Ambiguous),
        Refusal::Foreign(..) => Some(Why::Foreign),
        Refusal::Invalid(_) => Some(Why::Invalid),
        Refusal::Unsupported(..) => Some(Why::Unsupported),
    }
}
