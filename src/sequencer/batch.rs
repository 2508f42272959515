//! Changes that wait together: one read, folded in order, one plan, and a true answer for each.
//!
//! A batch of one goes the plain way. A batch whose write the vendor refuses is halved until the guilty
//! member is found; nothing of it had taken effect, so nothing is done twice.

use super::{
    Changed, Job, NameLocks,
    conclude::{carry_out_alone, execute_plan, is_about_content, says_nobody_is_served},
    evidence,
    execute::{Done, Executed},
    judging::{Judged, can_be_blind, judge, misses, with_made},
    members::{Sent, Told},
    once::{Intent, Wish},
    prepare::{Prepared, catalogue_failed, nothing_done, planned},
    refusal::called_off,
    taken::{BatchConcluded, Taken, held_back, shared_job},
    unsettled::Unsettled,
};
use crate::{
    config::ForeignWriters,
    error::{Code, Error},
    planted::{self, Bug},
    upstream::Reading,
};
use adapters::{Carried, Effect, Element, Folding, name_ids};
use futures_util::future::{BoxFuture, join_all};

/// Carries out changes of one conversation, in order.
pub(super) fn carry_out<'a>(
    members: &'a [Taken<'a>],
    names: &'a NameLocks,
    known: Option<Carried>,
) -> BoxFuture<'a, BatchConcluded> {
    Box::pin(async move {
        match members {
            [] => BatchConcluded {
                known,
                ..BatchConcluded::default()
            },
            [one] => {
                let concluded = carry_out_alone(*one, names, known).await;
                BatchConcluded {
                    results: vec![concluded.result],
                    unsettled: concluded.unsettled,
                    before: concluded.before,
                    known: concluded.known,
                    wishes: concluded.wishes,
                }
            }
            [first, ..] => together(first, members, names, known).await,
        }
    })
}

async fn together(
    first: &Taken<'_>,
    members: &[Taken<'_>],
    names: &NameLocks,
    known: Option<Carried>,
) -> BatchConcluded {
    let shared = shared_job(first, members);
    let outcome = fold_and_write(&shared, members, names, known).await;
    for member in members {
        member.job.meter.absorb(&shared.meter);
    }
    match outcome {
        Attempt::Answered(mut concluded) => {
            if planted::is(Bug::AnotherAnswer) {
                concluded.results.rotate_left(1);
            }
            concluded
        }
        Attempt::InParts(told, sofar) => in_parts(members, told, sofar, names).await,
        Attempt::Apart => {
            let (first, second) = members.split_at(members.len() / 2);
            let mut concluded = carry_out(first, names, None).await;
            let more = if concluded.unsettled == Unsettled::default() {
                carry_out(second, names, concluded.known.take()).await
            } else {
                held_back(second.len(), concluded.unsettled.next())
            };
            concluded.extend(more);
            concluded
        }
        Attempt::Without(refused) => without(members, refused, names).await,
    }
}

/// Gives each member its answer; those of which nothing was done go on by themselves.
async fn in_parts(
    members: &[Taken<'_>],
    told: Vec<Told>,
    mut sofar: BatchConcluded,
    names: &NameLocks,
) -> BatchConcluded {
    let is_again = |told: &Told| matches!(told, Told::Again);
    let again = members.iter().zip(&told);
    let again = again.filter_map(|(member, told)| is_again(told).then_some(*member));
    let again: Vec<Taken<'_>> = again.collect();
    let mut concluded = carry_out(&again, names, None).await;
    let mut answers = std::mem::take(&mut concluded.results).into_iter();
    concluded.results = told
        .into_iter()
        .filter_map(|told| match told {
            Told::Answer(answer) => Some(answer),
            Told::Again => answers.next(),
        })
        .collect();
    let results = std::mem::take(&mut concluded.results);
    sofar.extend(concluded);
    BatchConcluded { results, ..sofar }
}

enum Attempt {
    /// Every member has its answer.
    Answered(BatchConcluded),
    /// Nothing was done; the members go on in halves.
    Apart,
    /// What becomes of each member, and what is open.
    InParts(Vec<Told>, BatchConcluded),
    /// Nothing was done; some members may not be sent, and the others go on without them.
    Without(Vec<Option<Error>>),
}

/// Carries out the members that may be sent; each of the others has the reason why not.
async fn without(
    members: &[Taken<'_>],
    refused: Vec<Option<Error>>,
    names: &NameLocks,
) -> BatchConcluded {
    let go_on: Vec<Taken<'_>> = members
        .iter()
        .zip(&refused)
        .filter(|(_, refused)| refused.is_none())
        .map(|(member, _)| *member)
        .collect();
    let mut concluded = carry_out(&go_on, names, None).await;
    let mut answers = std::mem::take(&mut concluded.results).into_iter();
    concluded.results = refused
        .into_iter()
        .filter_map(|refused| match refused {
            Some(error) => Some(Err(error)),
            None => answers.next(),
        })
        .collect();
    concluded
}

async fn fold_and_write(
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
        catalogue = match account.catalogue_after_miss(&catalogue, &context).await {
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
        folding,
        Effect::default(),
        reads,
        catalogue.clone(),
    ) {
        Ok(prepared) => prepared,
        Err(error) => return all_fail(error),
    };
    if let Some(refused) = intend(members, &judged, &prepared).await {
        return Attempt::Without(refused);
    }
    write(
        &shared.beyond_the_caller(),
        members,
        judged,
        prepared,
        names,
    )
    .await
}

/// Has the keyed members written down before anything is sent; nothing when all of them are.
async fn intend(
    members: &[Taken<'_>],
    judged: &[Judged],
    prepared: &Prepared,
) -> Option<Vec<Option<Error>>> {
    if prepared.steps.is_empty() || members.iter().all(|member| member.job.once.is_none()) {
        return None;
    }
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
    let written = execute_plan(shared, &mut prepared, names).await;
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
    if let Some(after) = evidence::is_complete(shared, &prepared, &done).await {
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
    let seen = evidence::seen(shared, &prepared).await;
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
