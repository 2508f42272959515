//! Changes that are carried out once, however often they are asked for under one key.
//!
//! The sequencer says when something is about to be sent, what came of it, and what an unknown outcome turned out
//! to be; who remembers it is behind [`Once`].

use super::{Changed, Edited, Job, Prepared, unsettled::Touch};
use crate::error::Error;
use adapters::{Carried, Effect, Element, Handle, HeldTag, Identity, Step, Tag, Writes};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Remembers one keyed change or edit beyond the process.
pub trait Once: Send + Sync + fmt::Debug {
    /// Asked when the change is taken up: it may have waited for what an earlier attempt turned out to be.
    ///
    /// # Errors
    /// `store-unavailable`, where it cannot be told.
    fn take_up(&self) -> BoxFuture<'_, Result<TakeUp, Error>>;

    /// What the caller is told who is refused, or stops waiting, before this attempt is carried out: an earlier one
    /// may have taken effect all the same.
    fn refused(&self, error: Error) -> Error;

    /// Writes down what is about to be sent. It outlives the process when this returns; nothing is sent before.
    ///
    /// # Errors
    /// `store-unavailable`; then nothing may be sent.
    fn intend(&self, intent: Intent) -> BoxFuture<'_, Result<(), Error>>;

    /// Takes what became of a change, before its caller hears of it, and gives back what the caller is told.
    fn changed(&self, result: Result<Changed, Error>) -> BoxFuture<'_, Result<Changed, Error>>;

    /// As [`Once::changed`], for an edit of the catalogue.
    fn edited(&self, result: Result<Edited, Error>) -> BoxFuture<'_, Result<Edited, Error>>;

    /// Takes what an unknown outcome turned out to be, once the write can no longer land.
    fn resolved(&self, landed: Landed, intent: &Intent) -> BoxFuture<'_, ()>;

    /// What keys of the vendor's are derived from, so that a restarted process sends the same ones.
    fn seed(&self) -> [u8; 32];
}

/// How a keyed change is to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeUp {
    /// From its beginning.
    Fresh,
    /// A part of it may be done: the rest is completed, and its condition is not judged again.
    Resumes,
    /// Not at all: its answer has become known meanwhile.
    Known,
}

/// What a write that nobody heard of came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// All of it took effect.
    Wholly,
    /// Some of it.
    Partly,
    /// Nothing of it took effect, and nothing will.
    NotAtAll,
}

/// What a keyed change is about to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The account's key.
    pub account: String,
    /// The vendor's id of the conversation; empty for an edit of the catalogue.
    pub conversation: String,
    /// What is so when all of it has taken effect.
    pub wishes: Vec<Wish>,
    /// What the change adds at its place in the order.
    pub added: Vec<Noted>,
    /// What it removes.
    pub removed: Vec<Noted>,
    /// Whether both are only what was asked.
    pub assumed: bool,
}

/// One element that is to be on the conversation, or off it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The element.
    pub element: Noted,
    /// Whether it is to be on.
    pub on: bool,
}

/// An element as it is written down: its text form, its id, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The text form; `None` for an id that the catalogue does not know.
    pub tag: Option<String>,
    /// The vendor's id; `None` where it holds names, or where the tag is still to be made.
    pub id: Option<String>,
}

impl Intent {
    /// What a plan is about to do for one change: its own effect, and what of the plan shows that it has landed.
    pub(super) fn of(job: &Job, prepared: &Prepared, effect: &Effect) -> Self {
        let noted = |elements: &[Element]| elements.iter().filter_map(Noted::of).collect();
        let mut intent = Self {
            account: job.route.account.key.clone(),
            conversation: job.conversation.clone(),
            wishes: Wish::of(prepared.steps.iter()),
            added: noted(&effect.added),
            removed: noted(&effect.removed),
            assumed: prepared.before.is_none(),
        };
        if let (Writes::AddAndRemove { .. }, Touch::Names(names)) =
            (job.route.account.adapter.rules().writes, Touch::of(job))
        {
            let is_own = |name: &String| names.contains(name);
            intent
                .wishes
                .retain(|wish| wish.element.name().as_ref().is_none_or(is_own));
        }
        intent
    }

    /// What of the intent is so.
    pub fn landed(&self, seen: &Carried) -> Landed {
        let so = self.wishes.iter().filter(|wish| wish.holds(seen)).count();
        match so {
            0 if !self.wishes.is_empty() => Landed::NotAtAll,
            so if so == self.wishes.len() => Landed::Wholly,
            _ => Landed::Partly,
        }
    }
}

impl Wish {
    /// What is so after these steps.
    pub(super) fn of<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<Self> {
        let mut wishes: Vec<Self> = Vec::new();
        for step in steps {
            let on = step.adds.iter().map(|element| (element, true));
            let off = step.removes.iter().map(|element| (element, false));
            for (element, on) in on.chain(off) {
                if let Some(element) = Noted::of(element) {
                    wishes.push(Self { element, on });
                }
            }
        }
        wishes
    }

    /// Whether it is so.
    pub(super) fn holds(&self, seen: &Carried) -> bool {
        self.element.is_in(seen) == self.on
    }
}

impl Noted {
    /// What can be written down of an element; nothing of a value that is not a tag.
    pub fn of(element: &Element) -> Option<Self> {
        match element {
            Element::Tag(held) => Some(Self {
                tag: Some(held.tag.encode()),
                id: held.id().map(str::to_owned),
            }),
            Element::Unknown { id } => Some(Self {
                tag: None,
                id: Some(id.clone()),
            }),
            Element::Foreign { .. } => None,
        }
    }

    /// The element that was written down.
    pub fn element(&self) -> Element {
        match (&self.tag, &self.id) {
            (Some(text), id) => {
                let handle = id.clone().map_or(Handle::Name, Handle::Id);
                Element::from(HeldTag::new(Tag::decode(text), handle))
            }
            (None, id) => Element::Unknown {
                id: id.clone().unwrap_or_default(),
            },
        }
    }

    pub(super) fn is_in(&self, seen: &Carried) -> bool {
        match (&self.id, &self.tag) {
            (Some(id), _) => seen.0.iter().any(|held| held.id() == Some(id)),
            (None, Some(text)) => {
                let identity = Identity::of(&Tag::decode(text));
                seen.tags().any(|held| held.identity == identity)
            }
            (None, None) => false,
        }
    }

    fn name(&self) -> Option<String> {
        let text = self.tag.as_deref()?;
        Some(Identity::of(&Tag::decode(text)).name)
    }
}
