//! Changes folded into one plan do what they would have done one after another.

use super::gateway::{adapter, listed, make, read, write};
use super::items::Item;
use super::oracle::{Why, World, why};
use super::twin::{Kind, Row, Twin};
use super::worlds;
use crate::{Catalogue, Change, Effect, Element, Folding, Goal, Refusal, State, Tag};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

type Asked = Vec<(Change, bool)>;
type Told = Result<(BTreeSet<Plain>, BTreeSet<Plain>), Option<Why>>;

/// What two elements have in common that differ only in the spelling of a map entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Plain {
    Tag(Tag),
    Item(Item),
}

fn changes() -> impl Strategy<Value = Asked> {
    vec((worlds::change(), prop::bool::weighted(0.7)), 2..=3)
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(2_500))]

    #[test]
    fn on_elevenlabs_folded_changes_are_changes_in_order(
        twin in worlds::twin(Kind::ElevenLabs), changes in changes(),
    ) {
        is_the_same(&twin, &changes)?;
    }

    #[test]
    fn on_awardee_folded_changes_are_changes_in_order(
        twin in worlds::twin(Kind::Awardee), changes in changes(),
    ) {
        is_the_same(&twin, &changes)?;
    }

    #[test]
    fn on_attention_folded_changes_are_changes_in_order(
        twin in worlds::twin(Kind::Attention), changes in changes(),
    ) {
        is_the_same(&twin, &changes)?;
    }

    #[test]
    fn changes_folded_without_a_read_are_changes_in_order_whatever_is_carried(
        twin in worlds::ids(Kind::ElevenLabs, 1),
        changes in vec((worlds::patch(), prop::bool::weighted(0.7)), 2..=4),
    ) {
        is_the_same_unread(&twin, &changes)?;
    }
}

fn is_the_same(twin: &Twin, changes: &Asked) -> Result<(), TestCaseError> {
    let (kind, adapter) = (twin.kind, adapter(twin));
    let (mut folded, mut ordered) = (twin.clone(), twin.clone());
    let mut tags = listed(&*adapter, &mut folded);
    let catalogue = Catalogue::new(tags.clone());
    let before = read(&*adapter, &mut folded, &catalogue);
    let mut folding = Folding::known(adapter.rules(), &catalogue, before.clone());
    let mut told = Vec::new();
    for (change, create) in changes {
        told.push(tell(kind, folding.apply(change, *create)));
    }
    let State::Known(after) = folding.state() else {
        return Err(TestCaseError::fail("what was known is forgotten"));
    };
    let (made, _) = make(&*adapter, &mut folded, folding.creations(), tags.clone());
    write(
        &*adapter,
        &mut folded,
        &made,
        Goal::Known {
            before: &before,
            after,
        },
    );

    for ((change, create), told) in changes.iter().zip(told) {
        let catalogue = Catalogue::new(tags.clone());
        let before = read(&*adapter, &mut ordered, &catalogue);
        let mut folding = Folding::known(adapter.rules(), &catalogue, before.clone());
        prop_assert_eq!(told, tell(kind, folding.apply(change, *create)));
        let State::Known(after) = folding.state() else {
            return Err(TestCaseError::fail("what was known is forgotten"));
        };
        let (made, more) = make(&*adapter, &mut ordered, folding.creations(), tags);
        tags = more;
        write(
            &*adapter,
            &mut ordered,
            &made,
            Goal::Known {
                before: &before,
                after,
            },
        );
    }
    prop_assert_eq!(
        plain(kind, &World::of(&folded).carried),
        plain(kind, &World::of(&ordered).carried)
    );
    Ok(())
}

fn is_the_same_unread(twin: &Twin, changes: &Asked) -> Result<(), TestCaseError> {
    let adapter = adapter(twin);
    let tags = listed(&*adapter, &mut twin.clone());
    let catalogue = Catalogue::new(tags.clone());
    let mut folding = Folding::blind(adapter.rules(), &catalogue);
    let mut taken = Vec::new();
    for (change, create) in changes {
        let earlier = folding.state().clone();
        match folding.apply(change, *create) {
            Ok(_) => taken.push((change, *create)),
            Err(_) => prop_assert_eq!(folding.state(), &earlier),
        }
    }
    let State::Blind(asked) = folding.state() else {
        return Err(TestCaseError::fail("nothing was read, and it is known"));
    };
    for set in 0..1_u32 << twin.catalogue.len() {
        let on = twin
            .catalogue
            .iter()
            .enumerate()
            .filter(|(at, _)| set >> at & 1 == 1);
        let rows = on.map(|(_, tag)| Row::Id(tag.id.clone())).collect();
        let mut carries = Twin {
            rows,
            ..twin.clone()
        };
        let mut world = World::of(&carries);
        for (change, create) in &taken {
            let next = world.judge(change, *create);
            world =
                next.map_err(|reasons| TestCaseError::fail(format!("{reasons:?} with {set:b}")))?;
        }
        let (made, _) = make(&*adapter, &mut carries, folding.creations(), tags.clone());
        write(&*adapter, &mut carries, &made, Goal::Blind(asked));
        prop_assert_eq!(World::of(&carries).set(), world.set(), "with {:b}", set);
    }
    Ok(())
}

fn tell(kind: Kind, judged: Result<Effect, Refusal>) -> Told {
    let items = |elements: &[Element]| {
        elements
            .iter()
            .map(|element| Item::of(kind, element))
            .collect::<Vec<_>>()
    };
    match judged {
        Ok(effect) => Ok((
            plain(kind, &items(&effect.added)),
            plain(kind, &items(&effect.removed)),
        )),
        Err(refusal) => Err(why(&refusal)),
    }
}

fn plain(kind: Kind, items: &[Item]) -> BTreeSet<Plain> {
    let plain = |item: &Item| match item {
        Item::Tag { tag, .. } if kind == Kind::Attention => Plain::Tag(tag.clone()),
        other => Plain::Item(other.clone()),
    };
    items.iter().map(plain).collect()
}
