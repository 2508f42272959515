//! One attempt at a vendor call: sends once, reads the answer through the incremental reader.

use super::transport::{AnswerBody, Transport, TransportError};
use adapters::{
    Answer,
    reader::{Keep, Limits, Reader},
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;

/// Most of an error's body that is looked at, in bytes.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// Why an attempt brought no answer that can be used.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum AttemptError {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// It may have been received; no status line came back.
    #[error("{0}")]
    NoAnswer(String),
    /// Time ran out before a status line came.
    #[error("no answer in time")]
    Silent,
    /// The status line is there, the body is cut or not understood.
    #[error("the body of the answer: {why}")]
    Body {
        /// The status that was sent.
        status: StatusCode,
        /// What is wrong with the body.
        why: String,
    },
}

/// Sends the request once; the answer's body is still to come.
///
/// # Errors
/// As [`AttemptError`] says; [`AttemptError::Silent`] is the caller's, who sets the time.
pub(super) async fn send(
    transport: &Transport,
    request: Request<Bytes>,
) -> Result<Response<AnswerBody>, AttemptError> {
    transport
        .clone()
        .oneshot(request)
        .await
        .map_err(|error| match error {
            TransportError::NotSent(why) => AttemptError::NotSent(why),
            TransportError::Broken(why) => AttemptError::NoAnswer(why),
        })
}

/// Reads the body of an answer. Its status stands, whatever becomes of the body.
///
/// # Errors
/// [`AttemptError::Body`], for a 2xx only.
pub(super) async fn finish(
    answer: Response<AnswerBody>,
    keep: Keep,
    until: Instant,
) -> Result<Answer, AttemptError> {
    let status = answer.status();
    if !status.is_success() {
        return Ok(refused(answer, until).await);
    }
    timeout_at(until, kept(answer, keep))
        .await
        .unwrap_or_else(|_| {
            Err(AttemptError::Body {
                status,
                why: "it did not come in time".to_owned(),
            })
        })
}

async fn kept(answer: Response<AnswerBody>, keep: Keep) -> Result<Answer, AttemptError> {
    let (head, mut body) = answer.into_parts();
    let status = head.status;
    let broken = |why: String| AttemptError::Body { status, why };
    if head.headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err(broken(
            "it is encoded, and that was not asked for".to_owned(),
        ));
    }
    let mut reader = Reader::new(keep, Limits::default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            reader
                .push(data)
                .map_err(|error| broken(error.to_string()))?;
        }
    }
    // A write may be answered with a status alone.
    let body = match reader.streamed() {
        0 => Vec::new(),
        _ => reader.finish().map_err(|error| broken(error.to_string()))?,
    };
    Ok(Answer {
        status,
        headers: head.headers,
        body,
    })
}

async fn refused(answer: Response<AnswerBody>, until: Instant) -> Answer {
    let (head, mut body) = answer.into_parts();
    let mut bytes = Vec::new();
    // The status decides; of a body that is cut, slow or endless, what came is enough.
    while let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await {
        if let Some(data) = frame.data_ref() {
            let room = MAX_ERROR_BODY.saturating_sub(bytes.len());
            bytes.extend_from_slice(data.get(..room).unwrap_or(data));
            if data.len() >= room {
                break;
            }
        }
    }
    Answer {
        status: head.status,
        headers: head.headers,
        body: bytes,
    }
}
