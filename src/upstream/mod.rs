//! The outbound side of one account: what is sent is checked, limited, timed, repeated where that is safe, and
//! what comes back is checked before anything believes it.

pub mod address;
mod attempt;
mod base;
mod breaker;
mod budget;
mod cache;
mod call;
mod checks;
mod context;
mod credential;
mod failure;
mod latency;
mod network;
mod pace;
mod quota;
mod reading;
mod retry;
mod stack;
#[cfg(test)]
mod tests;
mod transport;
mod turns;
mod watch;

pub use base::{BadUrl, Base};
pub use breaker::{BreakerLimits, BreakerPhase, BreakerStanding, Cause};
pub use budget::BudgetLimits;
pub use cache::CatalogueCache;
pub use call::Sent;
pub use context::{CallContext, Meter};
pub use credential::Credential;
pub use failure::CallError;
pub use network::{NetworkError, network};
pub use quota::{Priority, Standing};
pub use reading::Reading;
pub use transport::{AnswerBody, Transport, TransportError, credential, embedded};
pub use turns::LineStanding;

use attempt::Attempt;
use breaker::Breaker;
use budget::Budget;
use context::micros;
use quota::Quota;
use retry::Retries;
use stack::Stack;
use turns::Turns;

use crate::{
    config::{ForeignWriters, RateWindow},
    metrics::Calls,
    mock::Served,
    schema::{Document, Place},
    violations::Violations,
};
use adapters::Adapter;
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Semaphore;

/// For each place at the vendor, so many writes that are only listened to.
const LISTENING: usize = 8;

