//! A tag that shall be on a conversation, and what it means for what is carried and for what else is asked.

use super::Refusal;
use crate::{
    Identity,
    catalogue::Catalogue,
    change::{Place, RemoveRef, TagRef},
    fold::fold,
    held::{Carried, Element, Handle, HeldTag},
};
use std::{collections::HashMap, sync::Arc};

/// So many wanted tags are compared each with each sooner than they are looked up.
const FEW: usize = 8;

/// A tag that shall be on the conversation.
pub(super) enum Wanted {
    /// It is there already, perhaps more than once.
    Carried(Vec<Element>),
    /// It is not there.
    New(Arc<HeldTag>),
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

/// What a remove takes off, folded once for all the elements that it is held against.
pub(super) enum Off<'a> {
    Name(String),
    Tag(Identity),
    Id(&'a str),
}

impl<'a> Off<'a> {
    pub(super) fn all(references: &'a [RemoveRef]) -> Vec<Self> {
        let of = |reference: &'a RemoveRef| match reference {
            RemoveRef::AnyValue(name) => Self::Name(fold(name)),
            RemoveRef::Tag(TagRef::Tag(tag)) => Self::Tag(Identity::of(tag)),
            RemoveRef::Tag(TagRef::Id(id)) => Self::Id(id),
        };
        references.iter().map(of).collect()
    }

    pub(super) fn takes(&self, element: &Element, catalogue: &Catalogue) -> bool {
        let held = element.tag();
        match self {
            Self::Name(name) => held.is_some_and(|held| held.identity.name == *name),
            Self::Tag(identity) => held.is_some_and(|held| held.identity == *identity),
            Self::Id(id) => {
                let listed = |held: &HeldTag| {
                    held.handle == Handle::Name
                        && catalogue
                            .by_id(id)
                            .is_some_and(|listed| listed.identity == held.identity)
                };
                element.id() == Some(*id) || held.is_some_and(listed)
            }
        }
    }
}

pub(super) fn one_per_name(
    wanted: &[(Place, Wanted)],
    both_carried_is_fine: bool,
) -> Result<(), Refusal> {
    let mut seen: HashMap<&str, &Wanted> = HashMap::new();
    for (at, (place, one)) in wanted.iter().enumerate() {
        let Some(identity) = one.identity() else {
            continue;
        };
        let same_name = |other: &&Wanted| {
            let other = other.identity();
            other.is_some_and(|other| other.name == identity.name)
        };
        let earlier = match wanted.len() <= FEW {
            true => {
                let before = wanted.iter().take(at).rev();
                before.map(|(_, earlier)| earlier).find(same_name)
            }
            false => seen.insert(&identity.name, one),
        };
        let Some(earlier) = earlier else {
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
    remove: &[Off<'_>],
    catalogue: &Catalogue,
) -> Result<(), Refusal> {
    for (off, place) in remove.iter().zip((0..).map(Place::Remove)) {
        let also_added = wanted.iter().any(|(_, wanted)| match wanted {
            Wanted::Carried(elements) => {
                elements.iter().any(|element| off.takes(element, catalogue))
            }
            Wanted::New(held) => off.takes(&Element::Tag(held.clone()), catalogue),
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
