//! `Idempotency-Key`: a request that is repeated under its key is carried out once.
//!
//! A final answer is kept and sent again. What was certainly not applied releases the key. What may have been
//! applied stays open: a repeat waits for what is still under way, and completes what is left. After a restart
//! nothing is written until the repeat comes.

mod keyed;
mod record;

pub use keyed::{Keyed, Rendering, Waiting};
pub use record::{Answered, Problem, Success};

use crate::{
    clock,
    error::{Code, Error, Outcome},
    planted::{self, Bug},
    sequencer::Dormant,
    store::{Record, RecordKey, RecordState, Store, StoreError},
};
use hmac::{Hmac, KeyInit, Mac};
use record::Opened;
use sha2::Sha256;
use std::{
    collections::{HashMap, hash_map},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// How long an answer is kept, from the request's end.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// When a caller may try again that came while another one waits, or while the store is not available.
const SOON: Duration = Duration::from_secs(1);

/// The keyed requests of this gateway.
#[derive(Debug)]
pub struct Idempotency {
    store: Store,
    running: Mutex<HashMap<RecordKey, Arc<Running>>>,
}

/// A keyed request, and how its answer is written.
pub struct Request {
    /// What the key is under: the client, the account, the method and the path.
    pub scope: [String; 4],
    /// The caller's key.
    pub key: String,
    /// A digest of what the request asks for.
    pub fingerprint: [u8; 32],
    /// Writes its answer.
    pub rendering: Box<dyn Rendering>,
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// How long an unanswered write of it may still take effect.
    pub settle: Duration,
}

/// What is to be done with a keyed request.
pub enum Entered {
    /// It was answered before.
    Answered(Answered),
    /// It is carried out, or what is left of it. The caller waits for as long as the second part lives.
    Run(Arc<Keyed>, Waiting),
}

/// A keyed request that is under way, or of which a write may still land.
#[derive(Debug)]
struct Running {
    fingerprint: [u8; 32],
    caller_waits: AtomicBool,
    /// When a write of it can no longer land, once it is known that one may.
    settles: Mutex<Option<Instant>>,
    ended: Notify,
}

impl Idempotency {
    /// Keyed requests in a store.
    pub fn new(store: Store) -> Arc<Self> {
        Arc::new(Self {
            store,
            running: Mutex::default(),
        })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The requests that an earlier process left open, for the lanes; `rendering` reads how an answer is written.
    pub fn dormant(
        self: &Arc<Self>,
        open: Vec<(RecordKey, Record)>,
        rendering: impl Fn(&serde_json::Value) -> Option<Box<dyn Rendering>>,
    ) -> Vec<Dormant> {
        let open = open.into_iter().filter_map(|(key, record)| {
            let RecordState::Open(bytes) = &record.state else {
                return None;
            };
            let opened: Opened = serde_json::from_slice(bytes).ok()?;
            if opened.intent.conversation.is_empty() {
                return None;
            }
            Some(Dormant {
                intent: opened.intent.clone(),
                once: Arc::new(Keyed::dormant(
                    self.clone(),
                    key,
                    record.fingerprint,
                    rendering(&opened.rendering)?,
                    opened,
                )),
            })
        });
        open.collect()
    }

    /// Takes a keyed request in. Waits while an earlier one under the key is under way and nobody waits for it.
    ///
    /// # Errors
    /// `idempotency-in-progress`, `idempotency-mismatch`, `store-unavailable`; when the caller's time ends first,
    /// what is known of the earlier one.
    pub async fn enter(self: &Arc<Self>, request: Request) -> Result<Entered, Error> {
        let key = self.record_key(&request);
        let running = loop {
            let earlier = match self.running().entry(key) {
                hash_map::Entry::Vacant(place) => {
                    break place
                        .insert(Arc::new(Running::new(request.fingerprint)))
                        .clone();
                }
                hash_map::Entry::Occupied(earlier) => earlier.get().clone(),
            };
            if earlier.fingerprint != request.fingerprint {
                return Err(mismatch());
            }
            let ended = earlier.ended.notified();
            if earlier.caller_waits.load(Ordering::Acquire) {
                return Err(Error::new(
                    Code::IdempotencyInProgress,
                    "a request with this key is still under way",
                )
                .retry_after(SOON)
                .outcome(Outcome::Unknown));
            }
            if !self.is_running(&key, &earlier) {
                continue;
            }
            if timeout_at(request.deadline, ended).await.is_err() {
                return Err(earlier.still_open());
            }
        };
        let turn = keyed::Turn::new(self.clone(), key, running.clone());
        let record = match planted::is(Bug::ForgetsKeys) {
            true => Ok(None),
            false => self.store.get(key, clock::unix_ms()).await,
        };
        let opened = match record.map_err(unavailable)? {
            None => None,
            Some(record) if record.fingerprint != request.fingerprint => return Err(mismatch()),
            Some(record) => match record.state {
                RecordState::Done(bytes) => {
                    let answered = serde_json::from_slice(&bytes);
                    return answered.map(Entered::Answered).map_err(|error| {
                        tracing::error!(%error, "a kept answer cannot be read");
                        Error::new(Code::Internal, "the kept answer cannot be read")
                    });
                }
                RecordState::Open(bytes) => serde_json::from_slice(&bytes).ok(),
            },
        };
        let waiting = Waiting::new(running);
        let keyed = Keyed::new(turn, request, opened);
        Ok(Entered::Run(Arc::new(keyed), waiting))
    }

    /// Removes what has expired; called from time to time.
    pub async fn expire(&self) {
        if let Err(error) = self.store.expire(clock::unix_ms()).await {
            tracing::warn!(%error, "expired idempotency records cannot be removed");
        }
    }

    /// Two clients' keys never meet: who asks is a part of what the record is found by.
    fn record_key(&self, request: &Request) -> RecordKey {
        let mut mac = self.mac(b"record");
        for part in request.scope.iter().chain([&request.key]) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        RecordKey(mac.finalize().into_bytes().into())
    }

    /// What keys of the vendor's are derived from.
    fn seed(&self, key: RecordKey) -> [u8; 32] {
        let mut mac = self.mac(b"vendor");
        mac.update(&key.0);
        mac.finalize().into_bytes().into()
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, purpose: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.store.secret()).expect("any length");
        mac.update(purpose);
        mac
    }

    fn running(&self) -> MutexGuard<'_, HashMap<RecordKey, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_running(&self, key: &RecordKey, one: &Arc<Running>) -> bool {
        self.running()
            .get(key)
            .is_some_and(|current| Arc::ptr_eq(current, one))
    }

    async fn keep(&self, key: RecordKey, record: Record) -> Result<(), Error> {
        self.store.put(key, record).await.map_err(unavailable)
    }
}

