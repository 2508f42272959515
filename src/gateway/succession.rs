//! What of a running gateway goes on in the one that takes its place.
//!
//! Order (law 3) has to hold across a reload too: a change that is under way and one that comes by the new
//! configuration to the same conversation must meet in one lane. Lanes are found by what an account is *ordered as*,
//! so what matters is that an account never changes that while anything of it is at work:
//!
//! - An account of the same key and the same settings is the same object: its catalogue, its slots and its twin go on.
//!   If only its secret is another, the secret is replaced in the running object.
//! - An account of the same key and other settings is a new object with fresh caches and the same order. What waits in
//!   a lane by the old object is carried out with the old settings; the two are never folded together. If it is still
//!   at the same place, the two share what is about the vendor (quota, breaker, line, retry budget), under the new
//!   settings as soon as they are in force.
//! - An account of a new key may be an old one under a new name (its secret moved from a variable to a file, or it was
//!   given a name). If an account of the same vendor and host is gone, and the secret's reference is the same or there
//!   is only one such, the new one is ordered as the gone one. That is right if they are one, and if they are two it
//!   costs a wait only where two conversations have one id. Where several are gone, which of them it is cannot be
//!   known, and the reload is refused.
//! - An account is gone for good when nothing holds it and no lane of it is left, which takes the settle time of its
//!   last unanswered write.

use crate::{
    config::{AccountConfig, Upstream},
    mock::Served,
    sequencer::Lanes,
    upstream::{Account, Credential},
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Weak},
};

/// Every account that has run in this process and may still be at work.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    known: Vec<Known>,
}

/// An account, and what it was made of.
#[derive(Clone, Debug)]
struct Known {
    account: Weak<Account>,
    key: String,
    order: String,
    made_of: MadeOf,
    secret: Option<[u8; 32]>,
    /// Whether the configuration that was last built has it.
    current: bool,
}

/// What an account is made of, but for its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MadeOf {
    vendor: &'static str,
    /// The twin, or the vendor's URL.
    upstream: Upstream,
    reference: Option<String>,
    rate: String,
    /// Every setting, in writing.
    settings: String,
    /// The content of the files that the settings name.
    files: Vec<Option<[u8; 32]>>,
}

/// How an account of a new configuration comes to be.
pub(super) enum Succession {
    /// It is the one that runs.
    Same(Arc<Account>),
    /// It is built.
    New {
        /// What it is ordered as.
        order: String,
        /// The twin that it goes on with.
        twin: Option<Arc<Served>>,
        /// The account whose place it takes, where it is certainly the same one at the vendor.
        earlier: Option<Arc<Account>>,
    },
}

/// A secret that takes effect when the new configuration does.
#[derive(Debug)]
pub(super) struct Rotation {
    account: Arc<Account>,
    credential: Credential,
}

impl Rotation {
    pub(super) fn apply(&self) {
        self.account.rotate(self.credential.clone());
    }
}

impl Accounts {
    /// How an account of the next configuration comes to be, whose accounts are `all`.
    ///
    /// # Errors
    /// A sentence that says between which accounts cannot be decided.
    pub(super) fn next(
        &self,
        config: &AccountConfig,
        all: &[AccountConfig],
    ) -> Result<Succession, String> {
        let of_key = self.known.iter().find(|known| known.key == config.key);
        let Some(known) = of_key else {
            let order = self.renamed(config, all)?;
            let made_of = MadeOf::of(config);
            let of_order = self.known.iter().filter(|known| known.order == order);
            let mut same = of_order.filter(|known| {
                known.made_of.is_at_the_vendor_of(&made_of)
                    && known.made_of.reference == made_of.reference
            });
            let earlier = same.find_map(|known| known.account.upgrade());
            return Ok(Succession::New {
                order,
                twin: None,
                earlier,
            });
        };
        let made_of = MadeOf::of(config);
        let running = known.account.upgrade();
        match running {
            Some(account) if known.made_of == made_of => Ok(Succession::Same(account)),
            running => {
                let twin = running
                    .clone()
                    .filter(|_| {
                        known.made_of.vendor == made_of.vendor && known.made_of.rate == made_of.rate
                    })
                    .and_then(|account| account.twin.clone());
                let goes_on = twin.is_some() || known.made_of.is_at_the_vendor_of(&made_of);
                Ok(Succession::New {
                    order: known.order.clone(),
                    twin,
                    earlier: running.filter(|_| goes_on),
                })
            }
        }
    }

