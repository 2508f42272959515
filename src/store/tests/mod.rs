mod durable;
mod held;
mod limits;
mod platter;
mod refused;
mod stops;

use super::{Found, OpenFailure, Record, RecordKey, RecordState, Store, StoreError, StoreLimits};
use platter::Platter;
use std::path::Path;

const SECRET: [u8; 32] = [7; 32];

fn key(number: u8) -> RecordKey {
    RecordKey([number; 32])
}

fn open_record(text: &str) -> Record {
    Record {
        fingerprint: [1; 32],
        state: RecordState::Open(text.into()),
        expires_ms: 1_000,
    }
}

fn done_record(text: &str) -> Record {
    Record {
        state: RecordState::Done(text.into()),
        ..open_record("")
    }
}

fn on(platter: &Platter) -> Result<(Store, Found), StoreError> {
    Store::with_backend_and_secret(platter.clone(), StoreLimits::default(), 0, SECRET)
}

fn at(path: &Path) -> Result<(Store, Found), StoreError> {
    Store::open(path, StoreLimits::default(), 0)
}

/// Why `path` cannot be opened.
fn refusal(path: &Path) -> OpenFailure {
    match at(path) {
        Err(StoreError::Open {
            path: named,
            reason,
        }) => {
            assert_eq!(named, path);
            reason
        }
        other => panic!("{other:?}"),
    }
}
