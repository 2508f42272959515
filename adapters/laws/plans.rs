//! Law 2: a plan leads to the wanted set, and with the fewest calls.

use super::fewest::{Moves, Search};
use super::gateway::{adapter, listed, make, read, write};
use super::items::Item;
use super::oracle::{World, why};
use super::twin::{Kind, Row, Twin};
use super::worlds;
use crate::{Catalogue, Change, Element, Folding, Goal, RemoveRef, State, TagRef};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    static SEARCH: RefCell<Search> = RefCell::default();
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn elevenlabs_plans_from_a_known_set_are_right_and_minimal(
        twin in worlds::twin(Kind::ElevenLabs), change in worlds::change(), create: bool,
    ) {
        from_a_known_set(twin, &change, create)?;
    }

    #[test]
    fn awardee_plans_are_right_and_minimal(
        twin in worlds::twin(Kind::Awardee), change in worlds::change(), create: bool,
    ) {
        from_a_known_set(twin, &change, create)?;
    }

    #[test]
    fn attention_plans_are_right_and_minimal(
        twin in worlds::twin(Kind::Attention), change in worlds::change(), create: bool,
    ) {
        from_a_known_set(twin, &change, create)?;
    }

    #[test]
    fn elevenlabs_plans_from_nothing_are_right_and_minimal_whatever_is_carried(
        twin in worlds::ids(Kind::ElevenLabs, 1), change in worlds::patch(), create: bool,
    ) {
        from_nothing(&twin, &change, create)?;
    }
}

fn from_a_known_set(mut twin: Twin, change: &Change, create: bool) -> Result<(), TestCaseError> {
    let kind = twin.kind;
    let adapter = adapter(&twin);
    let tags = listed(&*adapter, &mut twin);
    let catalogue = Catalogue::new(tags.clone());
    let before = read(&*adapter, &mut twin, &catalogue);
    let world = World::of(&twin);
    prop_assert_eq!(items(kind, &before.0), world.set(), "the read");

    let mut folding = Folding::known(adapter.rules(), &catalogue, before.clone());
    let judged = folding.apply(change, create);
    let wanted = match (judged, world.judge(change, create)) {
        (Err(refusal), Err(reasons)) => {
            prop_assert!(
                why(&refusal).is_some_and(|why| reasons.contains(&why)),
                "{refusal:?}, but {reasons:?}"
            );
            prop_assert_eq!(folding.state(), &State::Known(before));
            prop_assert!(folding.creations().is_empty());
            return Ok(());
        }
        (Ok(effect), Ok(wanted)) => {
            let (old, new) = (world.set(), wanted.set());
            prop_assert_eq!(
                items(kind, &effect.added),
                new.difference(&old).cloned().collect()
            );
            prop_assert_eq!(
                items(kind, &effect.removed),
                old.difference(&new).cloned().collect()
            );
            wanted
        }
        (judged, wanted) => {
            return Err(TestCaseError::fail(format!(
                "{judged:?}\nbut wanted {wanted:?}"
            )));
        }
    };
    if world.has_one_per_name() {
        prop_assert!(wanted.has_one_per_name());
    }

    let State::Known(after) = folding.state() else {
        return Err(TestCaseError::fail("what was known is forgotten"));
    };
    let (made, _) = make(&*adapter, &mut twin, folding.creations(), tags);
    let writes = write(
        &*adapter,
        &mut twin,
        &made,
        Goal::Known {
            before: &before,
            after,
        },
    );
    prop_assert_eq!(
        World::of(&twin).set(),
        wanted.set(),
        "the vendor's set after the plan"
    );

    let universe: BTreeSet<Item> = world.set().union(&wanted.set()).cloned().collect();
    let mask = |set: &BTreeSet<Item>| mask(&universe, set);
    let moves = moves(&twin, universe.len());
    let fewest = SEARCH
        .with_borrow_mut(|search| search.known(moves, mask(&world.set()), mask(&wanted.set())));
    prop_assert_eq!(writes, fewest);
    Ok(())
}

