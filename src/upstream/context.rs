//! For whom calls are made, and what they cost.

use super::{Priority, turns::Kept};
use crate::config::Responses;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Why and for whom a call is made.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The route's name, for counters and logs.
    pub route: Arc<str>,
    /// What a violation of the vendor's document does.
    pub responses: Responses,
    /// No call starts after this.
    pub deadline: Instant,
    /// When whoever asked stops waiting: calls are served in this order, and a wait that is known to last longer is
    /// not begun.
    pub due: Instant,
    /// Whether an earlier call of the same plan has been sent: then a wait only has to end before `deadline`.
    pub committed: bool,
    /// Whether it is made for a change, of which a write is to follow.
    pub changes: bool,
    /// Who waits for it.
    pub priority: Priority,
    /// Counts what is spent.
    pub meter: Arc<Meter>,
    /// What keys for the vendor are derived from, so that a repeat sends the same ones; random ones without it.
    pub seed: Option<[u8; 32]>,
}

/// What one request costs at the vendor.
#[derive(Debug)]
pub struct Meter {
    pub(super) calls: AtomicU32,
    micros: AtomicU64,
    queued: AtomicU64,
    started: Instant,
    keeps: Mutex<Keeps>,
}

/// What is kept of the quota for the write of a change.
#[derive(Debug, Default)]
enum Keeps {
    /// The change has not begun.
    #[default]
    NotYet,
    /// What is to be changed has been read.
    Now(Kept),
    /// It is being written.
    NoMore,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            calls: AtomicU32::new(0),
            micros: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            started: Instant::now(),
            keeps: Mutex::default(),
        }
    }
}

impl Meter {
    /// Of a request that arrived then.
    pub fn since(started: Instant) -> Self {
        Self {
            started,
            ..Self::default()
        }
    }

    /// Adds what was spent for several requests together: each of them waited for all of it.
    pub fn absorb(&self, shared: &Self) {
        self.calls.fetch_add(shared.calls(), Ordering::Relaxed);
        self.spent(shared.vendor_time());
    }

    /// When the request arrived.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Calls sent so far.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Time spent waiting for the vendor so far.
    pub fn vendor_time(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    /// Time spent waiting for earlier changes of the same conversation.
    pub fn queue_time(&self) -> Duration {
        Duration::from_micros(self.queued.load(Ordering::Relaxed))
    }

    /// Adds time spent waiting for earlier changes.
    pub fn queued(&self, time: Duration) {
        self.queued.fetch_add(micros(time), Ordering::Relaxed);
    }

    /// Whether a part of the quota may be kept for its write: once, with the first read.
    pub(super) fn may_keep(&self) -> bool {
        matches!(*self.keeps(), Keeps::NotYet)
    }

    /// Whether a part of the quota is kept for its write.
    pub(super) fn has_begun(&self) -> bool {
        matches!(*self.keeps(), Keeps::Now(_))
    }

    /// Keeps this for its write, or until nobody remembers it.
    pub(super) fn keep(&self, kept: Kept) {
        self.set(Keeps::Now(kept));
    }

    /// The write has a part of the quota itself.
    pub(super) fn release(&self) {
        self.set(Keeps::NoMore);
    }

    fn set(&self, keeps: Keeps) {
        let earlier = std::mem::replace(&mut *self.keeps(), keeps);
        // To give it back looks at the line, which is not to be done with anything locked.
        if let Keeps::Now(kept) = earlier {
            drop(kept);
        }
    }

    fn keeps(&self) -> MutexGuard<'_, Keeps> {
        self.keeps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn spent(&self, time: Duration) {
        self.micros.fetch_add(micros(time), Ordering::Relaxed);
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
