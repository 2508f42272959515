//! What one process leaves to the next: which writes may still land, and which keyed changes are open.

use super::{
    key::{ByLane, LaneKey},
    once::{Intent, Once},
    unsettled::Unsettled,
};
use crate::{clock, sync::lock};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::time::Instant;

/// What may still land at the vendors when a process stops. Times are Unix time in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    pub(super) lanes: Vec<NotedLane>,
    pub(super) names: Vec<NotedName>,
    /// Accounts of which everything is held up.
    pub(super) accounts: BTreeMap<String, u64>,
}

/// A conversation, or names on it, that a write may still change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotedLane {
    pub(super) account: String,
    pub(super) conversation: String,
    pub(super) whole: Option<u64>,
    pub(super) names: BTreeMap<String, u64>,
}

/// A name of a catalogue that a write may still change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotedName {
    pub(super) account: String,
    pub(super) name: String,
    pub(super) until: u64,
}

/// A keyed change of which an earlier process did not learn what it came to. It is looked into before the
/// conversation is written again; nothing is written for it until its caller repeats it.
#[derive(Debug)]
pub struct Dormant {
    /// What it was about to do.
    pub intent: Intent,
    /// Who remembers it.
    pub once: Arc<dyn Once>,
}

impl Notes {
    /// As they are kept in the store.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What an earlier process kept.
    ///
    /// # Errors
    /// Bytes that are no notes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.names.is_empty() && self.accounts.is_empty()
    }
}

/// What was taken over from an earlier process and has not been needed yet.
#[derive(Debug, Default)]
pub(super) struct Restored {
    /// Whether anything is left of what was taken over; changed only while that is locked.
    any: AtomicBool,
    accounts: Mutex<HashMap<String, Instant>>,
    lanes: Mutex<ByLane<Left>>,
}

/// What an earlier process left of one lane.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) unsettled: Unsettled,
    pub(super) open: Vec<Dormant>,
}

impl Restored {
    /// Whether there may be anything that holds a lane up.
    pub(super) fn is_any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    pub(super) fn hold(&self, account: &str, until: Instant) {
        let mut accounts = lock(&self.accounts);
        self.any.store(true, Ordering::Release);
        accounts.insert(account.to_owned(), until);
    }

    pub(super) fn held_until(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut accounts = lock(&self.accounts);
        accounts.retain(|_, until| *until > now);
        accounts.values().copied().max()
    }

    pub(super) fn take_over(&self, notes: Notes) {
        for (account, until) in notes.accounts {
            self.hold(&account, clock::instant_at(until));
        }
        let mut lanes = lock(&self.lanes);
        self.any.store(true, Ordering::Release);
        for noted in notes.lanes {
            let names = noted.names.into_iter();
            lanes
                .entry(LaneKey::new(&noted.account, &noted.conversation))
                .or_default()
                .unsettled
                .extend(Unsettled {
                    whole: noted.whole.map(clock::instant_at),
                    names: names
                        .map(|(name, until)| (name, clock::instant_at(until)))
                        .collect(),
                });
        }
    }

    pub(super) fn take_over_open(&self, open: Vec<Dormant>) {
        let mut lanes = lock(&self.lanes);
        self.any.store(true, Ordering::Release);
        for dormant in open {
            let key = LaneKey::new(&dormant.intent.account, &dormant.intent.conversation);
            lanes.entry(key).or_default().open.push(dormant);
        }
    }

    /// What holds a lane up that is not there yet.
    pub(super) fn unsettled(&self, key: &LaneKey) -> Unsettled {
        let mut unsettled = Unsettled::default();
        if let Some(until) = lock(&self.accounts).get(key.account()) {
            unsettled.extend(Unsettled::whole(*until));
        }
        if let Some(left) = lock(&self.lanes).get(key) {
            unsettled.extend(left.unsettled.clone());
        }
        unsettled.settle(Instant::now());
        unsettled
    }

    /// What an earlier process left of a lane, for the lane that begins now.
    pub(super) fn take(&self, key: &LaneKey) -> Left {
        let unsettled = self.unsettled(key);
        let mut accounts = lock(&self.accounts);
        let mut lanes = lock(&self.lanes);
        let left = lanes.remove(key);
        let now = Instant::now();
        accounts.retain(|_, until| *until > now);
        if accounts.is_empty() && lanes.is_empty() {
            self.any.store(false, Ordering::Release);
        }
        Left {
            unsettled,
            ..left.unwrap_or_default()
        }
    }

    /// Adds what still holds to the notes for the next process.
    pub(super) fn note(&self, notes: &mut Notes) {
        let now = Instant::now();
        for (account, until) in lock(&self.accounts).iter().filter(|(_, at)| **at > now) {
            notes
                .accounts
                .insert(account.clone(), clock::unix_ms_at(*until));
        }
        for (key, left) in lock(&self.lanes).iter_mut() {
            left.unsettled.settle(now);
            notes.lanes.extend(NotedLane::of(key, &left.unsettled));
        }
    }
}

impl NotedLane {
    /// Nothing where nothing is open.
    pub(super) fn of(key: &LaneKey, unsettled: &Unsettled) -> Option<Self> {
        if *unsettled == Unsettled::default() {
            return None;
        }
        let names = unsettled.names.iter();
        Some(Self {
            account: key.account().to_owned(),
            conversation: key.conversation().to_owned(),
            whole: unsettled.whole.map(clock::unix_ms_at),
            names: names
                .map(|(name, until)| (name.clone(), clock::unix_ms_at(*until)))
                .collect(),
        })
    }
}
