//! Judging the members of a batch: each at its place in the order, on the set as those before it leave it.

use super::{
    Job,
    members::Verdict,
    prepare::{Prepared, check, differs},
    refusal,
    taken::Taken,
};
use crate::planted::{self, Bug};
use adapters::{Carried, Catalogue, Change, Folding, Identity, Refusal, State, TagRef};
use std::sync::Arc;

/// A member at its place in the order.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// What its condition was held against and did not match.
    pub(super) found: Option<Carried>,
}

/// Whether a member names a tag that the catalogue does not know; it may be carried all the same.
pub(super) fn misses(members: &[Taken<'_>], catalogue: &Arc<Catalogue>) -> bool {
    members.iter().any(|member| {
        // All that is looked for is there: to fold it would show the same, and cost as much as carrying it out.
        if knows(catalogue, &member.job.change) {
            return false;
        }
        let mut folding = Folding::blind(member.job.route.account.adapter.rules(), catalogue);
        matches!(
            folding.apply(&member.job.change, false),
            Err(Refusal::Unknown(_))
        )
    })
}

/// Whether the catalogue has every tag that a change puts on; ids are no matter of its names.
fn knows(catalogue: &Catalogue, change: &Change) -> bool {
    match change {
        Change::Patch { add, .. } => add.iter().all(|reference| match reference {
            TagRef::Tag(tag) => catalogue.matching(&Identity::of(tag)).len() > 0,
            TagRef::Id(_) => true,
        }),
        Change::Replace(_) => false,
    }
}

/// Whether all members can be planned without knowing what is carried.
pub(super) fn can_be_blind(members: &[Taken<'_>], catalogue: &Arc<Catalogue>) -> bool {
    let Some(first) = members.first() else {
        return false;
    };
    let mut folding = Folding::blind(first.job.route.account.adapter.rules(), catalogue);
    // The same change a second time has the same answer to this question.
    let mut before: Option<(&Change, bool)> = None;
    members.iter().all(|member| {
        let this = (&member.job.change, member.job.create_missing);
        if before.replace(this) == Some(this) {
            return true;
        }
        match folding.apply(this.0, this.1) {
            Ok(_) => true,
            // What is wrong by itself needs no reading; what is unknown may be carried.
            Err(Refusal::Invalid(_) | Refusal::Unsupported(..)) => true,
            Err(_) => false,
        }
    })
}

pub(super) fn judge(
    job: &Job,
    folding: &mut Folding<'_>,
    catalogue: &Catalogue,
    before: Option<&Carried>,
) -> Judged {
    let carried = match folding.state() {
        State::Known(_) if planted::is(Bug::IfMatchOnFirst) => before,
        State::Known(carried) => Some(carried),
        State::Blind(_) => None,
    };
    if let (Some(condition), Some(carried)) = (&job.if_match, carried)
        && let Err(error) = check(condition, job, carried)
    {
        return Judged {
            verdict: Err(error),
            found: Some(carried.clone()),
        };
    }
    let verdict = folding
        .apply(&job.change, job.create_missing)
        .map_err(|refused| refusal::told(refused, catalogue))
        .map(|effect| match folding.state() {
            State::Known(carried) if job.representation => (effect, Some(carried.clone())),
            _ => (effect, None),
        });
    Judged {
        verdict,
        found: None,
    }
}

/// What a condition was held against may hold tags that have been made only since: it is shown with them.
pub(super) fn with_made(
    judged: Vec<Judged>,
    members: &[Taken<'_>],
    prepared: &Prepared,
) -> Vec<Judged> {
    let judged = judged.into_iter().zip(members);
    let shown = judged.map(|(judged, member)| match &judged.found {
        Some(found) => Judged {
            verdict: Err(differs(
                member.job,
                &Carried(prepared.spelled(found.0.clone())),
            )),
            ..judged
        },
        None => judged,
    });
    shown.collect()
}
