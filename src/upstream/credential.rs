//! The header that carries an account's secret. A rotated secret takes the place of the old one in the running
//! account: every attempt that starts later sends the new one, whoever asked for it and when.

use super::Account;
use http::{HeaderName, HeaderValue};
use std::sync::PoisonError;

/// A header with a secret in it.
pub type Credential = (HeaderName, HeaderValue);

impl Account {
    /// What is shown to the vendor now; nothing with an embedded twin.
    pub fn credential(&self) -> Option<Credential> {
        self.credential
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts a rotated secret in the place of the one before.
    pub fn rotate(&self, new: Credential) {
        let mut current = self
            .credential
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Some(new);
    }
}