fn from_nothing(twin: &Twin, change: &Change, create: bool) -> Result<(), TestCaseError> {
    let adapter = adapter(twin);
    let tags = listed(&*adapter, &mut twin.clone());
    let catalogue = Catalogue::new(tags.clone());
    // What may be carried: everything that is listed or that the change names.
    let mut ids: Vec<&str> = twin.catalogue.iter().map(|tag| tag.id.as_str()).collect();
    if let Change::Patch { remove, .. } = change {
        for off in remove {
            if let RemoveRef::Tag(TagRef::Id(id)) = off
                && !ids.contains(&id.as_str())
            {
                ids.push(id);
            }
        }
    }
    let with = |set: u32| {
        let on = ids.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
        Twin {
            rows: on.map(|(_, id)| Row::Id((*id).to_owned())).collect(),
            ..twin.clone()
        }
    };
    let sets = 0..1_u32 << ids.len();
    let empty = World::of(&with(0));

    let mut folding = Folding::blind(adapter.rules(), &catalogue);
    let effect = match folding.apply(change, create) {
        Ok(effect) => effect,
        Err(refusal) => {
            prop_assert_eq!(folding.state(), &State::Blind(Vec::new()));
            prop_assert!(folding.creations().is_empty());
            let Some(why) = why(&refusal) else {
                prop_assert!(empty.has_to_read(change, create), "nothing had to be read");
                return Ok(());
            };
            for set in sets {
                let reasons = World::of(&with(set))
                    .judge(change, create)
                    .err()
                    .unwrap_or_default();
                prop_assert!(
                    reasons.contains(&why),
                    "{why:?}, but {reasons:?} with {set:b}"
                );
            }
            return Ok(());
        }
    };
    prop_assert!(
        !empty.has_to_read(change, create),
        "this has to be read first"
    );
    let State::Blind(asked) = folding.state() else {
        return Err(TestCaseError::fail("nothing was read, and it is known"));
    };
    let on: Vec<Element> = asked
        .iter()
        .filter(|(_, on)| *on)
        .map(|(element, _)| element.clone())
        .collect();
    let off: Vec<Element> = asked
        .iter()
        .filter(|(_, on)| !on)
        .map(|(element, _)| element.clone())
        .collect();
    prop_assert_eq!(
        (&effect.added, &effect.removed),
        (&on, &off),
        "the effect is what was asked"
    );

    let mut universe: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let created = items(twin.kind, &on)
        .into_iter()
        .map(|item| item.id().to_owned());
    universe.extend(created.filter(|id| !ids.contains(&id.as_str())));
    let place = |id: &str| universe.iter().position(|known| known == id);
    let mut writes = 0;
    let mut wanted = Vec::new();
    for set in sets {
        let mut carries = with(set);
        let should = World::of(&carries).judge(change, create);
        let should = should
            .map_err(|reasons| TestCaseError::fail(format!("{reasons:?} with {set:b}")))?
            .set();
        let (made, _) = make(&*adapter, &mut carries, folding.creations(), tags.clone());
        writes = write(&*adapter, &mut carries, &made, Goal::Blind(asked));
        prop_assert_eq!(World::of(&carries).set(), should.clone(), "with {:b}", set);
        wanted.push((
            set,
            should
                .iter()
                .filter_map(|item| place(item.id()))
                .fold(0, |set, at| set | 1 << at),
        ));
    }
    let moves = moves(twin, universe.len());
    SEARCH.with_borrow_mut(|search| {
        let unread = search.blind(moves, &wanted);
        let read = wanted
            .iter()
            .map(|(before, after)| 1 + search.known(moves, *before, *after))
            .max();
        prop_assert_eq!(Some(writes), unread.into_iter().chain(read).min());
        Ok(())
    })
}

fn items(kind: Kind, elements: &[Element]) -> BTreeSet<Item> {
    let items: BTreeSet<Item> = elements
        .iter()
        .map(|element| Item::of(kind, element))
        .collect();
    assert_eq!(items.len(), elements.len(), "{elements:?}");
    items
}

fn mask(universe: &BTreeSet<Item>, set: &BTreeSet<Item>) -> u32 {
    let on = universe
        .iter()
        .enumerate()
        .filter(|(_, item)| set.contains(item));
    on.fold(0, |mask, (at, _)| mask | 1 << at)
}

fn moves(twin: &Twin, elements: usize) -> Moves {
    Moves {
        kind: twin.kind,
        elements: u32::try_from(elements).unwrap(),
        adds_per_call: u32::try_from(twin.adds_per_call).unwrap(),
    }
}
