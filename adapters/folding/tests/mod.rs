//! Every refusal, and what each kind of change does, by an example.

mod carried;
mod made;
mod refused;
mod unread;

use super::*;
use crate::{Adapter, Entry, Handle, Tag, VENDORS, settings::Settings};
use std::sync::Arc;

/// What is carried after a change, and its effect, as texts.
type Outcome = Result<[Vec<String>; 3], Refusal>;

fn vendor(at: usize) -> Arc<dyn Adapter> {
    let document = serde_json::from_str(VENDORS[at].document).unwrap();
    (VENDORS[at].build)(&Settings::new(), &document)
}

fn elevenlabs() -> Arc<dyn Adapter> {
    vendor(0)
}

fn awardee() -> Arc<dyn Adapter> {
    vendor(1)
}

fn attention() -> Arc<dyn Adapter> {
    vendor(2)
}

/// A catalogue of ids; the first has id `0`.
fn titled(titles: &[&str]) -> Catalogue {
    let tags = titles.iter().enumerate();
    Catalogue::new(tags.map(|(at, title)| listed(title, Some(at.to_string()), None)))
}

/// A catalogue of labels; `label <name>` is the id of each.
fn labelled(labels: &[(&str, &[&str])]) -> Catalogue {
    Catalogue::new(labels.iter().flat_map(|(name, options)| {
        let holder = Some(format!("label {name}"));
        let bare = listed(name, holder.clone(), holder.clone());
        let bare = options.is_empty().then_some(bare).into_iter();
        // `true` is the flag value.
        let option = |value: &&str| match *value {
            "true" => listed(name, None, holder.clone()),
            value => listed(&format!("{name}={value}"), None, holder.clone()),
        };
        bare.chain(options.iter().map(option)).collect::<Vec<_>>()
    }))
}

fn listed(text: &str, id: Option<String>, holder: Option<String>) -> CatalogueTag {
    let tag = Tag::decode(text);
    CatalogueTag {
        identity: Identity::of(&tag),
        tag,
        id,
        holder,
        description: None,
        color: None,
        created_at: None,
    }
}

/// A conversation that carries tags as the catalogue spells them, by their places in it.
fn carrying(catalogue: &Catalogue, places: &[usize]) -> Carried {
    let held = |place: &usize| {
        let listed = &catalogue.tags()[*place];
        let handle = listed.id.clone().filter(|_| listed.holder.is_none());
        let handle = handle.map_or(Handle::Name, Handle::Id);
        Element::from(HeldTag::new(listed.tag.clone(), handle))
    };
    Carried(places.iter().map(held).collect())
}

fn unknown(id: &str) -> Element {
    Element::Unknown { id: id.to_owned() }
}

fn foreign(name: &str) -> Element {
    let entry = Entry {
        key: format!("\"{name}\"").into(),
        value: "1.0e3".into(),
    };
    Element::Foreign {
        name: name.to_owned(),
        entry,
    }
}

fn references(texts: &[&str]) -> Vec<TagRef> {
    let reference = |text: &&str| match text.strip_prefix("id:") {
        Some(id) => TagRef::Id(id.to_owned()),
        None => TagRef::Tag(Tag::decode(text)),
    };
    texts.iter().map(reference).collect()
}

/// In `remove`, `name=*` is every tag of a name.
fn patch(add: &[&str], remove: &[&str]) -> Change {
    let off = |text: &&str| match text.strip_suffix("=*") {
        Some(name) => RemoveRef::AnyValue(name.to_owned()),
        None => RemoveRef::Tag(references(&[text]).remove(0)),
    };
    Change::Patch {
        add: references(add),
        remove: remove.iter().map(off).collect(),
    }
}

fn replace(texts: &[&str]) -> Change {
    Change::Replace(references(texts))
}

fn texts(elements: &[Element]) -> Vec<String> {
    let text = |element: &Element| match element {
        Element::Tag(held) => held.tag.encode(),
        Element::Unknown { id } => format!("unknown {id}"),
        Element::Foreign { name, .. } => format!("foreign {name}"),
    };
    elements.iter().map(text).collect()
}

/// Folds one change without making tags; a refused one has to leave everything as it was.
fn one(adapter: &dyn Adapter, catalogue: &Catalogue, carried: Carried, change: &Change) -> Outcome {
    let mut folding = Folding::known(adapter.rules(), catalogue, carried.clone());
    match folding.apply(change, false) {
        Ok(effect) => {
            let State::Known(after) = folding.state() else {
                panic!("what was known is forgotten")
            };
            Ok([
                texts(&after.0),
                texts(&effect.added),
                texts(&effect.removed),
            ])
        }
        Err(refusal) => {
            assert_eq!(folding.state(), &State::Known(carried));
            Err(refusal)
        }
    }
}

fn is(after: &[&str], added: &[&str], removed: &[&str]) -> Outcome {
    Ok([after, added, removed].map(|texts| texts.iter().map(|text| (*text).to_owned()).collect()))
}
