//! A folded plan of which not all is certain: what each member is told, by its own part of it.

use super::{Changed, Job, evidence::Parts, execute::Done, prepare::Prepared, unsettled::Touch};
use crate::{
    answers, clock,
    error::{Code, Error, Outcome},
    etag::etag,
    upstream::CallError,
};
use adapters::{Carried, Effect, Element, Writes, fold};
use std::collections::BTreeSet;
use tokio::time::Instant;

/// What a member does at its place in the order, and the set after it where that is known and asked for.
pub(super) type Verdict = Result<(Effect, Option<Carried>), Error>;

/// A plan that was sent, and what is known of it.
pub(super) struct Sent<'a> {
    /// The job that stands for all members.
    pub(super) shared: &'a Job,
    pub(super) prepared: &'a Prepared,
    pub(super) done: &'a [Done],
    /// What was read afterwards, if that could be read.
    pub(super) seen: Option<&'a Carried>,
    /// When what is open has settled; `None` where nothing is.
    pub(super) until: Option<Instant>,
}

/// What becomes of a member.
pub(super) enum Told {
    /// This is its answer.
    Answer(Result<Changed, Error>),
    /// Nothing of it was done or can still be done, so it can go on by itself.
    Again,
}

/// What became of one wish of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is so.
    So,
    /// It may be so, or become so.
    Open,
    /// It is not so, and will not be.
    Not,
}

/// One element that the plan puts on or takes off.
struct Wish<'a> {
    element: &'a Element,
    on: bool,
    fate: Fate,
}

