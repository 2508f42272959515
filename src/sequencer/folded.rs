//! Several changes as one: what has to be known is read once, they are folded in order, and one plan is sent.

use super::{
    Changed, Job, NameLocks,
    conclude::{execute_plan, is_about_content, says_nobody_is_served},
    evidence,
    execute::{Done, Executed},
    judging::{Judged, can_be_blind, judge, misses, with_made},
    members::{Sent, Told},
    once::{Intent, Wish},
    prepare::{Prepared, catalogue_failed, nothing_done, planned},
    refusal::called_off,
    taken::{BatchConcluded, Taken},
    unsettled::Unsettled,
};
use crate::{
    config::ForeignWriters,
    error::{Code, Error},
    planted::{self, Bug},
    upstream::Reading,
};
use adapters::{Carried, Effect, Element, Folding, name_ids};
use futures_util::future::join_all;

/// What came of carrying out changes together.
pub(super) enum Attempt {
    /// Every member has its answer.
    Answered(BatchConcluded),
    /// Nothing was done; the members go on in halves.
    Apart,
    /// What becomes of each member, and what is open.
    InParts(Vec<Told>, BatchConcluded),
    /// Nothing was done; some members may not be sent, and the others go on without them.
    Without(Vec<Option<Error>>),
}

/// Folds the members and sends the plan that makes all of them true.
pub(super) async fn fold_and_write(
    shared: &Job,
    members: &[Taken<'_>],
    names: &NameLocks,
    known: Option<Carried>,
) -> Attempt {
    let account = &shared.route.account;
    let context = shared.context();
    let all_fail = |error: Error| {
        let results = members.iter().map(|_| Err(error.clone())).collect();
        Attempt::Answered(BatchConcluded {
            results,
            ..BatchConcluded::default()
        })
    };
    let unconditional = members.iter().all(|member| member.job.if_match.is_none());
    let known = known.filter(|_| unconditional && account.limits.exclusive);
    let mut catalogue = match account.catalogue(&context).await {
        Ok(catalogue) => catalogue,
        Err(error) => return all_fail(catalogue_failed(shared)(error)),
    };
    if misses(members, &catalogue) {
        let read = Box::pin(account.catalogue_after_miss(&catalogue, &context)).await;
        catalogue = match read {
            Ok(catalogue) => catalogue,
            Err(error) => return all_fail(catalogue_failed(shared)(error)),
        };
    }
    let blind = unconditional && known.is_none() && can_be_blind(members, &catalogue);
    let mut reads = Vec::new();
    let mut before = None;
    if !blind {
        let read = match known {
            Some(carried) => Ok(Reading {
                carried,
                calls: Vec::new(),
            }),
            None => account.read(&shared.conversation, &context).await,
        };
        let mut reading = match read {
            Ok(reading) => reading,
            Err(error) => {
                return all_fail(error.before_any_write(account, Code::ConversationNotFound));
            }
        };
        let named = Box::pin(account.name(&mut reading.carried, catalogue, &context)).await;
        catalogue = match named {
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
    let begin = || match &before {
        Some(carried) => Folding::known(rules, &catalogue, carried.clone()),
        None => Folding::blind(rules, &catalogue),
    };
    let mut folding = begin();
    let judged: Vec<Judged> = members
        .iter()
        .zip(&folded)
        .map(|(member, folded)| match folded {
            true => judge(member.job, &mut folding, &catalogue, before.as_ref()),
            false => Judged {
                verdict: Err(called_off()),
                found: None,
            },
        })
        .collect();
    if planted::is(Bug::FoldOutOfOrder) {
        folding = begin();
        for member in members.iter().rev() {
            let _ = folding.apply(&member.job.change, member.job.create_missing);
        }
    }
    let prepared = match planned(
        shared,
        before,
        folding.into_parts(),
        Effect::default(),
        reads,
        catalogue.clone(),
    ) {
        Ok(prepared) => prepared,
        Err(error) => return all_fail(error),
    };
    if !prepared.steps.is_empty()
        && members.iter().any(|member| member.job.once.is_some())
        && let Some(refused) = Box::pin(intend(members, &judged, &prepared)).await
    {
        return Attempt::Without(refused);
    }
    write(shared, members, judged, prepared, names).await
}

/// Has the keyed members written down before anything is sent; nothing when all of them are.
async fn intend(
    members: &[Taken<'_>],
    judged: &[Judged],
    prepared: &Prepared,
) -> Option<Vec<Option<Error>>> {
    let written = members.iter().zip(judged).map(|(member, judged)| async {
        let Ok((effect, _)) = &judged.verdict else {
            return None;
        };
        let intent = Intent::of(member.job, prepared, effect);
        // Nothing that is sent is about it.
        if intent.wishes.is_empty() {
            return None;
        }
        member.intend(intent).await.err()
    });
    let refused = join_all(written).await;
    refused.iter().any(Option::is_some).then_some(refused)
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
            known: prepared.after,
            before: prepared.before,
            ..BatchConcluded::default()
        });
    }
    let context = &shared.context_beyond_the_caller();
    let written = execute_plan(shared, &mut prepared, names, context).await;
    // Each half would meet the same.
    let all_are_told = |judged: Vec<Judged>, before: Option<Carried>, told: &Error| {
        let results = judged.into_iter().map(|judged| match judged.verdict {
            Err(own) if own.code() != Code::PreconditionFailed => Err(own),
            Ok(_) | Err(_) => Err(told.clone()),
        });
        Attempt::Answered(BatchConcluded {
            results: results.collect(),
            before,
            ..BatchConcluded::default()
        })
    };
    let (Executed { done, late }, ended) = match written {
        Ok(written) => written,
        Err(error) if says_nobody_is_served(&error) => {
            return all_are_told(judged, prepared.before, &error);
        }
        // A tag could not be made: whose it was is found by going apart.
        Err(_) => return Attempt::Apart,
    };
    let judged = with_made(judged, members, &prepared);
    let until = ended + shared.route.account.limits.settle;
    let unsettled_by = |open: &[Element]| match open {
        [] => Unsettled::default(),
        _ => Unsettled::by(
            shared.route.account.adapter.rules().writes,
            open.iter(),
            until,
        ),
    };
    if let Some(after) = evidence::is_complete(shared, &prepared, &done, context).await {
        let wants_set = assumed && members.iter().any(|member| member.job.representation);
        let seen = if wants_set {
            Box::pin(evidence::seen(shared, &prepared, context)).await
        } else {
            None
        };
        let results = answers(judged, &prepared, seen.as_ref());
        return Attempt::Answered(BatchConcluded {
            results,
            unsettled: unsettled_by(&late),
            known: after,
            wishes: match shared.route.account.limits.foreign_writers {
                ForeignWriters::Off => Vec::new(),
                ForeignWriters::Detect | ForeignWriters::Strict => Wish::of(prepared.steps.iter()),
            },
            before: prepared.before,
        });
    }
    let open = evidence::open_elements(&prepared, &done);
    let is_open = !(open.is_empty() && late.is_empty());
    let took_effect = done.iter().filter(|done| done.took_effect()).count();
    let error = done.iter().find_map(Done::error);
    match error.filter(|_| !is_open && took_effect == 0) {
        Some(error) if !is_about_content(error) => {
            let told = nothing_done(shared, &prepared, error);
            return all_are_told(judged, prepared.before, &told);
        }
        Some(_) => return Attempt::Apart,
        // The vendor has done something else than it was asked; whose it was is found by going apart.
        None if error.is_none() => return Attempt::Apart,
        None => {}
    }
    let seen = Box::pin(evidence::seen(shared, &prepared, context)).await;
    let sent = Sent {
        shared,
        prepared: &prepared,
        done: &done,
        seen: seen.as_ref(),
        until: is_open.then_some(until),
    };
    let judged = members.iter().zip(judged);
    let told = sent.told(
        judged
            .map(|(member, judged)| (member.job, judged.verdict))
            .collect(),
    );
    let landed = prepared.before.is_some() && late.is_empty() && sent.is_complete();
    let unsettled = match landed {
        true => Unsettled::default(),
        false => unsettled_by(&[open, late].concat()),
    };
    let sofar = BatchConcluded {
        unsettled,
        before: prepared.before,
        ..BatchConcluded::default()
    };
    Attempt::InParts(told, sofar)
}
