//! From a change to its plan: what has to be read is read, the change is judged, the calls are planned.

use super::{IfMatch, Job, creating, refusal};
use crate::{
    answers,
    error::{Code, Error, Outcome},
    etag::etag,
    planted::{self, Bug},
    upstream::{BadUrl, CallContext, CallError, Reading},
};
use adapters::{
    Attributes, BadId, Call, Carried, Catalogue, CatalogueTag, Edit, Effect, Element, Folding,
    Goal, HeldTag, Refusal, State, Step, name_ids,
};
use std::sync::Arc;

/// A judged change and the calls that make it true.
#[derive(Debug)]
pub struct Prepared {
    /// The set that was read; `None` where the change is planned blind.
    pub before: Option<Carried>,
    /// The set that the plan leads to, where one was read.
    pub after: Option<Carried>,
    /// What the change does.
    pub effect: Effect,
    /// Tags to be made first, in order.
    pub creations: Vec<Arc<HeldTag>>,
    /// The writes, in order.
    pub steps: Vec<Step>,
    /// The reads that were made.
    pub reads: Vec<Call>,
    /// The tags that were made: as they were planned, and as they are.
    pub made: Vec<(Arc<HeldTag>, CatalogueTag)>,
    /// The catalogue that the names were resolved with.
    pub catalogue: Arc<Catalogue>,
}

/// Reads what has to be known, judges the change and plans its calls. Writes nothing.
///
/// # Errors
/// Everything that a caller can be told before a write, in the order: conversation, If-Match, the change.
pub async fn prepare(job: &Job) -> Result<Prepared, Error> {
    prepare_from(job, None).await
}

/// As [`prepare`]; a set that is known already saves the read, but never where a condition is to be judged.
///
/// # Errors
/// As [`prepare`].
pub(super) async fn prepare_from(job: &Job, known: Option<Carried>) -> Result<Prepared, Error> {
    let account = &job.route.account;
    let context = job.context();
    let catalogue = account
        .catalogue(&context)
        .await
        .map_err(catalogue_failed(job))?;
    let known = known.filter(|_| job.if_match.is_none() && account.limits.exclusive);
    if job.if_match.is_some() || known.is_some() {
        return Box::pin(prepare_known(job, known, catalogue, &context)).await;
    }
    let mut folding = Folding::blind(account.adapter.rules(), &catalogue);
    match folding.apply(&job.change, false) {
        Ok(effect) => {
            let folded = folding.into_parts();
            planned(job, None, folded, effect, Vec::new(), catalogue)
        }
        Err(refused) => Box::pin(prepare_refused(job, refused, catalogue, &context)).await,
    }
}

/// As [`prepare`], where a change cannot be planned blind with the catalogue at hand.
async fn prepare_refused(
    job: &Job,
    refused: Refusal,
    mut catalogue: Arc<Catalogue>,
    context: &CallContext,
) -> Result<Prepared, Error> {
    let account = &job.route.account;
    // What the catalogue does not know may have been made elsewhere since it was read; names need not be
    // unique at the vendor, so it is looked for before it is made or refused.
    if matches!(refused, Refusal::Unknown(_)) {
        catalogue = account
            .catalogue_after_miss(&catalogue, context)
            .await
            .map_err(catalogue_failed(job))?;
    }
    let mut folding = Folding::blind(account.adapter.rules(), &catalogue);
    match folding.apply(&job.change, job.create_missing) {
        Ok(effect) => {
            let folded = folding.into_parts();
            planned(job, None, folded, effect, Vec::new(), catalogue)
        }
        Err(_) => prepare_known(job, None, catalogue, context).await,
    }
}

/// As [`prepare`], on a set that is known or read.
async fn prepare_known(
    job: &Job,
    known: Option<Carried>,
    mut catalogue: Arc<Catalogue>,
    context: &CallContext,
) -> Result<Prepared, Error> {
    let account = &job.route.account;
    let rules = account.adapter.rules();
    let failed = |error: CallError| error.before_any_write(account, Code::ConversationNotFound);
    let mut reading = match known {
        Some(carried) => Reading {
            carried,
            calls: Vec::new(),
        },
        None => account
            .read(&job.conversation, context)
            .await
            .map_err(failed)?,
    };
    catalogue = account
        .name(&mut reading.carried, catalogue, context)
        .await
        .map_err(catalogue_failed(job))?;
    if let Some(condition) = &job.if_match {
        check(condition, job, &reading.carried)?;
    }
    let fold = |catalogue: &Catalogue, carried: &Carried, create_missing: bool| {
        let mut folding = Folding::known(rules, catalogue, carried.clone());
        let effect = folding.apply(&job.change, create_missing)?;
        Ok((folding.into_parts(), effect))
    };
    let (folded, effect) = match fold(&catalogue, &reading.carried, false) {
        Ok(judged) => judged,
        Err(refused) => {
            if matches!(refused, Refusal::Unknown(_)) {
                catalogue = account
                    .catalogue_after_miss(&catalogue, context)
                    .await
                    .map_err(catalogue_failed(job))?;
                name_ids(&mut reading.carried, &catalogue);
            }
            fold(&catalogue, &reading.carried, job.create_missing)
                .map_err(|refused| refusal::told(refused, &catalogue))?
        }
    };
    let Reading { carried, calls } = reading;
    planned(job, Some(carried), folded, effect, calls, catalogue)
}

