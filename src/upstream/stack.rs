//! The way of a call to the vendor, layer by layer. The order is decided here and nowhere else.

use super::{
    CallError,
    attempt::Attempt,
    breaker::{Breaker, Kind, Stopped},
    call::{Outgoing, Sent},
    retry::Retries,
    turns::Turns,
};
use adapters::{Answer, Repeat};
use std::sync::Arc;
use tokio::time::Instant;

/// All that lies between a checked call and its answer.
///
/// The layers are functions that call one another, and the call is lent to them: when they were boxed services, each with
/// a clone of the call, and stood in line even where nobody waited, a plain add's call took 55,000 instructions instead
/// of 41,000.
pub(super) struct Stack {
    pub(super) retries: Arc<Retries>,
    pub(super) breaker: Arc<Breaker>,
    pub(super) turns: Arc<Turns>,
    pub(super) attempt: Attempt,
}

impl Stack {
    /// Brings a call to its answer; whatever fails is in [`Sent`].
    pub(super) async fn send(&self, call: &Outgoing<'_>) -> Sent {
        // Outermost: every attempt stands in line anew, and nothing is held while a pause lasts.
        self.retries.send(call, || self.once(call)).await
    }

    async fn once(&self, call: &Outgoing<'_>) -> Result<Box<Answer>, CallError> {
        // Before the line: whoever would wait for a vendor that is left alone is told at once.
        self.breaker.look()?;
        // The quota and the places, in one line: whoever held one and waited for the other would keep it from somebody.
        let mut turn = self.turns.take(call).await?;
        // Behind the line: much may have happened while the call stood in it, and a probe is one that is really sent.
        let mut leave = match self.breaker.leave(kind(call.repeat)) {
            Ok(leave) => leave,
            Err(stopped) => {
                turn.unsent();
                return Err(stopped.into());
            }
        };
        // Innermost: sends once. Cuts a silent read; a sent write gives its place back and is listened to.
        let started = Instant::now();
        let answer = self
            .attempt
            .make(call, started, &mut turn, &mut leave)
            .await;
        self.attempt.conclude(call, started, turn, leave, answer)
    }
}

fn kind(repeat: Repeat) -> Kind {
    match repeat {
        Repeat::Read => Kind::Read,
        Repeat::Commutes | Repeat::Keyed | Repeat::ReplacesSet | Repeat::LookUpFirst => Kind::Write,
    }
}

impl From<Stopped> for CallError {
    fn from(Stopped { cause, wait }: Stopped) -> Self {
        Self::Stopped { cause, wait }
    }
}
