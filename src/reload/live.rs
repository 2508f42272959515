//! One pointer to what runs.

use crate::{clock, config::Fault, gateway::Gateway};
use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

/// What runs, for whoever has to ask it; replaced as a whole.
pub struct Live {
    current: RwLock<Arc<Generation>>,
    trouble: Mutex<Option<Trouble>>,
    failures: AtomicU64,
}

/// A configuration that runs or ran.
pub struct Generation {
    /// 1 for what the process started with, and one more with each reload.
    pub number: u64,
    /// The SHA-256 of its file, in hexadecimal digits; empty where there was no file.
    pub digest: String,
    /// What it became.
    pub gateway: Arc<Gateway>,
}

/// Why the last reload changed nothing.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Trouble {
    /// When it was tried, in RFC 3339.
    pub at: String,
    /// Every fault, as `tagway check` prints it.
    pub faults: Vec<String>,
}

impl Live {
    /// What a process starts with.
    pub fn new(gateway: Gateway, digest: String) -> Self {
        let first = Generation {
            number: 1,
            digest,
            gateway: Arc::new(gateway),
        };
        Self {
            current: RwLock::new(Arc::new(first)),
            trouble: Mutex::new(None),
            failures: AtomicU64::new(0),
        }
    }

    /// What runs now. A request takes it once, so that all of it is judged by one configuration.
    pub fn current(&self) -> Arc<Generation> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The gateway that runs now.
    pub fn gateway(&self) -> Arc<Gateway> {
        self.current().gateway.clone()
    }

    /// Why the last reload changed nothing, if that was so.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many reloads changed nothing.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Puts a successor of the current gateway in its place.
    pub(super) fn swap(&self, gateway: Gateway, digest: String) -> Arc<Generation> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        gateway.take_over();
        let next = Arc::new(Generation {
            number: current.number + 1,
            digest,
            gateway: Arc::new(gateway),
        });
        *current = next.clone();
        drop(current);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
        next
    }

    /// Remembers why nothing was changed.
    pub(super) fn failed(&self, faults: &[Fault]) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(Trouble {
            at: clock::rfc3339(tokio::time::Instant::now()),
            faults: faults.iter().map(ToString::to_string).collect(),
        });
    }
}
