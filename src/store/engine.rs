//! Carries out writes: many in one synced transaction, and afresh after a failure.

use super::{
    Found, OpenFailure, Record, RecordKey, StoreError, StoreLimits,
    disk::Disk,
    tables::{self, Tables},
};
use redb::Database;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

/// The most records that one transaction removes because they have expired.
const EXPIRED_AT_ONCE: usize = 1_000;
/// Bytes of the file that are kept in memory, pages not yet written included.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Something to be made durable.
pub(super) enum Write {
    Put(RecordKey, Record),
    Remove(RecordKey),
    Expire(u64),
    Close(Vec<u8>),
    /// Nothing but to see that the store works.
    Recover,
}

/// The one writer.
pub(super) struct Engine {
    disk: Disk,
    view: Arc<View>,
    limits: StoreLimits,
}

/// What readers share with the writer.
pub(super) struct View {
    /// Readers hold the lock while they read, so that a database is gone for good before the next one is opened.
    database: RwLock<Option<Database>>,
    /// redb refuses everything after one failed call to its backend, so the database has to be opened anew.
    broken: AtomicBool,
    closed: AtomicBool,
    records: AtomicUsize,
    /// The latest time that a caller has told.
    now_ms: AtomicU64,
}

/// A store as it was opened.
pub(super) struct Opened {
    pub(super) engine: Engine,
    pub(super) view: Arc<View>,
    pub(super) found: Found,
    pub(super) secret: [u8; 32],
}

impl Engine {
    /// Opens what is on `disk`, or makes it there with the secret from `new_secret`.
    pub(super) fn open(
        disk: Disk,
        limits: StoreLimits,
        now_ms: u64,
        new_secret: &dyn Fn() -> Result<[u8; 32], OpenFailure>,
    ) -> Result<Opened, OpenFailure> {
        disk.clear_unfinished()
            .map_err(|error| OpenFailure::from(&error))?;
        let (database, begun) = open_database(&disk, new_secret)?;
        let look = || -> Result<_, redb::Error> {
            let open = tables::open_records(&database, now_ms)?;
            Ok((tables::count(&database)?, open))
        };
        let looked = contained(look);
        let view = Arc::new(View {
            database: RwLock::new(Some(database)),
            broken: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            records: AtomicUsize::new(0),
            now_ms: AtomicU64::new(now_ms),
        });
        let (records, open) = looked.map_err(OpenFailure::NotAStore)??;
        view.records.store(records, Ordering::Release);
        Ok(Opened {
            engine: Self {
                disk,
                view: Arc::clone(&view),
                limits,
            },
            view,
            found: Found {
                first: begun.first,
                clean: begun.notes.is_some(),
                notes: begun.notes.unwrap_or_default(),
                open,
            },
            secret: begun.secret,
        })
    }

    /// Carries out one write.
    pub(super) fn run_one(&mut self, write: Write) -> Result<usize, StoreError> {
        let mut answers = self.run(&[write]);
        answers.pop().unwrap_or(Err(StoreError::Closed))
    }

    /// Carries out writes in their order, all in one transaction, and answers each: how many records it removed.
    pub(super) fn run(&mut self, writes: &[Write]) -> Vec<Result<usize, StoreError>> {
        let answers = self.ready().and_then(|()| {
            contained(|| self.transact(writes))
                .map_err(StoreError::Failed)?
                .map_err(|error| StoreError::Failed(error.to_string()))
        });
        match answers {
            Ok(answers) => answers,
            Err(error) => {
                self.view.broken.store(true, Ordering::Release);
                vec![Err(error); writes.len()]
            }
        }
    }

    /// Opens the database anew after a failure.
    fn ready(&self) -> Result<(), StoreError> {
        if self.view.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        if !self.view.is_broken() {
            return Ok(());
        }
        let failed = |reason: OpenFailure| StoreError::Failed(reason.to_string());
        let mut database = self.view.let_go();
        self.disk
            .confirm()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        // A clean stop that failed half-way may have left its mark: the store is in use all the same.
        let no_secret = || Err(OpenFailure::NotAStore("it was emptied".to_owned()));
        let (opened, _) = open_database(&self.disk, &no_secret).map_err(failed)?;
        let records = contained(|| tables::count(&opened))
            .map_err(StoreError::Failed)?
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        self.view.records.store(records, Ordering::Release);
        *database = Some(opened);
        self.view.broken.store(false, Ordering::Release);
        Ok(())
    }

