//! Changes that wait together: one read, folded in order, one plan, and a true answer for each.
//!
//! A batch of one goes the plain way. A batch whose write the vendor refuses is halved until the guilty
//! member is found; nothing of it had taken effect, so nothing is done twice.

use super::{
    Changed, Job, NameLocks,
    conclude::{Concluded, carry_out_alone, execute_plan},
    evidence,
    execute::Executed,
    prepare::{Prepared, catalogue_failed, check, planned},
    refusal,
    unsettled::Unsettled,
    waiting::Progress,
};
use crate::{
    clock,
    error::{Code, Error, Outcome},
    upstream::{CallError, Meter},
};
use adapters::{Carried, Catalogue, Effect, Element, Folding, Refusal, State, name_ids};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::time::Instant;

/// A change that the lane has taken up.
pub(super) struct Taken<'a> {
    pub(super) job: &'a Job,
    pub(super) progress: &'a Progress,
}

/// What a lane learns from a batch: an answer for each member, and what is open.
pub(super) struct BatchConcluded {
    pub(super) results: Vec<Result<Changed, Error>>,
    pub(super) unsettled: Unsettled,
}

/// A member at its place in the order.
struct Judged {
    /// What it does, and the set after it where that is known and asked for.
    verdict: Result<(Effect, Option<Carried>), Error>,
}

/// Carries out changes of one conversation, in order.
pub(super) fn carry_out<'a>(
    members: &'a [Taken<'a>],
    names: &'a NameLocks,
) -> BoxFuture<'a, BatchConcluded> {
    Box::pin(async move {
        match members {
            [] => BatchConcluded {
                results: Vec::new(),
                unsettled: Unsettled::default(),
            },
            [one] => {
                let Concluded { result, unsettled } =
                    carry_out_alone(one.job, one.progress, names).await;
                BatchConcluded {
                    results: vec![result],
                    unsettled,
                }
            }
            [first, ..] => together(first, members, names).await,
        }
    })
}

async fn together(first: &Taken<'_>, members: &[Taken<'_>], names: &NameLocks) -> BatchConcluded {
    let shared = shared_job(first, members);
    let outcome = fold_and_write(&shared, members, names).await;
    for member in members {
        member.job.meter.absorb(&shared.meter);
    }
    match outcome {
        Attempt::Answered(concluded) => concluded,
        Attempt::Apart => {
            let (first, second) = members.split_at(members.len() / 2);
            let mut concluded = carry_out(first, names).await;
            let more = if concluded.unsettled == Unsettled::default() {
                carry_out(second, names).await
            } else {
                held_back(second.len(), concluded.unsettled.next())
            };
            concluded.results.extend(more.results);
            concluded.unsettled.extend(more.unsettled);
            concluded
        }
    }
}

/// A job that stands for all: as patient as the most patient member, with a meter of its own.
fn shared_job(first: &Taken<'_>, members: &[Taken<'_>]) -> Job {
    let deadlines = members.iter().map(|member| member.job.deadline);
    let arrivals = members.iter().map(|member| member.job.meter.started());
    Job {
        deadline: deadlines.fold(first.job.deadline, Instant::max),
        meter: Arc::new(Meter::since(
            arrivals.fold(first.job.meter.started(), Instant::max),
        )),
        if_match: None,
        representation: false,
        ..first.job.clone()
    }
}

enum Attempt {
    /// Every member has its answer.
    Answered(BatchConcluded),
    /// Nothing was done; the members go on in halves.
    Apart,
}

