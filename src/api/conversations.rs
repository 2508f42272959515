//! The operations on a conversation's tags.

use super::{
    Asked, Notes, Reply,
    body::{self, Kind},
    change as changes, headers,
    headers::Prefer,
    idempotency_key,
    keyed::{self, Running, Turn, Writing},
    plain::{self, Plain},
    router::ChangeKind,
};
use crate::{
    answers::{
        self, ChangeAnswer, ConversationTags, CreatedSlot, DryRun, PlannedRead, PlannedTag,
        TagOnConversation,
    },
    config::CatalogueAccess,
    error::{Code, Error},
    etag::etag,
    gateway::Gateway,
    sequencer::{Changed, Job, Prepared, prepare, preview},
};
use adapters::{Element, Handle, Writes};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body;

/// What a conversation carries.
///
/// # Errors
/// Those of the request's headers and of the vendor.
pub(super) async fn read(
    asked: &Asked<'_>,
    conversation: &str,
    notes: &Notes,
) -> Result<Reply, Error> {
    asked.identity.demand("read", |scopes| scopes.read)?;
    headers::query(asked.query(), &[])?;
    headers::refuse(&asked.headers, true)?;
    idempotency_key::refuse(&asked.headers)?;
    headers::none_match(&asked.headers, "")?;
    body::check_accept(&asked.headers)?;
    let account = &asked.route.account;
    let context = asked.context(notes);
    let failed =
        |not_found| move |error: crate::upstream::CallError| error.public(account, not_found);
    let mut reading = account
        .read(conversation, &context)
        .await
        .map_err(failed(Code::ConversationNotFound))?;
    if reading
        .carried
        .0
        .iter()
        .any(|element| matches!(element, Element::Unknown { .. }))
    {
        let catalogue = account
            .catalogue(&context)
            .await
            .map_err(failed(Code::VendorInvalidResponse))?;
        account
            .name(&mut reading.carried, catalogue, &context)
            .await
            .map_err(failed(Code::VendorInvalidResponse))?;
    }
    let tag = etag(&account.key, conversation, &reading.carried);
    if headers::none_match(&asked.headers, &tag)? {
        return Ok(Reply {
            etag: Some(tag),
            ..Reply::empty(StatusCode::NOT_MODIFIED)
        });
    }
    let answer = ConversationTags {
        route: &asked.route.name,
        conversation,
        tags: &reading.carried.0,
    };
    Ok(Reply {
        etag: Some(tag),
        ..Reply::bytes(answer.json().into())
    })
}

/// Changes what a conversation carries, or plans it.
///
/// # Errors
/// Those of the request, of the lane and of the vendor.
pub(super) async fn change<B>(
    gateway: &Gateway,
    asked: &Asked<'_>,
    conversation: String,
    kind: &ChangeKind,
    content: B,
    notes: &Notes,
) -> Result<Reply, Error>
where
    B: Body<Data = Bytes>,
{
    let known: &[&str] = match kind {
        ChangeKind::Replace | ChangeKind::Patch | ChangeKind::AddOne(_) => {
            &["dry_run", "create_missing"]
        }
        ChangeKind::Clear | ChangeKind::RemoveOne(_) => &["dry_run"],
    };
    asked.identity.demand("tag", |scopes| scopes.tag)?;
    let query = headers::query(asked.query(), known)?;
    if query.create_missing == Some(true) {
        asked
            .identity
            .demand("catalogue", |scopes| scopes.catalogue)?;
        if asked.route.catalogue == CatalogueAccess::ReadOnly {
            return Err(Error::new(
                Code::Forbidden,
                "the operator does not allow changes of this route's catalogue",
            ));
        }
    }
    headers::refuse(&asked.headers, false)?;
    let key = idempotency_key::read(&asked.headers)?;
    let if_match = headers::if_match(&asked.headers)?;
    let prefer = headers::prefer(&asked.headers);
    let (change, document) = if kind.has_body() {
        let body = body::received(gateway, &asked.headers, Kind::Json, content).await?;
        // A key remembers the document.
        let may_be_plain = key.is_none() && *kind == ChangeKind::Patch;
        match may_be_plain.then(|| plain::read(&body)).flatten() {
            Some(Plain { add, remove }) => (changes::patch(add, remove)?, None),
            None => {
                let document = body::judged(gateway, kind.id(), &body)?;
                (changes::change(kind, Some(&document))?, Some(document))
            }
        }
    } else {
        body::check_accept(&asked.headers)?;
        body::none(&content)?;
        (changes::change(kind, None)?, None)
    };
    let named = conversation.clone();
    let writing = Writing {
        route: &asked.route.name,
        account: &asked.route.account.key,
        conversation: &named,
        prefer,
    };
    let running = match key {
        None => None,
        Some(key) => {
            let document = document.as_ref();
            let turn = keyed::enter(gateway, asked, key, query.dry_run, document, writing, notes);
            match Box::pin(turn).await? {
                Turn::Unkeyed => None,
                Turn::Keyed(running) => Some(running),
                Turn::Answered(answer) => return answer,
            }
        }
    };
    // The change may wait for a while, and it is all that is needed of the body.
    drop(document);
    let job = Job {
        route: asked.route.clone(),
        conversation,
        change,
        create_missing: query.create_missing.unwrap_or(asked.route.create_missing)
            && asked.route.catalogue != CatalogueAccess::ReadOnly,
        if_match,
        representation: prefer == Prefer::Representation,
        deadline: asked.deadline,
        meter: notes.meter.clone(),
        once: running.as_ref().map(Running::once),
    };
    let in_path = matches!(kind, ChangeKind::AddOne(_) | ChangeKind::RemoveOne(_));
    let placed = |error: Error| if in_path { error.all_at("tag") } else { error };
    if query.dry_run {
        return Box::pin(async {
            let prepared = prepare(&job).await.map_err(placed)?;
            planned(&job, prepared).await
        })
        .await;
    }
    match (gateway.sequencer.submit(job).await, running) {
        (Ok(changed), _) => Ok(answer(writing, &changed)),
        (Err(error), Some(running)) => Box::pin(running.failed(error)).await.map_err(placed),
        (Err(error), None) => Err(placed(error)),
    }
}

