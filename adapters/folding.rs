//! Judging changes: a pure function of what is known and what is asked.
//!
//! A [`Folding`] starts from a set that was read, or blind, and takes changes in order. Each gets its own
//! true effect, a refused one leaves no trace, and the plan is made from where the folding ends.

mod resolve;
#[cfg(test)]
mod tests;
mod wanted;

use wanted::{Off, Wanted, not_foreign, not_in_both, one_per_name};

use crate::{
    Identity,
    catalogue::{Catalogue, CatalogueTag},
    change::{Change, Place, RemoveRef, TagRef},
    fold::fold,
    held::{Carried, Element, HeldTag},
    rules::{Rules, Writes},
};
use std::sync::Arc;

/// What a change did at its place in the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Carried after and not before; where nothing was read, what was asked.
    pub added: Vec<Element>,
    /// Carried before and not after, pushed-out tags included; where nothing was read, what was asked.
    pub removed: Vec<Element>,
}

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What is carried has to be read first.
    NeedsRead,
    /// Neither the catalogue nor the conversation knows these.
    Unknown(Vec<(Place, TagRef)>),
    /// The catalogue has several tags of this text and none of them is carried.
    Ambiguous(Place, Vec<CatalogueTag>),
    /// A value that is not a tag stands under this name.
    Foreign(Place, String),
    /// The change contradicts itself, or a new tag is not a proper one.
    Invalid(Vec<(Place, String)>),
    /// The vendor cannot hold it.
    Unsupported(Place, String),
}

/// What is known of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The whole set.
    Known(Carried),
    /// Nothing but what shall be on it (`true`) and off it (`false`), each element once.
    Blind(Vec<(Element, bool)>),
}

/// Changes folded into one.
#[derive(Debug)]
pub struct Folding<'a> {
    rules: &'a Rules,
    catalogue: &'a Catalogue,
    state: State,
    creations: Vec<Arc<HeldTag>>,
}

impl<'a> Folding<'a> {
    /// Starts from a set that was read.
    pub fn known(rules: &'a Rules, catalogue: &'a Catalogue, carried: Carried) -> Self {
        Self {
            rules,
            catalogue,
            state: State::Known(carried),
            creations: Vec::new(),
        }
    }

    /// Starts from nothing.
    pub fn blind(rules: &'a Rules, catalogue: &'a Catalogue) -> Self {
        Self {
            rules,
            catalogue,
            state: State::Blind(Vec::new()),
            creations: Vec::new(),
        }
    }

    /// Where the folding has got to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where the folding has got to, and the tags to be made first, as [`Self::creations`] gives them.
    pub fn into_parts(self) -> (State, Vec<Arc<HeldTag>>) {
        (self.state, self.creations)
    }

    /// The tags to be made first; an element with [`crate::Handle::Created`] means a place in this list.
    pub fn creations(&self) -> &[Arc<HeldTag>] {
        &self.creations
    }

    /// Takes the next change.
    ///
    /// # Errors
    /// Why it is refused; the folding is then as it was.
    pub fn apply(&mut self, change: &Change, create_missing: bool) -> Result<Effect, Refusal> {
        let creations = self.creations.len();
        let result = match (&self.state, change) {
            (State::Known(_), Change::Patch { add, remove }) => {
                self.patch_known(add, remove, create_missing)
            }
            (State::Known(_), Change::Replace(wanted)) => {
                self.replace_known(wanted, create_missing)
            }
            (State::Blind(_), Change::Patch { add, remove }) => {
                self.patch_blind(add, remove, create_missing)
            }
            (State::Blind(_), Change::Replace(_)) => Err(Refusal::NeedsRead),
        };
        if result.is_err() {
            self.creations.truncate(creations);
        }
        result
    }

    fn patch_known(
        &mut self,
        add: &[TagRef],
        remove: &[RemoveRef],
        create: bool,
    ) -> Result<Effect, Refusal> {
        let places = (0..).map(Place::Add);
        let wanted = self.resolve_all(add.iter().zip(places), create)?;
        one_per_name(&wanted, false)?;
        self.check_removes(remove)?;
        let off = Off::all(remove);
        not_in_both(&wanted, &off, self.catalogue)?;
        let State::Known(carried) = &mut self.state else {
            return Err(Refusal::NeedsRead);
        };
        not_foreign(&wanted, carried)?;

        // In place: a copy of the set for each change makes many changes of one conversation quadratic.
        let goes = |element: &mut Element| {
            off.iter().any(|off| off.takes(element, self.catalogue))
                || wanted.iter().any(|(_, wanted)| wanted.pushes_out(element))
        };
        let mut effect = Effect::default();
        effect.removed.extend(carried.0.extract_if(.., goes));
        append_new(wanted, carried, &mut effect);
        Ok(effect)
    }