async fn fold_and_write(shared: &Job, members: &[Taken<'_>], names: &NameLocks) -> Attempt {
    let account = &shared.route.account;
    let context = shared.context();
    let all_fail = |error: Error| {
        let results = members.iter().map(|_| Err(error.clone())).collect();
        Attempt::Answered(BatchConcluded {
            results,
            unsettled: Unsettled::default(),
        })
    };
    let mut catalogue = match account.catalogue(&context).await {
        Ok(catalogue) => catalogue,
        Err(error) => return all_fail(catalogue_failed(shared)(error)),
    };
    if misses(members, &catalogue) {
        catalogue = match account.catalogue_after_miss(&catalogue, &context).await {
            Ok(catalogue) => catalogue,
            Err(error) => return all_fail(catalogue_failed(shared)(error)),
        };
    }
    let blind = members.iter().all(|member| member.job.if_match.is_none())
        && can_be_blind(members, &catalogue);
    let mut reads = Vec::new();
    let mut before = None;
    if !blind {
        let mut reading = match account.read(&shared.conversation, &context).await {
            Ok(reading) => reading,
            Err(error) => {
                return all_fail(error.before_any_write(account, Code::ConversationNotFound));
            }
        };
        catalogue = match account
            .name(&mut reading.carried, catalogue, &context)
            .await
        {
            Ok(catalogue) => catalogue,
            Err(error) => return all_fail(catalogue_failed(shared)(error)),
        };
        name_ids(&mut reading.carried, &catalogue);
        reads = reading.calls;
        before = Some(reading.carried);
    }
    // From here on a member that is folded is carried out, whatever its caller does.
    let folded: Vec<bool> = members
        .iter()
        .map(|member| member.progress.write())
        .collect();
    let rules = account.adapter.rules();
    let mut folding = match &before {
        Some(carried) => Folding::known(rules, &catalogue, carried.clone()),
        None => Folding::blind(rules, &catalogue),
    };
    let judged: Vec<Judged> = members
        .iter()
        .zip(&folded)
        .map(|(member, folded)| match folded {
            true => judge(member.job, &mut folding, &catalogue),
            false => Judged {
                verdict: Err(called_off()),
            },
        })
        .collect();
    let prepared = match planned(
        shared,
        before,
        folding,
        Effect::default(),
        reads,
        catalogue.clone(),
    ) {
        Ok(prepared) => prepared,
        Err(error) => return all_fail(error),
    };
    write(
        &shared.beyond_the_caller(),
        members,
        judged,
        prepared,
        names,
    )
    .await
}

/// Whether a member names a tag that the catalogue does not know; it may be carried all the same.
fn misses(members: &[Taken<'_>], catalogue: &Arc<Catalogue>) -> bool {
    members.iter().any(|member| {
        let mut folding = Folding::blind(member.job.route.account.adapter.rules(), catalogue);
        matches!(
            folding.apply(&member.job.change, false),
            Err(Refusal::Unknown(_))
        )
    })
}

/// Whether all members can be planned without knowing what is carried.
fn can_be_blind(members: &[Taken<'_>], catalogue: &Arc<Catalogue>) -> bool {
    let Some(first) = members.first() else {
        return false;
    };
    let mut folding = Folding::blind(first.job.route.account.adapter.rules(), catalogue);
    members.iter().all(|member| {
        match folding.apply(&member.job.change, member.job.create_missing) {
            Ok(_) => true,
            // What is wrong by itself needs no reading; what is unknown may be carried.
            Err(Refusal::Invalid(_) | Refusal::Unsupported(..)) => true,
            Err(_) => false,
        }
    })
}

fn judge(job: &Job, folding: &mut Folding<'_>, catalogue: &Catalogue) -> Judged {
    if let (Some(condition), State::Known(carried)) = (&job.if_match, folding.state())
        && let Err(error) = check(condition, job, carried)
    {
        return Judged {
            verdict: Err(error),
        };
    }
    let verdict = folding
        .apply(&job.change, job.create_missing)
        .map_err(|refused| refusal::told(refused, catalogue))
        .map(|effect| match folding.state() {
            State::Known(carried) if job.representation => (effect, Some(carried.clone())),
            _ => (effect, None),
        });
    Judged { verdict }
}

async fn write(
    shared: &Job,
    members: &[Taken<'_>],
    judged: Vec<Judged>,
    mut prepared: Prepared,
    names: &NameLocks,
) -> Attempt {
    let assumed = prepared.before.is_none();
    let answers = |judged: Vec<Judged>, prepared: &Prepared, seen: Option<&Carried>| {
        let answer = |judged: Judged, job: &Job| {
            let (effect, set) = judged.verdict?;
            Ok(Changed {
                added: prepared.spelled(effect.added),
                removed: prepared.spelled(effect.removed),
                assumed,
                set: match set {
                    Some(set) => Some(Carried(prepared.spelled(set.0))),
                    None => seen.filter(|_| job.representation).cloned(),
                },
            })
        };
        judged
            .into_iter()
            .zip(members)
            .map(|(judged, member)| answer(judged, member.job))
            .collect()
    };
    if prepared.steps.is_empty() {
        let results = answers(judged, &prepared, None);
        return Attempt::Answered(BatchConcluded {
            results,
            unsettled: Unsettled::default(),
        });
    }
    let written = execute_plan(shared, &mut prepared, names).await;
    let (Executed { done, late }, ended) = match written {
        Ok(written) => written,
        // A tag could not be made: whose it was is found by going apart.
        Err(_) => return Attempt::Apart,
    };
    let until = ended + shared.route.account.limits.settle;
    let unsettled_by = |open: &[Element]| match open {
        [] => Unsettled::default(),
        _ => Unsettled::by(
            shared.route.account.adapter.rules().writes,
            open.iter(),
            until,
        ),
    };
    let complete = evidence::is_complete(shared, &prepared, &done).await;
    if complete {
        let wants_set = assumed && members.iter().any(|member| member.job.representation);
        let seen = if wants_set {
            evidence::seen(shared, &prepared).await
        } else {
            None
        };
        let results = answers(judged, &prepared, seen.as_ref());
        return Attempt::Answered(BatchConcluded {
            results,
            unsettled: unsettled_by(&late),
        });
    }
    let open = evidence::open_elements(&prepared, &done);
    if open.is_empty() && late.is_empty() {
        // What took effect already is found to be so when it is asked for again.
        return Attempt::Apart;
    }
    let seen = evidence::seen(shared, &prepared).await;
    let landed = prepared.before.is_some()
        && late.is_empty()
        && seen.as_ref().is_some_and(|seen| {
            prepared
                .steps
                .iter()
                .all(|step| evidence::holds(step, seen))
        });
    let error = done.iter().find_map(|done| done.error().cloned());
    let results = judged.into_iter().map(|judged| {
        let (effect, set) = judged.verdict.map_err(|error| match error.code() {
            // It was held against a set that may not have come about.
            Code::PreconditionFailed => settling(Some(until)),
            _ => error,
        })?;
        let so = seen.as_ref().is_some_and(|seen| {
            effect
                .added
                .iter()
                .all(|e| seen.holds(&prepared.spelled_one(e)))
                && !effect
                    .removed
                    .iter()
                    .any(|e| seen.holds(&prepared.spelled_one(e)))
        });
        if so && (landed || !(effect.added.is_empty() && effect.removed.is_empty())) {
            return Ok(Changed {
                added: prepared.spelled(effect.added),
                removed: prepared.spelled(effect.removed),
                assumed,
                set: set.or_else(|| seen.clone()),
            });
        }
        Err(unknown(shared, error.as_ref(), until))
    });
    let results = results.collect();
    let unsettled = match landed {
        true => Unsettled::default(),
        false => unsettled_by(&[open, late].concat()),
    };
    Attempt::Answered(BatchConcluded { results, unsettled })
}

fn unknown(shared: &Job, error: Option<&CallError>, until: Instant) -> Error {
    let account = &shared.route.account;
    let told = match error {
        Some(error) => error.public(account, Code::ConversationNotFound),
        None => Error::new(Code::VendorUnavailable, "the vendor's answer did not come"),
    };
    told.outcome(Outcome::Unknown)
        .settles_at(clock::rfc3339(until))
}

fn called_off() -> Error {
    Error::new(
        Code::Deadline,
        "the deadline passed before anything was sent",
    )
    .outcome(Outcome::NotApplied)
}

fn settling(until: Option<Instant>) -> Error {
    let wait = until.map(|until| until.saturating_duration_since(Instant::now()));
    Error::new(
        Code::ConversationSettling,
        "an earlier write to this conversation may still take effect",
    )
    .retry_after(wait.unwrap_or_default())
    .outcome(Outcome::NotApplied)
}

fn held_back(count: usize, until: Option<Instant>) -> BatchConcluded {
    let error = settling(until);
    BatchConcluded {
        results: (0..count).map(|_| Err(error.clone())).collect(),
        unsettled: Unsettled::default(),
    }
}
