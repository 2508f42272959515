//! Law 1: what is put on comes back, and what is not named stays as it is, byte for byte.

use super::gateway::{FLAG, adapter, attention, listed, make, read, write};
use super::twin::{Kind, Listed, Row, Twin};
use crate::{
    Adapter, Catalogue, Change, Folding, Goal, Refusal, RemoveRef, State, Tag, TagRef, fold, quoted,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

static FLAGS: LazyLock<Vec<(&str, Arc<dyn Adapter>)>> = LazyLock::new(|| {
    let flags = ["true", "=", r#"\"é"#, "a"];
    flags
        .into_iter()
        .map(|flag| (flag, attention(flag)))
        .collect()
});

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn awkward() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => matching(r#"[a=\\" ]{1,5}"#),
        2 => matching(r"\PC{1,5}"),
        1 => matching(r"[\u{1}-\u{10ffff}]{1,3}"),
        1 => select(vec!["true", "True", " true", "é", "e\u{301}", "ſ", "null", "\u{2028}x", "a\u{200d}b"]).prop_map(str::to_owned),
    ]
}

/// Whether an entry of a name and a value stays.
type Stays<'a> = Box<dyn Fn(&str, &str) -> bool + 'a>;

/// A pattern that is read once; as a plain string it would be read for every case.
fn matching(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).unwrap()
}

fn tag() -> impl Strategy<Value = Tag> {
    (awkward(), proptest::option::of(awkward())).prop_map(|(name, value)| Tag { name, value })
}

/// The spellings of a value that is no tag: each valid JSON, none a string that can be decoded.
const FOREIGN: [&str; 12] = [
    "1.0e3",
    "1E+2",
    "-0.0",
    "1e999",
    "123456789012345678901234567890",
    "null",
    "false",
    "[ ]",
    "{ \"a\" :\t{\"labels\":[1 ,\n2]}, \"A\":\"}\\\"\" }",
    r#""\ud800""#,
    r#"["\udc00\ud800"]"#,
    "[[[{}]]]",
];

/// A map entry as somebody else spells it.
fn entry() -> impl Strategy<Value = (String, String, String)> {
    let letters = vec(
        select(vec![
            'a', 'A', 'é', '"', '\\', '/', '\n', '😀', '=', ' ', '\u{1}',
        ]),
        0..4,
    );
    let value = prop_oneof![
        1 => select(&FOREIGN[..]).prop_map(str::to_owned),
        1 => (awkward(), any::<u8>()).prop_map(|(text, noise)| spelled(&text, noise)),
    ];
    (letters, any::<u8>(), value).prop_map(|(letters, noise, value)| {
        let name = String::from_iter(letters);
        (spelled(&name, noise), name, value)
    })
}

