//! What answers and readings prove about a plan that was sent.

use super::{
    Job,
    execute::Done,
    members::Fate,
    prepare::{Prepared, bad_id},
};
use crate::{
    answers::{self, TagOnConversation},
    error::{Code, Error},
    etag::etag,
    upstream::{CallContext, CallError},
};
use adapters::{Carried, CatalogueTag, Element, Goal, Handle, HeldTag, ProblemKind, Step, Written};
use serde::Serialize;

/// Whether all of a plan certainly took effect on a conversation that certainly exists; then the set after it,
/// where that is known.
pub(super) async fn is_complete(
    job: &Job,
    prepared: &Prepared,
    done: &[Done],
    context: &CallContext,
) -> Option<Option<Carried>> {
    if !done.iter().all(Done::took_effect)
        || absent_conversation(job, prepared, done, context)
            .await
            .is_some()
    {
        return None;
    }
    proven_after(job, prepared, done).ok()
}

/// The vendor's refusal, where it shows that there is no such conversation: only one that said "no such thing"
/// to every call of a blind plan leaves that open.
pub(super) async fn absent_conversation(
    job: &Job,
    prepared: &Prepared,
    done: &[Done],
    context: &CallContext,
) -> Option<CallError> {
    if prepared.before.is_some() || done.iter().any(|done| !matches!(done, Done::Absent)) {
        return None;
    }
    match Box::pin(job.route.account.read(&job.conversation, context)).await {
        Err(CallError::Refused(problem)) if problem.kind == ProblemKind::NotFound => {
            Some(CallError::Refused(problem))
        }
        Ok(_) | Err(_) => None,
    }
}

/// What the conversation carries now, if that can be read. Reading is always safe, and what it shows is evidence.
pub(super) async fn seen(job: &Job, prepared: &Prepared, context: &CallContext) -> Option<Carried> {
    look(job, prepared, context).await.ok()
}

/// As [`seen`], with the reason why not.
pub(super) async fn look(
    job: &Job,
    prepared: &Prepared,
    context: &CallContext,
) -> Result<Carried, CallError> {
    let account = &job.route.account;
    let mut reading = account.read(&job.conversation, context).await?;
    let catalogue = prepared.catalogue.clone();
    account
        .name(&mut reading.carried, catalogue, context)
        .await?;
    Ok(reading.carried)
}

/// What the conversation carries now, with the names of the catalogue.
pub(super) async fn carried_now(job: &Job, context: &CallContext) -> Result<Carried, CallError> {
    let account = &job.route.account;
    let mut reading = account.read(&job.conversation, context).await?;
    let catalogue = account.catalogue(context).await?;
    account
        .name(&mut reading.carried, catalogue, context)
        .await?;
    Ok(reading.carried)
}

/// The elements of the steps whose fate is not known.
pub(super) fn open_elements(prepared: &Prepared, done: &[Done]) -> Vec<Element> {
    let open = prepared
        .steps
        .iter()
        .zip(done)
        .filter(|(_, done)| matches!(done, Done::Unknown(_)));
    open.flat_map(|(step, _)| step.adds.iter().chain(&step.removes))
        .cloned()
        .collect()
}

/// Whether what a step was to bring about is so.
pub(super) fn holds(step: &Step, seen: &Carried) -> bool {
    step.adds.iter().all(|element| seen.holds(element))
        && !step.removes.iter().any(|element| seen.holds(element))
}

/// The set after a plan that took effect, as far as it is known; a vendor that answers with another set than
/// was sent has not done what was asked.
pub(super) fn proven_after(
    job: &Job,
    prepared: &Prepared,
    done: &[Done],
) -> Result<Option<Carried>, Error> {
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

/// What became of each part of a change.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) applied: Vec<Part>,
    pub(super) not_applied: Vec<Part>,
    pub(super) unknown: Vec<Part>,
}

/// One tag that was to be put on or taken off.
#[derive(Serialize)]
pub(super) struct Part {
    action: &'static str,
    #[serde(flatten)]
    tag: TagOnConversation,
}

impl Parts {
    pub(super) fn of(steps: &[Step], done: &[Done], seen: Option<&Carried>) -> Self {
        let mut parts = Self::default();
        for (step, done) in steps.iter().zip(done) {
            let wishes = step
                .adds
                .iter()
                .map(|element| (element, true))
                .chain(step.removes.iter().map(|element| (element, false)));
            for (element, on) in wishes {
                let is_so = seen.map(|seen| seen.holds(element) == on);
                let fate = match (is_so, done) {
                    (Some(true), _) | (None, Done::Applied(_) | Done::Absent | Done::Mute) => {
                        Fate::So
                    }
                    (_, Done::Unknown(_)) => Fate::Open,
                    (Some(false), _) | (None, Done::Failed(_) | Done::NotSent) => Fate::Not,
                };
                parts.add(element, on, fate);
            }
        }
        parts
    }

    /// Takes in what became of one wish; what is no tag is not shown.
    pub(super) fn add(&mut self, element: &Element, on: bool, fate: Fate) {
        let Some(tag) = TagOnConversation::of(element) else {
            return;
        };
        let action = if on { "add" } else { "remove" };
        let list = match fate {
            Fate::So => &mut self.applied,
            Fate::Open => &mut self.unknown,
            Fate::Not => &mut self.not_applied,
        };
        list.push(Part { action, tag });
    }
}

impl Prepared {
    /// Puts the tags that were made, in the spelling that the vendor gave them, into the places that waited for
    /// them, and plans the writes of a known set anew.
    pub(super) fn fill_in(&mut self, job: &Job, created: &[CatalogueTag]) -> Result<(), Error> {
        if created.is_empty() {
            return Ok(());
        }
        self.made = self
            .creations
            .iter()
            .cloned()
            .zip(created.iter().cloned())
            .collect();
        self.after = self
            .after
            .take()
            .map(|after| Carried(self.spelled(after.0)));
        let added = std::mem::take(&mut self.effect.added);
        self.effect.added = self.spelled(added);
        let mut steps = std::mem::take(&mut self.steps);
        for step in &mut steps {
            step.adds = self.spelled(std::mem::take(&mut step.adds));
        }
        self.steps = steps;
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

    /// Elements with the tags that were made in the places that waited for them.
    pub(super) fn spelled(&self, elements: Vec<Element>) -> Vec<Element> {
        if self.made.is_empty() {
            return elements;
        }
        elements
            .iter()
            .map(|element| self.spelled_one(element))
            .collect()
    }

    /// As [`Prepared::spelled`], of one.
    pub(super) fn spelled_one(&self, element: &Element) -> Element {
        let Element::Tag(held) = element else {
            return element.clone();
        };
        let made = match held.handle {
            Handle::Created(at) => self.made.get(at),
            Handle::Name if held.entry.is_none() => self
                .made
                .iter()
                .find(|(new, _)| new.identity == held.identity),
            Handle::Name | Handle::Id(_) => None,
        };
        let Some((_, made)) = made else {
            return element.clone();
        };
        let handle = match (&held.handle, &made.id) {
            (Handle::Created(_), Some(id)) => Handle::Id(id.clone()),
            (handle, _) => handle.clone(),
        };
        Element::from(HeldTag {
            handle,
            ..HeldTag::new(made.tag.clone(), Handle::Name)
        })
    }
}