impl Sent<'_> {
    /// Whether all of the plan is so.
    pub(super) fn is_complete(&self) -> bool {
        self.wishes().iter().all(|wish| wish.fate == Fate::So)
    }

    /// What each member is told: `judged` is what it does at its place in the order, and the set after it where that
    /// was judged.
    pub(super) fn told(&self, judged: Vec<(&Job, Verdict)>) -> Vec<Told> {
        let wishes = self.wishes();
        let doubtful = self.doubtful(&wishes, &judged);
        let judged = judged.into_iter();
        let told = judged.map(|(job, verdict)| self.tell(job, verdict, &wishes, &doubtful));
        told.collect()
    }

    fn tell(
        &self,
        job: &Job,
        verdict: Verdict,
        wishes: &[Wish<'_>],
        doubtful: &BTreeSet<String>,
    ) -> Told {
        let complete = wishes.iter().all(|wish| wish.fate == Fate::So);
        let (effect, set) = match verdict {
            Ok(judged) => judged,
            // It was held against a set that has not come about, or may not have.
            Err(error) if depends_on_the_set(error.code()) && !complete => return self.later(),
            Err(error) => return Told::Answer(Err(error)),
        };
        let set = match set.filter(|_| complete) {
            Some(set) => Some(Carried(self.prepared.spelled(set.0))),
            None => self.seen.filter(|_| job.representation).cloned(),
        };
        let added = self.prepared.spelled(effect.added);
        let removed = self.prepared.spelled(effect.removed);
        let touch = Touch::of(job);
        let stands = match &touch {
            Touch::Whole => complete,
            Touch::Names(names) => complete || names.is_disjoint(doubtful),
        };
        if stands {
            return Told::Answer(Ok(Changed {
                added,
                removed,
                assumed: self.prepared.before.is_none(),
                set,
            }));
        }
        // A replace brings about what all of its members do, or nothing of it.
        if self.replaces() && self.until.is_some() {
            return match added.is_empty() && removed.is_empty() {
                true => self.later(),
                false => Told::Answer(Err(self.failed(Outcome::Unknown))),
            };
        }
        let is_own = |wish: &&Wish<'_>| {
            let own = if wish.on { &added } else { &removed };
            let named = touch != Touch::Whole && is_touched(&touch, wish.element);
            own.iter().any(|element| element.is_same(wish.element))
                || (named && wish.fate != Fate::So)
        };
        let own: Vec<&Wish<'_>> = wishes.iter().filter(is_own).collect();
        let has = |fate: Fate| own.iter().any(|wish| wish.fate == fate);
        match (has(Fate::So), has(Fate::Open), has(Fate::Not)) {
            (false, false, false) => self.later(),
            (false, false, true) if self.until.is_none() => Told::Again,
            (false, false, true) => Told::Answer(Err(self.failed(Outcome::NotApplied))),
            (false, true, false) => Told::Answer(Err(self.failed(Outcome::Unknown))),
            _ => Told::Answer(Err(self.in_parts(&own))),
        }
    }

    /// The names of which not all is so, and those about which members undo one another: what lies between them was
    /// never at the vendor.
    fn doubtful(&self, wishes: &[Wish<'_>], judged: &[(&Job, Verdict)]) -> BTreeSet<String> {
        let is_planned = |element: &Element, on: bool| {
            let element = self.prepared.spelled_one(element);
            let mut planned = wishes.iter().filter(|wish| wish.on == on);
            planned.any(|wish| wish.element.is_same(&element))
        };
        let effects = judged
            .iter()
            .filter_map(|(_, verdict)| verdict.as_ref().ok());
        let undone = effects.flat_map(|(effect, _)| {
            let added = effect
                .added
                .iter()
                .filter(|element| !is_planned(element, true));
            let removed = effect
                .removed
                .iter()
                .filter(|element| !is_planned(element, false));
            added.chain(removed).collect::<Vec<_>>()
        });
        let open = wishes.iter().filter(|wish| wish.fate != Fate::So);
        let open = open.map(|wish| wish.element);
        let tags = open.chain(undone).filter_map(Element::tag);
        tags.map(|held| held.identity.name.clone()).collect()
    }

    fn wishes(&self) -> Vec<Wish<'_>> {
        let replaces = self.replaces();
        let is_so = |element: &Element, on: bool| {
            let seen = self.seen;
            seen.is_some_and(|seen| seen.holds(element) == on)
        };
        let mut all = Vec::new();
        for (step, done) in self.prepared.steps.iter().zip(self.done) {
            // A replace takes effect as a whole.
            let whole = step.adds.iter().all(|element| is_so(element, true))
                && step.removes.iter().all(|element| is_so(element, false));
            let adds = step.adds.iter().map(|element| (element, true));
            let wishes = adds.chain(step.removes.iter().map(|element| (element, false)));
            for (element, on) in wishes {
                let seen_so = if replaces { whole } else { is_so(element, on) };
                let fate = match done {
                    done if done.took_effect() || seen_so => Fate::So,
                    Done::Unknown(_) => Fate::Open,
                    _ => Fate::Not,
                };
                all.push(Wish { element, on, fate });
            }
        }
        all
    }

    fn replaces(&self) -> bool {
        self.shared.route.account.adapter.rules().writes == Writes::ReplaceSet
    }

    /// A member of which nothing was sent.
    fn later(&self) -> Told {
        let Some(until) = self.until else {
            return Told::Again;
        };
        let told = Error::new(
            Code::ConversationSettling,
            "an earlier write to this conversation may still take effect",
        )
        .retry_after(until.saturating_duration_since(Instant::now()))
        .outcome(Outcome::NotApplied);
        Told::Answer(Err(told))
    }

    /// The failure that a call met whose outcome this is.
    fn failed(&self, outcome: Outcome) -> Error {
        let account = &self.shared.route.account;
        let error = self.done.iter().find_map(|done| match (done, outcome) {
            (Done::Unknown(error), Outcome::Unknown) => Some(error),
            (Done::Failed(error), Outcome::NotApplied) => Some(error),
            _ => None,
        });
        let told = match error.or_else(|| self.done.iter().find_map(Done::error)) {
            Some(error) => CallError::public(error, account, Code::ConversationNotFound),
            None => Error::new(Code::VendorUnavailable, "the vendor's answer did not come"),
        };
        self.with_end(told.outcome(outcome), outcome)
    }

    fn in_parts(&self, own: &[&Wish<'_>]) -> Error {
        let mut parts = Parts::default();
        for wish in own {
            parts.add(wish.element, wish.on, wish.fate);
        }
        let mut told = Error::new(
            Code::PartiallyApplied,
            "only a part of the change is known to be done",
        )
        .with("applied", &parts.applied)
        .with("not_applied", &parts.not_applied)
        .with("unknown", &parts.unknown);
        if let Some(seen) = self.seen {
            let account = &self.shared.route.account;
            let tag = etag(&account.key, &self.shared.conversation, seen);
            told = told.with("tags", answers::tags(&seen.0)).with("etag", tag);
        }
        match own.iter().any(|wish| wish.fate == Fate::Open) {
            true => self.with_end(told.outcome(Outcome::Unknown), Outcome::Unknown),
            false => told,
        }
    }

    fn with_end(&self, error: Error, outcome: Outcome) -> Error {
        match (outcome, self.until) {
            (Outcome::Unknown, Some(until)) => error.settles_at(clock::rfc3339(until)),
            _ => error,
        }
    }
}

/// Whether another set might have led to another verdict.
fn depends_on_the_set(code: Code) -> bool {
    let depends = [
        Code::PreconditionFailed,
        Code::AmbiguousTag,
        Code::ForeignValue,
    ];
    depends.contains(&code)
}

/// Whether a change is about an element.
fn is_touched(touch: &Touch, element: &Element) -> bool {
    let names: &BTreeSet<String> = match touch {
        Touch::Whole => return true,
        Touch::Names(names) => names,
    };
    match element {
        Element::Tag(held) => names.contains(&held.identity.name),
        Element::Foreign { name, .. } => names.contains(&fold(name)),
        Element::Unknown { .. } => false,
    }
}
