//! Who asks, and what they may.

use crate::{
    config::{Client, Scopes},
    error::{Code, Error},
};
use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity<'a> {
    /// Anybody: no clients are configured, and only this machine can ask.
    Open,
    /// A configured client.
    Client(&'a Client),
}

impl Identity<'_> {
    /// The name for logs.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Open => "-",
            Self::Client(client) => &client.name,
        }
    }

    /// Whether the route exists for them. One that they may not use is one that there is not.
    pub(super) fn may_use(&self, route: &str) -> bool {
        match self {
            Self::Open => true,
            Self::Client(client) => client.routes.iter().any(|name| name == route),
        }
    }

    /// Demands a scope.
    ///
    /// # Errors
    /// `forbidden`, with the scope's name.
    pub(super) fn demand(&self, name: &str, scope: impl Fn(&Scopes) -> bool) -> Result<(), Error> {
        match self {
            Self::Client(client) if !scope(&client.scopes) => Err(Error::new(
                Code::Forbidden,
                format!("the key lacks the scope `{name}`"),
            )),
            Self::Open | Self::Client(_) => Ok(()),
        }
    }
}

/// What a key is called by those who put it into a URL.
const KEY_PARAMETERS: [&str; 8] = [
    "access_token",
    "api_key",
    "api-key",
    "apikey",
    "authorization",
    "client_key",
    "key",
    "token",
];

/// Refuses a key in a URL, where it ends up in logs and histories.
///
/// # Errors
/// `invalid-query`; what was sent is not repeated.
pub(super) fn no_key_in_query(query: Option<&str>) -> Result<(), Error> {
    let names = query
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default());
    for name in names {
        let key = KEY_PARAMETERS
            .iter()
            .find(|key| name.eq_ignore_ascii_case(key));
        if let Some(key) = key {
            let detail = "a key is sent as `Authorization: Bearer …` and never in a URL";
            return Err(Error::new(Code::InvalidQuery, detail).at(*key, "it is a key"));
        }
    }
    Ok(())
}

/// Finds out who asks. Every configured hash is compared, in constant time each, whatever is found.
///
/// # Errors
/// `unauthenticated`, the same for a missing, a malformed and an unknown key.
pub(super) fn identify<'a>(
    clients: &'a [Client],
    headers: &HeaderMap,
) -> Result<Identity<'a>, Error> {
    if clients.is_empty() {
        return Ok(Identity::Open);
    }
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let presented = match (values.next(), values.next()) {
        (Some(value), None) => bearer(value.as_bytes()),
        _ => None,
    };
    let digest: [u8; 32] = Sha256::digest(presented.unwrap_or_default()).into();
    let mut found = None;
    for client in clients {
        for hash in &client.key_sha256 {
            if bool::from(hash.ct_eq(&digest)) {
                found = Some(client);
            }
        }
    }
    match (found, presented) {
        (Some(client), Some(_)) => Ok(Identity::Client(client)),
        _ => Err(Error::new(
            Code::Unauthenticated,
            "a known client key has to be sent as `Authorization: Bearer …`",
        )),
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    (scheme.eq_ignore_ascii_case(b"bearer ") && !key.is_empty()).then(|| key.trim_ascii())
}
