//! Whose conversations they are: which routes share a vendor account, and that they agree about it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use adapters::settings::Settings;

use super::base_url::Upstream;
use super::fault::{Fault, Place};
use super::keys::{self, Key};
use super::rate::{self, RateWindow};
use super::routes::Draft;
use super::secret::Secret;
use super::walk::Walked;
use super::{ForeignWriters, Secrets};

/// One account at a vendor: what order, quota, breaker, retry budget and catalogue cache belong to.
#[derive(Debug)]
pub struct AccountConfig {
    /// Its stable identity: the configured name, or vendor, host and secret reference. Goes into ETags; never holds
    /// the secret, so a rotated key leaves it as it is.
    pub key: String,
    /// The vendor's name.
    pub vendor: &'static str,
    /// Where its calls go.
    pub upstream: Upstream,
    /// Whether a host that the vendor does not publish, or a private address, may be connected to.
    pub allow_any_host: bool,
    /// The credential; nothing with the mock, or where secrets were not looked at.
    pub secret: Option<Secret>,
    /// Where the credential is kept: `env:NAME` or `file:PATH`.
    pub secret_reference: Option<String>,
    /// The vendor's own settings, defaults filled in.
    pub settings: Settings,
    /// How long a catalogue is used after it was read.
    pub catalogue_ttl: Duration,
    /// The largest catalogue that is read.
    pub catalogue_max_tags: usize,
    /// A newer document of the vendor than the vendored one.
    pub document: Option<PathBuf>,
    /// Certificates of authorities that are trusted besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// How long after an attempt's end a write with an unknown outcome may still take effect.
    pub settle: Duration,
    /// How often a call that is safe to repeat is sent at most.
    pub attempts: u32,
    /// How long one attempt of a read may take; never longer than the whole deadline.
    pub attempt_timeout: Duration,
    /// How many calls the vendor sees at once.
    pub max_in_flight: usize,
    /// Whether nobody but this gateway writes to the account's conversations.
    pub exclusive: bool,
    /// What is done about others who write.
    pub foreign_writers: ForeignWriters,
    /// The quota, shortest window first; none where it is off or unpublished.
    pub rate: Vec<RateWindow>,
    /// Whether calls slow down for a while after the vendor has turned one away: unless the quota is `off`.
    pub paced: bool,
    /// Failed calls in a row after which the vendor is left alone; 0 for never.
    pub breaker_failures: u32,
    /// How long the vendor is left alone at most.
    pub breaker_max_open: Duration,
}

/// Makes the accounts of the routes. The list of places says which account each route has; it is shorter than the
/// routes only if there are faults.
pub(super) fn read(
    drafts: &[Draft<'_>],
    secrets: Secrets,
    environment: &BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> (Vec<AccountConfig>, Vec<usize>) {
    let placed: Vec<Placed<'_>> = drafts.iter().filter_map(Placed::new).collect();
    check_names(&placed, faults);
    let keys: Vec<String> = placed.iter().map(|route| key_of(route, &placed)).collect();
    check_references(&placed, &keys, faults);

    let mut accounts: Vec<AccountConfig> = Vec::new();
    let mut first: Vec<&Placed<'_>> = Vec::new();
    let mut indices = Vec::new();
    for (route, key) in placed.iter().zip(keys) {
        if let Some(index) = accounts.iter().position(|account| account.key == key) {
            if let Some(earlier) = first.get(index) {
                compare(earlier, route, faults);
            }
            indices.push(index);
            continue;
        }
        indices.push(accounts.len());
        let secret = fetch(route, secrets, environment, faults);
        accounts.push(account(route, key, secret));
        first.push(route);
    }
    (accounts, indices)
}

/// A route whose upstream is known.
struct Placed<'a> {
    draft: &'a Draft<'a>,
    upstream: &'a Upstream,
    /// The secret's reference; empty with the mock, which has none.
    reference: String,
}

impl<'a> Placed<'a> {
    fn new(draft: &'a Draft<'a>) -> Option<Self> {
        let upstream = draft.upstream.as_ref()?;
        let reference = match upstream {
            Upstream::Mock => String::new(),
            Upstream::Url(_) => draft.reference.as_ref()?.to_string(),
        };
        Some(Self {
            draft,
            upstream,
            reference,
        })
    }

    fn is_mock(&self) -> bool {
        *self.upstream == Upstream::Mock
    }

    fn same_host(&self, other: &Self) -> bool {
        let same = self.draft.vendor.name == other.draft.vendor.name;
        same && self.upstream.host() == other.upstream.host()
    }

    /// Whether both have one credential, and so are one account whatever they are called. Twins have none.
    fn same_credential(&self, other: &Self) -> bool {
        !self.is_mock() && self.same_host(other) && self.reference == other.reference
    }

    fn table(&self) -> &Walked<'a> {
        &self.draft.table
    }

    /// The route and the line of `key`, for a message at another route.
    fn shown(&self, key: &Key) -> String {
        match self.table().place(key) {
            Place::File { line, .. } => format!("`{}` (line {line})", self.draft.name),
            Place::Variable(variable) => format!("`{}` ({variable})", self.draft.name),
            Place::Nowhere => format!("`{}`", self.draft.name),
        }
    }
}

