//! What is under way on a connection, and since when.

use super::super::connection::Limits;
use crate::sync::lock;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
};
use tokio::time::Instant;

/// Counts for one connection.
#[derive(Debug)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    /// Requests so far.
    requests: u64,
    /// Answers so far.
    answers: u64,
    /// Header blocks that were written: one for each answer, more if the HTTP library answered by itself.
    written: u64,
    /// What is open, and since when its answer waits to be taken.
    open: BTreeMap<u64, Option<Instant>>,
    /// Since when nothing is open.
    idle: Instant,
    /// Since when a frame or a header block is only there in part.
    partial: Option<Instant>,
}

/// A request that is under way, until its answer is handed over in full.
#[derive(Debug)]
pub(super) struct Open {
    tally: Arc<Tally>,
    number: u64,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Kept {
    body: Full<Bytes>,
    _open: Open,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Counts {
            requests: 0,
            answers: 0,
            written: 0,
            open: BTreeMap::new(),
            idle: Instant::now(),
            partial: Some(Instant::now()),
        }))
    }

    /// A request begins.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        let mut counts = self.counts();
        counts.requests += 1;
        let number = counts.requests;
        counts.open.insert(number, None);
        Open {
            tally: self.clone(),
            number,
        }
    }

    /// A header block was written.
    pub(super) fn wrote(&self) {
        self.counts().written += 1;
    }

    /// Whether the bytes received so far end within a frame or a header block.
    pub(super) fn received(&self, partial: bool) {
        let mut counts = self.counts();
        if partial {
            counts.partial.get_or_insert_with(Instant::now);
        } else {
            counts.partial = None;
        }
    }

    /// What the client takes too long for, if anything.
    pub(super) fn late(&self, limits: &Limits) -> Option<&'static str> {
        let counts = self.counts();
        let mut answers = counts.open.values().flatten();
        if answers.any(|since| since.elapsed() > limits.write) {
            return Some("an answer is not taken");
        }
        // Of a body that comes slowly its reader tells, who knows the request.
        let in_head = counts.open.is_empty();
        match counts.partial {
            Some(since) if in_head && since.elapsed() > limits.head => Some("a head does not end"),
            _ => None,
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.counts().open.is_empty()
    }

    /// Whether nothing has been asked for as long as a connection is kept for that.
    pub(super) fn is_unused(&self, limits: &Limits) -> bool {
        let counts = self.counts();
        let most = match counts.requests {
            0 => limits.head,
            _ => limits.idle,
        };
        counts.open.is_empty() && counts.idle.elapsed() > most
    }

    /// Whether the HTTP library has refused a request by itself, as it does with a header list that is far too large.
    pub(super) fn was_refused(&self) -> bool {
        let counts = self.counts();
        counts.written > counts.answers
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.0)
    }
}

impl Kept {
    /// From here on the client has to take the answer.
    pub(super) fn new(body: Full<Bytes>, open: Open) -> Self {
        let mut counts = open.tally.counts();
        counts.answers += 1;
        counts.open.insert(open.number, Some(Instant::now()));
        drop(counts);
        Self { body, _open: open }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut counts = self.tally.counts();
        counts.open.remove(&self.number);
        counts.idle = Instant::now();
    }
}

impl Body for Kept {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