    fn transact(&self, writes: &[Write]) -> Result<Vec<Result<usize, StoreError>>, redb::Error> {
        let guard = self.view.read();
        let Some(database) = guard.as_ref() else {
            return Err(redb::Error::DatabaseClosed);
        };
        let transaction = database.begin_write()?;
        let mut closed = false;
        let mut answers = Vec::with_capacity(writes.len());
        let (changed, records) = {
            let mut tables = Tables::open(&transaction)?;
            for write in writes {
                let answer = match write {
                    _ if closed => Err(StoreError::Closed),
                    Write::Put(key, record) => self.put(&mut tables, *key, record)?.map(|()| 0),
                    Write::Remove(key) => Ok(usize::from(tables.remove(*key)?)),
                    Write::Expire(now_ms) => Ok(tables.expire(*now_ms, EXPIRED_AT_ONCE)?),
                    Write::Close(notes) => {
                        tables.end(notes)?;
                        closed = true;
                        Ok(0)
                    }
                    Write::Recover => Ok(0),
                };
                answers.push(answer);
            }
            (tables.changed(), tables.count()?)
        };
        if changed {
            transaction.commit()?;
        } else {
            transaction.abort()?;
        }
        self.view.records.store(records, Ordering::Release);
        drop(guard);
        if closed {
            self.view.closed.store(true, Ordering::Release);
            drop(self.view.let_go());
            self.disk.release();
        }
        Ok(answers)
    }

    fn put(
        &self,
        tables: &mut Tables<'_>,
        key: RecordKey,
        record: &Record,
    ) -> Result<Result<(), StoreError>, redb::Error> {
        let max = self.limits.max_records;
        if tables.count()? >= max && !tables.has(key)? {
            tables.expire(self.view.now_ms.load(Ordering::Acquire), EXPIRED_AT_ONCE)?;
            if tables.count()? >= max {
                return Ok(Err(StoreError::Full { max }));
            }
        }
        tables.put(key, record)?;
        Ok(Ok(()))
    }
}

impl View {
    pub(super) fn get(&self, key: RecordKey, now_ms: u64) -> Result<Option<Record>, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let guard = self.read();
        let Some(database) = guard.as_ref() else {
            return Err(StoreError::Failed("it is not open".to_owned()));
        };
        let (error, broken) = match contained(|| tables::get(database, key, now_ms)) {
            Ok(Ok(found)) => return Ok(found),
            // One damaged record; another database on the same bytes would say the same.
            Ok(Err(error @ redb::Error::Corrupted(_))) => (error.to_string(), false),
            Ok(Err(error)) => (error.to_string(), true),
            Err(panic) => (panic, true),
        };
        self.broken.fetch_or(broken, Ordering::AcqRel);
        Err(StoreError::Failed(error))
    }

    /// Whether the database has to be opened anew before it can be used.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    pub(super) fn records(&self) -> usize {
        self.records.load(Ordering::Acquire)
    }

    /// Notes the time, for writes that have to make room.
    pub(super) fn tell_time(&self, now_ms: u64) {
        self.now_ms.fetch_max(now_ms, Ordering::AcqRel);
    }

    fn read(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the database, once nobody reads from it.
    fn let_go(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // It tidies up as it goes. Should that fail, the next database to be opened does it.
        let _ = contained(|| *database = None);
        database
    }
}

impl Drop for View {
    fn drop(&mut self) {
        drop(self.let_go());
    }
}

fn open_database(
    disk: &Disk,
    new_secret: &dyn Fn() -> Result<[u8; 32], OpenFailure>,
) -> Result<(Database, tables::Begun), OpenFailure> {
    let open = || {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(disk.clone())
            .map_err(redb::Error::from)?;
        let begun = tables::begin(&database, new_secret)?;
        Ok((database, begun))
    };
    contained(open).map_err(OpenFailure::NotAStore)?
}

/// Turns a panic into its text. redb asserts what a damaged file can make untrue.
fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What the work leaves half done is thrown away: the database is opened anew from what is synced.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("an assertion failed").to_owned()
    })
}
