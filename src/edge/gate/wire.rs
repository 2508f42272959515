//! What the two ends of a connection know of each other: the bytes before the HTTP library, the requests behind it.

use super::head::Framing;
use crate::{
    error::{Code, Error},
    sync::lock,
};
use http::{Method, Request};
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, ready},
};
use tokio::sync::Notify;

/// The one place where both ends of a connection meet.
#[derive(Clone, Debug, Default)]
pub(in crate::edge) struct Wire(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    shared: Mutex<Shared>,
    claimed: Notify,
}

#[derive(Debug, Default)]
struct Shared {
    ticket: Option<Ticket>,
    /// Whether bytes of a head were received that no request was made of yet.
    begun: bool,
    busy: bool,
    unread: bool,
    last: bool,
    rests: bool,
}

/// What a head was let through as.
#[derive(Debug)]
pub(super) enum Ticket {
    /// A request of this method, whose body is delimited like this.
    Request(Method, Framing),
    /// Something that is not a request of HTTP; a stand-in was let through, to be answered with this.
    Refusal(Error),
}

/// The body of a request, which tells when it was read to its end.
#[derive(Debug)]
pub(in crate::edge) struct Watched<B> {
    body: B,
    wire: Wire,
}

impl<B> Watched<B> {
    pub(in crate::edge) fn new(body: B, wire: Wire) -> Self {
        Self { body, wire }
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.wire.shared().unread = false;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Wire {
    /// Bytes of a head were received.
    pub(super) fn begin(&self) {
        self.shared().begun = true;
    }

    /// The next answer is the last one.
    pub(in crate::edge) fn ends(&self) {
        self.shared().last = true;
    }

    /// Waits until `over`, and as long as a request is under way or its head has begun to arrive: such a one can no
    /// longer be called off.
    pub(in crate::edge) async fn nothing_begins(&self, over: impl Future<Output = ()>) {
        over.await;
        loop {
            let claimed = self.0.claimed.notified();
            let is_over = {
                let shared = self.shared();
                !shared.busy && !shared.begun
            };
            if is_over {
                return;
            }
            claimed.await;
        }
    }

    /// No request is under way.
    pub(in crate::edge) fn rest(&self) {
        self.shared().rests = true;
    }

    /// Whether the connection has come to rest since this was last asked. No request is under way then, not even one
    /// that began meanwhile.
    pub(in crate::edge) fn has_come_to_rest(&self) -> bool {
        let mut shared = self.shared();
        let rests = std::mem::take(&mut shared.rests);
        rests && !shared.begun && !shared.busy && shared.ticket.is_none()
    }

    /// Announces the next head. False if the one before it has not become a request: then somebody miscounted.
    pub(super) fn announce(&self, ticket: Ticket) -> bool {
        let mut shared = self.shared();
        if shared.ticket.is_some() {
            return false;
        }
        shared.ticket = Some(ticket);
        true
    }

    /// Whether a request is being answered.
    pub(in crate::edge) fn is_busy(&self) -> bool {
        self.shared().busy
    }

    /// Whether the body of the last request was not read to its end.
    pub(in crate::edge) fn has_unread(&self) -> bool {
        self.shared().unread
    }

    /// Takes a request that the HTTP library has read. It has to be the one that was announced: a request that was
    /// not is a part of another one's bytes.
    ///
    /// # Errors
    /// What the client is to be told in place of an answer.
    pub(in crate::edge) fn claim<B: Body>(&self, request: &Request<B>) -> Result<(), Error> {
        let mut shared = self.shared();
        (shared.busy, shared.begun) = (true, false);
        self.0.claimed.notify_waiters();
        let body = request.body();
        let same = match shared.ticket.take() {
            Some(Ticket::Refusal(error)) => return Err(error.close()),
            Some(Ticket::Request(method, framing)) => {
                shared.unread = framing != Framing::Length(0);
                let length = body.size_hint().exact();
                method == request.method()
                    && match framing {
                        Framing::Length(announced) => length == Some(announced),
                        Framing::Chunked => length.is_none(),
                    }
            }
            None => false,
        };
        if same {
            return Ok(());
        }
        tracing::error!("two readings of one connection's bytes differ");
        let detail = "the request is not well-formed HTTP";
        Err(Error::new(Code::InvalidFraming, detail).close())
    }

    /// The answer to the request is made. True if the connection ends with it: because it is the last one, or because
    /// the request's body was not read to its end, as whether the rest has arrived by now is chance.
    pub(in crate::edge) fn answered(&self) -> bool {
        let mut shared = self.shared();
        shared.busy = false;
        shared.unread || shared.last
    }

    /// Takes the next request unseen.
    #[cfg(test)]
    pub(super) fn take(&self) -> Option<Ticket> {
        self.shared().ticket.take()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.0.shared)
    }
}
