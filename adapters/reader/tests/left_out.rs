//! What a noting reader says of the members that it leaves out.

use super::super::{Keep, Limits, Reader};
use super::generate::{json, paths, sizes, spell};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

/// Path, name, and the value where it is a scalar that is noted whole.
type Told = (Vec<&'static str>, String, Option<Value>);

fn noted(keep: Keep, mut bytes: &[u8], sizes: &[usize]) -> (Vec<u8>, Vec<Told>) {
    let mut reader = Reader::new(keep, Limits::default()).noting();
    for &size in sizes.iter().cycle() {
        let (chunk, rest) = bytes.split_at(size.min(bytes.len()));
        reader.push(chunk).expect("JSON");
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    let (projection, left_out) = reader.finish_noting().expect("JSON");
    let told = left_out.members().map(|member| {
        let value = member
            .is_whole
            .then(|| serde_json::from_slice(member.value).expect("a scalar"));
        (member.path.to_vec(), member.name().into_owned(), value)
    });
    let told = told.collect();
    (projection, told)
}

/// The same of the parsed value.
fn expected(value: &Value, paths: &[&[&'static str]], at: &[&'static str], found: &mut Vec<Told>) {
    let is_kept = paths.contains(&at);
    let is_on_the_way = at.is_empty() || paths.iter().any(|path| path.starts_with(at));
    if is_kept || !is_on_the_way {
        return;
    }
    let below = |step: &str| {
        let next = paths.iter().filter(|path| path.starts_with(at));
        next.filter_map(|path| path.get(at.len()).copied())
            .find(|known| *known == step)
    };
    match value {
        Value::Array(items) => {
            if let Some(step) = below("*") {
                for item in items {
                    expected(item, paths, &[at, &[step]].concat(), found);
                }
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                match below(name).filter(|step| *step != "*") {
                    Some(step) => expected(member, paths, &[at, &[step]].concat(), found),
                    None => {
                        let is_scalar = !member.is_object() && !member.is_array();
                        let value = is_scalar.then(|| member.clone());
                        found.push((at.to_vec(), name.clone(), value));
                    }
                }
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_members_are_told_that_the_projection_lacks(
        value in json(), paths in paths(), noise in vec(any::<u8>(), 1..32), sizes in sizes(),
    ) {
        let text = spell(&value, &noise);
        let (projection, told) = noted(Keep::Only(paths), &text, &sizes);
        let mut wanted = Vec::new();
        // What serde_json makes of a number is compared with the same.
        let parsed: Value = serde_json::from_slice(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        expected(&parsed, paths, &[], &mut wanted);
        let in_order = |mut told: Vec<Told>| { told.sort_by_key(|told| format!("{told:?}")); told };
        // A text whose escapes make it longer than what is noted is not compared.
        let cut = |told: &Told| (told.0.clone(), told.1.clone());
        let (told, wanted) = (in_order(told), in_order(wanted));
        let names = |all: &[Told]| { let mut all: Vec<_> = all.iter().map(cut).collect(); all.sort(); all };
        prop_assert_eq!(names(&told), names(&wanted));
        for (path, name, value) in told.into_iter().filter(|told| told.2.is_some()) {
            prop_assert!(wanted.contains(&(path, name, value)));
        }
        let plain = super::super::project(Keep::Only(paths), Limits::default(), &text);
        prop_assert_eq!(plain, Ok(projection));
    }
}

#[test]
fn long_values_are_cut_and_of_many_members_only_the_first_are_noted() {
    let long = format!(
        r#"{{"a":"{}","b":"{}","c":[1]}}"#,
        "x".repeat(62),
        "x".repeat(63)
    );
    let mut reader = Reader::new(Keep::Only(&[&["id"]]), Limits::default()).noting();
    reader.push(long.as_bytes()).expect("JSON");
    let (_, left_out) = reader.finish_noting().expect("JSON");
    let told: Vec<_> = left_out
        .members()
        .map(|member| (member.is_whole, member.value.len()))
        .collect();
    assert_eq!(told, [(true, 64), (false, 64), (false, 1)]);

    let many: Vec<String> = (0..100_000).map(|at| format!(r#""n{at}":{at}"#)).collect();
    let many = format!("{{{}}}", many.join(","));
    let mut reader = Reader::new(
        Keep::Only(&[&["id"]]),
        Limits {
            streamed: 2 << 20,
            ..Limits::default()
        },
    )
    .noting();
    // Their names alone are more than what is held to find one that occurs twice.
    assert!(reader.push(many.as_bytes()).is_err());
    let few: Vec<String> = (0..2_000).map(|at| format!(r#""n{at}":{at}"#)).collect();
    let mut reader = Reader::new(Keep::Only(&[&["id"]]), Limits::default()).noting();
    reader
        .push(format!("{{{}}}", few.join(",")).as_bytes())
        .expect("JSON");
    let (_, left_out) = reader.finish_noting().expect("JSON");
    let count = left_out.members().count();
    assert!((100..=512).contains(&count), "{count}");
}
