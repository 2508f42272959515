//! Making a tag in the catalogue: one at a time for each (account, name), and never a second one.

use super::{Job, prepare::catalogue_failed};
use crate::{
    error::{Code, Error, Outcome},
    upstream::CallError,
};
use adapters::{Answer, Call, Catalogue, CatalogueTag, HeldTag, ProblemKind, Repeat, Unreadable};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::{Instant, timeout_at};

/// What making a tag takes.
#[derive(Debug)]
pub struct CreationPlan {
    /// What had to be read first, and its answer.
    pub read: Option<(Call, Answer)>,
    /// The write; `None` when the read shows that the tag is there.
    pub write: Option<Call>,
}

/// Keeps the creates of one name apart. A name that nobody makes takes no room.
#[derive(Debug, Default)]
pub struct NameLocks {
    names: Mutex<HashMap<(String, String), Arc<NameLock>>>,
}

/// Holds until when an earlier write about the name may still take effect.
type NameLock = tokio::sync::Mutex<Option<Instant>>;

impl NameLocks {
    fn of(&self, account: &str, name: &str) -> Arc<NameLock> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, lock| {
            // One that somebody holds stays, and one that an unsettled write is remembered in.
            Arc::strong_count(lock) > 1
                || lock
                    .try_lock()
                    .is_ok_and(|unsettled| unsettled.is_some_and(|until| until > Instant::now()))
        });
        names
            .entry((account.to_owned(), name.to_owned()))
            .or_default()
            .clone()
    }
}

/// Plans a creation; reads what has to be known first.
///
/// # Errors
/// Those of the read.
pub(super) async fn plan(
    job: &Job,
    new: &HeldTag,
    catalogue: &Catalogue,
) -> Result<CreationPlan, Error> {
    let adapter = &job.route.account.adapter;
    let failed = catalogue_failed(job);
    let first = adapter
        .before_create(new, catalogue)
        .map_err(|error| failed(CallError::Invalid(error.to_string())))?;
    let read = match first {
        None => None,
        Some(call) => {
            let answer = job
                .route
                .account
                .call(&call, None, &job.context())
                .await
                .map_err(&failed)?;
            Some((call, answer))
        }
    };
    let write = adapter
        .create(new, read.as_ref().map(|(_, answer)| answer))
        .map_err(|error| failed(body(error)))?;
    Ok(CreationPlan { read, write })
}

/// Makes a tag, or finds that it is there.
///
/// # Errors
/// Why it may not be there; the outcome is unknown where the create may still take effect.
pub(super) async fn create(
    job: &Job,
    new: &HeldTag,
    names: &NameLocks,
) -> Result<CatalogueTag, Error> {
    let account = &job.route.account;
    let context = job.context();
    let lock = names.of(&account.key, &new.identity.name);
    let mut unsettled = timeout_at(job.deadline, lock.lock()).await.map_err(|_| {
        Error::new(Code::Deadline, "the deadline passed while a tag was made")
            .outcome(Outcome::NotApplied)
    })?;
    let now = Instant::now();
    if let Some(until) = unsettled.filter(|until| *until > now) {
        return Err(Error::new(
            Code::ConversationSettling,
            "an earlier write to the catalogue may still take effect",
        )
        .retry_after(until - now)
        .outcome(Outcome::NotApplied));
    }
    *unsettled = None;

    let catalogue = account
        .catalogue(&context)
        .await
        .map_err(catalogue_failed(job))?;
    if let Some(there) = catalogue.matching(&new.identity).next() {
        return Ok(there.clone());
    }
    let plan = plan(job, new, &catalogue).await?;
    let made = match (plan.write, plan.read) {
        (None, Some((_, answer))) => account.adapter.created(new, &answer).map_err(body),
        (None, None) => Err(CallError::Invalid(
            "there is nothing to send for a tag that is not there".to_owned(),
        )),
        (Some(call), _) => {
            let sent = call.body.as_ref().and_then(|body| body.render(|_| None));
            match account.call(&call, sent, &context).await {
                Ok(answer) => account.adapter.created(new, &answer).map_err(body),
                Err(error) => {
                    if error.is_unknown() && call.repeat == Repeat::ReplacesSet {
                        *unsettled = Some(Instant::now() + account.limits.settle);
                    }
                    Err(error)
                }
            }
        }
    };
    let error = match made {
        Ok(made) => {
            account.learn(made.clone());
            return Ok(made);
        }
        Err(error) => error,
    };
    let may_be_there = error.is_unknown()
        || matches!(error, CallError::Body(_))
        || error
            .problem()
            .is_some_and(|problem| problem.kind == ProblemKind::Conflict);
    if may_be_there
        && let Ok(catalogue) = account.catalogue_now(&context).await
        && let Some(there) = catalogue.matching(&new.identity).next()
    {
        *unsettled = None;
        return Ok(there.clone());
    }
    let outcome = if error.is_unknown() || matches!(error, CallError::Body(_)) {
        Outcome::Unknown
    } else {
        Outcome::NotApplied
    };
    Err(error.public(account, Code::VendorRejected).outcome(outcome))
}

fn body(error: Unreadable) -> CallError {
    CallError::Body(error.to_string())
}
