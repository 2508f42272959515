//! The way of a call to the vendor, layer by layer. The order is decided here and nowhere else.

use super::{
    CallError,
    attempt::Attempt,
    breaker::{Breaker, Kind, Leave, Stopped},
    call::{Outgoing, Sent},
    retry::{Retries, RetryLayer},
    turns::{Turn, Turns},
};
use adapters::Repeat;
use std::{convert::Infallible, sync::Arc};
use tower::{ServiceBuilder, ServiceExt, layer::layer_fn, service_fn, util::BoxCloneSyncService};

/// All that lies between a checked call and its answer; whatever fails is in [`Sent`].
pub(super) type Stack = BoxCloneSyncService<Outgoing, Sent, Infallible>;

/// A call that may be sent now.
#[derive(Debug)]
pub(super) struct Cleared {
    pub(super) call: Outgoing,
    pub(super) turn: Turn,
    pub(super) leave: Leave,
}

pub(super) fn stack(
    retries: Arc<Retries>,
    breaker: Arc<Breaker>,
    turns: Arc<Turns>,
    attempt: Attempt,
) -> Stack {
    let (stops, attempt) = (breaker.clone(), Arc::new(attempt));
    let stack = ServiceBuilder::new()
        // Outermost: every attempt stands in line anew, and nothing is held while a pause lasts.
        .layer(RetryLayer(retries))
        // Before the line: whoever would wait for a vendor that is left alone is told at once.
        .layer(layer_fn(move |inner| {
            let breaker = stops.clone();
            service_fn(move |call: Outgoing| {
                let (inner, look) = (Clone::clone(&inner), breaker.look());
                async move {
                    look?;
                    ServiceExt::oneshot(inner, call).await
                }
            })
        }))
        // The quota and the places, in one line: whoever held one and waited for the other would keep it from somebody.
        .layer(layer_fn(move |inner| {
            let turns = turns.clone();
            service_fn(move |call: Outgoing| {
                let (inner, turns) = (Clone::clone(&inner), turns.clone());
                async move {
                    let turn = turns.take(&call).await?;
                    ServiceExt::oneshot(inner, (call, turn)).await
                }
            })
        }))
        // Behind the line: much may have happened while the call stood in it, and a probe is one that is really sent.
        .layer(layer_fn(move |inner| {
            let breaker = breaker.clone();
            service_fn(move |(call, turn): (Outgoing, Turn)| {
                let kind = match call.repeat {
                    Repeat::Read => Kind::Read,
                    Repeat::Commutes
                    | Repeat::Keyed
                    | Repeat::ReplacesSet
                    | Repeat::LookUpFirst => Kind::Write,
                };
                let (inner, leave) = (Clone::clone(&inner), breaker.leave(kind));
                async move {
                    match leave {
                        Ok(leave) => {
                            ServiceExt::oneshot(inner, Cleared { call, turn, leave }).await
                        }
                        Err(stopped) => {
                            turn.share.unsent();
                            Err(CallError::from(stopped))
                        }
                    }
                }
            })
        }))
        // Innermost: sends once. Cuts a silent read; a sent write gives its place back and is listened to.
        .service_fn(move |cleared: Cleared| {
            let attempt = attempt.clone();
            async move { attempt.make(cleared).await }
        });
    BoxCloneSyncService::new(stack)
}

impl From<Stopped> for CallError {
    fn from(Stopped { cause, wait }: Stopped) -> Self {
        Self::Stopped { cause, wait }
    }
}
