//! One connection: what it may send, and how long it may take for each part of it.

mod guarded;

use super::{bell::OnceRung, gate::Wire};
use crate::{alarm::Never, config::Server, error::Error};
use bytes::Bytes;
use guarded::Guarded;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

/// How long the last request on a connection may take to begin, once it is time for it: what a client sends while its
/// connection is about to end is answered, and the answer tells it to come on another one.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

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
    let mut guarded = Guarded::new(stream, limits, wire.clone());
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
    let last = pin!(async {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = sleep(limits.age) => {}
        }
    });
    let mut last = OnceRung::new(last);
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
                () = &mut last, if until.is_none() => until = Some(farewell()),
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
                () = &mut last, if until.is_none() => until = Some(farewell()),
                () = wire.nothing_begins(passed(until)), if until.is_some() => {
                    Pin::new(connection.as_mut()).graceful_shutdown();
                    break Some(connection.as_mut().await);
                }
                // It is told while the connection is polled, so that nobody has to be woken for it.
                () = poll_fn(|_| told(wire.has_come_to_rest())) => break None,
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
        guarded.release();
    }
}

fn told(is_so: bool) -> Poll<()> {
    match is_so {
        true => Poll::Ready(()),
        false => Poll::Pending,
    }
}

/// Waits for a time, if there is one.
async fn passed(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}
