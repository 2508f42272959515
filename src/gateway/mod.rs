//! The running gateway: what a checked configuration becomes.

mod account;
mod succession;
#[cfg(test)]
mod tests;

use crate::{
    config::{
        AccountConfig, CatalogueAccess, Client, Config, OnLoss, Responses, Server, VendorKeys,
    },
    idempotency::Idempotency,
    metrics::Metrics,
    schema::{Document, DocumentError, KeptPaths, Unproven, prove},
    sequencer::{Lanes, Sequencer},
    tls::{self, TlsError},
    upstream::Account,
};
use account::{build_account, credential_of};
use adapters::{VENDORS, Vendor, reader::Keep, settings::Settings};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use succession::{Accounts, Rotation, Succession};

/// The API's own document.
pub const OPENAPI: &str = include_str!("../../schemas/gateway.json");

/// Everything that a request needs.
pub struct Gateway {
    /// Limits and times of the public side.
    pub limits: Server,
    /// Who may ask; nobody configured means that only this machine can.
    pub clients: Vec<Client>,
    /// The API's own document, compiled.
    pub document: Arc<Document>,
    /// The API's own document, as it is served.
    pub openapi: Bytes,
    /// What the API is served with over TLS; nothing for plain HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Orders the changes.
    pub sequencer: Arc<dyn Sequencer>,
    /// Remembers keyed requests; nothing where the operator keeps no store.
    pub idempotency: Option<Arc<Idempotency>>,
    /// What is counted, from the start of the process on.
    pub metrics: Arc<Metrics>,
    routes: BTreeMap<String, Arc<Route>>,
    has_several_accounts: bool,
    lanes: Arc<Lanes>,
    vendored: Compiled,
    accounts: Accounts,
    rotations: Vec<Rotation>,
    /// Accounts that go on from earlier ones with other settings.
    changed: Vec<Arc<Account>>,
}

/// A route: a name for an account, and how changes that come by it are treated.
#[derive(Debug)]
pub struct Route {
    /// The operator's name for it.
    pub name: Arc<str>,
    /// Whose conversations.
    pub account: Arc<Account>,
    /// Whether unknown tags are made where the request does not say.
    pub create_missing: bool,
    /// What happens to what the vendor cannot hold.
    pub on_loss: OnLoss,
    /// What a violation of the vendor's document does.
    pub responses: Responses,
    /// What may be done to the catalogue.
    pub catalogue: CatalogueAccess,
}

/// Why a checked configuration cannot run.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A document does not compile.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A document lacks an operation that is called.
    #[error("the document of `{vendor}` has no operation `{operation}`")]
    Operation {
        /// The vendor.
        vendor: &'static str,
        /// What is missing.
        operation: &'static str,
    },
    /// Certificate or key of the API.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Something about one account.
    #[error("account `{account}`: {why}")]
    Account {
        /// The account's key.
        account: String,
        /// What is wrong.
        why: String,
    },
}

impl Gateway {
    /// Builds everything a configuration asks for; opens no connection. `seed` feeds everything random.
    ///
    /// # Errors
    /// A document that does not compile or lacks an operation, a secret that no header can hold.
    pub fn build(
        config: Config,
        lanes: Arc<Lanes>,
        idempotency: Option<Arc<Idempotency>>,
        seed: u64,
    ) -> Result<Self, BuildError> {
        let document = Arc::new(Document::compile("gateway", OPENAPI, &|_| None)?);
        let lasting = Lasting {
            document,
            idempotency,
            lanes,
            metrics: Arc::default(),
            vendored: BTreeMap::new(),
        };
        Self::assemble(config, seed, lasting, &Accounts::default())
    }

    /// Builds what takes this gateway's place, and touches nothing of this one: it goes on, or steps down when the
    /// other calls [`Self::take_over`].
    ///
    /// # Errors
    /// As [`Self::build`], and an account that may be any of several that are gone.
    pub fn successor(&self, config: Config, seed: u64) -> Result<Self, BuildError> {
        let lasting = Lasting {
            document: self.document.clone(),
            idempotency: self.idempotency.clone(),
            lanes: self.lanes.clone(),
            metrics: self.metrics.clone(),
            vendored: self.vendored.clone(),
        };
        Self::assemble(config, seed, lasting, &self.accounts)
    }