/// A string in JSON, the characters that the noise chooses as escapes.
fn spelled(text: &str, noise: u8) -> String {
    let mut json = String::from("\"");
    for (at, c) in text.chars().enumerate() {
        if noise >> (at % 8) & 1 == 1 {
            let units = &mut [0; 2];
            json.extend(
                c.encode_utf16(units)
                    .iter()
                    .map(|unit| format!("\\u{unit:04X}")),
            );
        } else if c == '/' {
            json.push_str("\\/");
        } else {
            let plain = quoted(&c.to_string());
            json.push_str(&plain[1..plain.len() - 1]);
        }
    }
    json + "\""
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn a_tag_that_is_put_on_comes_back(tag in tag(), flag in 0..4_usize) {
        let with = |kind| Twin { kind, adds_per_call: 1, catalogue: Vec::new(), rows: Vec::new() };
        for kind in [Kind::ElevenLabs, Kind::Awardee] {
            let mut twin = with(kind);
            comes_back(&*adapter(&twin), &mut twin, &tag, None)?;
        }
        let (flag, adapter) = &FLAGS[flag];
        comes_back(&**adapter, &mut with(Kind::Attention), &tag, Some(flag))?;
    }

    #[test]
    fn what_a_change_does_not_name_keeps_every_byte_on_attention(
        entries in vec(entry(), 0..5), new in matching("new [0-9]"), off in tag(), mode in 0..3_u8,
    ) {
        let mut rows: Vec<(String, String, String)> = Vec::new();
        for (key, name, value) in entries {
            if !rows.iter().any(|(_, known, _)| *known == name) {
                rows.push((key, name, value));
            }
        }
        // The first entry's own name is the one that is taken off, where there is one and it is a tag.
        let off = match rows.first().map(|(_, name, value)| (name.clone(), serde_json::from_str::<String>(value))) {
            Some((name, Ok(value))) => Tag { name, value: (value != FLAG).then_some(value) },
            _ => off,
        };
        let is_off = |name: &str, value: &str| match serde_json::from_str::<String>(value) {
            Ok(value) => {
                let value = (value != FLAG).then_some(value);
                fold(name) == fold(&off.name) && value.as_deref().map(fold) == off.value.as_deref().map(fold)
            }
            Err(_) => false,
        };
        let is_foreign = |value: &str| serde_json::from_str::<String>(value).is_err();
        let (change, stays): (Change, Stays<'_>) = match mode {
            0 => (Change::Replace(vec![TagRef::Tag(Tag::bare(&new))]), Box::new(|_, value| is_foreign(value))),
            1 => (Change::Replace(Vec::new()), Box::new(|_, value| is_foreign(value))),
            _ => {
                let remove = vec![RemoveRef::Tag(TagRef::Tag(off.clone()))];
                let add = vec![TagRef::Tag(Tag::bare(&new))];
                (Change::Patch { add, remove }, Box::new(|name, value| !is_off(name, value)))
            }
        };
        let mut expected: Vec<Row> = Vec::new();
        for (key, name, value) in &rows {
            if stays(name, value) {
                expected.push(Row::Entry(key.clone(), value.clone()));
            }
        }
        if mode != 1 {
            expected.push(Row::Entry(quoted(&new), quoted(FLAG)));
        }
        let rows = rows.into_iter().map(|(key, _, value)| Row::Entry(key, value)).collect();
        let mut twin = Twin { kind: Kind::Attention, adds_per_call: 1, catalogue: Vec::new(), rows };
        let adapter = adapter(&twin);
        let flagged = mode == 2 && off.value.as_deref() == Some(FLAG);
        prop_assert!(flagged || put(&*adapter, &mut twin, &change).is_ok());
        prop_assert!(flagged || twin.rows == expected, "{:?}\n{:?}", twin.rows, expected);
    }

    #[test]
    fn ids_and_titles_that_a_change_does_not_name_stay(
        ids in vec(matching(r#"[a\u{e9}" .:;+&=1-9]{3,6}"#), 1..4), titles in vec(awkward(), 4),
        kind in select(vec![Kind::ElevenLabs, Kind::Awardee]),
    ) {
        stay(kind, ids.into_iter().collect(), titles)?;
    }
}

fn stay(kind: Kind, ids: BTreeSet<String>, titles: Vec<String>) -> Result<(), TestCaseError> {
    let rows: Vec<Row> = ids.iter().cloned().map(Row::Id).collect();
    let tag = |(id, name): (String, &String)| Listed {
        id,
        name: name.clone(),
        options: Vec::new(),
        is_fresh: true,
    };
    let catalogue = ids.into_iter().zip(&titles).map(tag).collect();
    let mut twin = Twin {
        kind,
        adds_per_call: 2,
        catalogue,
        rows: rows.clone(),
    };
    let add = vec![TagRef::Tag(Tag::bare("a tag of another name"))];
    let adapter = adapter(&twin);
    let put = put(
        &*adapter,
        &mut twin,
        &Change::Patch {
            add,
            remove: Vec::new(),
        },
    );
    prop_assert!(put.is_ok(), "{put:?}");
    prop_assert_eq!(&twin.rows[..rows.len()], &rows[..]);
    prop_assert_eq!(twin.rows.len(), rows.len() + 1);
    let carried = read(&*adapter, &mut twin, &Catalogue::default());
    prop_assert_eq!(carried.0.len(), rows.len() + 1);
    for (element, (row, title)) in carried.0.iter().zip(rows.into_iter().zip(titles)) {
        prop_assert_eq!(element.id().map(|id| Row::Id(id.to_owned())), Some(row));
        let text = element.tag().map(|held| held.tag.encode());
        prop_assert_eq!(text, (kind == Kind::Awardee).then_some(title));
    }
    Ok(())
}

fn comes_back(
    adapter: &dyn Adapter,
    twin: &mut Twin,
    tag: &Tag,
    flag: Option<&str>,
) -> Result<(), TestCaseError> {
    let checked = adapter.rules().new_tags.check(tag);
    let is_flag = flag.is_some() && tag.value.as_deref().map(str::trim) == flag;
    let change = Change::Patch {
        add: vec![TagRef::Tag(tag.clone())],
        remove: Vec::new(),
    };
    match (put(adapter, twin, &change), checked) {
        (Ok(()), Ok(new)) => {
            let catalogue = match twin.kind {
                // The only one that sends no names with a conversation.
                Kind::ElevenLabs => Catalogue::new(listed(adapter, twin)),
                Kind::Awardee | Kind::Attention => Catalogue::default(),
            };
            let carried = read(adapter, twin, &catalogue);
            let tags: Vec<&Tag> = carried.tags().map(|held| &held.tag).collect();
            prop_assert_eq!(tags, [&new]);
        }
        (Err(Refusal::Invalid(_)), Err(_)) => {}
        (Err(Refusal::Unsupported(..)), _) => {
            prop_assert!(is_flag);
        }
        (put, checked) => return Err(TestCaseError::fail(format!("{put:?}, but {checked:?}"))),
    }
    Ok(())
}

/// Carries a change out on a vendor whose catalogue is not known.
fn put(adapter: &dyn Adapter, twin: &mut Twin, change: &Change) -> Result<(), Refusal> {
    let catalogue = Catalogue::default();
    let before = read(adapter, twin, &catalogue);
    let mut folding = Folding::known(adapter.rules(), &catalogue, before.clone());
    folding.apply(change, true)?;
    let State::Known(after) = folding.state() else {
        panic!("what was known is forgotten")
    };
    let (made, _) = make(adapter, twin, folding.creations(), Vec::new());
    write(
        adapter,
        twin,
        &made,
        Goal::Known {
            before: &before,
            after,
        },
    );
    Ok(())
}