impl Running {
    fn new(fingerprint: [u8; 32]) -> Self {
        Self {
            fingerprint,
            caller_waits: AtomicBool::new(true),
            settles: Mutex::new(None),
            ended: Notify::new(),
        }
    }

    /// What a repeat is told whose time ends before the earlier request's.
    fn still_open(&self) -> Error {
        let settles = *self.settles.lock().unwrap_or_else(PoisonError::into_inner);
        match settles {
            Some(until) => Error::new(
                Code::ConversationSettling,
                "the earlier request with this key may still take effect",
            )
            .retry_after(until.saturating_duration_since(Instant::now()))
            .settles_at(clock::rfc3339(until)),
            None => Error::new(
                Code::VendorTimeout,
                "the vendor has not answered the earlier request with this key yet",
            ),
        }
        .outcome(Outcome::Unknown)
    }
}

fn expires() -> u64 {
    let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
    clock::unix_ms().saturating_add(kept)
}

fn mismatch() -> Error {
    Error::new(
        Code::IdempotencyMismatch,
        "this key was used for another request",
    )
    .outcome(Outcome::NotApplied)
}

fn unavailable(error: StoreError) -> Error {
    tracing::error!(%error, "the store is not available");
    Error::new(
        Code::StoreUnavailable,
        "the store of idempotency keys is not available",
    )
    .retry_after(SOON)
    .outcome(Outcome::NotApplied)
}