/// The answer of a change.
pub(super) fn answer(writing: Writing<'_>, changed: &Changed) -> Reply {
    let Writing {
        route,
        account,
        conversation,
        prefer,
    } = writing;
    if prefer == Prefer::Minimal {
        return Reply {
            preference_applied: Some("return=minimal"),
            ..Reply::empty(StatusCode::NO_CONTENT)
        };
    }
    let answer = ChangeAnswer {
        route,
        conversation,
        added: &changed.added,
        removed: &changed.removed,
        assumed: changed.assumed,
        tags: changed.set.as_ref().map(|set| &*set.0),
    };
    let reply = Reply::bytes(answer.json().into());
    match &changed.set {
        Some(set) => Reply {
            etag: Some(etag(account, conversation, set)),
            preference_applied: Some("return=representation"),
            ..reply
        },
        None => reply,
    }
}

async fn planned(job: &Job, prepared: Prepared) -> Result<Reply, Error> {
    let account = &job.route.account;
    let (calls, created_reads) = preview(job, &prepared).await?;
    let after = (job.representation && prepared.after.is_none())
        .then(|| account.adapter.read(&job.conversation).ok())
        .flatten();
    let reads = prepared
        .reads
        .iter()
        .chain(&created_reads)
        .chain(&after)
        .map(|call| PlannedRead {
            method: call.method.to_string(),
            path: account.base.target(call),
            why: call.why,
        });
    // Several calls can be seen half done; whether one call with several tags can, is not documented where
    // tags are added and removed one by one.
    let atomic = match account.adapter.rules().writes {
        Writes::ReplaceSet => true,
        Writes::AddAndRemove { .. } => {
            prepared.steps.len() <= 1
                && prepared
                    .steps
                    .iter()
                    .all(|step| step.adds.len() + step.removes.len() <= 1)
        }
    };
    Reply::json(&DryRun {
        route: &job.route.name,
        vendor: account.adapter.vendor().name,
        conversation: &job.conversation,
        before: prepared.before.as_ref().map(|set| planned_tags(&set.0)),
        after: prepared.after.as_ref().map(|set| planned_tags(&set.0)),
        reads: reads.collect(),
        calls,
        atomic,
        lost: &[],
    })
}

fn planned_tags(elements: &[Element]) -> Vec<PlannedTag> {
    let (created, there): (Vec<&Element>, Vec<&Element>) = elements.iter().partition(|element| {
        element
            .tag()
            .is_some_and(|held| matches!(held.handle, Handle::Created(_)))
    });
    let there: Vec<Element> = there.into_iter().cloned().collect();
    let there = answers::tags(&there).into_iter().map(PlannedTag::There);
    let created = created.into_iter().filter_map(Element::tag).map(|held| {
        let TagOnConversation {
            tag, name, value, ..
        } = TagOnConversation::named(&held.tag, None);
        let text = tag.unwrap_or_default();
        PlannedTag::Created {
            id: CreatedSlot {
                created: text.clone(),
            },
            tag: text,
            name: name.unwrap_or_default(),
            value,
        }
    });
    there.chain(created).collect()
}
