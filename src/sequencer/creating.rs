//! One edit of the catalogue at the vendor: planned, sent, and its answer understood.

use super::names::{Name, NameLocks};
use crate::{
    clock,
    error::{Code, Error, Outcome},
    upstream::{Account, CallContext, CallError},
};
use adapters::{
    Answer, Attributes, Call, Catalogue, CatalogueTag, Edit, EditError, HeldTag, ProblemKind,
    Repeat, Unreadable,
};
use tokio::time::Instant;

/// What an edit takes.
#[derive(Debug)]
pub(super) struct EditPlan {
    /// What had to be read first, and its answer.
    pub read: Option<(Call, Box<Answer>)>,
    /// The write; `None` when the read shows that it is so already.
    pub write: Option<Call>,
}

/// Plans an edit; reads what has to be known first.
///
/// # Errors
/// Those of the read.
pub(super) async fn plan(
    account: &Account,
    context: &CallContext,
    edit: Edit<'_>,
    catalogue: &Catalogue,
) -> Result<EditPlan, CallError> {
    let adapter = &account.adapter;
    let first = adapter
        .before_edit(edit, catalogue)
        .map_err(|error| CallError::Invalid(error.to_string()))?;
    let read = match first {
        None => None,
        Some(call) => {
            let answer = account.call(&call, None, context).await?;
            Some((call, answer))
        }
    };
    let write = adapter
        .edit(edit, read.as_ref().map(|(_, answer)| &**answer))
        .map_err(|error| match error {
            EditError::Unreadable(error) => body(error),
            EditError::Unsupported(why) => CallError::Unsupported(why),
        })?;
    Ok(EditPlan { read, write })
}

/// Carries a planned edit out; the answer is what the vendor shows of the tag, if it shows anything.
///
/// # Errors
/// Why it may not have taken effect. After a replace-set write with an unknown outcome the name is unsettled.
pub(super) async fn carry_out(
    account: &Account,
    context: &CallContext,
    edit: Edit<'_>,
    plan: EditPlan,
    name: &mut Name,
) -> Result<Option<CatalogueTag>, CallError> {
    let answer = match (plan.write, plan.read) {
        (Some(call), _) => {
            let sent = call.body.as_ref().and_then(|body| body.render(|_| None));
            let result = account.call(&call, sent, context).await;
            if let Err(error) = &result
                && error.is_unknown()
                && call.repeat == Repeat::ReplacesSet
            {
                let until = Instant::now() + account.limits.settle;
                name.unsettled_until(until);
                account.doubt_catalogue(until);
            }
            result?
        }
        (None, Some((_, answer))) => answer,
        (None, None) => return Ok(None),
    };
    match edit {
        Edit::Delete { .. } => Ok(None),
        Edit::Create { .. } | Edit::Update { .. } => account
            .adapter
            .edited(edit, &answer)
            .map(Some)
            .map_err(body),
    }
}

/// Makes a tag that a change needs, or finds that it is there.
///
/// # Errors
/// Why it may not be there; the outcome is unknown where the create may still take effect.
pub(super) async fn create(
    account: &Account,
    context: &CallContext,
    new: &HeldTag,
    attributes: &Attributes,
    names: &NameLocks,
) -> Result<(CatalogueTag, bool), Error> {
    let mut name = names
        .lock(account.order_key(), &new.identity.name, context.deadline)
        .await?;
    create_locked(account, context, new, attributes, &mut name).await
}

/// As [`create`], by whoever holds the name; tells also whether this call made it.
///
/// # Errors
/// As [`create`].
pub(super) async fn create_locked(
    account: &Account,
    context: &CallContext,
    new: &HeldTag,
    attributes: &Attributes,
    name: &mut Name,
) -> Result<(CatalogueTag, bool), Error> {
    let failed = |error: CallError| error.before_any_write(account, Code::VendorInvalidResponse);
    let catalogue = account.catalogue(context).await.map_err(failed)?;
    if let Some(there) = catalogue.matching(&new.identity).next() {
        return Ok((there.clone(), false));
    }
    let edit = Edit::Create { new, attributes };
    let plan = plan(account, context, edit, &catalogue)
        .await
        .map_err(failed)?;
    let makes = plan.write.is_some();
    // A snapshot that somebody holds has to be copied when a tag is taken into it.
    drop(catalogue);
    let error = match carry_out(account, context, edit, plan, name).await {
        Ok(Some(made)) => {
            account.learn(made.clone());
            return Ok((made, makes));
        }
        Ok(None) => CallError::Body(
            "nothing was sent and nothing was shown for a tag that is not there".to_owned(),
        ),
        Err(error) => error,
    };
    let conflict = error
        .problem()
        .is_some_and(|problem| problem.kind == ProblemKind::Conflict);
    let unclear = error.is_unknown() || matches!(error, CallError::Body(_));
    // It is looked up before anything is tried again: a second create could make a second tag.
    if (unclear || conflict)
        && let Ok(catalogue) = account.catalogue_now(context).await
        && let Some(there) = catalogue.matching(&new.identity).next()
    {
        name.settled();
        return Ok((there.clone(), unclear));
    }
    let told = error.public(account, Code::VendorRejected);
    if !unclear {
        return Err(told.outcome(Outcome::NotApplied));
    }
    let until = Instant::now() + account.limits.settle;
    name.unsettled_until(until);
    account.doubt_catalogue(until);
    account.forget_catalogue();
    let settles_at = clock::rfc3339(until);
    Err(told.outcome(Outcome::Unknown).settles_at(settles_at))
}

fn body(error: Unreadable) -> CallError {
    CallError::Body(error.to_string())
}
