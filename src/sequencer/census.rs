//! What can be seen of the lanes from outside.

use super::{Changed, lanes::Lanes};
use crate::{
    error::{Error, Outcome},
    sync::lock,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// What is counted as it happens.
#[derive(Debug, Default)]
pub(super) struct Counts {
    folded: AtomicU64,
    unknown: AtomicU64,
}

impl Counts {
    /// A cycle came to its end.
    pub(super) fn cycle(&self, results: &[Result<Changed, Error>]) {
        let unknown = results.iter().filter(|result| {
            let outcome = result.as_ref().err().and_then(Error::known_outcome);
            outcome == Some(Outcome::Unknown)
        });
        self.unknown
            .fetch_add(unknown.count() as u64, Ordering::Relaxed);
        let folded = results.len().saturating_sub(1) as u64;
        self.folded.fetch_add(folded, Ordering::Relaxed);
    }
}

/// How the lanes of one account stand.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct LaneStanding {
    /// Conversations that have work or are unsettled.
    pub conversations: usize,
    /// Changes that wait for their turn.
    pub waiting: usize,
    /// Conversations that a write of unknown outcome may still change.
    pub settling: usize,
}

impl Lanes {
    /// How many lanes have work or wait for an earlier write to settle.
    pub fn lanes(&self) -> usize {
        self.shared.lanes.load(Ordering::Acquire)
    }

    /// How many vendor writes are under way.
    pub fn writing(&self) -> usize {
        self.shared.writing.load(Ordering::Acquire)
    }

    /// How many changes wait for their turn.
    pub fn waiting(&self) -> usize {
        let mut waiting = 0;
        for shard in &self.shared.shards {
            let lanes = lock(shard);
            waiting += lanes
                .values()
                .map(|lane| lane.standing().queue.len())
                .sum::<usize>();
        }
        waiting
    }

    /// How many conversations a write of unknown outcome may still change.
    pub fn settling(&self) -> usize {
        let mut settling = 0;
        for shard in &self.shared.shards {
            let lanes = lock(shard);
            let open = lanes
                .values()
                .filter(|lane| lane.standing().unsettled.next().is_some());
            settling += open.count();
        }
        settling
    }

    /// How the lanes stand of each account that has any, by what it is ordered as.
    pub fn standings(&self) -> BTreeMap<String, LaneStanding> {
        let mut standings: BTreeMap<String, LaneStanding> = BTreeMap::new();
        for shard in &self.shared.shards {
            for (key, lane) in lock(shard).iter() {
                let lane = lane.standing();
                let standing = standings.entry(key.account().to_owned()).or_default();
                standing.conversations += 1;
                standing.waiting += lane.queue.len();
                standing.settling += usize::from(lane.unsettled.next().is_some());
            }
        }
        standings
    }

    /// How many changes have shared their vendor calls with an earlier one.
    pub fn folded(&self) -> u64 {
        self.shared.counts.folded.load(Ordering::Relaxed)
    }

    /// How many changes have ended without it being known whether they took effect.
    pub fn unknown(&self) -> u64 {
        self.shared.counts.unknown.load(Ordering::Relaxed)
    }

    /// Whether an account that is ordered as this has changes that wait, run or may still take effect.
    pub fn has_work(&self, order_key: &str) -> bool {
        let in_lanes = self.shared.shards.iter().any(|shard| {
            let shard = lock(shard);
            shard.keys().any(|key| key.account() == order_key)
        });
        in_lanes || self.shared.names.has_work(order_key)
    }

    /// Waits until no vendor write is under way.
    pub async fn written(&self) {
        loop {
            let idle = self.shared.idle.notified();
            if self.writing() == 0 {
                return;
            }
            idle.await;
        }
    }
}
