use super::*;
use redb::{BackendError, StorageBackend, backends::FileBackend};
use std::{
    fs::OpenOptions,
    io,
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A real file with its locks, which can be told to fail.
#[derive(Debug)]
struct Fragile {
    file: FileBackend,
    fails: Arc<AtomicBool>,
}

impl StorageBackend for Fragile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.fails.load(Ordering::Acquire) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

#[tokio::test]
async fn nobody_else_gets_the_file_while_the_store_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    drop(at(&path).unwrap());
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let fragile = Fragile {
        file: FileBackend::new(file).unwrap(),
        fails: Arc::clone(&fails),
    };
    let (store, _) = Store::with_backend(fragile, StoreLimits::default(), 0).unwrap();
    fails.store(true, Ordering::Release);
    for _ in 0..2 {
        let failed = store.put(key(1), open_record("x")).await;
        assert!(matches!(failed, Err(StoreError::Failed(_))));
        assert_eq!(refusal(&path), OpenFailure::InUse);
    }
    fails.store(false, Ordering::Release);
    store.put(key(2), open_record("y")).await.unwrap();
    assert_eq!(refusal(&path), OpenFailure::InUse);
    drop(store);
    assert_eq!(
        at(&path).unwrap().0.get(key(2), 0).await.unwrap(),
        Some(open_record("y"))
    );
}