    /// What an account of a new key is ordered as.
    fn renamed(&self, config: &AccountConfig, all: &[AccountConfig]) -> Result<String, String> {
        if config.upstream == Upstream::Mock {
            return Ok(config.key.clone());
        }
        let gone: Vec<&Known> = self
            .known
            .iter()
            .filter(|known| known.made_of.vendor == config.vendor)
            .filter(|known| known.made_of.upstream.host() == config.upstream.host())
            .filter(|known| all.iter().all(|other| other.key != known.key))
            .collect();
        let same = gone
            .iter()
            .find(|known| known.made_of.reference == config.secret_reference);
        if let Some(same) = same {
            return Ok(same.order.clone());
        }
        let orders: BTreeSet<&str> = gone.iter().map(|known| known.order.as_str()).collect();
        match orders.into_iter().collect::<Vec<_>>().as_slice() {
            [] => Ok(config.key.clone()),
            [only] => Ok((*only).to_owned()),
            several => Err(format!(
                "it may be any of {}, which are gone and may still be at work: only a restart can rename several",
                several.join(", ")
            )),
        }
    }

    /// What is known once `built` run; and the secrets to be replaced then.
    pub(super) fn after(
        &self,
        built: &[(&AccountConfig, Arc<Account>)],
        lanes: &Lanes,
        credential: impl Fn(&AccountConfig, &Account) -> Option<Credential>,
    ) -> (Self, Vec<Rotation>) {
        let mut rotations = Vec::new();
        let mut next = Vec::new();
        for (config, account) in built {
            let known = Known::of(config, account);
            for earlier in self.known.iter().filter(|earlier| earlier.key == known.key) {
                // A new secret is for the address that it was configured with, and for no earlier one.
                let same_place = earlier.made_of.vendor == known.made_of.vendor
                    && earlier.made_of.upstream == known.made_of.upstream;
                if let Some(running) = earlier.account.upgrade()
                    && earlier.secret != known.secret
                    && same_place
                    && let Some(credential) = credential(config, account)
                {
                    rotations.push(Rotation {
                        account: running,
                        credential,
                    });
                }
            }
            next.push(known);
        }
        let leaving = self.known.iter().filter(|known| {
            let stays = next.iter().any(|next| next.account.ptr_eq(&known.account));
            let named = next.iter().any(|next| next.order == known.order);
            // While its successor runs, the lanes are the successor's to know.
            !stays && !named && (known.current || known.is_at_work(lanes))
        });
        let mut leaving: Vec<Known> = leaving.cloned().collect();
        leaving.iter_mut().for_each(|known| known.current = false);
        next.extend(leaving);
        (Self { known: next }, rotations)
    }
}

impl Known {
    fn of(config: &AccountConfig, account: &Arc<Account>) -> Self {
        Self {
            account: Arc::downgrade(account),
            key: config.key.clone(),
            order: account.order_key().to_owned(),
            made_of: MadeOf::of(config),
            secret: config
                .secret
                .as_ref()
                .map(|secret| Sha256::digest(secret.expose()).into()),
            current: true,
        }
    }

    fn is_at_work(&self, lanes: &Lanes) -> bool {
        self.account.strong_count() > 0 || lanes.has_work(&self.order)
    }
}

impl MadeOf {
    /// Whether both are at one address of one vendor, and not on twins, of which each account has its own.
    fn is_at_the_vendor_of(&self, other: &Self) -> bool {
        self.upstream != Upstream::Mock
            && self.vendor == other.vendor
            && self.upstream == other.upstream
    }

    fn of(config: &AccountConfig) -> Self {
        let files = [config.document.as_deref(), config.ca_file.as_deref()];
        Self {
            vendor: config.vendor,
            upstream: config.upstream.clone(),
            reference: config.secret_reference.clone(),
            rate: format!("{:?}", config.rate),
            // A secret writes itself as a placeholder.
            settings: format!("{config:?}"),
            files: files.into_iter().flatten().map(content).collect(),
        }
    }
}

/// A digest of what a file holds; nothing if it cannot be read.
fn content(path: &Path) -> Option<[u8; 32]> {
    let bytes = std::fs::read(path).ok()?;
    Some(Sha256::digest(&bytes).into())
}
