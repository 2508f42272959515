//! One keyed request on its way through the sequencer.

use super::{Answered, Idempotency, Problem, Request, Running, Success, expires, record::Opened};
use crate::{
    clock,
    error::{Code, Error, Outcome},
    sequencer::{Changed, Edited, Intent, Landed, Noted, Once, TakeUp},
    store::{Record, RecordKey, RecordState},
    sync::lock,
};
use adapters::Element;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, atomic::Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// Writes the answer of a request, also of one that an earlier process began.
pub trait Rendering: Send + Sync {
    /// What has to be kept so that a later process can write the answer too.
    fn describe(&self) -> Value;

    /// The answer of a change.
    ///
    /// # Errors
    /// When it cannot be written.
    fn changed(&self, changed: &Changed) -> Result<Success, Error>;

    /// The answer of an edit of the catalogue.
    ///
    /// # Errors
    /// When it cannot be written.
    fn edited(&self, edited: &Edited) -> Result<Success, Error>;
}

/// A keyed request.
pub struct Keyed {
    idempotency: Arc<Idempotency>,
    key: RecordKey,
    fingerprint: [u8; 32],
    rendering: Box<dyn Rendering>,
    settle: Duration,
    /// What an earlier attempt may have done.
    earlier: Mutex<Option<Opened>>,
    /// Whether something was written down that has to be taken back if nothing was applied.
    is_open: Mutex<bool>,
    turn: Option<Turn>,
}

/// The right to carry out what is under a key; a repeat waits until it is given up.
pub(super) struct Turn {
    idempotency: Arc<Idempotency>,
    key: RecordKey,
    running: Arc<Running>,
}

/// A caller that waits; its end lets a repeat of the request wait in its place.
pub struct Waiting(Arc<Running>);

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Turn {
    pub(super) fn new(
        idempotency: Arc<Idempotency>,
        key: RecordKey,
        running: Arc<Running>,
    ) -> Self {
        Self {
            idempotency,
            key,
            running,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.idempotency.running().remove(&self.key);
        self.running.ended.notify_waiters();
    }
}

impl Waiting {
    pub(super) fn new(running: Arc<Running>) -> Self {
        Self(running)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.caller_waits.store(false, Ordering::Release);
    }
}

impl Keyed {
    pub(super) fn new(turn: Turn, request: Request, earlier: Option<Opened>) -> Self {
        Self {
            idempotency: turn.idempotency.clone(),
            key: turn.key,
            fingerprint: request.fingerprint,
            rendering: request.rendering,
            settle: request.settle,
            is_open: Mutex::new(earlier.is_some()),
            earlier: Mutex::new(earlier),
            turn: Some(turn),
        }
    }

    /// A request that an earlier process left open; it holds no turn, so its repeat need not wait for it.
    pub(super) fn dormant(
        idempotency: Arc<Idempotency>,
        key: RecordKey,
        fingerprint: [u8; 32],
        rendering: Box<dyn Rendering>,
        earlier: Opened,
    ) -> Self {
        Self {
            idempotency,
            key,
            fingerprint,
            rendering,
            settle: Duration::ZERO,
            earlier: Mutex::new(Some(earlier)),
            is_open: Mutex::new(true),
            turn: None,
        }
    }

    /// The answer that has been kept meanwhile, if any.
    pub async fn answered(&self) -> Option<Answered> {
        let record = self.idempotency.store.get(self.key, clock::unix_ms()).await;
        match record.ok()??.state {
            RecordState::Done(bytes) => serde_json::from_slice(&bytes).ok(),
            RecordState::Open(_) => None,
        }
    }

    fn earlier(&self) -> MutexGuard<'_, Option<Opened>> {
        lock(&self.earlier)
    }

    /// Whether the attempt that is looked into is the only one there was.
    fn is_first_attempt(&self) -> bool {
        match (&self.turn, &*self.earlier()) {
            (None, Some(opened)) => !opened.resumed,
            (_, earlier) => earlier.is_none(),
        }
    }

    async fn finish(&self, answered: Result<Answered, Error>) {
        let bytes = answered
            .ok()
            .and_then(|answered| serde_json::to_vec(&answered).ok());
        let Some(bytes) = bytes else {
            return;
        };
        let record = Record {
            fingerprint: self.fingerprint,
            state: RecordState::Done(bytes),
            expires_ms: expires(),
        };
        // The change took effect, whatever becomes of its record: a repeat then finds it open, and so by reading.
        if self.idempotency.keep(self.key, record).await.is_ok() {
            self.set_open(false);
        }
    }

    async fn release(&self) {
        if !std::mem::take(&mut *lock(&self.is_open)) {
            return;
        }
        if let Err(error) = self.idempotency.store.remove(self.key).await {
            tracing::error!(%error, "the record of a request that was not applied stays");
        }
    }

    fn set_open(&self, open: bool) {
        *lock(&self.is_open) = open;
    }

    /// What becomes of the record when the request failed, and what its caller is told.
    async fn failed(&self, error: Error) -> Error {
        if Problem::is_final(&error) {
            self.finish(Ok(Answered::Problem(Problem::of(&error))))
                .await;
            return error;
        }
        let not_applied = matches!(error.known_outcome(), Some(Outcome::NotApplied) | None)
            && error.code() != Code::PartiallyApplied;
        if !not_applied {
            if let Some(turn) = &self.turn
                && error.known_outcome() == Some(Outcome::Unknown)
            {
                *lock(&turn.running.settles) = Some(Instant::now() + self.settle);
            }
            return error;
        }
        if self.earlier().is_some() {
            // An earlier attempt may have done a part of it.
            return error.outcome(Outcome::Unknown);
        }
        self.release().await;
        error
    }

    /// The effect of all attempts together.
    fn with_earlier(&self, mut changed: Changed) -> Changed {
        let earlier = self.earlier();
        let Some(opened) = &*earlier else {
            return changed;
        };
        let merge = |noted: &[Noted], now: &mut Vec<Element>| {
            for element in noted.iter().map(Noted::element) {
                if !now.iter().any(|held| is_same(held, &element)) {
                    now.push(element);
                }
            }
        };
        merge(&opened.intent.added, &mut changed.added);
        merge(&opened.intent.removed, &mut changed.removed);
        changed
    }
}

