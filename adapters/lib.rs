//! The vendors' dialects: what to send, and what answers mean.
//!
//! Values in, values out. There is no socket, no clock, no runtime and no configuration file in this crate,
//! so every quirk of a vendor can be tested with a string, and the plan of a dry run is the plan that runs.
//! A new vendor is a folder here, a `mod` line and an entry in [`VENDORS`].

mod answer;
mod attention;
mod awardee;
pub mod catalogue;
mod change;
mod edit;
mod elevenlabs;
mod fold;
mod folding;
mod held;
#[cfg(test)]
mod laws;
pub mod path;
mod plan;
pub mod reader;
mod rules;
pub mod settings;
mod text;

pub use answer::{Answer, ProblemKind, Unreadable, VendorProblem, Verdict, Wait, WindowSeen};
pub use catalogue::{Catalogue, CatalogueTag};
pub use change::{Change, Place, RemoveRef, TagRef};
pub use edit::{Attributes, CatalogueRules, Edit, EditError, UniqueNames, Update};
pub use fold::{Identity, fold};
pub use folding::{Effect, Folding, Refusal, State};
pub use held::{Carried, Element, Entry, Handle, HeldTag};
pub use path::{BadId, Path};
pub use plan::{Body, Call, Repeat, Step, quoted};
pub use rules::{Naming, NewTagError, NewTags, Rules, SAFE_CHARS, Writes};
pub use text::Tag;

use http::HeaderMap;
use reader::Keep;
use settings::{Setting, Settings};
use std::sync::Arc;

/// Every vendor that a route can name.
pub const VENDORS: &[&Vendor] = &[&elevenlabs::VENDOR, &awardee::VENDOR, &attention::VENDOR];

/// What is fixed about a vendor.
#[derive(Debug)]
pub struct Vendor {
    /// Its name in the configuration, in errors and in metric labels.
    pub name: &'static str,
    /// The hosts that it publishes.
    pub hosts: &'static [&'static str],
    /// The base URL that it publishes first.
    pub base_url: &'static str,
    /// Its OpenAPI document, as vendored.
    pub document: &'static str,
    /// The rate windows that it publishes, such as `60/min`.
    pub rate: &'static [&'static str],
    /// The configuration keys that only it knows.
    pub settings: &'static [Setting],
    /// Every operation that is called, and what of its answers is kept.
    pub operations: &'static [(&'static str, Keep)],
    /// What is assumed of it where its material is silent, as probes: calls, and what is expected of their answers.
    pub probes: &'static str,
    /// Makes its adapter; limits are taken from the document.
    pub build: fn(&Settings, &serde_json::Value) -> Arc<dyn Adapter>,
}

