//! The real network: HTTP/1.1 on connections that are kept for the next call, to one host and no other.
//!
//! There is no proxy, no redirect is followed, nothing is decoded and nothing is sent twice. A call drives its
//! connection itself, in the caller's own task, and no task has to be woken for each connection.

mod connect;
mod link;
mod pool;
#[cfg(test)]
mod tests;

use super::{
    Base,
    transport::{AnswerBody, Transport, TransportError},
};
use crate::tls;
use bytes::Bytes;
use connect::Destination;
use http::{HeaderValue, Method, Request, Response, Uri, header, uri::Authority};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use link::{Broken, Link};
use pool::{Body, Pool};
use rustls::pki_types::CertificateDer;
use std::{future::poll_fn, pin::pin, sync::Arc};

/// Largest head of an answer that is believed, in bytes. The library gives up reading within twice as much.
const MAX_HEAD: usize = 64 * 1024;

/// Why there is no way to a vendor at all.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The host can stand in no header, or in no certificate.
    #[error("the host of the base URL cannot be called")]
    Host,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// The way to the host of `base`. `any_address` allows private and loopback addresses, resolved or written in the URL;
/// `authorities` are trusted besides those of the system. A certificate is always checked in full, and no setting
/// turns that off.
///
/// # Errors
/// As [`NetworkError`] says; no connection is opened yet.
pub fn network(
    base: &Base,
    any_address: bool,
    authorities: &[CertificateDer<'static>],
) -> Result<Transport, NetworkError> {
    let authority = base.authority().clone();
    let tls = match base.is_tls() {
        true => Some(tls::client(authorities).map_err(NetworkError::Tls)?),
        false => None,
    };
    Ok(Transport::real(Network {
        host: HeaderValue::from_str(authority.as_str()).map_err(|_| NetworkError::Host)?,
        destination: Destination::new(&authority, any_address, tls).ok_or(NetworkError::Host)?,
        authority,
        pool: Pool::new(),
    }))
}

/// The way to one host, and the connections that lead there.
pub(super) struct Network {
    authority: Authority,
    pub(super) host: HeaderValue,
    destination: Destination,
    pool: Arc<Pool>,
}

impl Network {
    /// Sends the request that this makes. A connection at rest that the other side has closed takes none; then the next
    /// one gets it, made anew.
    pub(super) async fn send(
        &self,
        request: impl Fn() -> Request<Bytes>,
    ) -> Result<Response<AnswerBody>, TransportError> {
        loop {
            let (mut link, is_new) = match self.pool.take() {
                Some(link) => (link, false),
                // Boxed: larger than all the rest of a call, and seldom needed.
                None => (Box::pin(self.destination.connect()).await?, true),
            };
            let mut answer = pin!(link.send(self.prepared(request())?));
            let answered = poll_fn(|context| link.exchange(answer.as_mut(), context)).await;
            match answered {
                Ok(answer) => return self.answer(answer, link),
                Err(Broken::Unsent(_)) if !is_new => {}
                Err(Broken::Unsent(why)) => return Err(TransportError::NotSent(why)),
                Err(Broken::Sent(why)) => return Err(TransportError::Broken(why)),
            }
        }
    }

    /// The request as it stands on the wire.
    fn prepared(&self, request: Request<Bytes>) -> Result<Request<Full<Bytes>>, TransportError> {
        let (mut head, body) = request.into_parts();
        let uri = std::mem::take(&mut head.uri).into_parts();
        let (Some(authority), Some(target)) = (uri.authority, uri.path_and_query) else {
            let why = "the call has no absolute URL".to_owned();
            return Err(TransportError::NotSent(why));
        };
        if authority != self.authority {
            let why = "the call is for another host".to_owned();
            return Err(TransportError::NotSent(why));
        }
        head.uri = Uri::from(target);
        if !head.headers.contains_key(header::HOST) {
            head.headers.insert(header::HOST, self.host.clone());
        }
        // The library announces no body that is empty, and these methods are expected to have one.
        let has_body = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
        if has_body && body.is_empty() {
            let none = HeaderValue::from_static("0");
            head.headers.insert(header::CONTENT_LENGTH, none);
        }
        Ok(Request::from_parts(head, Full::new(body)))
    }

    fn answer(
        &self,
        answer: Response<Incoming>,
        link: Link,
    ) -> Result<Response<AnswerBody>, TransportError> {
        let lines = answer.headers().iter();
        let head: usize = lines
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        if head > MAX_HEAD {
            let why = format!("the head of the answer has more than {MAX_HEAD} bytes");
            return Err(TransportError::Broken(why));
        }
        Ok(answer.map(|incoming| match incoming.is_end_stream() {
            true => {
                self.pool.put(link);
                AnswerBody::default()
            }
            false => AnswerBody::new(Body::new(incoming, link, self.pool.clone())),
        }))
    }
}