/// Whose conversations they are at the vendor: what a vendor counts, limits and orders belongs here.
pub struct Account {
    /// Stable and without any secret; part of every ETag.
    pub key: String,
    /// The vendor's dialect.
    pub adapter: Arc<dyn Adapter>,
    /// The vendor's document, compiled.
    pub document: Arc<Document>,
    /// Where the vendor is.
    pub base: Base,
    /// The embedded twin, if this is one.
    pub twin: Option<Arc<Served>>,
    /// The catalogue as last read.
    pub catalogue: CatalogueCache,
    /// Limits and times.
    pub limits: AccountLimits,
    /// The vendor's windows, as configured.
    pub rate: Vec<RateWindow>,
    /// Under which name its conversations and its catalogue are ordered; see [`Self::order_key`].
    order: String,
    credential: credential::Current,
    random: Arc<Mutex<fastrand::Rng>>,
    stack: Stack,
    /// The key, as a label.
    label: Arc<str>,
    calls: Calls,
    retries: Arc<Retries>,
    breaker: Arc<Breaker>,
    turns: Arc<Turns>,
    listening: Arc<Semaphore>,
    violations: Violations,
    read_operation: &'static str,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Limits and times of an account, as configured.
#[derive(Clone, Copy, Debug)]
pub struct AccountLimits {
    /// How often a call is sent in all, where it may be repeated.
    pub attempts: u32,
    /// How long a read may take.
    pub attempt_timeout: Duration,
    /// How long an unanswered write may still take effect.
    pub settle: Duration,
    /// Calls under way at once.
    pub max_in_flight: usize,
    /// Whether calls go more slowly for a while after the vendor has turned one away.
    pub paced: bool,
    /// How many calls may be sent again.
    pub retries: BudgetLimits,
    /// When the vendor is left alone.
    pub breaker: BreakerLimits,
    /// Whether nobody else writes, so that a set known from a definite success saves the next read.
    pub exclusive: bool,
    /// What is done about other writers.
    pub foreign_writers: ForeignWriters,
}

impl AccountLimits {
    /// Writes that may be listened to at once.
    fn most_listening(&self) -> usize {
        self.max_in_flight.saturating_mul(LISTENING)
    }
}

impl Default for AccountLimits {
    /// What the configuration says where the operator says nothing.
    fn default() -> Self {
        Self {
            attempts: 3,
            attempt_timeout: Duration::from_secs(5),
            settle: Duration::from_secs(30),
            max_in_flight: 8,
            paced: true,
            retries: BudgetLimits::default(),
            breaker: BreakerLimits::default(),
            exclusive: false,
            foreign_writers: ForeignWriters::Off,
        }
    }
}

/// What an account is made of.
pub struct Parts {
    /// See [`Account::key`].
    pub key: String,
    /// See [`Account::adapter`].
    pub adapter: Arc<dyn Adapter>,
    /// See [`Account::document`].
    pub document: Arc<Document>,
    /// See [`Account::base`].
    pub base: Base,
    /// The header that carries the secret; none with an embedded twin.
    pub credential: Option<Credential>,
    /// The way to the vendor.
    pub transport: Transport,
    /// See [`Account::twin`].
    pub twin: Option<Arc<Served>>,
    /// See [`Account::catalogue`].
    pub catalogue: CatalogueCache,
    /// See [`Account::limits`].
    pub limits: AccountLimits,
    /// See [`Account::rate`].
    pub rate: Vec<RateWindow>,
    /// The account whose place it takes, if it is the same one at the vendor: what is known of the vendor and what was
    /// used there goes on.
    pub earlier: Option<Arc<Account>>,
    /// Seed of everything random.
    pub seed: u64,
}

impl Account {
    /// An account at rest.
    pub fn new(parts: Parts) -> Self {
        let read_operation = parts.adapter.read("-").map_or("", |call| call.operation);
        let limits = parts.limits;
        let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(parts.seed)));
        let retries = Retries {
            attempts: limits.attempts,
            budget: match &parts.earlier {
                Some(earlier) => earlier.retries.budget.clone(),
                None => Arc::new(Budget::new(limits.retries)),
            },
            random: random.clone(),
        };
        // Writes that nobody answers must not keep the others from the vendor, nor pile up without end.
        let listening = match &parts.earlier {
            Some(earlier) if earlier.limits.max_in_flight == limits.max_in_flight => {
                earlier.listening.clone()
            }
            _ => Arc::new(Semaphore::new(limits.most_listening())),
        };
        let credential = credential::Current::new(parts.credential, parts.transport.host());
        let attempt = Attempt {
            transport: parts.transport,
            adapter: parts.adapter.clone(),
            limits,
            credential: credential.clone(),
            listening: listening.clone(),
            alarms: Mutex::default(),
        };
        let retries = Arc::new(retries);
        let (breaker, turns) = match &parts.earlier {
            Some(earlier) => (earlier.breaker.clone(), earlier.turns.clone()),
            None => (
                Breaker::new(&parts.key, limits.breaker, random.clone()),
                Turns::new(&limits, Quota::new(&parts.rate, limits.paced)),
            ),
        };
        Self {
            read_operation,
            order: parts.key.clone(),
            label: parts.key.as_str().into(),
            calls: Calls::default(),
            key: parts.key,
            adapter: parts.adapter,
            document: parts.document,
            base: parts.base,
            twin: parts.twin,
            catalogue: parts.catalogue,
            limits,
            rate: parts.rate,
            credential,
            random,
            stack: Stack {
                retries: retries.clone(),
                breaker: breaker.clone(),
                turns: turns.clone(),
                attempt,
            },
            retries,
            breaker,
            turns,
            listening,
            violations: Violations::default(),
        }
    }

    /// The same account, ordered together with one that was known by another key.
    #[must_use]
    pub fn ordered_as(self, order: String) -> Self {
        Self { order, ..self }
    }

    /// The same account, with its calls and what is found in their answers counted here.
    #[must_use]
    pub fn counted_in(self, calls: Calls, violations: Violations) -> Self {
        Self {
            calls,
            violations,
            ..self
        }
    }

    /// Its limits hold from now on, also for what goes on from the account whose place it takes.
    pub fn take_over(&self) {
        self.breaker.limit(self.limits.breaker);
        self.turns.limit(&self.limits, &self.rate);
    }

    /// What the lanes know the account by: its key, or that of the account whose place it took. Whatever else
    /// changes about an account while the process runs, this does not, so that no conversation ever has two lanes.
    pub fn order_key(&self) -> &str {
        &self.order
    }

    /// What the vendor's document says against a conversation's id, if anything.
    pub fn conversation_id_flaw(&self, id: &str) -> Option<String> {
        let operation = self.document.operation(self.read_operation)?;
        let mut in_path = operation
            .parameters()
            .iter()
            .filter(|parameter| parameter.place() == Place::Path);
        in_path
            .find_map(|parameter| parameter.violations(&[id]).into_iter().next())
            .map(|violation| violation.detail)
    }

    /// What the vendor's document says that its writes cause elsewhere.
    pub fn side_effects(&self) -> Vec<String> {
        let texts = self
            .document
            .operations()
            .filter_map(|operation| operation.value().get("x-side-effects")?.as_str());
        let distinct: std::collections::BTreeSet<&str> = texts.collect();
        distinct.into_iter().map(str::to_owned).collect()
    }

    /// How the calls stand that want to go to the vendor.
    pub fn line(&self) -> LineStanding {
        self.turns.standing()
    }

    /// How the breaker stands.
    pub fn breaker(&self) -> BreakerStanding {
        self.breaker.standing()
    }

    /// How many calls could be sent again at this moment.
    pub fn retries_left(&self) -> u32 {
        self.retries.budget.left()
    }

    /// How many writes are only listened to, and how many may be.
    pub fn listening(&self) -> (usize, usize) {
        let most = self.limits.most_listening();
        (
            most.saturating_sub(self.listening.available_permits()),
            most,
        )
    }
}
