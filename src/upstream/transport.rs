//! The network as a tower service: the real one, an embedded twin, or whatever a simulation puts there.

use super::address::{self, PublicOnly, is_public};
use crate::{
    config::Secret,
    mock::{self, Lost, Served},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use rustls::pki_types::CertificateDer;
use std::{sync::Arc, time::Duration};
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

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an unused connection is kept. Shorter than what servers usually keep theirs, so that a request
/// seldom meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// Largest head of an answer that is believed, in bytes; the client below gives up reading at 408 KiB.
const MAX_HEAD: usize = 64 * 1024;

/// The real network. `any_address` allows private and loopback addresses, resolved or written in the URL;
/// `authorities` are trusted besides those of the system. A certificate is always checked in full, and no setting
/// turns that off.
///
/// # Errors
/// When TLS cannot be set up.
#[expect(
    clippy::disallowed_methods,
    reason = "the one client; redirects, proxies and retries are off"
)]
pub fn network(
    any_address: bool,
    authorities: &[CertificateDer<'_>],
) -> Result<Transport, reqwest::Error> {
    // A second call finds the provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(usize::MAX)
        .referer(false);
    let authorities = authorities
        .iter()
        .map(|der| reqwest::Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()?;
    if !authorities.is_empty() {
        builder = builder.tls_certs_merge(authorities);
    }
    if !any_address {
        builder = builder.dns_resolver(PublicOnly);
    }
    let client = builder.build()?;
    Ok(BoxCloneSyncService::new(service_fn(
        move |request: Request<Bytes>| {
            let client = client.clone();
            async move {
                let request = reqwest::Request::try_from(request)
                    .map_err(|error| TransportError::NotSent(told(error)))?;
                // The resolver is not asked about an address that is written as one, in whatever spelling.
                let host = request.url().host_str().unwrap_or_default();
                if !any_address && address::literal(host).is_some_and(|ip| !is_public(ip)) {
                    let why = "the address is not public".to_owned();
                    return Err(TransportError::NotSent(why));
                }
                let answer = client.execute(request).await.map_err(|error| {
                    if error.is_connect() || error.is_builder() {
                        TransportError::NotSent(told(error))
                    } else {
                        TransportError::Broken(told(error))
                    }
                })?;
                let answer: Response<reqwest::Body> = answer.into();
                let lines = answer.headers().iter();
                let head: usize = lines
                    .map(|(name, value)| name.as_str().len() + value.len() + 4)
                    .sum();
                if head > MAX_HEAD {
                    let why = format!("the head of the answer has more than {MAX_HEAD} bytes");
                    return Err(TransportError::Broken(why));
                }
                Ok(answer.map(|body| {
                    body.map_err(|error| TransportError::Broken(told(error)))
                        .boxed_unsync()
                }))
            }
        },
    )))
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

/// The client's error and its causes, without the URL: ids stand in it.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
