//! Changing and deleting a tag that is there.

use super::{
    EditJob, Edited, Editing, TagUpdate, find,
    judge::{check_description, checked, exists, lose, unsupported},
    planned,
};
use crate::{
    error::{Code, Error, Outcome},
    sequencer::{
        creating::{EditPlan, carry_out, plan},
        names::Name,
    },
    upstream::CallError,
};
use adapters::{CatalogueTag, Edit, ProblemKind, Tag, TagRef, Update};

pub(super) async fn change(
    job: &EditJob,
    listed: &CatalogueTag,
    asked: &TagUpdate,
    names: &Editing<'_>,
) -> Result<Edited, Error> {
    let account = &job.route.account;
    let rules = account.adapter.rules();
    let mut update = Update {
        tag: None,
        description: asked.description.clone(),
        color: asked.color.clone(),
    };
    if asked.name.is_some() || asked.value.is_some() {
        let name = asked
            .name
            .clone()
            .unwrap_or_else(|| listed.tag.name.clone());
        let value = asked
            .value
            .clone()
            .unwrap_or_else(|| listed.tag.value.clone());
        update.tag = Some(Tag { name, value });
    }
    let lost = lose(job, |rules| rules.take_lost_update(&mut update))?;
    update.leave_out_what_is_so(listed);
    if let Some(tag) = &update.tag {
        update.tag = Some(checked(job, tag)?).filter(|tag| *tag != listed.tag);
    }
    check_description(job, update.description.as_ref().and_then(Option::as_deref))?;
    if update.is_empty() {
        return match job.dry_run {
            true => Ok(Edited::Planned(Vec::new(), lost)),
            false => Ok(Edited::There(listed.clone(), lost)),
        };
    }
    if let Some((member, why)) = rules.refuses(listed, &update) {
        return Err(unsupported(format!("/{member}"), why));
    }
    let mut locked = lock_both(job, listed, &update, names).await?;
    let context = job.context();
    let catalogue = account
        .catalogue(&context)
        .await
        .map_err(|error| job.failed(&error))?;
    let edit = Edit::Update {
        listed,
        update: &update,
    };
    let taken = catalogue
        .matching(&edit.identity())
        .find(|other| !is_same(other, listed));
    if let Some(taken) = taken.filter(|_| update.tag.is_some()) {
        return Err(exists(taken));
    }
    if job.dry_run {
        return planned(job, edit, &catalogue, lost).await;
    }
    let plan = plan(account, &context, edit, &catalogue)
        .await
        .map_err(|error| gone(job, listed, &error))?;
    names.begin_write().await?;
    let shown = carry_out(account, &job.writing_context(), edit, plan, &mut locked.0).await;
    match shown {
        Ok(Some(shown)) => {
            account.forget(listed);
            account.learn(shown.clone());
            Ok(Edited::There(shown, lost))
        }
        Ok(None) => Err(Error::new(
            Code::TagNotFound,
            "the catalogue does not have the tag any more",
        )),
        Err(error) => {
            // Whatever is cached of it may be wrong now.
            account.forget_catalogue();
            Err(gone_or(job, &error))
        }
    }
}

/// The tag under its new text, where an earlier attempt of this edit has renamed it.
pub(super) async fn renamed_before(
    job: &EditJob,
    reference: &TagRef,
    asked: &TagUpdate,
) -> Option<Edited> {
    let TagRef::Tag(old) = reference else {
        return None;
    };
    let new = Tag {
        name: asked.name.clone().unwrap_or_else(|| old.name.clone()),
        value: asked.value.clone().unwrap_or_else(|| old.value.clone()),
    };
    let (_, listed) = find(job, &TagRef::Tag(new)).await.ok()?;
    Some(Edited::There(listed, Vec::new()))
}

pub(super) async fn delete(
    job: &EditJob,
    listed: &CatalogueTag,
    names: &Editing<'_>,
) -> Result<Edited, Error> {
    let account = &job.route.account;
    let mut name = names
        .lock(account.order_key(), &listed.identity.name, job.deadline)
        .await?;
    let context = job.context();
    let catalogue = account
        .catalogue(&context)
        .await
        .map_err(|error| job.failed(&error))?;
    let edit = Edit::Delete { listed };
    if job.dry_run {
        return planned(job, edit, &catalogue, Vec::new()).await;
    }
    let is_gone = |error: &CallError| {
        error
            .problem()
            .is_some_and(|problem| problem.kind == ProblemKind::NotFound)
    };
    let plan = match plan(account, &context, edit, &catalogue).await {
        Ok(plan) => plan,
        Err(error) if is_gone(&error) => EditPlan {
            read: None,
            write: None,
        },
        Err(error) => return Err(job.failed(&error)),
    };
    names.begin_write().await?;
    match carry_out(account, &job.writing_context(), edit, plan, &mut name).await {
        Ok(_) => {}
        // A second delete is answered so; gone is gone.
        Err(error) if is_gone(&error) => {}
        // The status says that it took effect, and nothing else of the answer is needed.
        Err(CallError::Body(_)) => {}
        Err(error) => {
            account.forget_catalogue();
            return Err(job.write_failed(&error));
        }
    }
    account.forget(listed);
    Ok(Edited::Gone)
}

/// Locks the old name and the new one, always in one order, so that two renames cannot wait for each other.
async fn lock_both(
    job: &EditJob,
    listed: &CatalogueTag,
    update: &Update,
    names: &Editing<'_>,
) -> Result<(Name, Option<Name>), Error> {
    let account = job.route.account.order_key();
    let old = listed.identity.name.clone();
    let new = update
        .tag
        .as_ref()
        .map(|tag| adapters::fold(&tag.name))
        .filter(|new| *new != old);
    let Some(new) = new else {
        return Ok((names.lock(account, &old, job.deadline).await?, None));
    };
    let (first, second) = if old < new { (old, new) } else { (new, old) };
    let first = names.lock(account, &first, job.deadline).await?;
    Ok((
        first,
        Some(names.lock(account, &second, job.deadline).await?),
    ))
}

fn is_same(one: &CatalogueTag, other: &CatalogueTag) -> bool {
    match (&one.id, &other.id) {
        (Some(one), Some(other)) => one == other,
        _ => one.holder == other.holder && one.identity == other.identity,
    }
}

fn gone(job: &EditJob, _listed: &CatalogueTag, error: &CallError) -> Error {
    match error.problem() {
        Some(problem) if problem.kind == ProblemKind::NotFound => Error::new(
            Code::TagNotFound,
            "the catalogue does not have the tag any more",
        )
        .outcome(Outcome::NotApplied),
        _ => job.failed(error),
    }
}

fn gone_or(job: &EditJob, error: &CallError) -> Error {
    match error.problem().map(|problem| problem.kind) {
        Some(ProblemKind::Conflict) => {
            Error::new(Code::TagExists, "the vendor has a tag of this name")
                .outcome(Outcome::NotApplied)
        }
        _ => job.write_failed(error),
    }
}
