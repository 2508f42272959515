//! The network as a tower service: the real one, an embedded twin, or whatever a simulation puts there.

use super::network::Network;
use crate::{
    config::Secret,
    mock::{self, Lost, Served},
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};

/// An answer's body as it arrives.
pub type AnswerBody = UnsyncBoxBody<Bytes, TransportError>;

/// Sends one request, once, and gives back the head of the answer as soon as it is there: a tower service.
///
/// The real network is no boxed service among others: as one, each of its calls would lie in two boxes more.
#[derive(Clone)]
pub struct Transport(Way);

#[derive(Clone)]
enum Way {
    Network(Arc<Network>),
    Other(BoxCloneSyncService<Request<Bytes>, Response<AnswerBody>, TransportError>),
}

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

impl Transport {
    /// Any service as a way to the vendor.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<AnswerBody>, Error = TransportError>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        Self(Way::Other(BoxCloneSyncService::new(service)))
    }

    pub(super) fn real(network: Network) -> Self {
        Self(Way::Network(Arc::new(network)))
    }

    /// The `Host` of all requests, where there is one.
    pub(super) fn host(&self) -> Option<HeaderValue> {
        match &self.0 {
            Way::Network(network) => Some(network.host.clone()),
            Way::Other(_) => None,
        }
    }

    /// Sends the request that this makes.
    pub(super) async fn send(
        &self,
        request: impl Fn() -> Request<Bytes>,
    ) -> Result<Response<AnswerBody>, TransportError> {
        match &self.0 {
            Way::Network(network) => network.send(request).await,
            Way::Other(service) => Box::pin(service.clone().oneshot(request())).await,
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for Transport {
    type Response = Response<AnswerBody>;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let transport = self.clone();
        Box::pin(async move { transport.send(|| request.clone()).await })
    }
}

/// A twin in the same process.
pub fn embedded(served: Arc<Served>) -> Transport {
    Transport::new(service_fn(move |request: Request<Bytes>| {
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
