//! Edits of the catalogue that a caller asks for: judged under the name's lock, then carried out.

mod create;
mod judge;
mod update;

use super::{
    Intent, Once, TakeUp,
    creating::plan,
    names::{Name, NameLocks},
    refusal,
    waiting::Progress,
};
use crate::{
    answers::PlannedCall,
    clock,
    error::{Code, Error, Outcome},
    gateway::Route,
    upstream::{CallContext, CallError, Meter, Priority},
};
use adapters::{Attributes, Catalogue, CatalogueTag, Edit, Identity, Tag, TagRef};
use std::sync::Arc;
use tokio::time::Instant;

/// An edit on its way.
#[derive(Clone, Debug)]
pub struct EditJob {
    /// The route it came by.
    pub route: Arc<Route>,
    /// What is asked.
    pub action: Action,
    /// Whether it is only planned.
    pub dry_run: bool,
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// Counts what is spent.
    pub meter: Arc<Meter>,
    /// Remembers it under the caller's key.
    pub once: Option<Arc<dyn Once>>,
}

/// What is asked of the catalogue.
#[derive(Clone, Debug)]
pub enum Action {
    /// A new tag.
    Create(Tag, Attributes),
    /// A tag with these attributes, new or not; its text is not changed.
    Ensure(TagRef, TagUpdate),
    /// Another text or other attributes.
    Update(TagRef, TagUpdate),
    /// No such tag any more.
    Delete(TagRef),
}

/// A merge patch of a tag; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TagUpdate {
    /// The name.
    pub name: Option<String>,
    /// The value, or none.
    pub value: Option<Option<String>>,
    /// The description, or none.
    pub description: Option<Option<String>>,
    /// The colour, or none.
    pub color: Option<Option<String>>,
}

