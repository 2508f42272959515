//! The tables in the file, and what one transaction does to them.

use super::{OpenFailure, Record, RecordKey, RecordState};
use redb::{
    Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table,
    TableDefinition, TableHandle, WriteTransaction,
};
use sha2::{Digest, Sha256};

type Key = &'static [u8; 32];
/// When it expires, 0 for open and 1 for done, the fingerprint, the bytes of the state, and a sum over all of it.
type Row = (
    u64,
    u8,
    &'static [u8; 32],
    &'static [u8],
    &'static [u8; SUM],
);

/// Bytes of a row's sum.
const SUM: usize = 8;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const RECORDS: TableDefinition<'_, Key, Row> = TableDefinition::new("records");
/// The records by the time they expire, so that the expired ones are found without looking at the others.
const EXPIRY: TableDefinition<'_, (u64, Key), ()> = TableDefinition::new("expiry");
/// The keys of the open records, so that a start need not look at the others.
const OPEN: TableDefinition<'_, Key, ()> = TableDefinition::new("open");

/// Grows by one when an older gateway could no longer read the file.
const FORMAT: u32 = 1;
const META_FORMAT: &str = "format";
const META_SECRET: &str = "secret";
/// Only there between a clean stop and the next start; its value is what the stop noted.
const META_CLEAN: &str = "clean";

/// What [`begin`] found.
pub(super) struct Begun {
    pub(super) first: bool,
    /// The notes of the last stop, if it was clean.
    pub(super) notes: Option<Vec<u8>>,
    pub(super) secret: [u8; 32],
}

/// The tables of one write transaction.
pub(super) struct Tables<'txn> {
    meta: Table<'txn, &'static str, &'static [u8]>,
    records: Table<'txn, Key, Row>,
    expiry: Table<'txn, (u64, Key), ()>,
    open: Table<'txn, Key, ()>,
    changed: bool,
}

/// Makes the tables where there are none, and marks the file as in use, synced.
pub(super) fn begin(
    database: &Database,
    new_secret: &dyn Fn() -> Result<[u8; 32], OpenFailure>,
) -> Result<Begun, OpenFailure> {
    let begin = || -> Result<_, redb::Error> { Ok(database.begin_write()?) };
    let transaction = begin()?;
    let first = is_empty(&transaction)?;
    let begun = {
        let mut meta = open_meta(&transaction)?;
        if first {
            write_meta(&mut meta, META_FORMAT, &FORMAT.to_le_bytes())?;
            write_meta(&mut meta, META_SECRET, &new_secret()?)?;
        }
        let format = u32::from_le_bytes(read_meta(&meta, META_FORMAT)?);
        if format != FORMAT {
            return Err(OpenFailure::Format {
                found: format,
                known: FORMAT,
            });
        }
        let secret = read_meta(&meta, META_SECRET)?;
        let notes = take_meta(&mut meta, META_CLEAN)?;
        Begun {
            first,
            notes,
            secret,
        }
    };
    Tables::open(&transaction)?;
    transaction.commit().map_err(redb::Error::from)?;
    Ok(begun)
}

/// How many records there are.
pub(super) fn count(database: &Database) -> Result<usize, redb::Error> {
    let records = database.begin_read()?.open_table(RECORDS)?;
    Ok(usize::try_from(records.len()?).unwrap_or(usize::MAX))
}

/// The open records that have not expired at `now_ms`, by key.
pub(super) fn open_records(
    database: &Database,
    now_ms: u64,
) -> Result<Vec<(RecordKey, Record)>, redb::Error> {
    let transaction = database.begin_read()?;
    let records = transaction.open_table(RECORDS)?;
    let mut found = Vec::new();
    for entry in transaction.open_table(OPEN)?.range::<Key>(..)? {
        let key = RecordKey(*entry?.0.value());
        if let Some(record) = read(&records, key, now_ms)? {
            found.push((key, record));
        }
    }
    Ok(found)
}

/// The record of `key`, unless it has expired at `now_ms`.
pub(super) fn get(
    database: &Database,
    key: RecordKey,
    now_ms: u64,
) -> Result<Option<Record>, redb::Error> {
    let records = database.begin_read()?.open_table(RECORDS)?;
    read(&records, key, now_ms)
}

