//! A disk with a volatile cache, which can lose power and fail.

use redb::StorageBackend;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

/// Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Platter(Arc<Mutex<State>>);

/// Keeps a disk from answering.
pub(super) struct Hold<'a>(#[expect(dead_code, reason = "it is dropped")] MutexGuard<'a, State>);

#[derive(Debug, Default)]
struct State {
    /// What a read sees.
    cached: Vec<u8>,
    /// What is left after a power cut.
    synced: Vec<u8>,
    /// What the next sync carries over.
    pending: Vec<Change>,
    changes: usize,
    syncs: usize,
    /// Calls from this one on fail, as many as the second says.
    fails: Option<(usize, usize)>,
}

#[derive(Clone, Debug)]
enum Change {
    Length(u64),
    Bytes(u64, Vec<u8>),
}

impl Platter {
    /// A disk that holds this.
    pub(super) fn of(content: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State {
            cached: content.clone(),
            synced: content,
            ..State::default()
        })))
    }

    /// The disk after a power cut: of what was not synced, only what `survives` says, sector by sector.
    pub(super) fn after_power_cut(&self, mut survives: impl FnMut() -> bool) -> Self {
        let state = self.0.lock().unwrap();
        let mut left = state.synced.clone();
        for change in &state.pending {
            match change {
                Change::Length(_) => change.apply(&mut left),
                Change::Bytes(offset, bytes) => {
                    for (number, sector) in bytes.chunks(512).enumerate() {
                        if survives() {
                            let at = offset + 512 * number as u64;
                            Change::Bytes(at, sector.to_vec()).apply(&mut left);
                        }
                    }
                }
            }
        }
        Self::of(left)
    }

    /// Lets the write, resize or sync number `first` from now on fail, and those after it up to `count` of them.
    pub(super) fn fail(&self, first: usize, count: usize) {
        let mut state = self.0.lock().unwrap();
        state.fails = Some((state.changes + first, count));
    }

    pub(super) fn heal(&self) {
        self.0.lock().unwrap().fails = None;
    }

    /// Whether a call has failed since [`Platter::fail`].
    pub(super) fn has_failed(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.fails.is_some_and(|(first, _)| state.changes > first)
    }

    /// Lets every call wait until the hold is dropped.
    pub(super) fn hold(&self) -> Hold<'_> {
        Hold(self.0.lock().unwrap())
    }

    /// Everything on it.
    pub(super) fn content(&self) -> Vec<u8> {
        self.0.lock().unwrap().cached.clone()
    }

    /// How many syncs succeeded.
    pub(super) fn syncs(&self) -> usize {
        self.0.lock().unwrap().syncs
    }
}

impl State {
    fn change(&mut self) -> io::Result<()> {
        let number = self.changes;
        self.changes += 1;
        match self.fails {
            Some((first, count)) if (first..first.saturating_add(count)).contains(&number) => {
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, change: Change) {
        change.apply(&mut self.cached);
        self.pending.push(change);
    }
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Length(length) => image.resize(usize::try_from(*length).unwrap(), 0),
            Self::Bytes(offset, bytes) => {
                let start = usize::try_from(*offset).unwrap();
                let end = start + bytes.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                image[start..end].copy_from_slice(bytes);
            }
        }
    }
}

impl StorageBackend for Platter {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let bytes = state.cached.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.change()?;
        state.write(Change::Length(len));
        Ok(())
    }

    /// A failed sync forgets what it should have carried over, as Linux does: it can be read until the power is cut.
    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let outcome = state.change();
        let pending = std::mem::take(&mut state.pending);
        outcome?;
        for change in pending {
            change.apply(&mut state.synced);
        }
        state.syncs += 1;
        Ok(())
    }

    /// A failed write has written its first half.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        match state.change() {
            Ok(()) => state.write(Change::Bytes(offset, data.to_vec())),
            Err(error) => {
                state.write(Change::Bytes(offset, data[..data.len() / 2].to_vec()));
                return Err(error);
            }
        }
        Ok(())
    }
}
