//! The header that carries an account's secret. A rotated secret takes the place of the old one in the running
//! account: every attempt that starts later sends the new one, whoever asked for it and when.

use super::Account;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::{Arc, PoisonError, RwLock};

/// A header with a secret in it.
pub type Credential = (HeaderName, HeaderValue);

/// The credential of the moment, wherever it is needed.
#[derive(Clone)]
pub(super) struct Current(Arc<RwLock<Option<Credential>>>);

impl Current {
    pub(super) fn new(credential: Option<Credential>) -> Self {
        Self(Arc::new(RwLock::new(credential)))
    }

    /// Puts it into a request's head.
    pub(super) fn show(&self, headers: &mut HeaderMap) {
        if let Some((name, value)) = self.get() {
            headers.insert(name, value);
        }
    }

    fn get(&self) -> Option<Credential> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, new: Credential) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(new);
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
