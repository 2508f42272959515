//! One connection: what it may send, and how long it may take for each part of it.

use super::{
    alarm::{Alarm, Never},
    gate::{Gate, Wire},
};
use crate::{
    config::Server,
    error::{Code, Error},
};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::watch,
    time::{Instant, Sleep, sleep, sleep_until},
};

/// How long the rest of a request is taken in after the answer that ended the connection, so that the system does not
/// reset the connection before the client has read the answer.
const LINGER: Duration = Duration::from_millis(500);

/// How much of it.
const LINGER_BYTES: usize = 1 << 20;

/// How long the last request on a connection may take to begin, once it is time for it: what a client sends while its
/// connection is about to end is answered, and the answer tells it to come on another one.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Largest part that is received at once: a little less than what the HTTP library has room for, as it makes more room
/// for whoever fills it.
const PART: usize = 8_000;

/// How long a connection stands still before its buffers are given up. To make them anew for each request of a busy
/// client took 7,000 of the 200,000 instructions of a read (by callgrind). While connections came at 2,000/s, 250 ms
/// cost 16 to 21 KiB for each that had come, 50 ms 6 to 8, and 20 ms 5.
const REST: Duration = Duration::from_millis(20);

/// Limits of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From the connection, or from a head's first byte, to the head's end.
    pub(super) head: Duration,
    /// Between an answer and the next request.
    pub(super) idle: Duration,
    /// From the moment when a client takes no more of an answer to the answer's end.
    pub(super) write: Duration,
    /// From the connection to its last request.
    pub(super) age: Duration,
    /// From then, or from the stop, to that request's first byte.
    pub(super) farewell: Duration,
    /// Size of a head in bytes.
    pub(super) head_bytes: usize,
}

impl Limits {
    /// Those of the configuration.
    pub(super) fn of(server: &Server) -> Self {
        Self {
            head: server.head_timeout,
            idle: server.idle_timeout,
            write: server.write_timeout,
            age: server.connection_age,
            farewell: FAREWELL.min(server.drain / 4),
            head_bytes: server.max_head_bytes,
        }
    }
}

/// Serves one connection to its end; when `stop` turns true, the current or the next request is its last. `answer` gets
/// each request with what to tell instead of an answer if it is not what the client sent.
pub(super) async fn serve<S, F, Fut>(
    stream: S,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
    answer: F,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>, Result<(), Error>, Wire) -> Fut,
    Fut: Future<Output = Result<Response<Full<Bytes>>, Infallible>>,
{
    let wire = Wire::default();
    let mut guarded = Guarded {
        stream,
        limits,
        gate: Gate::new(limits.head_bytes, wire.clone()),
        wire: wire.clone(),
        reading: None,
        alarm: Alarm::default(),
        writing: None,
        unflushed: false,
        lingering: None,
    };
    let requests = wire.clone();
    let mut service = service_fn(move |request| {
        let claimed = requests.claim(&request);
        answer(request, claimed, requests.clone())
    });
    let mut builder = http1::Builder::new();
    builder
        // `Guarded` measures the times. With a time of its own the library reads on as soon as an answer is written,
        // which is when the time to the next request begins.
        .timer(Never)
        .header_read_timeout(limits.idle + limits.head)
        .max_buf_size(limits.head_bytes);
    let mut last = pin!(async {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = sleep(limits.age) => {}
        }
    });
    let farewell = || {
        wire.ends();
        Instant::now() + limits.farewell
    };
    // Once it is time for the last request: until when it may begin.
    let mut until = None;
    loop {
        let asked = loop {
            tokio::select! {
                biased;
                asked = poll_fn(|context| guarded.poll_first(context)) => break asked,
                () = last.as_mut(), if until.is_none() => until = Some(farewell()),
                () = passed(until) => break false,
            }
        };
        if !asked {
            let _ = guarded.shutdown().await;
            return;
        }
        let mut connection = Box::new(builder.serve_connection(TokioIo::new(guarded), service));
        let ended = loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => break Some(ended),
                () = last.as_mut(), if until.is_none() => until = Some(farewell()),
                () = wire.nothing_begins(passed(until)), if until.is_some() => {
                    Pin::new(connection.as_mut()).graceful_shutdown();
                    break Some(connection.as_mut().await);
                }
                () = wire.at_rest() => break None,
            }
        };
        if let Some(ended) = ended {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            return;
        }
        // Between two requests a connection has no buffers: those of the HTTP library, and the room for a request's
        // answer, would be most of what it costs.
        let parts = connection.into_parts();
        if !parts.read_buf.is_empty() {
            tracing::error!("a connection at rest holds bytes");
            return;
        }
        (guarded, service) = (parts.io.into_inner(), parts.service);
        guarded.gate.release();
    }
}

/// Waits for a time, if there is one.
async fn passed(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}

/// A stream that passes the gate, and that ends when one side of it stands still.
struct Guarded<S> {
    stream: S,
    limits: Limits,
    gate: Gate,
    wire: Wire,
    /// Until when more of a head has to come.
    reading: Option<Awaited>,
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
                Poll::Ready(Ok(())) => this.gate.take(part.filled()),
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
    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        let mut part = [MaybeUninit::uninit(); PART];
        let mut part = ReadBuf::uninit(&mut part);
        match Pin::new(&mut self.stream).poll_read(context, &mut part) {
            Poll::Ready(received) => {
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
                    until: now + time,
                    head,
                    rests: next.then_some(now + REST),
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
                Some(rests) => awaited.rests = Some(rests + REST),
            }
        };
        self.reading = Some(awaited);
        late
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
