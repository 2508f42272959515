//! The stream of a connection: what passes between the client and the HTTP library, and until when.

use super::Limits;
use crate::{
    alarm::Alarm,
    edge::gate::{Gate, Wire},
    error::{Code, Error},
};
use std::{
    future::Future,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long the rest of a request is taken in after the answer that ended the connection, so that the system does not
/// reset the connection before the client has read the answer.
const LINGER: Duration = Duration::from_millis(500);

/// How much of it.
const LINGER_BYTES: usize = 1 << 20;

/// Largest part that is received at once: a little less than what the HTTP library has room for, as it makes more room
/// for whoever fills it.
const PART: usize = 8_000;

/// How long a connection stands still before its buffers are given up. To make them anew for each request of a busy
/// client took 7,000 of the 200,000 instructions of a read (by callgrind). While connections came at 2,000/s, 250 ms
/// cost 16 to 21 KiB for each that had come, 50 ms 6 to 8, and 20 ms 5.
const REST: Duration = Duration::from_millis(20);

/// The same for a connection whose last request came within this time after the answer before it. Only so many
/// connections can have it as requests are answered in this time.
const LONG_REST: Duration = Duration::from_millis(250);

/// A stream that passes the gate, and that ends when one side of it stands still.
pub(super) struct Guarded<S> {
    stream: S,
    limits: Limits,
    gate: Gate,
    wire: Wire,
    /// Until when more of a head has to come.
    reading: Option<Awaited>,
    /// How long it stands still before it is at rest.
    patience: Duration,
    alarm: Alarm,
    /// Until when the client has to take the answer.
    writing: Option<Pin<Box<Sleep>>>,
    /// Whether a part of an answer may still be in the HTTP library.
    unflushed: bool,
    /// Until when the rest of a request is taken in, and how much of it.
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

#[derive(Clone, Copy)]
struct Awaited {
    /// Where it is the next head: since when.
    since: Option<Instant>,
    until: Instant,
    /// Whether a head has begun.
    head: bool,
    /// When the connection is at rest, if that has not been told.
    rests: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.gate.pass(buffer)? {
                this.reading = None;
                return Poll::Ready(Ok(()));
            }
            if this.gate.is_shut() {
                // The answer to the refused request ends the connection.
                return Poll::Pending;
            }
            let mut part = [MaybeUninit::uninit(); PART];
            let mut part = ReadBuf::uninit(&mut part);
            match Pin::new(&mut this.stream).poll_read(context, &mut part) {
                Poll::Ready(Ok(())) if part.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    this.moves();
                    this.gate.take(part.filled());
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    ready!(this.poll_late(context));
                    if !this.gate.is_in_head() {
                        // Nothing was asked, so nothing is told.
                        return Poll::Ready(Ok(()));
                    }
                    this.gate.refuse(Error::new(
                        Code::RequestTimeout,
                        "the request's head took too long to arrive",
                    ))?;
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unflushed = true;
        let written = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.timed(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.unflushed = true;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.timed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// The HTTP library flushes when everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(flushed) => {
                (self.writing, self.unflushed) = (None, false);
                Poll::Ready(flushed)
            }
            Poll::Pending => self.timed(context, Poll::Pending),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            if !this.gate.is_shut() && !this.wire.has_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        let (until, left) = this
            .lingering
            .get_or_insert_with(|| (Box::pin(sleep(LINGER)), LINGER_BYTES));
        loop {
            let mut part = [MaybeUninit::uninit(); PART];
            let mut part = ReadBuf::uninit(&mut part);
            match Pin::new(&mut this.stream).poll_read(context, &mut part) {
                Poll::Ready(Ok(())) if !part.filled().is_empty() && *left > 0 => {
                    *left = left.saturating_sub(part.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(until.as_mut().poll(context));
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> Guarded<S> {
    /// Waits for the first byte of a request, without any buffer. False if none came in time.
    pub(super) fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        let mut part = [MaybeUninit::uninit(); PART];
        let mut part = ReadBuf::uninit(&mut part);
        match Pin::new(&mut self.stream).poll_read(context, &mut part) {
            Poll::Ready(received) => {
                self.moves();
                self.gate.take(part.filled());
                Poll::Ready(received.is_ok() && !part.filled().is_empty())
            }
            Poll::Pending => {
                ready!(self.poll_late(context));
                Poll::Ready(false)
            }
        }
    }
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, limits: Limits, wire: Wire) -> Self {
        Self {
            stream,
            limits,
            gate: Gate::new(limits.head_bytes, wire.clone()),
            wire,
            reading: None,
            patience: REST,
            alarm: Alarm::default(),
            writing: None,
            unflushed: false,
            lingering: None,
        }
    }

    /// Gives up the room for what is received.
    pub(super) fn release(&mut self) {
        self.gate.release();
    }

    /// Ready when the client has taken too long for a head, or for the first byte of one.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.wire.is_busy() || !self.gate.awaits_head() {
            // The time of a body is its reader's, who can tell the client.
            self.reading = None;
            return Poll::Pending;
        }
        let (head, first) = (self.gate.is_in_head(), self.gate.is_new());
        let mut awaited = match self.reading {
            Some(awaited) if awaited.head == head || first => awaited,
            _ => {
                let now = Instant::now();
                let next = !head && !first;
                let time = if next {
                    self.limits.idle
                } else {
                    self.limits.head
                };
                Awaited {
                    since: next.then_some(now),
                    until: now + time,
                    head,
                    rests: next.then_some(now + self.patience),
                }
            }
        };
        let late = loop {
            let rests = awaited.rests.filter(|rests| *rests < awaited.until);
            if self
                .alarm
                .poll(rests.unwrap_or(awaited.until), context)
                .is_pending()
            {
                break Poll::Pending;
            }
            match rests {
                None => break Poll::Ready(()),
                Some(_) if self.rest() => awaited.rests = None,
                Some(rests) => awaited.rests = Some(rests + self.patience),
            }
        };
        self.reading = Some(awaited);
        late
    }

    /// Something was received: measures how long the connection stood still before its next request.
    fn moves(&mut self) {
        if let Some(Awaited {
            since: Some(since),
            rests,
            ..
        }) = self.reading
        {
            // The clock is read where the connection came to rest; else the request came before that.
            let soon = rests.is_some() || since.elapsed() < LONG_REST;
            self.patience = if soon { LONG_REST } else { REST };
        }
    }

    /// Tells that no request is under way, if so.
    fn rest(&self) -> bool {
        let rests = !self.wire.is_busy() && !self.unflushed && self.gate.is_at_rest();
        if rests {
            self.wire.rest();
        }
        rests
    }

    /// Ends the connection of a client that does not take what is written.
    fn timed<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        let time = self.limits.write;
        let until = self.writing.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_asks_again_soon_keeps_the_buffers_for_longer() {
        let limits = Limits {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(10),
            age: Duration::from_secs(600),
            farewell: Duration::from_secs(1),
            head_bytes: 32_768,
        };
        let mut guarded = Guarded::new(tokio::io::empty(), limits, Wire::default());
        let answered = |rested: bool| {
            let now = Instant::now();
            Some(Awaited {
                since: Some(now),
                until: now + limits.idle,
                head: false,
                rests: (!rested).then_some(now + REST),
            })
        };
        guarded.moves();
        assert_eq!(guarded.patience, REST, "its first request");
        guarded.reading = answered(true);
        tokio::time::advance(LONG_REST - Duration::from_millis(1)).await;
        guarded.moves();
        assert_eq!(guarded.patience, LONG_REST);
        guarded.reading = answered(true);
        tokio::time::advance(LONG_REST).await;
        guarded.moves();
        assert_eq!(guarded.patience, REST);
        guarded.reading = answered(false);
        guarded.moves();
        assert_eq!(guarded.patience, LONG_REST, "it was not even at rest");
    }
}
