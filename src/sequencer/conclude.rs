//! One change from its turn to its answer: prepare, write, and say truly what came of it.

use super::{
    Changed, Job, NameLocks,
    creating::create,
    evidence::{self, Parts, absent_conversation, holds, look, proven_after},
    execute::{Done, Executed, execute},
    once::{Intent, Wish},
    prepare::{Prepared, nothing_done, prepare_from},
    refusal::called_off,
    taken::{BatchConcluded, Taken},
    unsettled::Unsettled,
};
use crate::{
    answers, clock,
    config::ForeignWriters,
    error::{Code, Error, Outcome},
    etag::etag,
    planted::{self, Bug},
    upstream::{CallContext, CallError},
};
use adapters::{Attributes, Carried, CatalogueTag, Element, HeldTag, ProblemKind};
use std::sync::Arc;
use tokio::time::Instant;

/// Carries out one change by itself.
pub(super) async fn carry_out_alone(
    member: Taken<'_>,
    names: &NameLocks,
    known: Option<Carried>,
) -> BatchConcluded {
    let job = member.job;
    let mut prepared = match prepare_from(job, known).await {
        Ok(prepared) => prepared,
        Err(error) => return BatchConcluded::alone(Err(error)),
    };
    if prepared.steps.is_empty() {
        let result = changed(job, &mut prepared, None, &job.context()).await;
        return BatchConcluded {
            known: prepared.after,
            before: prepared.before,
            ..BatchConcluded::alone(Ok(result))
        };
    }
    if !member.progress.write() {
        return BatchConcluded::alone(Err(called_off()));
    }
    if job.once.is_some() {
        let intent = Intent::of(job, &prepared, &prepared.effect);
        if let Err(error) = Box::pin(member.intend(intent)).await {
            return BatchConcluded::alone(Err(error));
        }
    }
    let context = &job.context_beyond_the_caller();
    let written = execute_plan(job, &mut prepared, names, context).await;
    let (Executed { done, late }, ended) = match written {
        Ok(written) => written,
        Err(error) => return BatchConcluded::alone(Err(error)),
    };
    let concluded = conclude(job, &mut prepared, &done, context)
        .await
        .map_err(|error| with_created(error, prepared.made.iter().map(|(_, made)| made)));
    let (result, known) = match concluded {
        Ok((changed, known)) => (Ok(changed), known),
        Err(error) => (Err(error), None),
    };
    let account = &job.route.account;
    // Seeing what was wanted proves that the write has landed only if it was not there before.
    let seen_to_land =
        (prepared.before.is_some() || planted::is(Bug::SightingSettles)) && result.is_ok();
    let mut open = late;
    if !seen_to_land {
        open.extend(evidence::open_elements(&prepared, &done));
    }
    if open.is_empty() {
        // They are for whoever looks after other writers.
        let wishes = match result.is_ok() && account.limits.foreign_writers != ForeignWriters::Off {
            true => Wish::of(prepared.steps.iter()),
            false => Vec::new(),
        };
        return BatchConcluded {
            known,
            before: prepared.before,
            wishes,
            ..BatchConcluded::alone(result)
        };
    }
    let until = ended + account.limits.settle;
    BatchConcluded {
        unsettled: Unsettled::by(account.adapter.rules().writes, open.iter(), until),
        ..BatchConcluded::alone(result)
    }
}

/// Makes the tags that a plan needs, then sends its writes; tells also when the last of them ended.
///
/// # Errors
/// Why a tag could not be made; then no write was sent.
pub(super) async fn execute_plan(
    job: &Job,
    prepared: &mut Prepared,
    names: &NameLocks,
    context: &CallContext,
) -> Result<(Executed, Instant), Error> {
    let created = match prepared.creations.is_empty() {
        true => Vec::new(),
        false => Box::pin(make(job, prepared, names, context)).await?,
    };
    let executed = execute(job, &prepared.steps, &created, context).await;
    Ok((executed, Instant::now()))
}

/// Makes the tags that a plan needs, and gives their ids.
async fn make(
    job: &Job,
    prepared: &mut Prepared,
    names: &NameLocks,
    context: &CallContext,
) -> Result<Vec<String>, Error> {
    let account = &job.route.account;
    let mut created = Vec::with_capacity(prepared.creations.len());
    // The snapshot would have to be copied for each tag that is made.
    prepared.catalogue = Arc::default();
    for new in &prepared.creations {
        let made = create(account, context, new, &Attributes::default(), names).await;
        created.push(made.map_err(|error| with_created(error, created.iter()))?.0);
    }
    prepared
        .fill_in(job, &created)
        .map_err(|error| with_created(error, created.iter()))?;
    if let Ok(catalogue) = account.catalogue(context).await {
        prepared.catalogue = catalogue;
    }
    let ids = created.into_iter();
    Ok(ids.map(|made| made.id.unwrap_or_default()).collect())
}

/// What came of a plan that was sent, and what is carried now where that is certain.
async fn conclude(
    job: &Job,
    prepared: &mut Prepared,
    done: &[Done],
    context: &CallContext,
) -> Result<(Changed, Option<Carried>), Error> {
    if !done.iter().all(Done::took_effect) {
        return Box::pin(conclude_in_parts(job, prepared, done, context)).await;
    }
    if let Some(refused) = absent_conversation(job, prepared, done, context).await {
        let account = &job.route.account;
        return Err(refused.before_any_write(account, Code::ConversationNotFound));
    }
    let after = proven_after(job, prepared, done)?;
    let changed = changed(job, prepared, after.as_ref(), context).await;
    Ok((changed, after))
}

