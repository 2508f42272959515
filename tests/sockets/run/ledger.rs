//! What the answers said, and whether it is true at rest.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::Answer;

/// A tag on a conversation; one writer alone ever asks about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag {
    pub(crate) vendor: &'static str,
    pub(crate) conversation: usize,
    pub(crate) name: String,
}

/// What has to be true of a tag at rest, and what says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has to be so.
    Certain {
        /// On the conversation.
        there: bool,
        /// By what.
        by: Evidence,
    },
    /// Nothing.
    Unsure,
}

/// What says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// A success.
    Success,
    /// A problem that said `applied`.
    Applied,
    /// A problem that said `not applied`.
    NotApplied,
    /// The request was cut before it was whole.
    Cut,
}

/// What an answer said of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Success,
    Applied,
    NotApplied,
    Unknown,
    Nothing,
}

/// Everything that was said.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    tags: BTreeMap<Tag, Known>,
    counts: BTreeMap<&'static str, u64>,
    told: Vec<String>,
}

/// Most findings that are told in words.
const MOST_TOLD: usize = 20;

/// Every figure that there is, so that one that is 0 is shown too.
const FIGURES: &[&str] = &[
    "changes",
    "acked",
    "applied",
    "not_applied",
    "unknown",
    "unsure_tags",
    "disconnects",
    "cut_requests",
    "cut_requests_applied",
    "lost",
    "vanished",
    "false_applied",
    "false_not_applied",
    "hangs",
    "answers_without_outcome",
    "unexpected_answers",
];

impl Said {
    /// What an answer says; a success is a success.
    pub(crate) fn of(answer: &Answer) -> Self {
        match (answer.status, answer.body["outcome"].as_str()) {
            (200..300, _) => Self::Success,
            (_, Some("applied")) => Self::Applied,
            (_, Some("not applied")) => Self::NotApplied,
            (_, Some("unknown")) => Self::Unknown,
            _ => Self::Nothing,
        }
    }
}

impl Ledger {
    pub(crate) fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    /// Notes something that must not be, in words.
    pub(crate) fn finding(&mut self, name: &'static str, words: String) {
        self.count(name);
        if self.told.len() < MOST_TOLD {
            self.told.push(words);
        }
    }

    pub(crate) fn unexpected(&mut self, words: &str) {
        self.finding("unexpected_answers", words.to_owned());
    }

    pub(crate) fn known(&self, tag: &Tag) -> Option<Known> {
        self.tags.get(tag).copied()
    }

    pub(crate) fn set(&mut self, tag: Tag, known: Known) {
        self.tags.insert(tag, known);
    }

    /// Notes the answer to adding (`there`) or taking off a tag.
    pub(crate) fn heard(&mut self, tag: Tag, there: bool, answer: &Answer) {
        self.count("changes");
        let said = Said::of(answer);
        let before = self.known(&tag);
        let known = match said {
            Said::Success => {
                self.count("acked");
                if !there && before == Some(certain(true, Evidence::Success)) {
                    self.was_there(&tag, answer);
                }
                certain(there, Evidence::Success)
            }
            Said::Applied => {
                self.count("applied");
                certain(there, Evidence::Applied)
            }
            Said::NotApplied => {
                self.count("not_applied");
                match before {
                    Some(known) => known,
                    None => certain(false, Evidence::NotApplied),
                }
            }
            Said::Unknown => {
                self.count("unknown");
                Known::Unsure
            }
            Said::Nothing => {
                let words = format!("{tag:?}: {} {}", answer.status, answer.body);
                self.finding("answers_without_outcome", words);
                Known::Unsure
            }
        };
        self.set(tag, known);
    }

    /// A tag whose add was acknowledged has to be among what taking it off removed, where that is known.
    fn was_there(&mut self, tag: &Tag, answer: &Answer) {
        let assumed = answer.body["assumed"] == json!(true);
        let removed = answer.body["removed"].as_array();
        let named = |removed: &Vec<Value>| removed.iter().any(|one| one["tag"] == json!(tag.name));
        if !assumed && !removed.is_some_and(named) {
            self.finding(
                "vanished",
                format!("{tag:?} was gone when it was removed: {}", answer.body),
            );
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.tags.extend(other.tags);
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.told.extend(other.told);
        self.told.truncate(MOST_TOLD);
    }

    /// Holds what was said against what is there.
    pub(crate) fn judge(&mut self, is_there: impl Fn(&Tag) -> bool) {
        for (tag, known) in std::mem::take(&mut self.tags) {
            let Known::Certain { there, by } = known else {
                self.count("unsure_tags");
                continue;
            };
            if is_there(&tag) == there {
                continue;
            }
            let name = match by {
                Evidence::Success => "lost",
                Evidence::Applied => "false_applied",
                Evidence::NotApplied => "false_not_applied",
                Evidence::Cut => "cut_requests_applied",
            };
            self.finding(name, format!("{name}: {tag:?} should be there: {there}"));
        }
    }

    pub(crate) fn figures(&self) -> Value {
        let value = |name: &&'static str| {
            let count = self.counts.get(name).copied().unwrap_or_default();
            ((*name).to_owned(), json!(count))
        };
        FIGURES.iter().map(value).collect()
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.told.clone()
    }
}

pub(crate) fn certain(there: bool, by: Evidence) -> Known {
    Known::Certain { there, by }
}
