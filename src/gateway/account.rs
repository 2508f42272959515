//! From an account's configuration to the account.

use super::BuildError;
use crate::{
    clock,
    config::{AccountConfig, Upstream},
    mock::{self, Served, TWINS},
    record::Recorder,
    schema::Document,
    tls,
    upstream::{
        Account, AccountLimits, Base, BreakerLimits, BudgetLimits, CatalogueCache, Credential,
        Parts, credential, embedded, network,
    },
};
use adapters::{Adapter, Vendor};
use std::sync::Arc;

/// Builds an account; opens no connection. `twin`: the embedded twin that goes on from an earlier gateway; `earlier`:
/// the account whose place it takes.
///
/// # Errors
/// A certificate file or a secret that cannot be used.
pub(super) fn build_account(
    config: &AccountConfig,
    vendor: &'static Vendor,
    document: Arc<Document>,
    (twin, earlier): (Option<Arc<Served>>, Option<Arc<Account>>),
    recorder: Option<&Arc<Recorder>>,
    seed: u64,
) -> Result<Account, BuildError> {
    let failed = |why: String| BuildError::Account {
        account: config.key.clone(),
        why,
    };
    let adapter = (vendor.build)(&config.settings, document.value());
    let (transport, twin, url) = match &config.upstream {
        Upstream::Mock => {
            let kind = TWINS.iter().find(|kind| kind.name == vendor.name);
            let kind = kind.ok_or_else(|| failed("the vendor has no twin".to_owned()))?;
            let windows = config.rate.iter().map(|window| mock::Window {
                requests: window.requests,
                length_ms: u64::try_from(window.length.as_millis()).unwrap_or(u64::MAX),
            });
            let options = mock::Options {
                seed,
                windows: windows.collect(),
                ..mock::Options::default()
            };
            // Most often the twin speaks by the very document that its answers are held against.
            let is_shared = config.document.is_none() && vendor.document == kind.document;
            let served = match twin {
                Some(running) => running,
                None if is_shared => Served::with_document(kind, &options, document.clone()),
                None => Served::new(kind, options)?,
            };
            (embedded(served.clone()), Some(served), vendor.base_url)
        }
        Upstream::Url(url) => {
            let authorities = match &config.ca_file {
                Some(file) => tls::certificates(file).map_err(failed)?,
                None => Vec::new(),
            };
            let url = url.as_str();
            let base = Base::parse(url).map_err(|error| failed(error.to_string()))?;
            let transport = network(&base, config.allow_any_host, &authorities)
                .map_err(|error| failed(error.to_string()))?;
            (transport, None, url)
        }
    };
    let transport = match recorder {
        Some(recorder) => recorder.wrap(transport, vendor, document.clone(), url),
        None => transport,
    };
    let credential = credential_of(config, &*adapter).map_err(failed)?;
    let base = Base::parse(url).map_err(|error| failed(error.to_string()))?;
    tracing::debug!(account = %config.key, at = clock::unix_ms(), "account built");
    Ok(Account::new(Parts {
        key: config.key.clone(),
        adapter,
        document,
        base,
        credential,
        transport,
        twin,
        catalogue: CatalogueCache::new(config.catalogue_ttl, config.catalogue_max_tags),
        limits: AccountLimits {
            attempts: config.attempts,
            attempt_timeout: config.attempt_timeout,
            settle: config.settle,
            max_in_flight: config.max_in_flight,
            paced: config.paced,
            retries: BudgetLimits::default(),
            breaker: BreakerLimits {
                failures: config.breaker_failures,
                most_open: config.breaker_max_open,
                ..BreakerLimits::default()
            },
            exclusive: config.exclusive,
            foreign_writers: config.foreign_writers,
        },
        rate: config.rate.clone(),
        earlier,
        seed,
    }))
}

/// What the account shows its vendor; a twin takes any key.
pub(super) fn credential_of(
    config: &AccountConfig,
    adapter: &dyn Adapter,
) -> Result<Option<Credential>, String> {
    match (&config.secret, &config.upstream) {
        (Some(secret), _) => {
            let (name, _) = adapter.credential("");
            credential(name, |secret| adapter.credential(secret).1, secret)
                .map(Some)
                .map_err(|_| "the secret holds characters that no header can".to_owned())
        }
        (None, Upstream::Mock) => {
            let (name, value) = adapter.credential("mock");
            let value = http::HeaderValue::from_str(&value).ok();
            Ok(value.map(|value| (http::HeaderName::from_static(name), value)))
        }
        (None, Upstream::Url(_)) => Ok(None),
    }
}
