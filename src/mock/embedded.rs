//! A twin in the same process: what a fault on the wire comes to where there is no wire.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    Served,
    faults::{Class, Struck},
    shell::wire::half,
};
use crate::clock;

/// The body of an answer as it comes.
pub type TwinBody = UnsyncBoxBody<Bytes, Lost>;

/// Why there is no answer, or no more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// No connection would have come to be.
    #[error("the twin takes no connection")]
    NotSent,
    /// The connection would have broken.
    #[error("the twin broke the connection")]
    Broken,
}

/// How many bytes a sliced body has in each piece.
const SLICE: usize = 7;

/// How many bytes an endless body has in each piece.
const CHUNK: usize = 16 * 1_024;

/// Sends a request to a twin as its plan of faults has it.
///
/// Each fault of the wire has its nearest effect: a refused connection and a failed handshake send nothing; a head
/// that never ends or that is cut, and interim answers without an end, break the connection; a body that is cut, too
/// short, slow or endless is so.
///
/// # Errors
/// As the plan has it.
pub async fn exchange(
    served: &Arc<Served>,
    request: Request<Bytes>,
) -> Result<Response<TwinBody>, Lost> {
    if served.gone_until().is_some() {
        return Err(Lost::NotSent);
    }
    let received = served.receive(request, clock::unix_ms());
    if let Some(late) = received.late {
        tokio::spawn(late.land());
    }
    let answer = received.answer.unwrap_or_default();
    let Some(fault) = received.fault else {
        return Ok(whole(answer));
    };
    sleep(fault.latency).await;
    struck(&fault, answer).await
}

async fn struck(fault: &Struck, answer: Response<Bytes>) -> Result<Response<TwinBody>, Lost> {
    match fault.class {
        Class::Refuse | Class::TlsFailure => Err(Lost::NotSent),
        Class::ResetBeforeHeaders
        | Class::ResetInHeaders
        | Class::HalfClose
        | Class::LateApply
        | Class::EndlessHeaders => Err(Lost::Broken),
        Class::Blackhole | Class::ContinueStorm => {
            sleep(fault.hold).await;
            Err(Lost::Broken)
        }
        Class::ResetAfterHeaders => Ok(bodied(answer, |_| cut(Bytes::new()))),
        Class::ResetInBody | Class::WrongLength => Ok(bodied(answer, |body| {
            cut(Bytes::copy_from_slice(half(&body)))
        })),
        Class::Slicer => Ok(answer.map(|body| pieces(body, SLICE, Duration::ZERO))),
        Class::Trickle => {
            let each = Duration::from_secs(1).div_f64(fault.bytes_per_second as f64);
            Ok(answer.map(|body| pieces(body, 1, each)))
        }
        Class::EndlessBody => {
            let until = Instant::now() + fault.hold;
            Ok(bodied(answer, |_| endless(until)))
        }
        // What reads answers never sees the body of a 204.
        Class::NoContentWithBody => {
            let mut empty = Response::new(Bytes::new());
            *empty.status_mut() = StatusCode::NO_CONTENT;
            Ok(whole(empty))
        }
        Class::Latency
        | Class::InvalidUtf8
        | Class::Html
        | Class::GzipBomb
        | Class::Redirect
        | Class::Unauthorized
        | Class::RateLimited
        | Class::RateLimitedSeconds
        | Class::RateLimitedDate
        | Class::RateLimitedMs
        | Class::RequestTimeout
        | Class::InternalError
        | Class::BadGateway
        | Class::Unavailable
        | Class::GatewayTimeout => Ok(whole(answer)),
    }
}

fn whole(answer: Response<Bytes>) -> Response<TwinBody> {
    answer.map(|body| {
        Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync()
    })
}

/// The answer with another body; one that has no place for a body becomes a 200.
fn bodied(mut answer: Response<Bytes>, body: impl FnOnce(Bytes) -> TwinBody) -> Response<TwinBody> {
    if answer.status() == StatusCode::NO_CONTENT {
        *answer.status_mut() = StatusCode::OK;
    }
    answer.map(body)
}

/// These bytes, and then the connection breaks.
fn cut(bytes: Bytes) -> TwinBody {
    StreamBody::new(stream::iter([Ok(Frame::data(bytes)), Err(Lost::Broken)])).boxed_unsync()
}

/// The body in pieces, each after a pause.
fn pieces(body: Bytes, size: usize, pause: Duration) -> TwinBody {
    let rest = stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        sleep_until(Instant::now() + pause).await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok(Frame::data(piece)), rest))
    });
    StreamBody::new(rest).boxed_unsync()
}

fn endless(until: Instant) -> TwinBody {
    let begin = Bytes::from_static(b"\"");
    let more = stream::unfold(begin, move |next| async move {
        if Instant::now() >= until {
            return None;
        }
        tokio::task::yield_now().await;
        Some((Ok(Frame::data(next)), Bytes::from(vec![b'x'; CHUNK])))
    });
    StreamBody::new(more).boxed_unsync()
}
