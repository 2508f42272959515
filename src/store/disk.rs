//! What lies under the database and outlives it, so that the database can be opened anew after a failure.

use redb::{BackendError, StorageBackend};
use std::{
    collections::BTreeMap,
    io,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// A backend that several databases use one after the other. Its locks are held from the first to the last, so no
/// other process can step in while one database is closed and the next is not yet open.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backend: Box<dyn StorageBackend>,
    /// Where was written since the last sync that succeeded, as offset and length.
    unsynced: Mutex<BTreeMap<u64, usize>>,
    released: AtomicBool,
}

impl Disk {
    pub(super) fn new(backend: impl StorageBackend) -> Self {
        Self(Arc::new(Inner {
            backend: Box::new(backend),
            unsynced: Mutex::default(),
            released: AtomicBool::new(false),
        }))
    }

    /// Writes again what no sync has confirmed, and syncs it. Belongs before a database is opened after a failure.
    ///
    /// Linux marks pages whose write-back failed as clean: they can still be read, and the next sync succeeds without
    /// them. What the next database finds here would then be gone after a power cut, although it was confirmed.
    pub(super) fn confirm(&self) -> io::Result<()> {
        let extents = self.unsynced().clone();
        let end = self.0.backend.len()?;
        for (offset, length) in extents {
            let room = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length.min(room)];
            self.0.backend.read(offset, &mut bytes)?;
            self.0.backend.write(offset, &bytes)?;
        }
        self.sync_data()
    }

    /// Empties a file in which the first database was never finished: it lacks the mark that is written last, and
    /// nothing follows the header.
    pub(super) fn clear_unfinished(&self) -> io::Result<()> {
        const MARK: usize = 9;
        const HEADER: u64 = 4096;
        // Far above the size of a new file.
        const MOST: u64 = 64 * 1024 * 1024;
        let end = self.0.backend.len()?;
        let mut mark = [0; MARK];
        if !(HEADER..=MOST).contains(&end) {
            return Ok(());
        }
        self.0.backend.read(0, &mut mark)?;
        if mark != [0; MARK] {
            return Ok(());
        }
        let mut at = HEADER;
        let mut chunk = vec![0; 64 * 1024];
        while at < end {
            let length = usize::try_from(end - at)
                .unwrap_or(usize::MAX)
                .min(chunk.len());
            let (part, _) = chunk.split_at_mut(length);
            self.0.backend.read(at, part)?;
            if part.iter().any(|byte| *byte != 0) {
                return Ok(());
            }
            at += length as u64;
        }
        self.0.backend.set_len(0)
    }

    /// Lets go of the locks. No database may be opened on it any more.
    pub(super) fn release(&self) {
        self.0.release();
    }

    fn unsynced(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        self.0
            .unsynced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn release(&self) {
        if !self.released.swap(true, Ordering::AcqRel) {
            // The locks also end with the file, which is about to be dropped.
            let _ = self.backend.close();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.release();
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.0.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        // Held across the sync: what is written meanwhile is not confirmed by it.
        let mut unsynced = self.unsynced();
        self.0.backend.sync_data()?;
        unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut unsynced = self.unsynced();
        self.0.backend.write(offset, data)?;
        let length = unsynced.entry(offset).or_default();
        *length = data.len().max(*length);
        Ok(())
    }

    /// One database closes; the disk stays.
    fn close(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.backend.query_lock_range(start, end)
    }
}
