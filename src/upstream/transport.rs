//! The network as a tower service: the real one, an embedded twin, or whatever a simulation puts there.

use crate::{
    config::Secret,
    mock::{self, Lost, Served},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use std::sync::Arc;
use tower::{service_fn, util::BoxCloneSyncService};

/// An answer's body as it arrives.
pub type AnswerBody = UnsyncBoxBody<Bytes, TransportError>;

/// Sends one request, once, and gives back the head of the answer as soon as it is there.
pub type Transport = BoxCloneSyncService<Request<Bytes>, Response<AnswerBody>, TransportError>;

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection came to be, so nothing was sent.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The connection failed after the request may have been received.
    #[error("the connection broke: {0}")]
    Broken(String),
}

/// A twin in the same process.
pub fn embedded(served: Arc<Served>) -> Transport {
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let served = served.clone();
        async move {
            let told = |lost: Lost| match lost {
                Lost::NotSent => TransportError::NotSent(lost.to_string()),
                Lost::Broken => TransportError::Broken(lost.to_string()),
            };
            let answer = mock::exchange(&served, request).await.map_err(told)?;
            Ok(answer.map(|body| body.map_err(told).boxed_unsync()))
        }
    }))
}

/// The header that carries the secret, marked so that it is neither printed nor indexed.
///
/// # Errors
/// When the secret cannot stand in a header; the configuration's check excludes it.
pub fn credential(
    name: &'static str,
    render: impl FnOnce(&str) -> String,
    secret: &Secret,
) -> Result<(HeaderName, HeaderValue), http::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&render(secret.expose()))?;
    value.set_sensitive(true);
    Ok((HeaderName::from_static(name), value))
}
