//! One change from its turn to its answer: prepare, write, and say truly what came of it.

use super::{
    Changed, Job, NameLocks,
    creating::create,
    evidence::{self, Parts, absent_conversation, holds, look, proven_after},
    execute::{Done, Executed, execute},
    once::{Intent, Wish},
    prepare::{Prepared, nothing_done, prepare_from},
    refusal::called_off,
    taken::Taken,
    unsettled::Unsettled,
};
use crate::{
    answers, clock,
    config::ForeignWriters,
    error::{Code, Error, Outcome},
    etag::etag,
    planted::{self, Bug},
    upstream::CallError,
};
use adapters::{Attributes, Carried, CatalogueTag, Element, HeldTag, ProblemKind};
use std::sync::Arc;
use tokio::time::Instant;

/// What a lane learns from carrying out a change.
pub(super) struct Concluded {
    /// For the caller.
    pub(super) result: Result<Changed, Error>,
    /// What a write of it may still change.
    pub(super) unsettled: Unsettled,
    /// What was carried before it, where that was read.
    pub(super) before: Option<Carried>,
    /// What is carried after it, where that is certain.
    pub(super) known: Option<Carried>,
    /// What its writes have brought about, where all of them took effect.
    pub(super) wishes: Vec<Wish>,
}

impl Concluded {
    /// Nothing is known but what the caller is told.
    fn settled(result: Result<Changed, Error>) -> Self {
        Self {
            result,
            unsettled: Unsettled::default(),
            before: None,
            known: None,
            wishes: Vec::new(),
        }
    }
}

/// Carries out one change by itself.
pub(super) async fn carry_out_alone(
    member: Taken<'_>,
    names: &NameLocks,
    known: Option<Carried>,
) -> Concluded {
    let job = member.job;
    let settled = Concluded::settled;
    let mut prepared = match prepare_from(job, known).await {
        Ok(prepared) => prepared,
        Err(error) => return settled(Err(error)),
    };
    let before = prepared.before.clone();
    if prepared.steps.is_empty() {
        let result = Ok(changed(job, &prepared, prepared.after.clone()).await);
        return Concluded {
            known: prepared.after,
            before,
            ..settled(result)
        };
    }
    if !member.progress.write() {
        return settled(Err(called_off()));
    }
    if job.once.is_some() {
        let intent = Intent::of(job, &prepared, &prepared.effect);
        if let Err(error) = member.intend(intent).await {
            return settled(Err(error));
        }
    }
    let job = &job.beyond_the_caller();
    let (Executed { done, late }, ended) = match execute_plan(job, &mut prepared, names).await {
        Ok(written) => written,
        Err(error) => return settled(Err(error)),
    };
    let created: Vec<CatalogueTag> = prepared.made.iter().map(|(_, made)| made.clone()).collect();
    let concluded = conclude(job, &prepared, &done)
        .await
        .map_err(|error| with_created(error, &created));
    let (result, known) = match concluded {
        Ok((changed, known)) => (Ok(changed), known),
        Err(error) => (Err(error), None),
    };
    let account = &job.route.account;
    let open = evidence::open_elements(&prepared, &done);
    // Seeing what was wanted proves that the write has landed only if it was not there before.
    let seen_to_land =
        (prepared.before.is_some() || planted::is(Bug::SightingSettles)) && result.is_ok();
    let open = if seen_to_land {
        late
    } else {
        [open, late].concat()
    };
    if open.is_empty() {
        // They are for whoever looks after other writers.
        let wishes = match result.is_ok() && account.limits.foreign_writers != ForeignWriters::Off {
            true => Wish::of(prepared.steps.iter()),
            false => Vec::new(),
        };
        return Concluded {
            known,
            before,
            wishes,
            ..settled(result)
        };
    }
    let until = ended + account.limits.settle;
    Concluded {
        unsettled: Unsettled::by(account.adapter.rules().writes, open.iter(), until),
        ..settled(result)
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
) -> Result<(Executed, Instant), Error> {
    let mut created = Vec::with_capacity(prepared.creations.len());
    if !prepared.creations.is_empty() {
        // The snapshot would have to be copied for each tag that is made.
        prepared.catalogue = Arc::default();
    }
    for new in &prepared.creations {
        let made = create(
            &job.route.account,
            &job.context(),
            new,
            &Attributes::default(),
            names,
        )
        .await;
        created.push(made.map_err(|error| with_created(error, &created))?.0);
    }
    prepared
        .fill_in(job, &created)
        .map_err(|error| with_created(error, &created))?;
    if !created.is_empty()
        && let Ok(catalogue) = job.route.account.catalogue(&job.context()).await
    {
        prepared.catalogue = catalogue;
    }
    let ids: Vec<String> = created
        .into_iter()
        .map(|made| made.id.unwrap_or_default())
        .collect();
    let executed = execute(job, &prepared.steps, &ids).await;
    Ok((executed, Instant::now()))
}

/// What came of a plan that was sent, and what is carried now where that is certain.
async fn conclude(
    job: &Job,
    prepared: &Prepared,
    done: &[Done],
) -> Result<(Changed, Option<Carried>), Error> {
    let account = &job.route.account;
    if done.iter().all(Done::took_effect) {
        if let Some(refused) = absent_conversation(job, prepared, done).await {
            return Err(refused.before_any_write(account, Code::ConversationNotFound));
        }
        let after = proven_after(job, prepared, done)?;
        return Ok((changed(job, prepared, after.clone()).await, after));
    }
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
    let seen = match look(job, prepared).await {
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
        return Ok((changed(job, prepared, Some(seen.clone())).await, None));
    }
    let parts = Parts::of(&prepared.steps, done, seen.as_ref());
    if parts.applied.is_empty() && parts.unknown.is_empty() {
        return Err(refused_content(job, prepared, error).await);
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
async fn refused_content(job: &Job, prepared: &Prepared, error: &CallError) -> Error {
    let account = &job.route.account;
    if let Ok(newer) = account.catalogue_now(&job.context()).await {
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

async fn changed(job: &Job, prepared: &Prepared, after: Option<Carried>) -> Changed {
    let set = if job.representation {
        representation(job, prepared, after).await
    } else {
        None
    };
    Changed {
        added: prepared.effect.added.clone(),
        removed: prepared.effect.removed.clone(),
        assumed: prepared.before.is_none(),
        set,
    }
}

/// The set after the change, read where it is not known. The change stands, whatever becomes of that read.
async fn representation(job: &Job, prepared: &Prepared, after: Option<Carried>) -> Option<Carried> {
    match after {
        Some(after) => Some(after),
        None => evidence::seen(job, prepared).await,
    }
}

/// Tags that were made for a change stay, whatever becomes of the change.
fn with_created(error: Error, created: &[CatalogueTag]) -> Error {
    if created.is_empty() {
        return error;
    }
    let created: Vec<_> = created.iter().map(answers::CatalogueAnswer::of).collect();
    error.with("created", created)
}
