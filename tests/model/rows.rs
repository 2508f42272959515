//! Holding a row of the table to what it says.

use crate::{
    gateway::{Cases, Gateway},
    protocol::Protocol,
    search::{Wrong, explore},
    state::{A, B, C, Change, Tags},
    story::UnknownMayLand,
};

/// Most timeouts of a search.
const TIMEOUTS: u8 = 2;

/// Searches all, and fails with the shortest way to a loss if there is one. An unknown change may take effect only
/// before the next one begins.
#[track_caller]
pub(crate) fn holds(protocol: Protocol, cases: Cases) {
    let mut gateway = Gateway::new(protocol, cases, UnknownMayLand::BeforeTheNextBegins);
    let explored = explore(&mut gateway);
    println!("holds: {} states", explored.states);
    if let Some(wrong) = explored.wrong {
        panic!(
            "lost in {} steps, of {protocol:#?}:\n{wrong}",
            wrong.steps.len()
        );
    }
    assert!(gateway.served_through_faults > 0, "the row is empty");
}

/// Fails unless a change is lost, in the shortest case after so many steps, even if an unknown change may take effect
/// at any time.
#[track_caller]
pub(crate) fn loses(protocol: Protocol, cases: Cases, steps: usize) -> Wrong {
    loses_if(UnknownMayLand::AtAnyTime, protocol, cases, steps)
}

/// As [`loses`], but an unknown change may take effect only before the next one begins.
#[track_caller]
pub(crate) fn breaks_the_promise(protocol: Protocol, cases: Cases, steps: usize) -> Wrong {
    loses_if(UnknownMayLand::BeforeTheNextBegins, protocol, cases, steps)
}

#[track_caller]
fn loses_if(unknown: UnknownMayLand, protocol: Protocol, cases: Cases, steps: usize) -> Wrong {
    let explored = explore(&mut Gateway::new(protocol, cases, unknown));
    let Some(wrong) = explored.wrong else {
        panic!("not found in {} states, of {protocol:#?}", explored.states);
    };
    println!(
        "loses: {} states, {} steps\n{wrong}",
        explored.states,
        wrong.steps.len()
    );
    assert_eq!(
        wrong.steps.len(),
        steps,
        "the shortest way is another one:\n{wrong}"
    );
    wrong
}

/// One process gets three changes, each any of: add or remove one of two tags. That the vendor holds `b` alone at
/// first is left out: it is the case of `a` alone with the letters exchanged.
pub(crate) fn one_process() -> Cases {
    Cases {
        initial: vec![0, A, A | B],
        changes: three_of(&[A, B]),
        first_process: 3,
        timeouts: TIMEOUTS,
    }
}

/// As for one process, but the last change goes to a second process.
pub(crate) fn two_processes() -> Cases {
    Cases {
        first_process: 2,
        ..one_process()
    }
}

/// One process gets three changes, all of the same tag.
pub(crate) fn same_tag() -> Cases {
    Cases {
        initial: vec![0, A],
        changes: three_of(&[A]),
        ..one_process()
    }
}

/// One process gets three changes, no two of the same tag.
pub(crate) fn different_tags() -> Cases {
    let mut changes = Vec::new();
    for first in either(A) {
        for second in either(B) {
            changes.extend(either(C).map(|third| [first, second, third]));
        }
    }
    Cases {
        initial: (0..8).collect(),
        changes,
        ..one_process()
    }
}

/// The same, but every answer comes in time.
pub(crate) fn without_timeouts(cases: Cases) -> Cases {
    Cases {
        timeouts: 0,
        ..cases
    }
}

fn three_of(tags: &[Tags]) -> Vec<[Change; 3]> {
    let one: Vec<Change> = tags.iter().copied().flat_map(either).collect();
    let mut all = Vec::new();
    for &first in &one {
        for &second in &one {
            all.extend(one.iter().map(|&third| [first, second, third]));
        }
    }
    all
}

fn either(tag: Tags) -> [Change; 2] {
    [Change::add(tag), Change::remove(tag)]
}
