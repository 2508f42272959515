//! Everything that a conversation of a run can carry, each thing a bit, so that a whole set is one number.

use super::vendor::Vendor;
use adapters::{Carried, Element, Identity, RemoveRef, Tag, TagRef};
use serde_json::{Value, json, value::RawValue};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// A set of elements.
pub(crate) type Mask = u128;

/// How many tags there are that one change adds and no other does.
pub(crate) const MARKERS: usize = 64;

/// Tags without a value.
pub(crate) const BARE: [&str; 4] = ["a", "b", "c", "d"];

/// Tags with a value, several of one name.
pub(crate) const VALUED: [&str; 5] = ["s=1", "s=2", "s=3", "stage=open", "stage=won"];

/// Tags that no catalogue has at the start; some are one more value of a name that there is.
pub(crate) const CREATABLE: [&str; 18] = [
    "new0", "new1", "new2", "new3", "new4=x", "new5", "new6", "new7", "s=10", "s=11", "s=12",
    "s=13", "s=14", "s=15", "s=16", "s=17", "s=18", "s=19",
];

/// How many of them begin a name.
pub(crate) const NEW_NAMES: usize = 8;

/// Tags that only a foreign writer uses.
pub(crate) const FOREIGN: [&str; 3] = ["f0", "f1", "f2"];

/// A title that two tags have, where the vendor allows it.
pub(crate) const DOUBLE: &str = "double";

/// An id on a conversation that no catalogue has.
pub(crate) const GHOST: &str = "tag_ghost";

