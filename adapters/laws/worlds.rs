//! Small catalogues, sets and changes in which everything that can meet does meet.

use super::gateway::FLAG;
use super::twin::{Kind, Listed, Row, Twin};
use crate::{Change, RemoveRef, Tag, TagRef};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// An id that has to be quoted and encoded.
const STRANGE: &str = "t \"é\" 2";
const IDS: [&str; 3] = ["t0", "t1", STRANGE];
const TITLES: [&str; 11] = [
    "a", "A", " a", "a=1", "a=2", "A=1", "b", "b=X", "b=x", "c=", "c=on",
];
/// A tag that the gateway has not listed; no change names it.
const FRESH: [&str; 2] = ["a=9", "z"];

/// Values of map entries: strings, odd spellings of strings, and what is no tag.
const VALUES: [&str; 13] = [
    r#""1""#,
    r#""2""#,
    r#""\u0031""#,
    r#""X""#,
    r#"" x""#,
    r#""on""#,
    r#""""#,
    "1.0e3",
    "-0",
    "null",
    "true",
    r#"{"a" : [1, {"a":"}"} ]}"#,
    r#""\ud800""#,
];
/// Names of map entries as they are spelled; no two are equal once decoded.
const KEYS: [&str; 6] = [
    r#""a""#,
    r#""\u0041""#,
    r#"" a""#,
    r#""b""#,
    r#""\u0063 ""#,
    r#""other\/\"""#,
];

pub(super) fn twin(kind: Kind) -> BoxedStrategy<Twin> {
    match kind {
        Kind::Attention => attention().boxed(),
        _ => ids(kind, 0).boxed(),
    }
}

/// A twin of ElevenLabs with the first so many ids in its catalogue.
pub(super) fn ids(kind: Kind, fewest: usize) -> impl Strategy<Value = Twin> {
    let titles = vec(select(&TITLES[..]), fewest..=IDS.len());
    let fresh = proptest::option::of(select(&FRESH[..]));
    (titles, fresh, any::<[bool; 4]>(), 1..=3_usize).prop_map(
        move |(titles, fresh, on, adds_per_call)| {
            let mut catalogue: Vec<Listed> = Vec::new();
            for (id, title) in IDS.into_iter().zip(titles) {
                let is_taken = |tag: &Listed| {
                    kind == Kind::Awardee && tag.name.to_lowercase() == title.to_lowercase()
                };
                if !catalogue.iter().any(is_taken) {
                    catalogue.push(tag(id, title, false));
                }
            }
            catalogue.extend(fresh.map(|title| tag("u\"0", title, true)));
            let carried = catalogue.iter().zip(on).filter(|(_, on)| *on);
            let rows = carried.map(|(tag, _)| Row::Id(tag.id.clone())).collect();
            Twin {
                kind,
                adds_per_call,
                catalogue,
                rows,
            }
        },
    )
}

fn tag(id: &str, title: &str, is_fresh: bool) -> Listed {
    Listed {
        id: id.to_owned(),
        name: title.to_owned(),
        options: Vec::new(),
        is_fresh,
    }
}

fn attention() -> impl Strategy<Value = Twin> {
    let labels = (
        select(vec!["a", "A", " a"]),
        select(vec!["b", "B"]),
        Just("c"),
    );
    let options = || prop_oneof![Just(vec![]), subsequence(vec!["1", "2", "X", FLAG], 0..=3)];
    let catalogue =
        (labels, vec(options().prop_shuffle(), 0..=3)).prop_map(|((a, b, c), options)| {
            let labels = IDS.into_iter().zip([a, b, c]).zip(options);
            let label = |((id, name), options): ((&str, &str), Vec<&str>)| Listed {
                options: options.into_iter().map(str::to_owned).collect(),
                ..tag(id, name, false)
            };
            labels.map(label).collect::<Vec<_>>()
        });
    let entry = proptest::option::weighted(0.4, select(&VALUES[..]));
    (catalogue, vec(entry, KEYS.len())).prop_map(|(catalogue, values)| {
        let entries = KEYS.into_iter().zip(values);
        let rows =
            entries.filter_map(|(key, value)| Some(Row::Entry(key.to_owned(), value?.to_owned())));
        Twin {
            kind: Kind::Attention,
            adds_per_call: 1,
            catalogue,
            rows: rows.collect(),
        }
    })
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let patch = || (vec(reference(), 0..=2), vec(remove(), 0..=2));
    prop_oneof![
        4 => patch().prop_map(|(add, remove)| Change::Patch { add, remove }),
        1 => (vec(reference(), 3), vec(remove(), 0..=1)).prop_map(|(add, remove)| Change::Patch { add, remove }),
        2 => vec(reference(), 0..=3).prop_map(Change::Replace),
    ]
}

/// A change without a replace: what a vendor that adds and removes may do without reading.
pub(super) fn patch() -> impl Strategy<Value = Change> {
    (vec(reference(), 0..=3), vec(remove(), 0..=2))
        .prop_map(|(add, remove)| Change::Patch { add, remove })
}

fn reference() -> impl Strategy<Value = TagRef> {
    let values = select(vec![
        None,
        None,
        Some("1"),
        Some("2"),
        Some(" x"),
        Some(FLAG),
        Some(" on"),
        Some(" "),
    ]);
    let ids = prop_oneof![8 => select(&IDS[..]), 1 => Just("u\"0"), 1 => Just("nobody's")];
    prop_oneof![
        4 => (name(), values).prop_map(|(name, value)| {
            TagRef::Tag(Tag { name, value: value.map(str::to_owned) })
        }),
        1 => ids.prop_map(|id| TagRef::Id(id.to_owned())),
    ]
}

fn remove() -> impl Strategy<Value = RemoveRef> {
    prop_oneof![
        3 => reference().prop_map(RemoveRef::Tag),
        1 => name().prop_map(RemoveRef::AnyValue),
    ]
}

fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "A ", "b", "c", "new", "NEW"]).prop_map(str::to_owned)
}
