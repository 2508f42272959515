//! A refused change, as its caller is told.

use crate::{
    answers::TagOnConversation,
    error::{Code, Error, Outcome},
};
use adapters::{Catalogue, CatalogueTag, Identity, Place, Refusal, TagRef, fold};
use std::collections::BTreeMap;

/// How many near names are offered for an unknown one.
const NEAREST: usize = 3;

/// How alike a name has to be to be offered (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.7;

/// The problem for a change whose caller was gone, or whose time ran out, before its write; reads may have been made.
pub(super) fn called_off() -> Error {
    Error::new(
        Code::Deadline,
        "the deadline passed before a write was sent",
    )
    .outcome(Outcome::NotApplied)
}

/// The problem for a refusal; the catalogue offers near names.
pub(super) fn told(refusal: Refusal, catalogue: &Catalogue) -> Error {
    match refusal {
        Refusal::NeedsRead => {
            Error::new(Code::Internal, "a change was judged without what it needs")
        }
        Refusal::Unknown(unknown) => {
            let mut nearest = BTreeMap::new();
            let mut error = Error::new(
                Code::UnknownTag,
                "the catalogue does not know every tag of the change",
            );
            for (place, reference) in unknown {
                let (text, detail) = match &reference {
                    TagRef::Tag(tag) => (
                        tag.encode(),
                        format!("no tag is called `{}`", shown(&tag.encode())),
                    ),
                    TagRef::Id(id) => (
                        format!("id:{id}"),
                        format!("no tag has the id `{}`", shown(id)),
                    ),
                };
                nearest.insert(text, near(&reference, catalogue));
                error = error.at(pointer(place), detail);
            }
            error.with("nearest", nearest)
        }
        Refusal::Ambiguous(place, candidates) => {
            let candidates: Vec<_> = candidates.iter().map(candidate).collect();
            Error::new(
                Code::AmbiguousTag,
                "several tags have this text; name one of them by its id",
            )
            .at(
                pointer(place),
                format!("{} tags have this text", candidates.len()),
            )
            .with("candidates", candidates)
        }
        Refusal::Foreign(place, name) => Error::new(
            Code::ForeignValue,
            "the conversation holds a value under this name that is not a tag",
        )
        .at(
            pointer(place),
            format!("`{}` holds a value that is not a string", shown(&name)),
        ),
        Refusal::Invalid(flaws) => flaws.into_iter().fold(
            Error::new(Code::InvalidRequest, "the change is not possible"),
            |error, (place, why)| error.at(pointer(place), why),
        ),
        Refusal::Unsupported(place, why) => {
            Error::new(Code::UnsupportedByVendor, "the vendor cannot hold this")
                .at(pointer(place), why)
        }
    }
    .outcome(Outcome::NotApplied)
}

/// Several tags where one is meant.
pub(super) fn ambiguous(candidates: Vec<CatalogueTag>) -> Error {
    let candidates: Vec<_> = candidates.iter().map(candidate).collect();
    Error::new(
        Code::AmbiguousTag,
        "several tags have this text; name one of them by its id",
    )
    .with("candidates", candidates)
}

/// Where it stands in the body.
pub(super) fn pointer(place: Place) -> String {
    match place {
        Place::Add(at) => format!("/add/{at}"),
        Place::Remove(at) => format!("/remove/{at}"),
        Place::Wanted(at) => format!("/tags/{at}"),
    }
}

fn near(reference: &TagRef, catalogue: &Catalogue) -> Vec<String> {
    let TagRef::Tag(tag) = reference else {
        return Vec::new();
    };
    let wanted = fold(&tag.encode());
    let identity = Identity::of(tag);
    let mut scored: Vec<(f64, String)> = catalogue
        .tags()
        .iter()
        .map(|listed| {
            let text = listed.tag.encode();
            let same_name = listed.identity.name == identity.name;
            (
                if same_name {
                    1.0
                } else {
                    strsim::jaro_winkler(&wanted, &fold(&text))
                },
                text,
            )
        })
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|(one, a), (other, b)| other.total_cmp(one).then_with(|| a.cmp(b)));
    scored.truncate(NEAREST);
    scored.into_iter().map(|(_, text)| text).collect()
}

fn candidate(listed: &CatalogueTag) -> TagOnConversation {
    TagOnConversation::named(&listed.tag, listed.id.clone())
}

/// A caller's text in a sentence: short, and what cannot be seen is spelled out.
fn shown(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown = String::new();
    for c in text.chars().take(80) {
        match hidden(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    shown
}