    /// What has to happen to the accounts that go on, at the moment at which this gateway begins to be asked.
    pub fn take_over(&self) {
        self.rotations.iter().for_each(Rotation::apply);
        self.changed.iter().for_each(|account| account.take_over());
        self.lanes.forget_known();
    }

    fn assemble(
        config: Config,
        seed: u64,
        lasting: Lasting,
        earlier: &Accounts,
    ) -> Result<Self, BuildError> {
        let Lasting {
            document,
            idempotency,
            lanes,
            metrics,
            vendored: mut compiled,
        } = lasting;
        let mut accounts = Vec::new();
        let mut changed = Vec::new();
        let recorder = config.recorder.as_ref();
        for (at, account) in config.accounts.iter().enumerate() {
            let failed = |why: String| BuildError::Account {
                account: account.key.clone(),
                why,
            };
            let built = match earlier.next(account, &config.accounts).map_err(failed)? {
                Succession::Same(account) => account,
                Succession::New {
                    order,
                    twin,
                    earlier,
                } => {
                    let vendor = vendor(account.vendor).ok_or_else(|| {
                        failed(format!("no vendor is called `{}`", account.vendor))
                    })?;
                    let document = document_of(vendor, account, &mut compiled)?;
                    let seed = seed.wrapping_add(at as u64);
                    let goes_on = earlier.is_some();
                    let before = (twin, earlier);
                    let built = build_account(account, vendor, document, before, recorder, seed)?;
                    let counted = built.counted_in(metrics.calls(), metrics.violations().clone());
                    let built = Arc::new(counted.ordered_as(order));
                    changed.extend(goes_on.then(|| built.clone()));
                    built
                }
            };
            accounts.push(built);
        }
        let has_several_accounts = accounts.len() > 1;
        let built: Vec<_> = config
            .accounts
            .iter()
            .zip(accounts.iter().cloned())
            .collect();
        let (known, rotations) = earlier.after(&built, &lanes, |config, account| {
            credential_of(config, &*account.adapter).ok().flatten()
        });
        let routes = config.routes.into_iter().filter_map(|route| {
            let account = accounts.get(route.account)?.clone();
            let name: Arc<str> = route.name.as_str().into();
            let built = Route {
                name,
                account,
                create_missing: route.create_missing,
                on_loss: route.on_loss,
                responses: route.responses,
                catalogue: route.catalogue,
            };
            Some((route.name, Arc::new(built)))
        });
        Ok(Self {
            tls: config.server.tls.as_ref().map(tls::server).transpose()?,
            routes: routes.collect(),
            has_several_accounts,
            limits: config.server,
            clients: config.clients,
            document,
            metrics,
            openapi: Bytes::from_static(OPENAPI.as_bytes()),
            sequencer: lanes.clone(),
            idempotency,
            lanes,
            vendored: {
                // A file may hold another document by the time of the next build.
                compiled.retain(|(_, file), _| file.is_none());
                compiled
            },
            accounts: known,
            rotations,
            changed,
        })
    }

    /// How many requests to one account are worked on at once: where there are others, not all, so that the requests
    /// that wait for a silent vendor leave room for those of the others.
    pub fn most_to_one_account(&self) -> usize {
        let most = self.limits.max_in_flight;
        match self.has_several_accounts {
            true => most.saturating_sub(most / 4).max(1),
            false => most,
        }
    }

    /// The route of a name.
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes.get(name)
    }

    /// All accounts, by key, each with the names of its routes.
    pub fn accounts(&self) -> impl Iterator<Item = (&Arc<Account>, Vec<String>)> {
        let mut accounts: BTreeMap<&str, (&Arc<Account>, Vec<String>)> = BTreeMap::new();
        for route in self.routes.values() {
            let of_account = accounts.entry(&route.account.key);
            let (_, names) = of_account.or_insert((&route.account, Vec::new()));
            names.push(route.name.to_string());
        }
        accounts.into_values()
    }

    /// All routes, by name.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.routes.values()
    }
}

