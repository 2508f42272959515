//! What happened in a run, in one order: a hash of all of it, the lines of it where they are wanted, and what was wrong.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::time::Instant;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// A word for it, to count by.
    pub(crate) what: &'static str,
    pub(crate) detail: String,
}

/// The record of a run.
pub(crate) struct Log {
    started: Instant,
    events: AtomicU64,
    hasher: Mutex<DefaultHasher>,
    /// `None` where only the hash is wanted.
    lines: Option<Mutex<Vec<String>>>,
    violations: Mutex<Vec<Violation>>,
}

impl Log {
    pub(crate) fn new(with_lines: bool) -> Self {
        Self {
            started: Instant::now(),
            events: AtomicU64::new(1),
            hasher: Mutex::default(),
            lines: with_lines.then(Mutex::default),
            violations: Mutex::default(),
        }
    }

    /// The next place in the order of events.
    pub(crate) fn tick(&self) -> u64 {
        self.events.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes a line into the record.
    pub(crate) fn line(&self, line: impl FnOnce() -> String) {
        let (ms, line) = (self.started.elapsed().as_millis(), line());
        (ms, &line).hash(&mut *lock(&self.hasher));
        if let Some(lines) = &self.lines {
            lock(lines).push(format!("{:>8}.{:03} {line}", ms / 1_000, ms % 1_000));
        }
    }

    /// Takes something into the record that must not be.
    pub(crate) fn violation(&self, what: &'static str, detail: String) {
        self.line(|| format!("WRONG ({what}): {detail}"));
        lock(&self.violations).push(Violation { what, detail });
    }

    /// The hash of the run so far.
    pub(crate) fn hash(&self) -> u64 {
        lock(&self.hasher).finish()
    }

    /// All lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines
            .as_ref()
            .map(|lines| lock(lines).clone())
            .unwrap_or_default()
    }

    /// All that was wrong.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        lock(&self.violations).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
