//! One change from its turn to its answer: prepare, write, and say truly what came of it.

use super::{
    Changed, Job, NameLocks,
    creating::create,
    execute::{Done, execute},
    lane::Writing,
    prepare::{Prepared, bad_id, prepare},
    waiting::Progress,
};
use crate::{
    api::answers::{self, TagOnConversation},
    clock,
    error::{Code, Error, Outcome},
    etag::etag,
    upstream::CallError,
};
use adapters::{
    Attributes, Carried, CatalogueTag, Element, Goal, Handle, HeldTag, ProblemKind, Step, Written,
};
use serde::Serialize;
use tokio::time::Instant;

/// What a lane learns from carrying out a change.
pub(super) struct Concluded {
    /// For the caller.
    pub(super) result: Result<Changed, Error>,
    /// Until when a write of it may still take effect.
    pub(super) unsettled: Option<Instant>,
}

/// Carries out one change.
pub(super) async fn carry_out(
    job: &Job,
    progress: &Progress,
    names: &NameLocks,
    mut writing: Writing<'_>,
) -> Concluded {
    let settled = |result| Concluded {
        result,
        unsettled: None,
    };
    let mut prepared = match prepare(job).await {
        Ok(prepared) => prepared,
        Err(error) => return settled(Err(error)),
    };
    if prepared.steps.is_empty() {
        return settled(Ok(changed(job, &prepared, prepared.after.clone()).await));
    }
    if !progress.write() {
        let gone = Error::new(
            Code::Deadline,
            "the deadline passed before anything was sent",
        );
        return settled(Err(gone.outcome(Outcome::NotApplied)));
    }
    writing.begin();
    let job = &job.beyond_the_caller();
    let mut created = Vec::with_capacity(prepared.creations.len());
    for new in &prepared.creations {
        match create(
            &job.route.account,
            &job.context(),
            new,
            &Attributes::default(),
            names,
        )
        .await
        {
            Ok((made, _)) => created.push(made),
            Err(error) => return settled(Err(with_created(error, &created))),
        }
    }
    if let Err(error) = prepared.fill_in(job, &created) {
        return settled(Err(with_created(error, &created)));
    }
    let ids: Vec<String> = created
        .iter()
        .map(|made| made.id.clone().unwrap_or_default())
        .collect();
    let done = execute(job, &prepared.steps, &ids).await;
    let ended = Instant::now();
    let result = conclude(job, &prepared, &done)
        .await
        .map_err(|error| with_created(error, &created));
    // Seeing what was wanted proves that the write has landed only if it was not there before.
    let seen_to_land = prepared.before.is_some() && result.is_ok();
    let still_open = done.iter().any(|done| matches!(done, Done::Unknown(_))) && !seen_to_land;
    Concluded {
        result,
        unsettled: still_open.then(|| ended + job.route.account.limits.settle),
    }
}

