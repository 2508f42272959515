//! A tag that shall be on a conversation, and what it means for what is carried and for what else is asked.

use super::Refusal;
use crate::{
    Identity,
    catalogue::Catalogue,
    change::{Place, RemoveRef, TagRef},
    fold::fold,
    held::{Carried, Element, Handle, HeldTag},
};

/// A tag that shall be on the conversation.
pub(super) enum Wanted {
    /// It is there already, perhaps more than once.
    Carried(Vec<Element>),
    /// It is not there.
    New(HeldTag),
}

impl Wanted {
    pub(super) fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Carried(elements) => elements
                .iter()
                .find_map(Element::tag)
                .map(|held| &held.identity),
            Self::New(held) => Some(&held.identity),
        }
    }

    pub(super) fn keeps(&self, element: &Element) -> bool {
        match self {
            Self::Carried(elements) => elements.iter().any(|kept| kept.is_same(element)),
            Self::New(_) => false,
        }
    }

    /// Whether the element has this tag's name and is not this tag.
    pub(super) fn pushes_out(&self, element: &Element) -> bool {
        match (self.identity(), element.tag()) {
            (Some(identity), Some(held)) => {
                held.identity.name == identity.name && !self.keeps(element)
            }
            _ => false,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Carried(one), Self::Carried(other)) => one == other,
            (Self::New(one), Self::New(other)) => one == other,
            _ => false,
        }
    }
}

pub(super) fn removes(reference: &RemoveRef, element: &Element, catalogue: &Catalogue) -> bool {
    match reference {
        RemoveRef::AnyValue(name) => element
            .tag()
            .is_some_and(|held| held.identity.name == fold(name)),
        RemoveRef::Tag(TagRef::Tag(tag)) => element
            .tag()
            .is_some_and(|held| held.identity == Identity::of(tag)),
        RemoveRef::Tag(TagRef::Id(id)) => {
            element.id() == Some(id)
                || element.tag().is_some_and(|held| {
                    held.handle == Handle::Name
                        && catalogue
                            .by_id(id)
                            .is_some_and(|listed| listed.identity == held.identity)
                })
        }
    }
}

pub(super) fn one_per_name(
    wanted: &[(Place, Wanted)],
    both_carried_is_fine: bool,
) -> Result<(), Refusal> {
    let mut seen: std::collections::HashMap<&str, &Wanted> = std::collections::HashMap::new();
    for (place, one) in wanted {
        let Some(identity) = one.identity() else {
            continue;
        };
        let Some(earlier) = seen.insert(&identity.name, one) else {
            continue;
        };
        let fine = earlier.is_same(one)
            || (both_carried_is_fine
                && matches!((earlier, one), (Wanted::Carried(_), Wanted::Carried(_))));
        if !fine {
            let why = "another tag of this name stands before it, and a conversation carries one per name".to_owned();
            return Err(Refusal::Invalid(vec![(*place, why)]));
        }
    }
    Ok(())
}

pub(super) fn not_in_both(
    wanted: &[(Place, Wanted)],
    remove: &[RemoveRef],
    catalogue: &Catalogue,
) -> Result<(), Refusal> {
    for (reference, place) in remove.iter().zip((0..).map(Place::Remove)) {
        let also_added = wanted.iter().any(|(_, wanted)| match wanted {
            Wanted::Carried(elements) => elements
                .iter()
                .any(|element| removes(reference, element, catalogue)),
            Wanted::New(held) => removes(reference, &Element::Tag(held.clone()), catalogue),
        });
        if also_added {
            return Err(Refusal::Invalid(vec![(
                place,
                "the same tag stands in `add`".to_owned(),
            )]));
        }
    }
    Ok(())
}

pub(super) fn not_foreign(wanted: &[(Place, Wanted)], before: &Carried) -> Result<(), Refusal> {
    for (place, wanted) in wanted {
        if let Wanted::New(held) = wanted
            && before.foreign(&held.identity.name)
        {
            return Err(Refusal::Foreign(*place, held.tag.name.clone()));
        }
    }
    Ok(())
}