/// As [`conclude`], where not all took effect for certain.
async fn conclude_in_parts(
    job: &Job,
    prepared: &mut Prepared,
    done: &[Done],
    context: &CallContext,
) -> Result<(Changed, Option<Carried>), Error> {
    let account = &job.route.account;
    let Some(error) = done.iter().find_map(Done::error) else {
        return Err(
            Error::new(Code::Internal, "a plan stopped without a reason").outcome(Outcome::Unknown),
        );
    };
    let sent_some = done.iter().any(Done::took_effect);
    let open = done.iter().any(|done| matches!(done, Done::Unknown(_)));
    if !sent_some && !open && !is_about_content(error) {
        return Err(nothing_done(job, prepared, error));
    }
    let seen = match look(job, prepared, context).await {
        Ok(seen) => Some(seen),
        Err(CallError::Refused(problem))
            if problem.kind == ProblemKind::NotFound && !sent_some && !open =>
        {
            return Err(
                CallError::Refused(problem).before_any_write(account, Code::ConversationNotFound)
            );
        }
        Err(_) => None,
    };
    if let Some(seen) = &seen
        && prepared.steps.iter().all(|step| holds(step, seen))
    {
        return Ok((changed(job, prepared, Some(seen), context).await, None));
    }
    let parts = Parts::of(&prepared.steps, done, seen.as_ref());
    if parts.applied.is_empty() && parts.unknown.is_empty() {
        return Err(refused_content(job, prepared, error, context).await);
    }
    let settles_at = clock::rfc3339(Instant::now() + account.limits.settle * 2);
    if parts.applied.is_empty() && parts.not_applied.is_empty() {
        let error = error.public(account, Code::ConversationNotFound);
        return Err(error.outcome(Outcome::Unknown).settles_at(settles_at));
    }
    let mut told = Error::new(
        Code::PartiallyApplied,
        "only a part of the change is known to be done",
    )
    .with("applied", &parts.applied)
    .with("not_applied", &parts.not_applied)
    .with("unknown", &parts.unknown);
    if open {
        told = told.outcome(Outcome::Unknown).settles_at(settles_at);
    }
    if let Some(seen) = &seen {
        told = told
            .with("tags", answers::tags(&seen.0))
            .with("etag", etag(&account.key, &job.conversation, seen));
    }
    Err(told)
}

/// Whether a refusal may be about a tag or the conversation rather than about us or the vendor's load.
pub(super) fn is_about_content(error: &CallError) -> bool {
    error.problem().is_some_and(|problem| {
        matches!(
            problem.kind,
            ProblemKind::NotFound | ProblemKind::Rejected | ProblemKind::Conflict
        )
    })
}

/// Whether a tag could not be made because the vendor cannot be asked for anything now.
pub(super) fn says_nobody_is_served(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::VendorRateLimited | Code::VendorUnavailable
    ) && error.known_outcome() == Some(Outcome::NotApplied)
}

/// A refused write of which nothing took effect: perhaps a tag is gone from the catalogue since it was read.
async fn refused_content(
    job: &Job,
    prepared: &Prepared,
    error: &CallError,
    context: &CallContext,
) -> Error {
    let account = &job.route.account;
    if let Ok(newer) = account.catalogue_now(context).await {
        let gone: Vec<&HeldTag> = prepared
            .steps
            .iter()
            .flat_map(|step| &step.adds)
            .filter_map(Element::tag)
            .filter(|held| held.id().is_some_and(|id| newer.by_id(id).is_none()))
            .collect();
        if !gone.is_empty() {
            let told = Error::new(
                Code::UnknownTag,
                "a tag of the change is gone from the catalogue",
            );
            let gone: Vec<_> = gone
                .iter()
                .map(|held| (held.tag.encode(), Vec::<String>::new()))
                .collect();
            let nearest: std::collections::BTreeMap<_, _> = gone.into_iter().collect();
            return told.with("nearest", nearest).outcome(Outcome::NotApplied);
        }
    }
    error.before_any_write(account, Code::VendorRejected)
}

/// The answer, with the set after the change where it is asked for: it is read where it is not known. The change
/// stands, whatever becomes of that read.
async fn changed(
    job: &Job,
    prepared: &mut Prepared,
    after: Option<&Carried>,
    context: &CallContext,
) -> Changed {
    let set = match after.or(prepared.after.as_ref()) {
        _ if !job.representation => None,
        Some(after) => Some(after.clone()),
        None => Box::pin(evidence::seen(job, prepared, context)).await,
    };
    let effect = std::mem::take(&mut prepared.effect);
    Changed {
        added: effect.added,
        removed: effect.removed,
        assumed: prepared.before.is_none(),
        set,
    }
}

/// Tags that were made for a change stay, whatever becomes of the change.
fn with_created<'a>(error: Error, created: impl Iterator<Item = &'a CatalogueTag>) -> Error {
    let created: Vec<_> = created.map(answers::CatalogueAnswer::of).collect();
    match created.is_empty() {
        true => error,
        false => error.with("created", created),
    }
}
