//! From how a caller names a tag to the tag that is meant.

use super::{Folding, Refusal, State, wanted::Wanted};
use crate::{
    Identity, Tag,
    catalogue::{Addressed, CatalogueTag},
    change::{Place, RemoveRef, TagRef},
    held::{Element, Handle, HeldTag},
    rules::{Naming, NewTagError},
};
use std::sync::Arc;

impl Folding<'_> {
    pub(super) fn resolve_all<'r>(
        &mut self,
        references: impl Iterator<Item = (&'r TagRef, Place)>,
        create: bool,
    ) -> Result<Vec<(Place, Wanted)>, Refusal> {
        let mut wanted = Vec::new();
        let mut unknown = Vec::new();
        let mut invalid = Vec::new();
        for (reference, place) in references {
            match self.resolve(reference, place, create) {
                Ok(one) => wanted.push((place, one)),
                Err(Refusal::Unknown(more)) => unknown.extend(more),
                Err(Refusal::Invalid(more)) => invalid.extend(more),
                Err(other) => return Err(other),
            }
        }
        if !invalid.is_empty() {
            return Err(Refusal::Invalid(invalid));
        }
        if !unknown.is_empty() {
            return Err(Refusal::Unknown(unknown));
        }
        Ok(wanted)
    }

    fn resolve(
        &mut self,
        reference: &TagRef,
        place: Place,
        create: bool,
    ) -> Result<Wanted, Refusal> {
        let unknown = || Refusal::Unknown(vec![(place, reference.clone())]);
        let tag = match reference {
            TagRef::Id(id) => {
                let listed = self.catalogue.by_id(id).map(|tag| self.held(tag));
                let carried = self.carried(|element| match &listed {
                    Some(held) if held.id().is_none() => {
                        element.tag().is_some_and(|t| t.identity == held.identity)
                    }
                    _ => element.id() == Some(id),
                });
                return match (carried.is_empty(), listed) {
                    (false, _) => Ok(Wanted::Carried(carried)),
                    (true, Some(held)) => Ok(Wanted::New(held)),
                    // It may be carried all the same, as an id that the catalogue does not know.
                    (true, None) if matches!(self.state, State::Blind(_)) => {
                        Err(Refusal::NeedsRead)
                    }
                    (true, None) => Err(unknown()),
                };
            }
            TagRef::Tag(tag) => tag,
        };
        self.not_the_flag(tag, place)?;
        let identity = Identity::of(tag);
        let carried = self.carried(|element| element.tag().is_some_and(|t| t.identity == identity));
        if !carried.is_empty() {
            return Ok(Wanted::Carried(carried));
        }
        if let Some(made) = self.creations.iter().find(|made| made.identity == identity) {
            return Ok(Wanted::New(made.clone()));
        }
        let mut candidates = self.catalogue.matching(&identity);
        match (candidates.next(), candidates.len()) {
            (Some(only), 0) => Ok(Wanted::New(self.held(only))),
            // One of them may be carried.
            (Some(_), _) if matches!(self.state, State::Blind(_)) => Err(Refusal::NeedsRead),
            (Some(_), _) => Err(Refusal::Ambiguous(
                place,
                self.catalogue.matching(&identity).cloned().collect(),
            )),
            (None, _) if create => self.create(tag, place).map(Wanted::New),
            (None, _) => Err(unknown()),
        }
    }

    fn create(&mut self, tag: &Tag, place: Place) -> Result<Arc<HeldTag>, Refusal> {
        let tag = self
            .rules
            .new_tag(tag, self.catalogue, &self.creations)
            .map_err(|error| match error {
                NewTagError::Improper(why) => Refusal::Invalid(vec![(place, why)]),
                NewTagError::Unsupported(why) => Refusal::Unsupported(place, why),
            })?;
        let handle = match self.rules.naming {
            Naming::Ids => Handle::Created(self.creations.len()),
            Naming::Labels { .. } => Handle::Name,
        };
        let held = Arc::new(HeldTag::new(tag, handle));
        self.creations.push(held.clone());
        Ok(held)
    }

    pub(super) fn check_removes(&self, remove: &[RemoveRef]) -> Result<(), Refusal> {
        remove
            .iter()
            .zip((0..).map(Place::Remove))
            .try_for_each(|(reference, place)| match reference {
                RemoveRef::Tag(TagRef::Tag(tag)) => self.not_the_flag(tag, place),
                RemoveRef::Tag(TagRef::Id(_)) | RemoveRef::AnyValue(_) => Ok(()),
            })
    }

    fn not_the_flag(&self, tag: &Tag, place: Place) -> Result<(), Refusal> {
        self.rules
            .not_the_flag(tag)
            .map_err(|why| Refusal::Unsupported(place, why))
    }

    fn carried(&self, matches: impl Fn(&Element) -> bool) -> Vec<Element> {
        match &self.state {
            State::Known(carried) => carried
                .0
                .iter()
                .filter(|element| matches(element))
                .cloned()
                .collect(),
            State::Blind(_) => Vec::new(),
        }
    }

    pub(super) fn held(&self, listed: &CatalogueTag) -> Arc<HeldTag> {
        let addressed = match self.rules.naming {
            Naming::Ids => Addressed::ById,
            Naming::Labels { .. } => Addressed::ByName,
        };
        self.catalogue.held(listed, addressed)
    }
}