/// The vendor of a name.
pub fn vendor(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().copied().find(|vendor| vendor.name == name)
}

/// What goes on from one configuration to the next as it is.
struct Lasting {
    document: Arc<Document>,
    idempotency: Option<Arc<Idempotency>>,
    lanes: Arc<Lanes>,
    metrics: Arc<Metrics>,
    vendored: Compiled,
}

/// Documents by vendor and file; the vendored ones have no file.
type Compiled = BTreeMap<(&'static str, Option<PathBuf>), Arc<Document>>;

/// The document that an account is held against: the vendored one, or a newer one that allows all that the
/// adapter can emit.
fn document_of(
    vendor: &'static Vendor,
    account: &AccountConfig,
    compiled: &mut Compiled,
) -> Result<Arc<Document>, BuildError> {
    let key = (vendor.name, account.document.clone());
    if let Some(document) = compiled.get(&key) {
        return Ok(document.clone());
    }
    let document = match &account.document {
        None => compile(vendor, vendor.document)?,
        Some(path) => {
            newer_document(vendor, path, &account.settings).map_err(|why| BuildError::Account {
                account: account.key.clone(),
                why,
            })?
        }
    };
    let document = Arc::new(document);
    compiled.insert(key, document.clone());
    Ok(document)
}

/// What the configuration has to know of every vendor that there is an adapter for.
pub fn vendor_keys() -> Vec<VendorKeys> {
    let keys = |vendor: &&Vendor| VendorKeys {
        name: vendor.name,
        hosts: vendor.hosts,
        base_url: vendor.base_url,
        rate: vendor.rate,
        settings: vendor.settings,
        document: check_document,
    };
    VENDORS.iter().map(keys).collect()
}

/// What is wrong with a newer document of a vendor, if anything: the configuration's check of it.
///
/// # Errors
/// What is wrong with it.
fn check_document(name: &str, path: &Path, settings: &Settings) -> Result<(), String> {
    match vendor(name) {
        Some(vendor) => newer_document(vendor, path, settings).map(|_| ()),
        None => Err(format!("no vendor is called `{name}`")),
    }
}

/// A document from a file, if it allows all that the vendor's adapter can emit.
///
/// # Errors
/// What is wrong with it.
pub fn newer_document(
    vendor: &'static Vendor,
    path: &Path,
    settings: &Settings,
) -> Result<Document, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
    let document = compile(vendor, &text).map_err(|error| format!("`{shown}`: {error}"))?;
    let adapter = (vendor.build)(settings, document.value());
    let (certain, undecided): (Vec<Unproven>, Vec<Unproven>) = prove(&*adapter, &document)
        .into_iter()
        .partition(|unproven| unproven.certain);
    for unproven in undecided {
        // Each body is checked again before it is sent.
        tracing::warn!(vendor = vendor.name, path = %shown, %unproven, "not proven of a newer document");
    }
    if certain.is_empty() {
        return Ok(document);
    }
    let told: Vec<String> = certain.iter().map(ToString::to_string).collect();
    Err(format!(
        "`{shown}` does not allow what would be sent: {}",
        told.join("; ")
    ))
}

/// What is kept of the answers to each operation, where it is not everything.
pub(crate) fn kept(vendor: &Vendor) -> impl Fn(&str) -> Option<KeptPaths> {
    |id| {
        let mut operations = vendor.operations.iter();
        match operations.find(|(operation, _)| *operation == id)?.1 {
            Keep::Everything => None,
            Keep::Only(paths) => Some(paths),
        }
    }
}

/// A document of a vendor, compiled, with every operation that its adapter calls.
///
/// # Errors
/// When it does not compile or an operation is missing.
pub fn compile(vendor: &Vendor, text: &str) -> Result<Document, BuildError> {
    let document = Document::compile(vendor.name, text, &kept(vendor))?;
    for (operation, _) in vendor.operations {
        if document.operation(operation).is_none() {
            return Err(BuildError::Operation {
                vendor: vendor.name,
                operation,
            });
        }
    }
    Ok(document)
}
