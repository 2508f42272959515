//! The store: one file that outlives a kill, with the records behind `Idempotency-Key`.
//!
//! What is acknowledged is synced. A write that fails has its whole effect or none, and the store works again once
//! the cause is gone. What a record says is the matter of the layer above: here it is bytes with an expiry.
//!
//! One process at a time has the file open. While it does, the file is marked as in use, so that the next start can
//! tell a clean stop from a kill.

mod disk;
mod engine;
mod error;
mod file;
mod record;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{OpenFailure, StoreError};
pub use record::{Record, RecordKey, RecordState};

use disk::Disk;
use engine::{Engine, View, Write};
use redb::StorageBackend;
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use writer::Writer;

/// An open store. Clones share it; the last one to go lets go of the file, without the mark of a clean stop.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

/// How much a store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Records that have not expired.
    pub max_records: usize,
    /// Bytes in the state of one record.
    pub max_record_bytes: usize,
}

/// What was there when a store was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Nothing: the store is new.
    pub first: bool,
    /// The last stop was a clean one. False for a new store.
    pub clean: bool,
    /// What [`Store::close`] left. Empty after an unclean stop.
    pub notes: Vec<u8>,
    /// Records that are open and have not expired, by key.
    pub open: Vec<(RecordKey, Record)>,
}

struct Shared {
    view: Arc<View>,
    way: Way,
    secret: [u8; 32],
    limits: StoreLimits,
}

/// Who carries out the writes.
enum Way {
    /// A thread of the store's own, which commits what waits in one synced transaction.
    Thread(Writer),
    /// The calling task, so that a simulation runs the same way each time.
    Inline(Mutex<Engine>),
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            max_records: 1_000_000,
            max_record_bytes: 256 * 1024,
        }
    }
}

impl Store {
    /// Opens the store in the file at `path`, or makes it there, readable by its owner only. The folder must exist.
    ///
    /// Blocks: after a kill the whole file is read once.
    pub fn open(
        path: &Path,
        limits: StoreLimits,
        now_ms: u64,
    ) -> Result<(Self, Found), StoreError> {
        let opened = file::open(path)
            .and_then(|backend| Engine::open(Disk::new(backend), limits, now_ms, &fresh_secret))
            .and_then(|opened| {
                if opened.found.first {
                    file::sync_folder(path)?;
                }
                Ok(opened)
            });
        let opened = opened.map_err(|reason| reason.at(path))?;
        let writer = Writer::start(opened.engine)
            .map_err(|error| OpenFailure::Io(error.to_string()).at(path))?;
        let shared = Shared {
            view: opened.view,
            way: Way::Thread(writer),
            secret: opened.secret,
            limits,
        };
        Ok((Self::of(shared), opened.found))
    }

    /// Opens a store kept by `backend`. Every commit happens in the calling task, and no thread is started.
    pub fn with_backend(
        backend: impl StorageBackend,
        limits: StoreLimits,
        now_ms: u64,
    ) -> Result<(Self, Found), StoreError> {
        Self::inline(backend, limits, now_ms, &fresh_secret)
    }

    /// As [`Store::with_backend`]; a new store takes this secret instead of a random one.
    pub fn with_backend_and_secret(
        backend: impl StorageBackend,
        limits: StoreLimits,
        now_ms: u64,
        secret: [u8; 32],
    ) -> Result<(Self, Found), StoreError> {
        Self::inline(backend, limits, now_ms, &|| Ok(secret))
    }

    /// The secret of this gateway, for keyed hashes. It stays the same for as long as the file lives.
    pub fn secret(&self) -> &[u8; 32] {
        &self.shared.secret
    }

    /// The record of `key`; `None` when there is none or it has expired.
    pub async fn get(&self, key: RecordKey, now_ms: u64) -> Result<Option<Record>, StoreError> {
        let view = &self.shared.view;
        view.tell_time(now_ms);
        if view.is_broken() {
            self.write(Write::Recover).await?;
        }
        match &self.shared.way {
            Way::Thread(_) => {
                let view = Arc::clone(view);
                tokio::task::spawn_blocking(move || view.get(key, now_ms))
                    .await
                    .unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
            }
            Way::Inline(_) => view.get(key, now_ms),
        }
    }

    /// Writes a record, in place of the one that `key` had. It is synced when this returns.
    ///
    /// A caller that stops waiting does not take the write back. After [`StoreError::Failed`] either the old record is
    /// there or this one, whole.
    pub async fn put(&self, key: RecordKey, record: Record) -> Result<(), StoreError> {
        let bytes = record.state.bytes().len();
        let max = self.shared.limits.max_record_bytes;
        if bytes > max {
            return Err(StoreError::TooLarge { bytes, max });
        }
        self.write(Write::Put(key, record)).await.map(drop)
    }

    /// Removes the record of `key`, if there is one. Its absence is synced when this returns.
    pub async fn remove(&self, key: RecordKey) -> Result<(), StoreError> {
        self.write(Write::Remove(key)).await.map(drop)
    }

    /// Removes records that have expired, at most 1,000 a call, and says how many it removed.
    pub async fn expire(&self, now_ms: u64) -> Result<usize, StoreError> {
        self.shared.view.tell_time(now_ms);
        self.write(Write::Expire(now_ms)).await
    }

    /// Marks the stop as clean, leaves `notes` for the next start and lets go of the file.
    ///
    /// What was asked before is carried out first; everything asked later is refused with [`StoreError::Closed`].
    /// When this fails, the store is still open.
    pub async fn close(&self, notes: Vec<u8>) -> Result<(), StoreError> {
        self.write(Write::Close(notes)).await.map(drop)
    }

    /// How many records there are, those included that have expired and were not yet removed.
    pub fn records(&self) -> usize {
        self.shared.view.records()
    }

    fn inline(
        backend: impl StorageBackend,
        limits: StoreLimits,
        now_ms: u64,
        secret: &dyn Fn() -> Result<[u8; 32], OpenFailure>,
    ) -> Result<(Self, Found), StoreError> {
        let opened = Engine::open(Disk::new(backend), limits, now_ms, secret)
            .map_err(|reason| reason.at(Path::new("(not a file)")))?;
        let shared = Shared {
            view: opened.view,
            way: Way::Inline(Mutex::new(opened.engine)),
            secret: opened.secret,
            limits,
        };
        Ok((Self::of(shared), opened.found))
    }

    fn of(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    async fn write(&self, write: Write) -> Result<usize, StoreError> {
        match &self.shared.way {
            Way::Thread(writer) => writer.write(write).await,
            Way::Inline(engine) => {
                let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
                engine.run_one(write)
            }
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("records", &self.records())
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}

fn fresh_secret() -> Result<[u8; 32], OpenFailure> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| OpenFailure::Io(error.to_string()))?;
    Ok(secret)
}