impl<'txn> Tables<'txn> {
    pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            meta: transaction.open_table(META)?,
            records: transaction.open_table(RECORDS)?,
            expiry: transaction.open_table(EXPIRY)?,
            open: transaction.open_table(OPEN)?,
            changed: false,
        })
    }

    /// Whether there is anything to commit.
    pub(super) fn changed(&self) -> bool {
        self.changed
    }

    /// How many records there are.
    pub(super) fn count(&self) -> Result<usize, redb::Error> {
        Ok(usize::try_from(self.records.len()?).unwrap_or(usize::MAX))
    }

    pub(super) fn has(&self, key: RecordKey) -> Result<bool, redb::Error> {
        Ok(self.records.get(&key.0)?.is_some())
    }

    pub(super) fn put(&mut self, key: RecordKey, record: &Record) -> Result<(), redb::Error> {
        self.remove(key)?;
        self.changed = true;
        let done = match &record.state {
            RecordState::Open(_) => {
                self.open.insert(&key.0, ())?;
                0
            }
            RecordState::Done(_) => 1,
        };
        let bytes = record.state.bytes();
        let sum = sum(key, record.expires_ms, done, &record.fingerprint, bytes);
        let row = (record.expires_ms, done, &record.fingerprint, bytes, &sum);
        self.records.insert(&key.0, row)?;
        self.expiry.insert((record.expires_ms, &key.0), ())?;
        Ok(())
    }

    /// Whether there was such a record.
    pub(super) fn remove(&mut self, key: RecordKey) -> Result<bool, redb::Error> {
        let Some(expires_ms) = self.records.remove(&key.0)?.map(|row| row.value().0) else {
            return Ok(false);
        };
        self.changed = true;
        self.expiry.remove((expires_ms, &key.0))?;
        self.open.remove(&key.0)?;
        Ok(true)
    }

    /// Removes up to `most` records that have expired at `now_ms`, the oldest first, and says how many.
    pub(super) fn expire(&mut self, now_ms: u64, most: usize) -> Result<usize, redb::Error> {
        let last = (now_ms, &[u8::MAX; 32]);
        let mut expired = Vec::new();
        for entry in self.expiry.range(..=last)?.take(most) {
            expired.push(RecordKey(*entry?.0.value().1));
        }
        for key in &expired {
            self.remove(*key)?;
        }
        Ok(expired.len())
    }

    /// Marks the file as cleanly stopped.
    pub(super) fn end(&mut self, notes: &[u8]) -> Result<(), redb::Error> {
        self.changed = true;
        write_meta(&mut self.meta, META_CLEAN, notes)
    }
}

fn is_empty(transaction: &WriteTransaction) -> Result<bool, OpenFailure> {
    let list = || -> Result<_, redb::Error> {
        let tables = transaction.list_tables()?.count();
        Ok(tables + transaction.list_multimap_tables()?.count())
    };
    let tables = list()?;
    let ours = transaction
        .list_tables()
        .map_err(redb::Error::from)?
        .any(|table| table.name() == META.name());
    match (tables, ours) {
        (0, _) => Ok(true),
        (_, true) => Ok(false),
        (_, false) => Err(OpenFailure::NotAStore(
            "a database of something else".to_owned(),
        )),
    }
}

fn open_meta(
    transaction: &WriteTransaction,
) -> Result<Table<'_, &'static str, &'static [u8]>, redb::Error> {
    Ok(transaction.open_table(META)?)
}

fn read_meta<const N: usize>(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
) -> Result<[u8; N], OpenFailure> {
    let value = meta.get(name).map_err(redb::Error::from)?;
    value
        .and_then(|value| value.value().try_into().ok())
        .ok_or_else(|| OpenFailure::NotAStore(format!("no usable `{name}` in it")))
}

fn write_meta(
    meta: &mut Table<'_, &'static str, &'static [u8]>,
    name: &str,
    value: &[u8],
) -> Result<(), redb::Error> {
    meta.insert(name, value)?;
    Ok(())
}

fn take_meta(
    meta: &mut Table<'_, &'static str, &'static [u8]>,
    name: &str,
) -> Result<Option<Vec<u8>>, redb::Error> {
    Ok(meta.remove(name)?.map(|value| value.value().to_vec()))
}

fn read(
    records: &ReadOnlyTable<Key, Row>,
    key: RecordKey,
    now_ms: u64,
) -> Result<Option<Record>, redb::Error> {
    let Some(row) = records.get_owned(&key.0)? else {
        return Ok(None);
    };
    let (expires_ms, done, fingerprint, bytes, stored) = row.value();
    let state: fn(Vec<u8>) -> RecordState = match done {
        0 => RecordState::Open,
        1 => RecordState::Done,
        _ => return Err(damaged(key)),
    };
    if sum(key, expires_ms, done, fingerprint, bytes) != *stored {
        return Err(damaged(key));
    }
    let record = Record {
        fingerprint: *fingerprint,
        state: state(bytes.to_vec()),
        expires_ms,
    };
    Ok((expires_ms > now_ms).then_some(record))
}

/// redb looks at its own sums after a kill only; a changed bit must not become somebody's answer.
fn sum(
    key: RecordKey,
    expires_ms: u64,
    done: u8,
    fingerprint: &[u8; 32],
    bytes: &[u8],
) -> [u8; SUM] {
    let mut hash = Sha256::new();
    hash.update(key.0);
    hash.update(expires_ms.to_be_bytes());
    hash.update([done]);
    hash.update(fingerprint);
    hash.update(bytes);
    let mut sum = [0; SUM];
    sum.copy_from_slice(&hash.finalize()[..SUM]);
    sum
}

fn damaged(key: RecordKey) -> redb::Error {
    redb::Error::Corrupted(format!("{key:?} does not match its sum"))
}
