//! Random documents in random spellings, random paths, and random damage.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

pub(super) const NAMES: [&str; 5] = ["a", "b", "*", "é\"", "😀"];

/// Bytes that a mutation puts in: those that JSON gives a meaning, and some that it forbids.
const BYTES: &[u8] = b"{}[]:,\"\\ \n\t0123456789-+.eEutrfalsnbd/*\x00\x1f\x7f\x80\xa9\xc3\xe2\xff";

pub(super) fn json() -> impl Strategy<Value = Value> {
    let text = vec(
        select(vec![
            'a', 'z', '"', '\\', '/', '\n', '\u{1}', '{', ',', 'é', '€', '😀',
        ]),
        0..12,
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        text.prop_map(|chars| Value::from(String::from_iter(chars))),
    ];
    let containers = |inner: BoxedStrategy<Value>| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name(), inner, 0..5).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    };
    let inner = leaf.clone().prop_recursive(4, 24, 4, containers).boxed();
    prop_oneof![1 => leaf, 2 => containers(containers(inner.clone()).boxed()), 3 => containers(inner)]
}

pub(super) fn name() -> impl Strategy<Value = String> + Clone {
    select(&NAMES[..]).prop_map(String::from)
}

pub(super) fn paths() -> impl Strategy<Value = &'static [&'static [&'static str]]> {
    // The reader wants paths that live for ever; a test run leaks some kilobytes.
    let path = vec(select(&NAMES[..]), 0..4).prop_map(|path| &*path.leak());
    vec(path, 0..4).prop_map(|paths| &*paths.leak())
}

pub(super) fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..6_usize, 1..100_usize], 1..6)
}

/// Spells a value out with white space and escapes that the noise chooses.
pub(super) fn spell(value: &Value, noise: &[u8]) -> Vec<u8> {
    let mut noise = noise.iter().copied().cycle();
    let mut out = Vec::new();
    spell_into(value, &mut || noise.next().unwrap_or_default(), &mut out);
    out
}

fn spell_into(value: &Value, noise: &mut impl FnMut() -> u8, out: &mut Vec<u8>) {
    spell_space(noise, out);
    match value {
        Value::Array(elements) => {
            out.push(b'[');
            spell_space(noise, out);
            for (index, element) in elements.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b"," } else { b"" });
                spell_into(element, noise, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            spell_space(noise, out);
            for (index, (name, member)) in members.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b"," } else { b"" });
                spell_into(&Value::from(name.as_str()), noise, out);
                out.push(b':');
                spell_into(member, noise, out);
            }
            out.push(b'}');
        }
        Value::String(text) => {
            out.push(b'"');
            for character in text.chars() {
                if noise().is_multiple_of(4) {
                    let units = &mut [0; 2];
                    let escapes = character
                        .encode_utf16(units)
                        .iter()
                        .map(|unit| format!("\\u{unit:04x}"));
                    out.extend(escapes.collect::<String>().bytes());
                } else {
                    let spelled = Value::from(character.to_string()).to_string();
                    out.extend_from_slice(&spelled.as_bytes()[1..spelled.len() - 1]);
                }
            }
            out.push(b'"');
        }
        scalar => out.extend(scalar.to_string().bytes()),
    }
    spell_space(noise, out);
}

fn spell_space(noise: &mut impl FnMut() -> u8, out: &mut Vec<u8>) {
    let space: &[u8] = match noise() {
        0..10 => b" ",
        10..20 => b"\n  ",
        20..30 => b"\t\r",
        _ => b"",
    };
    out.extend_from_slice(space);
}

#[derive(Clone, Debug)]
pub(super) enum Mutation {
    Replace(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Repeat(Index, usize),
}

pub(super) fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let byte = || select(BYTES);
    let mutation = prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        any::<Index>().prop_map(Mutation::Remove),
        (any::<Index>(), 1..12_usize).prop_map(|(at, len)| Mutation::Repeat(at, len)),
    ];
    vec(mutation, 0..4)
}

pub(super) fn mutate(mut bytes: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        if bytes.is_empty() {
            break;
        }
        match mutation {
            Mutation::Replace(at, byte) => *at.get_mut(&mut bytes) = *byte,
            Mutation::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Mutation::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
            Mutation::Repeat(at, len) => {
                let start = at.index(bytes.len());
                let again = bytes[start..bytes.len().min(start + len)].to_vec();
                bytes.splice(start..start, again);
            }
        }
    }
    bytes
}
