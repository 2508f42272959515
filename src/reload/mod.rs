//! The configuration in force, and how another takes its place while requests are served.
//!
//! A new configuration is read, checked and built as a whole beside the running one; then one pointer is swapped.
//! Whatever goes wrong before that changes nothing but what the operator is told. A request that has begun keeps the
//! gateway that it began with; what must not be there twice (lanes, accounts) goes on in the successor, see
//! `gateway::succession`.

mod fault;
mod live;
mod watch;

pub use fault::Places;
pub use live::{Generation, Live, Trouble};
pub use watch::watch;

use crate::config::{AccountConfig, Config, Fault, Loaded, Severity};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A configuration as it was read, with its whereabouts.
#[derive(Debug)]
pub struct Reading {
    /// What was read.
    pub loaded: Loaded,
    /// The SHA-256 of the file, in hexadecimal digits, as `sha256sum` prints it.
    pub digest: String,
}

/// Reads the configuration and every file that it names.
pub type Read = Box<dyn Fn() -> Result<Reading, Vec<Fault>> + Send + Sync>;

/// How often the configuration is read again because it names other files than before.
const MAX_READINGS: usize = 3;

/// Who asks for a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// SIGHUP.
    Signal,
    /// A file that may have changed: nothing happens if its content has not.
    File,
    /// The operator's listener.
    Admin,
}

/// Puts new configurations in force, one at a time.
pub struct Reloader {
    live: Arc<Live>,
    file: PathBuf,
    read: Read,
    /// Held by whoever reloads.
    seen: Mutex<Seen>,
}

/// What the last attempt was made of.
#[derive(Debug, Default)]
struct Seen {
    files: BTreeSet<PathBuf>,
    digest: Option<[u8; 32]>,
    /// What that attempt found; nothing where it took effect.
    faults: Vec<Fault>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signal => "signal",
            Self::File => "file",
            Self::Admin => "admin",
        })
    }
}

impl Reloader {
    /// Reloads what `read` reads from `file`; what runs was read from `files`.
    pub fn new(live: Arc<Live>, file: PathBuf, read: Read, files: BTreeSet<PathBuf>) -> Self {
        let digest = Some(digest(&files));
        let seen = Seen {
            files,
            digest,
            faults: Vec::new(),
        };
        Self {
            live,
            file,
            read,
            seen: Mutex::new(seen),
        }
    }

    /// The files that the configuration was last read from.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        self.seen().files.clone()
    }

    /// Reads, checks, builds and swaps. `Ok(None)`: no file has changed, so there was nothing to do.
    ///
    /// Blocks on files and computes for up to a second: to be called where that holds nobody up.
    ///
    /// # Errors
    /// Every fault; then what ran before goes on.
    pub fn reload(&self, cause: Cause) -> Result<Option<Arc<Generation>>, Vec<Fault>> {
        let mut seen = self.seen();
        let now = digest(&seen.files);
        let same = seen.digest == Some(now);
        // After a failure it is tried again: what it lacked may be in a file that nobody knows of yet.
        if cause == Cause::File && same && seen.faults.is_empty() {
            return Ok(None);
        }
        seen.digest = Some(now);
        match self.attempt(&mut seen) {
            Ok(generation) => {
                seen.faults.clear();
                tracing::info!(%cause, generation = generation.number, digest = generation.digest, "configuration reloaded");
                Ok(Some(generation))
            }
            Err(mut faults) => {
                faults.retain(|fault| fault.severity == Severity::Error);
                // One that is tried again and again is told once.
                if cause != Cause::File || !same || seen.faults != faults {
                    for fault in &faults {
                        tracing::error!(%cause, "the configuration is not taken, what ran before goes on: {fault}");
                    }
                    self.live.failed(&faults);
                }
                seen.faults = faults.clone();
                Err(faults)
            }
        }
    }

    fn attempt(&self, seen: &mut Seen) -> Result<Arc<Generation>, Vec<Fault>> {
        let Reading { loaded, digest } = self.read(seen)?;
        let current = self.live.current();
        let (old, new) = (&current.gateway.limits, &loaded.config.server);
        let fixed = fault::needs_restart(old, new, &loaded.effective);
        if !fixed.is_empty() {
            return Err(fixed);
        }
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let places = Places::of(&loaded);
        let gateway = current
            .gateway
            .successor(loaded.config, fastrand::u64(..))
            .map_err(|error| vec![places.fault(&error)])?;
        Ok(self.live.swap(gateway, digest))
    }

    /// Reads what is read after its digest was taken: whatever changes later is seen to have changed.
    fn read(&self, seen: &mut Seen) -> Result<Reading, Vec<Fault>> {
        let mut reading = (self.read)()?;
        for _ in 0..MAX_READINGS {
            let files = files(&self.file, &reading.loaded.config);
            if files == seen.files {
                break;
            }
            // Which files there are is only known now.
            seen.digest = Some(digest(&files));
            seen.files = files;
            reading = (self.read)()?;
        }
        Ok(reading)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every file that a configuration is made of.
pub fn files(file: &Path, config: &Config) -> BTreeSet<PathBuf> {
    let of_account = |account: &AccountConfig| {
        let secret = account.secret_reference.as_deref();
        let secret = secret.and_then(|reference| reference.strip_prefix("file:"));
        let ca_file = account.ca_file.clone();
        [account.document.clone(), ca_file, secret.map(PathBuf::from)]
    };
    let of_accounts = config.accounts.iter().flat_map(of_account).flatten();
    let of_tls = config.server.tls.iter();
    let of_tls = of_tls.flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]);
    let all = of_accounts.chain(of_tls).chain([file.to_owned()]);
    all.collect()
}

/// A digest over the content of files; one that cannot be read counts as such.
fn digest(files: &BTreeSet<PathBuf>) -> [u8; 32] {
    let mut all = Sha256::new();
    for file in files {
        let content = std::fs::read(file).map_or([0; 32], |bytes| Sha256::digest(&bytes).into());
        all.update(file.as_os_str().as_encoded_bytes());
        all.update([0]);
        all.update(content);
    }
    all.finalize().into()
}