/// What an edit came to.
#[derive(Debug)]
pub enum Edited {
    /// A tag that was made.
    Made(CatalogueTag, Vec<&'static str>),
    /// A tag that was there.
    There(CatalogueTag, Vec<&'static str>),
    /// It is gone.
    Gone,
    /// What would be sent.
    Planned(Vec<PlannedCall>, Vec<&'static str>),
}

impl EditJob {
    fn context(&self) -> CallContext {
        CallContext {
            route: self.route.name.clone(),
            responses: self.route.responses,
            deadline: self.deadline,
            due: self.deadline,
            committed: false,
            changes: false,
            priority: Priority::Interactive,
            meter: self.meter.clone(),
            seed: self.once.as_ref().map(|once| once.seed()),
        }
    }

    /// Once it writes, the caller's time no longer counts; each call has its own.
    fn writing_context(&self) -> CallContext {
        let beyond = Instant::now() + self.route.account.limits.settle;
        CallContext {
            deadline: self.deadline.max(beyond),
            ..self.context()
        }
    }

    fn failed(&self, error: &CallError) -> Error {
        error.before_any_write(&self.route.account, Code::VendorInvalidResponse)
    }

    /// After a write: what may have been applied is never called not applied.
    fn write_failed(&self, error: &CallError) -> Error {
        let account = &self.route.account;
        let told = error.public(account, Code::TagNotFound);
        match error {
            error if error.is_unknown() => told
                .outcome(Outcome::Unknown)
                .settles_at(clock::rfc3339(Instant::now() + account.limits.settle)),
            CallError::Body(_) => told.outcome(Outcome::Applied),
            _ => told.outcome(Outcome::NotApplied),
        }
    }
}

/// What an edit works with.
struct Editing<'a> {
    locks: &'a NameLocks,
    progress: &'a Progress,
    once: Option<&'a Arc<dyn Once>>,
    /// Whether an earlier attempt of this very edit may have taken effect.
    resumes: bool,
}

impl Editing<'_> {
    async fn lock(&self, account: &str, name: &str, deadline: Instant) -> Result<Name, Error> {
        self.locks.lock(account, name, deadline).await
    }

    /// From here on the edit is carried out whatever the caller does.
    async fn begin_write(&self) -> Result<(), Error> {
        if !self.progress.write() {
            return Err(refusal::called_off());
        }
        match self.once {
            Some(once) => once.intend(Intent::default()).await,
            None => Ok(()),
        }
    }
}

/// Carries an edit out.
///
/// # Errors
/// Whatever the caller has to be told instead.
pub(super) async fn edit(
    job: &EditJob,
    progress: &Progress,
    locks: &NameLocks,
) -> Result<Edited, Error> {
    let resumes = match &job.once {
        None => false,
        Some(once) => match once.take_up().await? {
            TakeUp::Fresh => false,
            TakeUp::Resumes => true,
            TakeUp::Known => {
                return Err(Error::new(
                    Code::IdempotencyInProgress,
                    "the answer has become known while the repeat waited",
                ));
            }
        },
    };
    let names = &Editing {
        locks,
        progress,
        once: job.once.as_ref(),
        resumes,
    };
    match &job.action {
        Action::Create(tag, attributes) => create::create(job, tag, attributes, names).await,
        Action::Ensure(reference, asked) => create::ensure(job, reference, asked, names).await,
        Action::Update(reference, update) => {
            let (_, listed) = match find(job, reference).await {
                Err(error) if resumes && error.code() == Code::TagNotFound => {
                    return update::renamed_before(job, reference, update)
                        .await
                        .ok_or(error);
                }
                found => found?,
            };
            update::change(job, &listed, update, names).await
        }
        Action::Delete(reference) => match find(job, reference).await {
            // The earlier attempt has deleted it.
            Err(error) if resumes && error.code() == Code::TagNotFound => Ok(Edited::Gone),
            found => update::delete(job, &found?.1, names).await,
        },
    }
}

/// The one tag that a reference means; a miss looks again in a newer catalogue.
///
/// # Errors
/// `tag-not-found`, `ambiguous-tag`, and those of reading the catalogue.
pub(crate) async fn find(
    job: &EditJob,
    reference: &TagRef,
) -> Result<(Arc<Catalogue>, CatalogueTag), Error> {
    lookup(&job.route, &job.context(), reference)
        .await
        .map_err(|error| error.outcome(Outcome::NotApplied))
}

/// As [`find`], for a read.
///
/// # Errors
/// As [`find`].
pub(crate) async fn lookup(
    route: &Route,
    context: &CallContext,
    reference: &TagRef,
) -> Result<(Arc<Catalogue>, CatalogueTag), Error> {
    let account = &route.account;
    let failed = |error: CallError| error.public(account, Code::VendorInvalidResponse);
    let catalogue = account.catalogue(context).await.map_err(failed)?;
    if let Some(listed) = one(&catalogue, reference)? {
        return Ok((catalogue, listed));
    }
    let newer = account
        .catalogue_after_miss(&catalogue, context)
        .await
        .map_err(failed)?;
    match one(&newer, reference)? {
        Some(listed) => Ok((newer, listed)),
        None => Err(Error::new(
            Code::TagNotFound,
            "the catalogue does not have the tag",
        )),
    }
}

fn one(catalogue: &Catalogue, reference: &TagRef) -> Result<Option<CatalogueTag>, Error> {
    match reference {
        TagRef::Id(id) => Ok(catalogue.by_id(id).cloned()),
        TagRef::Tag(tag) => {
            let identity = Identity::of(tag);
            let mut matching = catalogue.matching(&identity);
            match (matching.next(), matching.len()) {
                (first, 0) => Ok(first.cloned()),
                _ => Err(refusal::ambiguous(
                    catalogue.matching(&identity).cloned().collect(),
                )),
            }
        }
    }
}

async fn planned(
    job: &EditJob,
    edit: Edit<'_>,
    catalogue: &Catalogue,
    lost: Vec<&'static str>,
) -> Result<Edited, Error> {
    let account = &job.route.account;
    let plan = plan(account, &job.context(), edit, catalogue)
        .await
        .map_err(|error| job.failed(&error))?;
    let calls = plan
        .write
        .iter()
        .map(|call| PlannedCall::of(&account.base, call, |_| ""));
    Ok(Edited::Planned(calls.collect(), lost))
}
