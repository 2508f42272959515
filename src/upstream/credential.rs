//! The header that carries an account's secret. A rotated secret takes the place of the old one in the running
//! account: every attempt that starts later sends the new one, whoever asked for it and when.

use super::Account;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::sync::{Arc, PoisonError, RwLock};

/// A header with a secret in it.
pub type Credential = (HeaderName, HeaderValue);

/// Room for the headers of a call, with those that the network adds.
const MOST_HEADERS: usize = 8;

/// The credential of the moment, wherever it is needed.
#[derive(Clone)]
pub(super) struct Current(Arc<RwLock<Shown>>);

/// A credential, and the heads that it stands in: to copy one is less than to fill one anew, header by header.
struct Shown {
    credential: Option<Credential>,
    /// Of a request without a body.
    bare: HeaderMap,
    /// Of one with a body, whose length is yet to be told.
    with_body: HeaderMap,
}

impl Current {
    /// With the `Host` of all requests, where the way to the vendor tells it.
    pub(super) fn new(credential: Option<Credential>, host: Option<HeaderValue>) -> Self {
        let mut bare = HeaderMap::with_capacity(MOST_HEADERS);
        if let Some(host) = host {
            bare.insert(header::HOST, host);
        }
        let json = HeaderValue::from_static("application/json");
        bare.insert(header::ACCEPT, json.clone());
        bare.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("tagway/", env!("CARGO_PKG_VERSION"))),
        );
        let mut with_body = bare.clone();
        with_body.insert(header::CONTENT_TYPE, json);
        with_body.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        let mut shown = Shown {
            credential: None,
            bare,
            with_body,
        };
        if let Some(credential) = credential {
            shown.show(credential);
        }
        Self(Arc::new(RwLock::new(shown)))
    }

    /// The head of a request with so many bytes of body.
    pub(super) fn headers(&self, body: Option<usize>) -> HeaderMap {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(length) = body else {
            return shown.bare.clone();
        };
        let mut headers = shown.with_body.clone();
        headers.insert(header::CONTENT_LENGTH, length.into());
        headers
    }

    fn get(&self) -> Option<Credential> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.credential.clone()
    }

    fn replace(&self, new: Credential) {
        let mut shown = self.0.write().unwrap_or_else(PoisonError::into_inner);
        shown.show(new);
    }
}

impl Shown {
    fn show(&mut self, new: Credential) {
        for headers in [&mut self.bare, &mut self.with_body] {
            if let Some((name, _)) = &self.credential {
                headers.remove(name);
            }
            headers.insert(new.0.clone(), new.1.clone());
        }
        self.credential = Some(new);
    }
}

impl Account {
    /// What is shown to the vendor now; nothing with an embedded twin.
    pub fn credential(&self) -> Option<Credential> {
        self.credential.get()
    }

    /// Puts a rotated secret in the place of the one before. A breaker that a refusal of that one opened is closed.
    pub fn rotate(&self, new: Credential) {
        // In this order: what is sent from now on with the earlier secret was let go before.
        self.credential.replace(new);
        self.breaker.new_key();
    }
}