/// What a dry run shows of a plan: `(method, path, body, why)` of every write, creations first, and the reads
/// that the creations need.
///
/// # Errors
/// Those of the creations' reads.
pub async fn preview(
    job: &Job,
    prepared: &Prepared,
) -> Result<(Vec<answers::PlannedCall>, Vec<Call>), Error> {
    let base = &job.route.account.base;
    let texts: Vec<String> = prepared
        .creations
        .iter()
        .map(|made| made.tag.encode())
        .collect();
    let created = |at: usize| texts.get(at).map_or("", String::as_str);
    let mut calls = Vec::new();
    let mut reads = Vec::new();
    for new in &prepared.creations {
        let edit = Edit::Create {
            new,
            attributes: &Attributes::default(),
        };
        let account = &job.route.account;
        let plan = creating::plan(account, &job.context(), edit, &prepared.catalogue)
            .await
            .map_err(catalogue_failed(job))?;
        reads.extend(plan.read.map(|(call, _)| call));
        calls.extend(
            plan.write
                .as_ref()
                .map(|call| answers::PlannedCall::of(base, call, created)),
        );
    }
    calls.extend(
        prepared
            .steps
            .iter()
            .map(|step| answers::PlannedCall::of(base, &step.call, created)),
    );
    Ok((calls, reads))
}

/// A failure to read the catalogue: a 404 there is not about the conversation.
pub(super) fn catalogue_failed(job: &Job) -> impl Fn(CallError) -> Error + '_ {
    |error| error.before_any_write(&job.route.account, Code::VendorInvalidResponse)
}

/// Holds a set against a condition.
///
/// # Errors
/// `precondition-failed`, with the set and its entity tag.
pub(super) fn check(condition: &IfMatch, job: &Job, carried: &Carried) -> Result<(), Error> {
    let account = &job.route.account.key;
    match condition {
        IfMatch::Exists => Ok(()),
        IfMatch::OneOf(tags) if tags.contains(&etag(account, &job.conversation, carried)) => Ok(()),
        IfMatch::OneOf(_) => Err(differs(job, carried)),
    }
}

/// The refusal of a change whose condition the set does not match.
pub(super) fn differs(job: &Job, carried: &Carried) -> Error {
    let current = etag(&job.route.account.key, &job.conversation, carried);
    Error::new(
        Code::PreconditionFailed,
        "the tags are not what If-Match says",
    )
    .with("tags", answers::tags(&carried.0))
    .with("etag", current)
    .outcome(Outcome::NotApplied)
}

/// The plan of a folding.
///
/// # Errors
/// An id that cannot stand in the vendor's URL.
pub(super) fn planned(
    job: &Job,
    before: Option<Carried>,
    (state, creations): (State, Vec<Arc<HeldTag>>),
    effect: Effect,
    reads: Vec<Call>,
    catalogue: Arc<Catalogue>,
) -> Result<Prepared, Error> {
    let adapter = &job.route.account.adapter;
    let (steps, after) = match (&before, state) {
        (Some(before), State::Known(mut after)) => {
            if planted::is(Bug::DropUnnamed) {
                after.0.retain(|element| element.tag().is_some());
            }
            let goal = Goal::Known {
                before,
                after: &after,
            };
            (adapter.write(&job.conversation, goal), Some(after))
        }
        (_, State::Blind(asked)) => {
            let goal = Goal::Blind(&asked);
            (adapter.write(&job.conversation, goal), None)
        }
        (None, State::Known(_)) => {
            return Err(
                Error::new(Code::Internal, "a set was judged that nobody read")
                    .outcome(Outcome::NotApplied),
            );
        }
    };
    Ok(Prepared {
        after,
        effect,
        creations,
        made: Vec::new(),
        steps: steps.map_err(bad_id)?,
        reads,
        catalogue,
        before,
    })
}

/// An id that the vendor gave and that could never be sent.
pub(super) fn bad_id(error: BadId) -> Error {
    Error::new(
        Code::VendorInvalidResponse,
        format!("an id cannot stand in the vendor's URL: {error}"),
    )
    .outcome(Outcome::NotApplied)
}

/// What is told of a plan of which nothing was done because of this.
pub(super) fn nothing_done(job: &Job, prepared: &Prepared, error: &CallError) -> Error {
    let account = &job.route.account;
    match error {
        CallError::Invalid(_) if is_not_taken_back(job, prepared) => Error::new(
            Code::VendorInvalidResponse,
            "the conversation carries an id that the vendor's own document does not take back",
        )
        .outcome(Outcome::NotApplied),
        error => error.before_any_write(account, Code::ConversationNotFound),
    }
}

/// Whether all that the vendor's document does not allow in a body are ids that the conversation carries anyway.
fn is_not_taken_back(job: &Job, prepared: &Prepared) -> bool {
    let carried = prepared.before.iter().flat_map(|carried| &carried.0);
    let carried: Vec<&str> = carried.filter_map(Element::id).collect();
    let made = |at: usize| prepared.made.get(at)?.1.id.as_deref();
    prepared.steps.iter().any(|step| {
        let body = step.call.body.as_ref().and_then(|body| body.render(made));
        let refused = body.map(|body| job.route.account.refused_texts(&step.call, &body));
        refused.is_some_and(|refused| {
            let given = |id: &String| carried.contains(&id.as_str());
            !refused.is_empty() && refused.iter().all(given)
        })
    })
}

impl From<BadUrl> for CallError {
    fn from(error: BadUrl) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl answers::PlannedCall {
    /// A call on a base URL; `created` is the text form of each tag that is made first.
    pub(super) fn of<'a>(
        base: &crate::upstream::Base,
        call: &Call,
        created: impl Fn(usize) -> &'a str,
    ) -> Self {
        let body = call.body.as_ref().map(|body| body.preview(created));
        Self {
            method: call.method.to_string(),
            path: base.target(call),
            body: body.and_then(|text| serde_json::value::RawValue::from_string(text).ok()),
            why: call.why,
        }
    }
}
