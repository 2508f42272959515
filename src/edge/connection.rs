//! One connection: its time limits, and problems in place of the HTTP library's own empty refusals.

use crate::error::{Code, Error};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    future::Future,
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
    time::{Instant, Sleep, sleep_until},
};

/// How long a client may leave an answer lying before it takes more of it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From the connection, or from a head's first byte, to the head's end.
    pub(super) head: Duration,
    /// Between an answer and the next request.
    pub(super) idle: Duration,
    /// Size of a head in bytes.
    pub(super) head_bytes: usize,
}

/// Tells the connection that its request is answered, so that the next head's time can begin.
#[derive(Clone, Debug)]
pub(super) struct Wire(Arc<AtomicBool>);

impl Wire {
    /// The answer to the current request is made.
    pub(super) fn answered(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Serves one connection to its end; when `stop` turns true, no request is taken after the current one.
pub(super) async fn serve<F, Fut>(
    stream: TcpStream,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
    answer: F,
) where
    F: Fn(Request<Incoming>, Wire) -> Fut,
    Fut: Future<Output = Result<Response<Full<Bytes>>, Infallible>>,
{
    // Answers are small and written at once; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let busy = Arc::new(AtomicBool::new(false));
    let wire = Wire(busy.clone());
    let guarded = Guarded {
        stream,
        busy,
        head: limits.head,
        reading_until: Some(Box::pin(sleep_until(Instant::now() + limits.head))),
        received: false,
        pending: Vec::new(),
        writing_until: None,
    };
    let service = service_fn(move |request| {
        wire.0.store(true, Ordering::Release);
        answer(request, wire.clone())
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle.max(limits.head))
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(guarded), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { let _ = stop.wait_for(|stop| *stop).await; } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A stream that ends when a head takes too long, and that turns empty refusals into problems.
struct Guarded {
    stream: TcpStream,
    /// Whether a request is being answered; its body has a time limit of its own.
    busy: Arc<AtomicBool>,
    head: Duration,
    reading_until: Option<Pin<Box<Sleep>>>,
    received: bool,
    /// What is left to write of a problem that took a refusal's place.
    pending: Vec<u8>,
    /// Until when the client has to take the next bytes of an answer.
    writing_until: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.busy.load(Ordering::Acquire) {
            this.reading_until = None;
            this.received = false;
        }
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(()))
                if buffer.filled().len() > before && !this.busy.load(Ordering::Acquire) =>
            {
                this.received = true;
                if this.reading_until.is_none() {
                    this.reading_until = Some(Box::pin(sleep_until(Instant::now() + this.head)));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                if let Some(until) = &mut this.reading_until {
                    ready!(until.as_mut().poll(context));
                    if this.received {
                        let late = Error::new(
                            Code::RequestTimeout,
                            "the request's head took too long to arrive",
                        );
                        // Best effort: whoever is this slow may not read either.
                        let _ = this.stream.try_write(&plain(&late));
                    }
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
            ended => ended,
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.pending.is_empty() {
            match refusal(buffer) {
                None => {
                    let written = Pin::new(&mut self.stream).poll_write(context, buffer);
                    return self.timed(context, written);
                }
                Some(error) => self.pending = plain(&error),
            }
        }
        ready!(self.poll_pending(context))?;
        Poll::Ready(Ok(buffer.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = buffers.iter().find(|buffer| !buffer.is_empty());
        if self.pending.is_empty() && first.is_none_or(|first| refusal(first).is_none()) {
            let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
            return self.timed(context, written);
        }
        let first: &[u8] = first.map_or(&[], |first| first);
        self.poll_write(context, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Guarded {
    /// Ends the connection of a client that does not take what is written.
    fn timed(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.writing_until = None;
            return written;
        }
        let until = self
            .writing_until
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + WRITE_TIMEOUT)));
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_pending(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(context, &self.pending);
            let written = ready!(self.timed(context, written))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.pending.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

/// The problem for a refusal that the HTTP library wrote by itself: its status line is that of a client error,
/// and the header that every answer of ours carries is not there.
fn refusal(head: &[u8]) -> Option<Error> {
    let status = head
        .strip_prefix(b"HTTP/1.1 4")
        .or_else(|| head.strip_prefix(b"HTTP/1.0 4"))?;
    // A later part of an answer of ours never looks like a whole head: JSON and pages hold no bare line ends.
    if !head.ends_with(b"\r\n\r\n") || memmem(head, b"x-request-id:") {
        return None;
    }
    Some(match status.get(..2) {
        Some(b"14") => Error::new(Code::TargetTooLong, "the request target is too long"),
        Some(b"31") => Error::new(
            Code::HeadTooLarge,
            "the request's head is too large or has too many headers",
        ),
        _ => Error::new(Code::InvalidFraming, "the request is not well-formed HTTP"),
    })
}

fn memmem(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len())
        .any(|window| window.eq_ignore_ascii_case(wanted))
}

/// A whole answer, after which the connection ends.
fn plain(error: &Error) -> Vec<u8> {
    let request_id = format!("{:016x}", fastrand::u64(..));
    let body = error.body(&request_id);
    let status = error.code().status();
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-request-id: {request_id}\r\nserver-timing: gateway;dur=0\r\ntagway-vendor-calls: 0\r\nconnection: close\r\n\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    answer
}