async fn conclude(job: &Job, prepared: &Prepared, done: &[Done]) -> Result<Changed, Error> {
    let account = &job.route.account;
    if done.iter().all(Done::took_effect) {
        // Only a vendor that said "no such thing" and nothing else leaves open whether the conversation exists.
        let proven =
            prepared.before.is_some() || done.iter().any(|done| !matches!(done, Done::Absent));
        if !proven {
            let reading = account.read(&job.conversation, &job.context()).await;
            if let Err(CallError::Refused(problem)) = &reading
                && problem.kind == ProblemKind::NotFound
            {
                let error = CallError::Refused(problem.clone());
                return Err(error.before_any_write(account, Code::ConversationNotFound));
            }
        }
        let after = proven_after(job, prepared, done)?;
        return Ok(changed(job, prepared, after).await);
    }
    let Some(error) = done.iter().find_map(Done::error) else {
        return Err(
            Error::new(Code::Internal, "a plan stopped without a reason").outcome(Outcome::Unknown),
        );
    };
    let sent_some = done.iter().any(Done::took_effect);
    let open = done.iter().any(|done| matches!(done, Done::Unknown(_)));
    if !sent_some && !open && !is_about_content(error) {
        return Err(error.before_any_write(account, Code::ConversationNotFound));
    }
    // Reading is always safe, and what it shows is evidence.
    let seen = match account.read(&job.conversation, &job.context()).await {
        Ok(mut reading) => {
            let named = account
                .name(
                    &mut reading.carried,
                    prepared.catalogue.clone(),
                    &job.context(),
                )
                .await;
            named.ok().map(|_| reading.carried)
        }
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
        return Ok(changed(job, prepared, Some(seen.clone())).await);
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
fn is_about_content(error: &CallError) -> bool {
    error.problem().is_some_and(|problem| {
        matches!(
            problem.kind,
            ProblemKind::NotFound | ProblemKind::Rejected | ProblemKind::Conflict
        )
    })
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

fn holds(step: &Step, seen: &Carried) -> bool {
    step.adds.iter().all(|element| seen.holds(element))
        && !step.removes.iter().any(|element| seen.holds(element))
}

/// The set after a plan that took effect, as far as it is known; a vendor that answers with another set than
/// was sent has not done what was asked.
fn proven_after(job: &Job, prepared: &Prepared, done: &[Done]) -> Result<Option<Carried>, Error> {
    let account = &job.route.account;
    let (Some(after), Some(Done::Applied(answer))) = (&prepared.after, done.last()) else {
        return Ok(prepared.after.clone());
    };
    let written = account.adapter.written(&job.conversation, answer);
    let Ok(Written::Proven(shown)) = written else {
        return Ok(Some(after.clone()));
    };
    let dropped = after.without(&shown).next().is_some();
    let left = prepared
        .steps
        .iter()
        .flat_map(|step| &step.removes)
        .any(|element| shown.holds(element));
    if !dropped && !left {
        return Ok(Some(shown));
    }
    let parts = Parts::of(&prepared.steps, done, Some(&shown));
    Err(Error::new(
        Code::PartiallyApplied,
        "the vendor answered with another set than was sent",
    )
    .with("applied", &parts.applied)
    .with("not_applied", &parts.not_applied)
    .with("unknown", &parts.unknown)
    .with("tags", answers::tags(&shown.0))
    .with("etag", etag(&account.key, &job.conversation, &shown)))
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
    if after.is_some() {
        return after;
    }
    let account = &job.route.account;
    let mut reading = account.read(&job.conversation, &job.context()).await.ok()?;
    account
        .name(
            &mut reading.carried,
            prepared.catalogue.clone(),
            &job.context(),
        )
        .await
        .ok()?;
    Some(reading.carried)
}

/// What became of each part of a change.
#[derive(Default)]
struct Parts {
    applied: Vec<Part>,
    not_applied: Vec<Part>,
    unknown: Vec<Part>,
}

/// One tag that was to be put on or taken off.
#[derive(Serialize)]
struct Part {
    action: &'static str,
    #[serde(flatten)]
    tag: TagOnConversation,
}

impl Parts {
    fn of(steps: &[Step], done: &[Done], seen: Option<&Carried>) -> Self {
        let mut parts = Self::default();
        for (step, done) in steps.iter().zip(done) {
            let wishes = step
                .adds
                .iter()
                .map(|e| ("add", e, true))
                .chain(step.removes.iter().map(|e| ("remove", e, false)));
            for (action, element, on) in wishes {
                let Some(tag) = TagOnConversation::of(element) else {
                    continue;
                };
                let part = Part { action, tag };
                let is_so = seen.map(|seen| seen.holds(element) == on);
                match (is_so, done) {
                    (Some(true), _) | (None, Done::Applied(_) | Done::Absent | Done::Mute) => {
                        parts.applied.push(part)
                    }
                    (_, Done::Unknown(_)) => parts.unknown.push(part),
                    (Some(false), _) | (None, Done::Failed(_) | Done::NotSent) => {
                        parts.not_applied.push(part)
                    }
                }
            }
        }
        parts
    }
}

impl Prepared {
    /// Puts the tags that were made, in the spelling that the vendor gave them, into the places that waited for
    /// them, and plans the writes of a known set anew.
    fn fill_in(&mut self, job: &Job, created: &[CatalogueTag]) -> Result<(), Error> {
        if created.is_empty() {
            return Ok(());
        }
        let planned = std::mem::take(&mut self.creations);
        let made_of = |held: &HeldTag| match held.handle {
            Handle::Created(at) => created.get(at),
            Handle::Name => planned
                .iter()
                .position(|new| new.identity == held.identity)
                .and_then(|at| created.get(at)),
            Handle::Id(_) => None,
        };
        let after = self.after.iter_mut().flat_map(|after| &mut after.0);
        let steps = self
            .steps
            .iter_mut()
            .flat_map(|step| step.adds.iter_mut().chain(&mut step.removes));
        for element in after.chain(&mut self.effect.added).chain(steps) {
            if let Element::Tag(held) = element
                && held.entry.is_none()
                && let Some(made) = made_of(held)
            {
                held.tag.clone_from(&made.tag);
                held.identity.clone_from(&made.identity);
                if let (Handle::Created(_), Some(id)) = (&held.handle, &made.id) {
                    held.handle = Handle::Id(id.clone());
                }
            }
        }
        if let (Some(before), Some(after)) = (&self.before, &self.after) {
            let goal = Goal::Known { before, after };
            self.steps = job
                .route
                .account
                .adapter
                .write(&job.conversation, goal)
                .map_err(bad_id)?;
        }
        Ok(())
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
