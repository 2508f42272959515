//! Edits of the catalogue are one at a time for each (account, name).

use super::restart::{NotedName, Notes};
use crate::{
    clock,
    planted::{self, Bug},
    sync::lock,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, timeout_at},
};

use crate::error::{Code, Error, Outcome};

/// Keeps the edits of one name apart. A name that nobody edits takes no room.
#[derive(Debug, Default)]
pub struct NameLocks {
    names: Mutex<HashMap<(String, String), Arc<NameLock>>>,
    /// Accounts of which every name is held up until then.
    held: Mutex<HashMap<String, Instant>>,
}

/// Holds until when an earlier write about the name may still take effect.
type NameLock = tokio::sync::Mutex<Option<Instant>>;

/// The right to edit a name.
#[derive(Debug)]
pub(super) struct Name(OwnedMutexGuard<Option<Instant>>);

impl Name {
    /// Remembers that a write about the name may take effect until then.
    pub(super) fn unsettled_until(&mut self, until: Instant) {
        *self.0 = Some(until);
    }

    /// Remembers that what became of the writes about the name is known.
    pub(super) fn settled(&mut self) {
        *self.0 = None;
    }
}

impl NameLocks {
    /// Holds every name of an account up until then.
    pub(super) fn hold(&self, account: &str, until: Instant) {
        lock(&self.held).insert(account.to_owned(), until);
    }

    /// Holds one name up until then.
    pub(super) fn hold_name(&self, account: &str, name: &str, until: Instant) {
        if let Ok(mut unsettled) = self.of(account, name).try_lock() {
            *unsettled = (*unsettled).max(Some(until));
        }
    }

    /// Adds what may still land to the notes for the next process. A name that is being edited is left out: what
    /// is still being written when a process stops is no clean stop.
    pub(super) fn note(&self, notes: &mut Notes) {
        let now = Instant::now();
        for ((account, name), unsettled) in lock(&self.names).iter() {
            let until = unsettled.try_lock().ok().and_then(|until| *until);
            if let Some(until) = until.filter(|until| *until > now) {
                notes.names.push(NotedName {
                    account: account.clone(),
                    name: name.clone(),
                    until: clock::unix_ms_at(until),
                });
            }
        }
    }

    /// Waits for the right to edit a name.
    ///
    /// # Errors
    /// `deadline`, and `conversation-settling` while an earlier write may still take effect.
    pub(super) async fn lock(
        &self,
        account: &str,
        name: &str,
        deadline: Instant,
    ) -> Result<Name, Error> {
        let own = self.of(account, name);
        let guard = timeout_at(deadline, own.lock_owned()).await.map_err(|_| {
            Error::new(
                Code::Deadline,
                "the deadline passed while another edit of the tag was under way",
            )
            .outcome(Outcome::NotApplied)
        })?;
        let mut name = Name(guard);
        let now = Instant::now();
        let held = lock(&self.held).get(account).copied();
        if let Some(until) = held.max(*name.0).filter(|until| *until > now) {
            return Err(Error::new(
                Code::ConversationSettling,
                "an earlier write to this part of the catalogue may still take effect",
            )
            .retry_after(until - now)
            .outcome(Outcome::NotApplied));
        }
        name.settled();
        Ok(name)
    }

    /// Whether edits of an account are under way or may still take effect.
    pub(super) fn has_work(&self, account: &str) -> bool {
        let names = lock(&self.names);
        names
            .iter()
            .any(|((of, _), lock)| of == account && is_in_use(lock))
    }

    fn of(&self, account: &str, name: &str) -> Arc<NameLock> {
        if planted::is(Bug::TwoCreates) {
            return Arc::default();
        }
        let mut names = lock(&self.names);
        names.retain(|_, lock| is_in_use(lock));
        names
            .entry((account.to_owned(), name.to_owned()))
            .or_default()
            .clone()
    }
}

/// Whether somebody holds it, or an unsettled write is remembered in it.
fn is_in_use(lock: &Arc<NameLock>) -> bool {
    Arc::strong_count(lock) > 1
        || lock
            .try_lock()
            .is_ok_and(|unsettled| unsettled.is_some_and(|until| until > Instant::now()))
}
