//! The way of a call to the vendor, layer by layer. The order is decided here and nowhere else.

use super::{
    attempt::Attempt,
    call::{Outgoing, Sent},
    retry::{Retries, RetryLayer},
    slots::{Slots, SlotsLayer},
};
use std::{convert::Infallible, sync::Arc};
use tower::{ServiceBuilder, util::BoxCloneSyncService};

/// All that lies between a checked call and its answer; whatever fails is in [`Sent`].
pub(super) type Stack = BoxCloneSyncService<Outgoing, Sent, Infallible>;

pub(super) fn stack(retries: Arc<Retries>, slots: Arc<Slots>, attempt: Attempt) -> Stack {
    let stack = ServiceBuilder::new()
        // Outermost: every attempt stands in line anew, and nothing is held while a pause lasts.
        .layer(RetryLayer(retries))
        // A place at the vendor, for one attempt.
        .layer(SlotsLayer(slots))
        // Innermost: sends once. Cuts a silent read; a sent write gives its slot back and is listened to.
        .service(attempt);
    BoxCloneSyncService::new(stack)
}
