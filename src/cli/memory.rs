//! What outlives the process: opened at the start, handed to the lanes, closed at a clean stop.

use crate::{
    api, clock, edge,
    gateway::Gateway,
    idempotency::Idempotency,
    redact,
    sequencer::{Lanes, Notes},
    store::{Found, Store, StoreError, StoreLimits},
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often expired records are removed.
const SWEEP: Duration = Duration::from_secs(60);

/// The store and what was found in it; nothing where the operator keeps none.
pub(super) struct Memory {
    pub(super) idempotency: Option<Arc<Idempotency>>,
    found: Option<Found>,
}

impl Memory {
    /// Opens the store. From here on a stop that does not close it is an unclean one.
    ///
    /// # Errors
    /// A file that cannot be used, with what the operator can do.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        let Some(path) = path else {
            return Ok(Self {
                idempotency: None,
                found: None,
            });
        };
        let (store, found) = Store::open(path, StoreLimits::default(), clock::unix_ms())?;
        redact::hide_bytes(store.secret());
        Ok(Self {
            idempotency: Some(Idempotency::new(store)),
            found: Some(found),
        })
    }

    /// Hands what an earlier process left to the lanes. After an unclean stop any of its writes may still land, so
    /// every account of a real vendor waits for that; an embedded twin begins anew with each process.
    pub(super) fn take_over(self, gateway: &Gateway, lanes: &Lanes) -> Option<Arc<Idempotency>> {
        match self.found.as_ref().and_then(left) {
            Some(notes) => lanes.restore(notes),
            None => {
                let now = Instant::now();
                for route in gateway.routes() {
                    let account = &route.account;
                    if account.twin.is_none() {
                        let until = now + account.limits.settle;
                        lanes.hold_account(&account.key, until);
                        account.doubt_catalogue(until);
                    }
                }
                if let Some(until) = lanes.held_until() {
                    tracing::warn!(
                        until = clock::rfc3339(until),
                        "the last stop left no word of its writes; changes wait until they can no longer land"
                    );
                }
            }
        }
        let (idempotency, found) = (self.idempotency?, self.found?);
        lanes.restore_open(idempotency.dormant(found.open, api::rendering));
        Some(idempotency)
    }
}

/// What the last stop left; nothing where it left no word, or none that can be read.
fn left(found: &Found) -> Option<Notes> {
    match (found.first, found.clean, found.notes.as_slice()) {
        (true, _, _) | (false, true, []) => Some(Notes::default()),
        (false, false, _) => None,
        (false, true, bytes) => match Notes::from_bytes(bytes) {
            Ok(notes) => Some(notes),
            Err(error) => {
                tracing::error!(%error, "the notes of the last stop cannot be read");
                None
            }
        },
    }
}

/// Removes expired records until it is aborted.
pub(super) async fn sweep(idempotency: Arc<Idempotency>) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        idempotency.expire().await;
    }
}

/// Leaves word for the next process and marks the stop as a clean one.
pub(super) async fn close(status: &edge::Status) {
    let gateway = status.gateway();
    let Some(idempotency) = &gateway.idempotency else {
        return;
    };
    let notes = status.lanes.notes();
    if let Err(error) = idempotency.store().close(notes.to_bytes()).await {
        tracing::error!(%error, "the store is not closed cleanly");
    }
}