impl Once for Keyed {
    fn take_up(&self) -> BoxFuture<'_, Result<TakeUp, Error>> {
        Box::pin(async {
            if self.earlier().is_none() {
                return Ok(TakeUp::Fresh);
            }
            let record = self.idempotency.store.get(self.key, clock::unix_ms()).await;
            let record =
                record.map_err(|error| super::unavailable(error).outcome(Outcome::Unknown))?;
            Ok(match record.map(|record| record.state) {
                None => {
                    *self.earlier() = None;
                    self.set_open(false);
                    TakeUp::Fresh
                }
                Some(RecordState::Done(_)) => TakeUp::Known,
                Some(RecordState::Open(_)) => TakeUp::Resumes,
            })
        })
    }

    fn refused(&self, error: Error) -> Error {
        let not_applied = error.known_outcome() == Some(Outcome::NotApplied);
        match not_applied && self.earlier().is_some() {
            true => error.outcome(Outcome::Unknown),
            false => error,
        }
    }

    fn intend(&self, intent: Intent) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let mut intent = intent;
            let mut resumed = false;
            if let Some(opened) = &*self.earlier() {
                union(&mut intent.added, &opened.intent.added);
                union(&mut intent.removed, &opened.intent.removed);
                resumed = true;
            }
            let opened = Opened {
                rendering: self.rendering.describe(),
                intent,
                resumed,
            };
            let record = Record {
                fingerprint: self.fingerprint,
                state: RecordState::Open(serde_json::to_vec(&opened).unwrap_or_default()),
                expires_ms: expires(),
            };
            self.idempotency.keep(self.key, record).await?;
            self.set_open(true);
            Ok(())
        })
    }

    fn changed(&self, result: Result<Changed, Error>) -> BoxFuture<'_, Result<Changed, Error>> {
        Box::pin(async move {
            match result {
                Ok(changed) => {
                    let changed = self.with_earlier(changed);
                    let answer = self.rendering.changed(&changed);
                    self.finish(answer.map(Answered::Success)).await;
                    Ok(changed)
                }
                Err(error) => Err(self.failed(error).await),
            }
        })
    }

    fn edited(&self, result: Result<Edited, Error>) -> BoxFuture<'_, Result<Edited, Error>> {
        Box::pin(async move {
            match result {
                Ok(edited) => {
                    let answer = self.rendering.edited(&edited);
                    self.finish(answer.map(Answered::Success)).await;
                    Ok(edited)
                }
                Err(error) => Err(self.failed(error).await),
            }
        })
    }

    fn resolved(&self, landed: Landed, intent: &Intent) -> BoxFuture<'_, ()> {
        let changed = Changed {
            added: intent.added.iter().map(Noted::element).collect(),
            removed: intent.removed.iter().map(Noted::element).collect(),
            assumed: intent.assumed,
            set: None,
        };
        Box::pin(async move {
            match landed {
                Landed::Wholly => {
                    let answer = self.rendering.changed(&self.with_earlier(changed));
                    self.finish(answer.map(Answered::Success)).await;
                }
                // What an earlier attempt did of it still stands to be completed.
                Landed::NotAtAll if self.is_first_attempt() => self.release().await,
                Landed::NotAtAll | Landed::Partly => {}
            }
        })
    }

    fn seed(&self) -> [u8; 32] {
        self.idempotency.seed(self.key)
    }
}

fn union(now: &mut Vec<Noted>, earlier: &[Noted]) {
    for noted in earlier {
        if !now.contains(noted) {
            now.push(noted.clone());
        }
    }
}

fn is_same(one: &Element, other: &Element) -> bool {
    one.is_same(other)
        || matches!((one.tag(), other.tag()), (Some(one), Some(other)) if one.identity == other.identity)
}