/// Says what to send to one vendor and what its answers mean.
pub trait Adapter: Send + Sync + 'static {
    /// What is fixed about the vendor.
    fn vendor(&self) -> &'static Vendor;

    /// How the vendor tags.
    fn rules(&self) -> &Rules;

    /// One spelling for all ways to write a conversation's id, so that one conversation is one lane.
    fn conversation_key(&self, conversation: String) -> String {
        conversation
    }

    /// The header that carries the secret: its name, in lower case, and its value.
    fn credential(&self, secret: &str) -> (&'static str, String);

    /// The call that asks for the first page of the catalogue.
    fn list(&self) -> Call;

    /// How many tags the catalogue or the conversation has in all, where its pages say so. Where that changes from one page to the next,
    /// tags have moved between the pages, and some may be on none that was read.
    ///
    /// # Errors
    /// As [`Adapter::listed`].
    fn total(&self, _answer: &Answer) -> Result<Option<usize>, Unreadable> {
        Ok(None)
    }

    /// Takes page `page` (from 0) of the catalogue and says how to ask for the next, if there is one.
    ///
    /// # Errors
    /// When the page does not hold what the vendor's document says.
    fn listed(
        &self,
        page: usize,
        answer: &Answer,
        listed: &mut Vec<CatalogueTag>,
    ) -> Result<Option<Call>, Unreadable>;

    /// The call that asks what a conversation carries.
    ///
    /// # Errors
    /// When the id cannot stand in the vendor's URL.
    fn read(&self, conversation: &str) -> Result<Call, BadId>;

    /// Takes page `page` (from 0) of what the conversation carries, and says how to ask for the next.
    /// Ids come without their tags where the vendor does not send them: see [`name_ids`].
    ///
    /// # Errors
    /// When the answer is not understood whole; then nothing of it may feed a write.
    fn carried(
        &self,
        conversation: &str,
        page: usize,
        answer: &Answer,
        carried: &mut Carried,
    ) -> Result<Option<Call>, Unreadable>;

    /// The fewest calls that lead from one state to the other, in order. Writes of one kind that stand
    /// together may be sent together where they commute.
    ///
    /// # Errors
    /// When an id cannot stand in the vendor's URL.
    fn write(&self, conversation: &str, goal: Goal<'_>) -> Result<Vec<Step>, BadId>;

    /// What the answer to a write says about the conversation's set.
    ///
    /// # Errors
    /// When the answer should prove something and is not understood.
    fn written(&self, conversation: &str, answer: &Answer) -> Result<Written, Unreadable>;

    /// What has to be read before an edit of the catalogue can be planned, if anything.
    ///
    /// # Errors
    /// When an id of the catalogue cannot stand in the vendor's URL.
    fn before_edit(&self, edit: Edit<'_>, catalogue: &Catalogue) -> Result<Option<Call>, BadId>;

    /// The call that makes the edit; `read` is the answer to [`Adapter::before_edit`]. `None` when the read
    /// shows that it is so already. What the vendor cannot do is asked of [`Rules`] before.
    ///
    /// # Errors
    /// When the read is not understood, or shows that the vendor cannot do it.
    fn edit(&self, edit: Edit<'_>, read: Option<&Answer>) -> Result<Option<Call>, EditError>;

    /// The tag that the answer to an edit, or to the read before it, shows.
    ///
    /// # Errors
    /// When the answer does not hold it.
    fn edited(&self, edit: Edit<'_>, answer: &Answer) -> Result<CatalogueTag, Unreadable>;

    /// Every body that it can emit: for each operation with one, a JSON Schema (2020-12) of all of them.
    /// Held against the vendor's document before anything is sent.
    fn emits(&self) -> Vec<(&'static str, serde_json::Value)>;

    /// What the vendor says when it does not do what it was asked.
    fn problem(&self, answer: &Answer) -> VendorProblem;

    /// How the vendor's rate windows stand, where its answers say so.
    fn windows(&self, _headers: &HeaderMap) -> Vec<WindowSeen> {
        Vec::new()
    }
}

/// What the answer to a write says about the conversation's set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing, or only a part of it.
    Nothing,
    /// The set as it is after the write, by the vendor's documentation.
    Proven(Carried),
    /// A set that may be older than the write.
    Shown(Carried),
}

/// Where a write shall lead.
#[derive(Clone, Copy, Debug)]
pub enum Goal<'a> {
    /// From a set that was read to another.
    Known {
        /// What is carried.
        before: &'a Carried,
        /// What shall be carried.
        after: &'a Carried,
    },
    /// Elements to be on (`true`) or off (`false`), where nothing was read. Never for a vendor that replaces sets.
    Blind(&'a [(Element, bool)]),
}

/// Gives the ids that the catalogue knows their tags.
pub fn name_ids(carried: &mut Carried, catalogue: &Catalogue) {
    for element in &mut carried.0 {
        if let Element::Unknown { id } = element
            && let Some(listed) = catalogue.by_id(id)
        {
            *element = Element::Tag(catalogue.held(listed, catalogue::Addressed::ById));
        }
    }
}

/// A number at a place in a document, such as a `maxLength`.
fn limit(document: &serde_json::Value, pointer: &str) -> Option<usize> {
    document
        .pointer(pointer)
        .and_then(serde_json::Value::as_u64)
        .and_then(|n| usize::try_from(n).ok())
}

/// The projected body as a typed value.
fn parse<'a, T: serde::Deserialize<'a>>(answer: &'a Answer) -> Result<T, Unreadable> {
    // Looked at once as a whole, not again in each of its texts.
    match std::str::from_utf8(&answer.body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(&answer.body),
    }
    .map_err(Unreadable::because)
}
