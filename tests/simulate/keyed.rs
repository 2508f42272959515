//! Changes that are repeated under a key until their caller knows what came of them, and the disk that remembers
//! them while processes come and go.

use super::life::Life;
use redb::{BackendError, StorageBackend};
use serde_json::{Value, json};
use std::{
    fmt, io,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tagway::{
    error::{Code, Error},
    idempotency::{Idempotency, Rendering, Success},
    sequencer::{Changed, Edited, Lanes, Noted},
    store::{Store, StoreLimits},
};

/// What one run keeps beyond a process.
#[derive(Debug, Default)]
pub(crate) struct Disk(Mutex<Vec<u8>>);

/// A process's hand on the disk; it holds nothing any more once the process is gone.
struct Hand {
    disk: Arc<Disk>,
    life: Arc<Life>,
}

/// Writes answers in a form that is read back here.
pub(crate) struct Plain;

/// Opens what the process before has left, and hands it to the lanes.
pub(crate) fn open(disk: &Arc<Disk>, life: &Arc<Life>, lanes: &Lanes) -> Arc<Idempotency> {
    let hand = Hand {
        disk: disk.clone(),
        life: life.clone(),
    };
    let now = tagway::clock::unix_ms();
    let opened = Store::with_backend_and_secret(hand, StoreLimits::default(), now, [7; 32]);
    let (store, found) = opened.expect("the disk does not fail");
    let idempotency = Idempotency::new(store);
    let rendering = |_: &Value| Some(Box::new(Plain) as Box<dyn Rendering>);
    lanes.restore_open(idempotency.dormant(found.open, rendering));
    idempotency
}

/// What was written as an answer.
pub(crate) fn read_back(success: &Success) -> Changed {
    let body: Value =
        serde_json::from_str(success.body.as_deref().unwrap_or_default()).expect("JSON");
    let elements = |member: &str| {
        let noted: Vec<Noted> =
            serde_json::from_value(body[member].clone()).expect("a list of elements");
        noted.iter().map(Noted::element).collect()
    };
    Changed {
        added: elements("added"),
        removed: elements("removed"),
        assumed: body["assumed"] == json!(true),
        set: None,
    }
}

impl Rendering for Plain {
    fn describe(&self) -> Value {
        Value::Null
    }

    fn changed(&self, changed: &Changed) -> Result<Success, Error> {
        let noted = |elements: &[adapters::Element]| -> Vec<Noted> {
            elements.iter().filter_map(Noted::of).collect()
        };
        let body = json!({
            "added": noted(&changed.added),
            "removed": noted(&changed.removed),
            "assumed": changed.assumed,
        });
        Ok(Success {
            status: 200,
            body: Some(body.to_string()),
            etag: None,
            preference_applied: None,
            location: None,
        })
    }

    fn edited(&self, _: &Edited) -> Result<Success, Error> {
        Err(Error::new(
            Code::Internal,
            "nobody edits the catalogue here",
        ))
    }
}

impl Hand {
    fn bytes(&self) -> io::Result<MutexGuard<'_, Vec<u8>>> {
        match self.life.is_over() {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => Ok(self.disk.0.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

impl fmt::Debug for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hand")
    }
}

impl StorageBackend for Hand {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes()?.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes()?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let from = bytes.get(start..start + out.len());
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.bytes()?.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.bytes().map(|_| ())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes()?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let to = bytes.get_mut(start..start + data.len());
        to.ok_or(io::ErrorKind::UnexpectedEof)?
            .copy_from_slice(data);
        Ok(())
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}