/// Entries of a label map that are no tags, byte for byte.
pub(crate) const NO_TAGS: [(&str, &str); 4] = [
    ("score", "5.00"),
    ("nested", r#"{ "b":1, "a":[ 1e2 ] }"#),
    ("Empty", "null"),
    ("list", r#"["x" , "\u00e9"]"#),
];

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tag,
    /// An id without a tag.
    Ghost,
    /// A map entry that is no tag; its JSON text.
    Entry(&'static str),
}

#[derive(Debug)]
struct Known {
    /// The folded text of a tag; the id or the map's key of anything else.
    text: String,
    /// The folded name; none for what is no tag.
    name: String,
    kind: Kind,
    /// The vendor's id, where it has one from the start.
    id: Option<String>,
}

/// The elements of one vendor.
#[derive(Debug)]
pub(crate) struct Universe {
    pub(crate) vendor: Vendor,
    known: Vec<Known>,
    /// The ids of tags that were made during the run.
    made: Mutex<BTreeMap<String, usize>>,
}

/// Something that no conversation of the run can carry.
#[derive(Clone, Debug)]
pub(crate) struct Stranger(pub(crate) String);

impl Universe {
    pub(crate) fn new(vendor: Vendor) -> Self {
        let mut known = Vec::new();
        let mut tag = |text: &str, listed: bool| {
            let at = known.len();
            let id = match vendor {
                Vendor::ElevenLabs => Some(format!("tag_{at:020x}")),
                Vendor::Awardee => Some(format!("00000000-0000-4000-8000-{at:012x}")),
                Vendor::Attention => None,
            };
            known.push(Known {
                text: text.to_owned(),
                name: Tag::decode(text).name,
                kind: Kind::Tag,
                id: id.filter(|_| listed),
            });
        };
        let markers: Vec<String> = (0..MARKERS).map(|at| format!("m{at}")).collect();
        let doubles: &[&str] = match vendor {
            Vendor::ElevenLabs => &[DOUBLE, DOUBLE],
            Vendor::Awardee | Vendor::Attention => &[],
        };
        markers.iter().for_each(|text| tag(text, true));
        for text in BARE.iter().chain(&VALUED).chain(&FOREIGN).chain(doubles) {
            tag(text, true);
        }
        CREATABLE.iter().for_each(|text| tag(text, false));
        let other = |text: &str, kind: Kind, id: Option<&str>| Known {
            text: text.to_owned(),
            name: String::new(),
            kind,
            id: id.map(str::to_owned),
        };
        match vendor {
            Vendor::ElevenLabs => known.push(other(GHOST, Kind::Ghost, Some(GHOST))),
            Vendor::Awardee => {}
            Vendor::Attention => {
                known.extend(
                    NO_TAGS
                        .iter()
                        .map(|(key, value)| other(key, Kind::Entry(value), None)),
                );
            }
        }
        Self {
            vendor,
            known,
            made: Mutex::default(),
        }
    }

    /// The catalogue as the twin takes it.
    pub(crate) fn catalogue(&self) -> Vec<Value> {
        let listed = self
            .known
            .iter()
            .filter(|known| known.kind == Kind::Tag)
            .filter(|known| !CREATABLE.contains(&known.text.as_str()));
        match self.vendor {
            Vendor::ElevenLabs => listed
                .map(|known| json!({"tag_id": known.id, "title": known.text}))
                .collect(),
            Vendor::Awardee => listed
                .map(|known| json!({"id": known.id, "name": known.text}))
                .collect(),
            Vendor::Attention => {
                let mut labels: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
                for known in listed {
                    let options = labels.entry(&known.name).or_default();
                    options.extend(
                        Tag::decode(&known.text)
                            .value
                            .map(|value| json!({"value": value})),
                    );
                }
                // A label whose value on the conversations is not a tag.
                labels.entry(NO_TAGS[0].0).or_default();
                labels
                    .into_iter()
                    .map(|(name, options)| json!({"name": name, "options": options}))
                    .collect()
            }
        }
    }

    /// The bits of a text; more than one where tags share it.
    pub(crate) fn text(&self, text: &str) -> Mask {
        self.mask(|known| known.kind == Kind::Tag && known.text == text)
    }

    /// The bits of a folded name, whatever the value.
    pub(crate) fn name(&self, name: &str) -> Mask {
        self.mask(|known| known.kind == Kind::Tag && known.name == name)
    }

    /// What a marker is.
    pub(crate) fn marker(&self, at: usize) -> Mask {
        1 << at
    }

    /// All markers.
    pub(crate) fn markers(&self) -> Mask {
        (1 << MARKERS) - 1
    }

    /// Whatever a replace leaves alone.
    pub(crate) fn entries(&self) -> Mask {
        self.mask(|known| matches!(known.kind, Kind::Entry(_)))
    }

    /// What stands under this name and is no tag.
    pub(crate) fn entry(&self, name: &str) -> Mask {
        self.mask(|known| matches!(known.kind, Kind::Entry(_)) && known.text == name)
    }

    /// Everything.
    pub(crate) fn all(&self) -> Mask {
        self.mask(|_| true)
    }

    /// What `add` and the wanted set name.
    pub(crate) fn reference(&self, reference: &TagRef) -> Mask {
        match reference {
            TagRef::Tag(tag) => self.text(&text_of(tag)),
            TagRef::Id(id) => self.id(id).map_or(0, |at| 1 << at),
        }
    }

    /// What `remove` names.
    pub(crate) fn removed(&self, reference: &RemoveRef) -> Mask {
        match reference {
            RemoveRef::Tag(reference) => self.reference(reference),
            RemoveRef::AnyValue(name) => self.name(name),
        }
    }

    /// The name of what a reference names.
    pub(crate) fn name_of(&self, mask: Mask) -> Mask {
        self.bits(mask)
            .map(|known| match known.name.as_str() {
                "" => 0,
                name => self.name(name),
            })
            .fold(0, |all, one| all | one)
    }

    /// A set as the gateway shows it.
    ///
    /// # Errors
    /// What in it is not of this run.
    pub(crate) fn carried(&self, carried: &Carried) -> Result<Mask, Stranger> {
        self.elements(&carried.0)
    }

    /// Elements as the gateway shows them; one that stands there twice is a stranger.
    ///
    /// # Errors
    /// What in it is not of this run.
    pub(crate) fn elements(&self, elements: &[Element]) -> Result<Mask, Stranger> {
        let mut mask = 0;
        for element in elements {
            let at = match element {
                Element::Tag(held) => self.tag(&text_of(&held.tag), held.id()),
                Element::Unknown { id } => self.id(id),
                Element::Foreign { name, entry } => self.known.iter().position(
                    |known| matches!(known.kind, Kind::Entry(raw) if known.text == *name && raw == &*entry.value),
                ),
            };
            let bit = at.map(|at| 1 << at).filter(|bit| mask & bit == 0);
            mask |= bit.ok_or_else(|| Stranger(format!("{element:?}")))?;
        }
        Ok(mask)
    }

    /// A tag as an answer's JSON shows it.
    pub(crate) fn shown(&self, tag: &Value) -> Option<Mask> {
        let id = tag.get("id").and_then(Value::as_str);
        let at = match tag.get("tag").and_then(Value::as_str) {
            Some(text) => self.tag(&text_of(&Tag::decode(text)), id),
            None => self.id(id?),
        };
        at.map(|at| 1 << at)
    }

    /// What a twin has on a conversation.
    ///
    /// # Errors
    /// What in it is not of this run; a map entry that is no tag and not byte for byte what it was.
    pub(crate) fn content(&self, json: &str) -> Result<Mask, Stranger> {
        let mut mask = 0;
        let broken = |error: serde_json::Error| Stranger(format!("{json}: {error}"));
        if self.vendor != Vendor::Attention {
            let ids: Vec<String> = serde_json::from_str(json).map_err(broken)?;
            for id in ids {
                let at = self.id(&id).ok_or_else(|| Stranger(id.clone()))?;
                mask |= 1 << at;
            }
            return Ok(mask);
        }
        let entries: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(json).map_err(broken)?;
        for (name, raw) in entries {
            let at = match serde_json::from_str::<String>(raw.get()) {
                Ok(value) if value == "true" => self.tag(&text_of(&Tag::bare(&name)), None),
                Ok(value) => self.tag(&text_of(&Tag::valued(&name, value)), None),
                Err(_) => self.known.iter().position(
                    |known| matches!(known.kind, Kind::Entry(as_it_was) if known.text == name && as_it_was == raw.get()),
                ),
            };
            mask |= 1_u128 << at.ok_or_else(|| Stranger(format!("{name}: {}", raw.get())))?;
        }
        Ok(mask)
    }

    /// A set as the twin takes it.
    pub(crate) fn as_content(&self, mask: Mask) -> String {
        if self.vendor != Vendor::Attention {
            let ids: Vec<_> = self
                .bits(mask)
                .filter_map(|known| known.id.as_deref())
                .collect();
            return json!(ids).to_string();
        }
        let entries: Vec<String> = self
            .bits(mask)
            .map(|known| match known.kind {
                Kind::Entry(raw) => format!("{}: {raw}", json!(known.text)),
                Kind::Tag | Kind::Ghost => {
                    let value = Tag::decode(&known.text).value;
                    let value = value.unwrap_or_else(|| "true".to_owned());
                    format!("{}:{}", json!(known.name), json!(value))
                }
            })
            .collect();
        format!("{{{}}}", entries.join(" , "))
    }

    /// The vendor's id of a tag that it has from the start.
    pub(crate) fn id_of(&self, mask: Mask) -> Option<&str> {
        self.bits(mask).find_map(|known| known.id.as_deref())
    }

    /// Remembers the id of a tag that the vendor made.
    pub(crate) fn learn(&self, id: &str, text: &str) {
        if let Some(at) = self.tag(&text_of(&Tag::decode(text)), None) {
            self.lock().insert(id.to_owned(), at);
        }
    }

    /// The tags that were made, by their text: those with more than one id are there more than once.
    pub(crate) fn made_twice(&self) -> Vec<String> {
        let made = self.lock();
        let mut count: BTreeMap<usize, usize> = BTreeMap::new();
        made.values()
            .for_each(|at| *count.entry(*at).or_default() += 1);
        let twice = count.into_iter().filter(|(_, times)| *times > 1);
        twice
            .filter_map(|(at, _)| Some(self.known.get(at)?.text.clone()))
            .collect()
    }

    /// The elements of a set, for a reader.
    pub(crate) fn show(&self, mask: Mask) -> String {
        let texts: Vec<&str> = self.bits(mask).map(|known| known.text.as_str()).collect();
        format!("{{{}}}", texts.join(" "))
    }

    fn bits(&self, mask: Mask) -> impl Iterator<Item = &Known> {
        let bits = self.known.iter().enumerate();
        bits.filter(move |(at, _)| mask >> at & 1 == 1)
            .map(|(_, known)| known)
    }

    fn mask(&self, holds: impl Fn(&Known) -> bool) -> Mask {
        let bits = self.known.iter().enumerate();
        bits.filter(|(_, known)| holds(known))
            .fold(0, |mask, (at, _)| mask | 1 << at)
    }

    fn tag(&self, text: &str, id: Option<&str>) -> Option<usize> {
        let mut of_text = self
            .known
            .iter()
            .enumerate()
            .filter(|(_, known)| known.kind == Kind::Tag && known.text == text);
        let by_id = id.and_then(|id| self.id(id));
        match by_id {
            Some(at) => of_text.find(|(found, _)| *found == at).map(|(at, _)| at),
            None => of_text
                .find(|(_, known)| known.id.is_none())
                .map(|(at, _)| at),
        }
    }

    fn id(&self, id: &str) -> Option<usize> {
        let made = self.lock().get(id).copied();
        made.or_else(|| {
            self.known
                .iter()
                .position(|known| known.id.as_deref() == Some(id))
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, usize>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text_of(tag: &Tag) -> String {
    let Identity { name, value } = Identity::of(tag);
    Tag { name, value }.encode()
}