    fn replace_known(&mut self, wanted: &[TagRef], create: bool) -> Result<Effect, Refusal> {
        let places = (0..).map(Place::Wanted);
        let wanted = self.resolve_all(wanted.iter().zip(places), create)?;
        one_per_name(&wanted, true)?;
        let State::Known(carried) = &mut self.state else {
            return Err(Refusal::NeedsRead);
        };
        not_foreign(&wanted, carried)?;

        let goes = |element: &mut Element| {
            !matches!(element, Element::Foreign { .. })
                && !wanted.iter().any(|(_, wanted)| wanted.keeps(element))
        };
        let mut effect = Effect::default();
        effect.removed.extend(carried.0.extract_if(.., goes));
        append_new(wanted, carried, &mut effect);
        Ok(effect)
    }

    fn patch_blind(
        &mut self,
        add: &[TagRef],
        remove: &[RemoveRef],
        create: bool,
    ) -> Result<Effect, Refusal> {
        if matches!(self.rules.writes, Writes::ReplaceSet) {
            return Err(Refusal::NeedsRead);
        }
        let places = (0..).map(Place::Add);
        let wanted = self.resolve_all(add.iter().zip(places), create)?;
        one_per_name(&wanted, false)?;
        self.check_removes(remove)?;
        not_in_both(&wanted, &Off::all(remove), self.catalogue)?;

        let mut effect = Effect::default();
        for (_, wanted) in wanted {
            if let Wanted::New(held) = wanted {
                let made = self
                    .creations
                    .iter()
                    .filter(|made| made.identity.name == held.identity.name)
                    .count();
                let listed = self.catalogue.named(&held.identity.name).len();
                if listed + made > 1 {
                    return Err(Refusal::NeedsRead);
                }
                push_once(&mut effect.added, Element::Tag(held));
            }
        }
        for reference in remove {
            let targets = self.blind_targets(reference)?;
            // What the catalogue does not know may be carried all the same.
            if targets.is_empty() {
                return Err(Refusal::NeedsRead);
            }
            for element in targets {
                push_once(&mut effect.removed, element);
            }
        }
        let State::Blind(asked) = &mut self.state else {
            return Err(Refusal::NeedsRead);
        };
        for (element, on) in effect
            .added
            .iter()
            .map(|e| (e, true))
            .chain(effect.removed.iter().map(|e| (e, false)))
        {
            asked.retain(|(held, _)| !held.is_same(element));
            asked.push((element.clone(), on));
        }
        Ok(effect)
    }

    /// What a remove may have to take off when nobody has read what is on.
    fn blind_targets(&self, reference: &RemoveRef) -> Result<Vec<Element>, Refusal> {
        let listed = |tags: &mut dyn Iterator<Item = &CatalogueTag>| {
            tags.map(|tag| Element::Tag(self.held(tag)))
                .collect::<Vec<_>>()
        };
        Ok(match reference {
            RemoveRef::Tag(TagRef::Id(id)) => match self.catalogue.by_id(id) {
                Some(tag) => vec![Element::Tag(self.held(tag))],
                None => vec![Element::Unknown { id: id.clone() }],
            },
            RemoveRef::Tag(TagRef::Tag(tag)) => {
                let identity = Identity::of(tag);
                let made = self
                    .creations
                    .iter()
                    .filter(|made| made.identity == identity)
                    .cloned()
                    .map(Element::Tag);
                listed(&mut self.catalogue.matching(&identity))
                    .into_iter()
                    .chain(made)
                    .collect()
            }
            RemoveRef::AnyValue(name) => {
                let name = fold(name);
                let made = self
                    .creations
                    .iter()
                    .filter(|made| made.identity.name == name)
                    .cloned()
                    .map(Element::Tag);
                let targets: Vec<_> = listed(&mut self.catalogue.named(&name))
                    .into_iter()
                    .chain(made)
                    .collect();
                // Which of several is carried is only known by reading, and the answer has to say it.
                if targets.len() > 1 {
                    return Err(Refusal::NeedsRead);
                }
                targets
            }
        })
    }
}

fn append_new(wanted: Vec<(Place, Wanted)>, after: &mut Carried, effect: &mut Effect) {
    for (_, wanted) in wanted {
        if let Wanted::New(held) = wanted {
            let element = Element::Tag(held);
            if !after.0.iter().any(|held| held.is_same(&element)) {
                after.0.push(element.clone());
                effect.added.push(element);
            }
        }
    }
}

fn push_once(elements: &mut Vec<Element>, element: Element) {
    if !elements.iter().any(|held| held.is_same(&element)) {
        elements.push(element);
    }
}
