//! One HTTP/2 connection: the same service as on HTTP/1.1, with limits of its own.
//!
//! The HTTP library bounds what a peer can make it keep: streams, windows, the size of a header list, continuations,
//! resets of streams that were not taken up. What it answers without end although nothing is asked (settings, pings,
//! empty data, resets of streams that were) is counted by [`frames`] before it gets there, and what a peer may leave
//! lying (an answer that it opens no window for, a connection that asks nothing) is timed by [`tally`].

mod frames;
mod tally;

use super::connection::Limits;
use crate::error::{Code, Error};
use bytes::Bytes;
use frames::Counted;
use http::{HeaderValue, Request, Response, Version, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};
use tally::{Kept, Tally};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, interval},
};

/// Requests that a client may have open at once on one connection.
const MAX_STREAMS: u32 = 100;

/// Largest header list, as RFC 9113 counts it: 32 bytes for each field besides its name and value.
const MAX_HEADER_LIST: usize = 16_384;

/// Where the HTTP library itself stops to keep a header list, and refuses it with an empty answer. Above the limit that
/// is answered with a problem, so that most clients get one.
const LIBRARY_HEADER_LIST: u32 = 32_768;

/// What a client may send before it is read: of one request's body, and of all together.
const STREAM_WINDOW: u32 = 65_536;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// What is kept of one answer before the client takes it.
const SEND_BUFFER: usize = 65_536;

/// Faults of a client in single streams after which its connection ends.
const MAX_STREAM_ERRORS: usize = 32;

/// Resets of requests that were not taken up yet, after which the connection ends.
const MAX_EARLY_RESETS: usize = 20;

/// How often the times are looked at: each limit is exceeded by so much at most.
const TICK: Duration = Duration::from_millis(250);

/// How long a connection that was told to end may stay open with nothing under way.
const FAREWELL: Duration = Duration::from_millis(500);

/// Serves one connection to its end; when `stop` turns true, no request is taken after those that have begun.
pub(super) async fn serve<S, F, Fut>(
    stream: S,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
    answer: F,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>, Result<(), Error>) -> Fut,
    Fut: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let tally = Arc::new(Tally::new());
    let counting = tally.clone();
    let service = service_fn(move |request| {
        let open = counting.open();
        let (request, sound) = as_http1(request);
        let answered = answer(request, sound);
        async move {
            let mut response = answered.await;
            // A connection with other requests on it does not end with one of them.
            response.headers_mut().remove(header::CONNECTION);
            Ok::<_, Infallible>(response.map(|body| Kept::new(body, open)))
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(LIBRARY_HEADER_LIST)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_local_error_reset_streams(MAX_STREAM_ERRORS)
        .max_pending_accept_reset_streams(MAX_EARLY_RESETS);
    let counted = TokioIo::new(Counted::new(stream, tally.clone(), limits.write));
    let mut connection = pin!(builder.serve_connection(counted, service));
    let began = Instant::now();
    let mut tick = interval(TICK);
    let mut leaving: Option<Instant> = None;
    let ended = loop {
        let leave = tokio::select! {
            ended = connection.as_mut() => break ended,
            _ = stop.wait_for(|stop| *stop), if leaving.is_none() => true,
            _ = tick.tick() => {
                if let Some(late) = tally.late(&limits) {
                    tracing::debug!(late, "an HTTP/2 connection is ended");
                    return;
                }
                let nothing_more = leaving.is_some_and(|since| since.elapsed() > FAREWELL);
                if nothing_more && tally.is_idle() {
                    return;
                }
                began.elapsed() > limits.age || tally.is_unused(&limits) || tally.was_refused()
            }
        };
        if leave && leaving.is_none() {
            leaving = Some(Instant::now());
            connection.as_mut().graceful_shutdown();
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP/2 connection ended early");
    }
}

/// The request as the rest of the edge reads requests: the authority stands in `Host`. What is wrong with its head by
/// the rules of HTTP/1.1 that HTTP/2 does not enforce comes with it.
fn as_http1(mut request: Request<Incoming>) -> (Request<Incoming>, Result<(), Error>) {
    debug_assert_eq!(request.version(), Version::HTTP_2);
    let authority = request.uri().authority().map(ToString::to_string);
    let list: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum();
    let list = list + request.uri().to_string().len() + 4 * 32;
    if let Some(authority) = authority
        && !request.headers().contains_key(header::HOST)
        && let Ok(host) = HeaderValue::from_str(&authority)
    {
        request.headers_mut().insert(header::HOST, host);
    }
    let sound = if list > MAX_HEADER_LIST {
        Err(Error::new(
            Code::HeadTooLarge,
            format!("a header list has at most {MAX_HEADER_LIST} bytes"),
        ))
    } else {
        Ok(())
    };
    (request, sound)
}
