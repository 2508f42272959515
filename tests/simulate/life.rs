//! The life of one gateway process of a run.

use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Lasts until the process is killed.
#[derive(Debug, Default)]
pub(crate) struct Life {
    over: AtomicBool,
    end: Notify,
}

impl Life {
    /// Kills the process.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.end.notify_waiters();
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Waits for its end.
    pub(crate) async fn ended(&self) {
        let end = self.end.notified();
        if !self.over.load(Ordering::Relaxed) {
            end.await;
        }
    }
}
