//! What came of a call that may go wrong, and what of it is still to come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};

use super::{
    Struck,
    served::{Shared, lock},
    session::Ticket,
};
use crate::clock;

/// What came of a call on which the plan of faults had a say.
pub struct Received {
    /// The answer, or that from which what goes out is cut; `None` where there is none.
    pub answer: Option<Response<Bytes>>,
    /// What goes wrong.
    pub fault: Option<Struck>,
    /// A write that is still to come.
    pub late: Option<LateCall>,
}

/// A call that takes effect later, whatever its caller was told.
pub struct LateCall {
    pub(super) session: Shared,
    pub(super) request: Request<Bytes>,
    pub(super) ticket: Ticket,
    pub(super) after: Duration,
    /// Counts it for as long as it is under way.
    pub(super) _counted: Counted,
}

/// One of a count.
pub(super) struct Counted(Arc<AtomicU64>);

impl Received {
    pub(super) fn plain(answer: Response<Bytes>) -> Self {
        Self {
            answer: Some(answer),
            fault: None,
            late: None,
        }
    }
}

impl LateCall {
    /// Waits its time and takes effect then.
    pub async fn land(self) {
        tokio::time::sleep(self.after).await;
        self.land_now(clock::unix_ms());
    }

    /// How long it waits.
    pub fn after(&self) -> Duration {
        self.after
    }

    /// Takes effect.
    pub fn land_now(self, now_unix_ms: u64) {
        lock(&self.session).land(&self.request, self.ticket, now_unix_ms);
    }
}

impl Counted {
    pub(super) fn new(count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