/// The account's identity: its name, be it that of another route with the same credential.
fn key_of(route: &Placed<'_>, all: &[Placed<'_>]) -> String {
    let shared = all
        .iter()
        .filter(|other| route.same_credential(other))
        .find_map(|other| other.draft.account.clone());
    let vendor = route.draft.vendor.name;
    match route.draft.account.clone().or(shared) {
        Some(name) => name,
        None if route.is_mock() => format!("{vendor}/mock/{}", route.draft.name),
        None => format!("{vendor}/{}/{}", route.upstream.host(), route.reference),
    }
}

/// One credential has one name, and one name is of one vendor.
fn check_names(all: &[Placed<'_>], faults: &mut Vec<Fault>) {
    for (index, later) in all.iter().enumerate() {
        let Some(name) = &later.draft.account else {
            continue;
        };
        let mut earlier = all
            .iter()
            .take(index)
            .filter_map(|route| Some((route, route.draft.account.as_ref()?)));
        let clash = earlier.find_map(|(route, other)| {
            let shown = route.shown(&keys::ACCOUNT);
            let vendor = route.draft.vendor.name;
            if name == other && vendor != later.draft.vendor.name {
                return Some(format!(
                    "{shown} gives this name to an account of `{vendor}`"
                ));
            }
            let two_names = name != other && route.same_credential(later);
            two_names
                .then(|| format!("{shown} has the same secret and calls the account `{other}`"))
        });
        faults.extend(clash.map(|detail| later.table().error(&keys::ACCOUNT, detail)));
    }
}

/// Two references at one host may be two keys of one account: only the operator knows.
fn check_references(all: &[Placed<'_>], account_keys: &[String], faults: &mut Vec<Fault>) {
    let named = |key: &str| !key.contains('/');
    for (index, (later, later_key)) in all.iter().zip(account_keys).enumerate() {
        let mut earlier = all.iter().zip(account_keys).take(index);
        let clash = earlier.find(|(route, key)| {
            let differ =
                !route.is_mock() && route.same_host(later) && route.reference != later.reference;
            differ && !(named(key) && named(later_key))
        });
        if let Some((route, _)) = clash {
            let shown = route.shown(&keys::SECRET);
            let detail =
                format!("{shown} has another secret at the same host: one account or two?");
            let cure =
                "`account = \"…\"` on both: two names for two accounts; one account has one secret";
            faults.push(later.table().error(&keys::SECRET, detail).cure(cure));
        }
    }
}

/// Routes of one account may not differ in what belongs to the account.
fn compare(earlier: &Placed<'_>, later: &Placed<'_>, faults: &mut Vec<Fault>) {
    if earlier.draft.vendor.name != later.draft.vendor.name {
        return;
    }
    // Which of two secrets a twin is not given does not matter.
    let one_has_none = earlier.is_mock() || later.is_mock();
    let compared = |key: &&Key| key.account && !(one_has_none && key.name == keys::SECRET.name);
    for key in keys::of(keys::Table::Route).filter(compared) {
        let (there, here) = (shown(earlier, key), shown(later, key));
        if there != here && !earlier.table().is_faulty(key) && !later.table().is_faulty(key) {
            let other = earlier.shown(key);
            let detail =
                format!("{here} differs from {there} of {other}, a route of the same account");
            faults.push(later.table().error(key, detail));
        }
    }
    for (name, here) in &later.draft.settings {
        if earlier.draft.settings.get(name) != Some(here) {
            let vendor = later.draft.vendor.name;
            let path = later.table().path.key(vendor).key(name);
            let place = later.table().place_of_setting(vendor, name);
            let other = earlier.draft.name;
            let line = match earlier.table().place_of_setting(vendor, name) {
                Place::File { line, .. } => format!("line {line}"),
                Place::Variable(variable) => variable,
                Place::Nowhere => String::new(),
            };
            let detail = format!("differs from `{other}` ({line}), a route of the same account");
            faults.push(Fault::error(place, path, detail));
        }
    }
}

/// The value in force, as an operator reads it.
fn shown(route: &Placed<'_>, key: &Key) -> String {
    match key.name {
        name if name == keys::BASE_URL.name => route.upstream.to_string(),
        name if name == keys::SECRET.name => format!("`{}`", route.reference),
        name if name == keys::RATE.name => rate::show(&route.draft.rate),
        _ => route.table().shown(key),
    }
}

fn fetch(
    route: &Placed<'_>,
    secrets: Secrets,
    environment: &BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Option<Secret> {
    if route.is_mock() || secrets == Secrets::Skip {
        return None;
    }
    let fetched = route.draft.reference.as_ref()?.fetch(environment);
    match fetched {
        Ok(fetched) => {
            if fetched.exposed {
                let path = route.table().path.key(keys::SECRET.name);
                let detail = "every user of this machine may read the file";
                let warning = Fault::warning(route.table().place(&keys::SECRET), path, detail);
                faults.push(warning.cure("chmod o-r on it"));
            }
            Some(fetched.secret)
        }
        Err(detail) => {
            let fault = route.table().error(&keys::SECRET, detail);
            faults.push(fault.cure(
                "put the credential there; `tagway check --no-secrets` checks the rest without it",
            ));
            None
        }
    }
}

fn account(route: &Placed<'_>, key: String, secret: Option<Secret>) -> AccountConfig {
    let table = route.table();
    AccountConfig {
        key,
        vendor: route.draft.vendor.name,
        upstream: route.upstream.clone(),
        allow_any_host: table.switch(&keys::ALLOW_ANY_HOST),
        secret,
        secret_reference: route.draft.reference.as_ref().map(ToString::to_string),
        settings: route.draft.settings.clone(),
        catalogue_ttl: table.time(&keys::CATALOGUE_TTL_MS),
        catalogue_max_tags: table.size(&keys::CATALOGUE_MAX_TAGS),
        document: table.text(&keys::DOCUMENT).map(PathBuf::from),
        ca_file: table.text(&keys::CA_FILE).map(PathBuf::from),
        settle: table.time(&keys::SETTLE_MS),
        attempts: count(table, &keys::ATTEMPTS),
        attempt_timeout: table.time(&keys::ATTEMPT_TIMEOUT_MS),
        max_in_flight: table.size(&keys::CALLS_IN_FLIGHT),
        exclusive: table.text(&keys::WRITERS).as_deref() == Some("exclusive"),
        foreign_writers: match table.text(&keys::FOREIGN_WRITERS).as_deref() {
            Some("detect") => ForeignWriters::Detect,
            Some("strict") => ForeignWriters::Strict,
            _ => ForeignWriters::Off,
        },
        rate: route.draft.rate.clone(),
        paced: table.windows(&keys::RATE) != Some(Vec::new()),
        breaker_failures: count(table, &keys::BREAKER_FAILURES),
        breaker_max_open: table.time(&keys::BREAKER_MAX_OPEN_MS),
    }
}

fn count(table: &Walked<'_>, key: &Key) -> u32 {
    u32::try_from(table.number(key)).unwrap_or(u32::MAX)
}
