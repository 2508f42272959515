//! Changes of one conversation that wait together: all of them have a true answer in the end.
//!
//! A batch of one goes the plain way. A batch whose write the vendor refuses is halved until the guilty
//! member is found; nothing of it had taken effect, so nothing is done twice.

use super::{
    NameLocks,
    conclude::carry_out_alone,
    folded::{Attempt, fold_and_write},
    members::Told,
    taken::{BatchConcluded, Taken, held_back, shared_job},
};
use crate::{
    error::Error,
    planted::{self, Bug},
};
use adapters::Carried;
use futures_util::future::BoxFuture;

/// Carries out changes of one conversation, in order.
pub(super) async fn carry_out(
    members: &[Taken<'_>],
    names: &NameLocks,
    known: Option<Carried>,
) -> BatchConcluded {
    match members {
        [] => BatchConcluded {
            known,
            ..BatchConcluded::default()
        },
        [one] => carry_out_alone(*one, names, known).await,
        [first, ..] => together(first, members, names, known).await,
    }
}

fn together<'a>(
    first: &'a Taken<'a>,
    members: &'a [Taken<'a>],
    names: &'a NameLocks,
    known: Option<Carried>,
) -> BoxFuture<'a, BatchConcluded> {
    Box::pin(async move {
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
            Attempt::InParts(told, sofar) => Box::pin(in_parts(members, told, sofar, names)).await,
            Attempt::Apart => Box::pin(in_halves(members, names)).await,
            Attempt::Without(refused) => Box::pin(without(members, refused, names)).await,
        }
    })
}

/// Carries out the first half of the members, then the second.
async fn in_halves(members: &[Taken<'_>], names: &NameLocks) -> BatchConcluded {
    let (first, second) = members.split_at(members.len() / 2);
    let mut concluded = carry_out(first, names, None).await;
    let more = if concluded.unsettled.is_settled() {
        carry_out(second, names, concluded.known.take()).await
    } else {
        held_back(second.len(), concluded.unsettled.next())
    };
    concluded.extend(more);
    concluded
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
