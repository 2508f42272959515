//! The operations on an account's catalogue.

use super::{
    Asked, Notes, Reply,
    body::{self, Kind},
    change::in_path,
    headers::{self, Prefer, Query},
    idempotency_key,
    keyed::{self, Running, Turn, Writing},
    router::OneKind,
};
use crate::answers::{CatalogueAnswer, CataloguePage, EditAnswer, EditDryRun};
use crate::{
    config::CatalogueAccess,
    error::{Code, Error},
    gateway::Gateway,
    sequencer::{Action, EditJob, Edited, TagUpdate, lookup},
};
use adapters::{Attributes, CatalogueTag, Identity, Tag, fold};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Tags on a page where the caller does not say.
const DEFAULT_LIMIT: usize = 100;

/// Where a tag stands in the list: by folded text, then by spelling, then by id.
type Position = (Identity, Tag, Option<String>);

/// A page of the catalogue. A page begins after the last tag of the one before, whatever was made or deleted
/// meanwhile: no tag that is there all the time is left out or shown twice.
///
/// # Errors
/// Those of the request and of reading the catalogue.
pub(super) async fn list(asked: &Asked<'_>, notes: &Notes) -> Result<Reply, Error> {
    checks_of_a_read(asked)?;
    let query = headers::query(asked.query(), &["limit", "cursor", "q"])?;
    let after = query.cursor.as_deref().map(position).transpose()?;
    let account = &asked.route.account;
    let catalogue = account
        .catalogue(&asked.context(notes))
        .await
        .map_err(|error| error.public(account, Code::VendorInvalidResponse))?;
    let wanted = query.q.as_deref().map(fold);
    let mut found: Vec<(Position, &CatalogueTag)> = catalogue
        .tags()
        .iter()
        .filter(|listed| {
            wanted
                .as_deref()
                .is_none_or(|wanted| fold(&listed.tag.encode()).contains(wanted))
        })
        .map(|listed| (position_of(listed), listed))
        .filter(|(position, _)| after.as_ref().is_none_or(|after| position > after))
        .collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|(position, _)| cursor(position));
    let tags = found
        .into_iter()
        .map(|(_, listed)| CatalogueAnswer::of(listed))
        .collect();
    Reply::json(&CataloguePage { tags, next_cursor })
}

/// One tag of the catalogue: shown, ensured, changed or deleted.
///
/// # Errors
/// Those of the request, of the edit and of the vendor.
pub(super) async fn one<B>(
    gateway: &Gateway,
    asked: &Asked<'_>,
    tag: &str,
    kind: OneKind,
    content: B,
    notes: &Notes,
) -> Result<Reply, Error>
where
    B: Body<Data = Bytes>,
{
    let reference = in_path(tag)?;
    if kind == OneKind::Get {
        headers::query(asked.query(), &[])?;
        checks_of_a_read(asked)?;
        let (_, listed) = lookup(&asked.route, &asked.context(notes), &reference).await?;
        return Reply::json(&CatalogueAnswer::of(&listed));
    }
    checks_of_an_edit(asked, kind == OneKind::Delete)?;
    let query = headers::query(asked.query(), &["dry_run"])?;
    let (action, document) = match kind {
        OneKind::Get | OneKind::Delete => {
            body::check_accept(&asked.headers)?;
            body::none(&content)?;
            (Action::Delete(reference), None)
        }
        OneKind::Ensure => {
            let document = match body::is_none(&content) {
                true => None,
                false => Some(
                    body::checked(gateway, &asked.headers, Kind::Json, "ensure_tag", content)
                        .await?,
                ),
            };
            body::check_accept(&asked.headers)?;
            let asked_for = document.as_ref().map(update).unwrap_or_default();
            (Action::Ensure(reference, asked_for), document)
        }
        OneKind::Update => {
            let document = body::checked(
                gateway,
                &asked.headers,
                Kind::MergePatch,
                "update_tag",
                content,
            )
            .await?;
            (Action::Update(reference, update(&document)), Some(document))
        }
    };
    carry_out(gateway, asked, action, document.as_ref(), &query, notes).await
}

/// A new tag.
///
/// # Errors
/// Those of the request, of the edit and of the vendor.
pub(super) async fn create<B>(
    gateway: &Gateway,
    asked: &Asked<'_>,
    content: B,
    notes: &Notes,
) -> Result<Reply, Error>
where
    B: Body<Data = Bytes>,
{
    checks_of_an_edit(asked, false)?;
    let query = headers::query(asked.query(), &["dry_run"])?;
    let document =
        body::checked(gateway, &asked.headers, Kind::Json, "create_tag", content).await?;
    let tag = match document.get("tag").and_then(Value::as_str) {
        Some(text) => Tag::decode(text),
        None => Tag {
            name: text(&document, "name").unwrap_or_default(),
            value: text(&document, "value"),
        },
    };
    let action = Action::Create(tag, attributes(&document));
    carry_out(gateway, asked, action, Some(&document), &query, notes).await
}

fn checks_of_a_read(asked: &Asked<'_>) -> Result<(), Error> {
    asked.identity.demand("read", |scopes| scopes.read)?;
    headers::refuse_conditional(&asked.headers)?;
    idempotency_key::refuse(&asked.headers)?;
    body::check_accept(&asked.headers)
}

fn checks_of_an_edit(asked: &Asked<'_>, deletes: bool) -> Result<(), Error> {
    asked
        .identity
        .demand("catalogue", |scopes| scopes.catalogue)?;
    match asked.route.catalogue {
        CatalogueAccess::ReadOnly => {
            return Err(Error::new(
                Code::Forbidden,
                "the operator does not allow changes of this route's catalogue",
            ));
        }
        CatalogueAccess::NoDelete if deletes => {
            return Err(Error::new(
                Code::Forbidden,
                "the operator does not allow deletes from this route's catalogue",
            ));
        }
        CatalogueAccess::NoDelete | CatalogueAccess::ReadWrite => {}
    }
    headers::refuse_conditional(&asked.headers)?;
    idempotency_key::read(&asked.headers).map(|_| ())
}

async fn carry_out(
    gateway: &Gateway,
    asked: &Asked<'_>,
    action: Action,
    document: Option<&Value>,
    query: &Query,
    notes: &Notes,
) -> Result<Reply, Error> {
    let writing = Writing {
        route: &asked.route.name,
        account: &asked.route.account.key,
        conversation: "",
        prefer: Prefer::Unsaid,
    };
    let turn = match idempotency_key::read(&asked.headers)? {
        None => Turn::Unkeyed,
        Some(key) => {
            keyed::enter(gateway, asked, key, query.dry_run, document, writing, notes).await?
        }
    };
    let running = match turn {
        Turn::Unkeyed => None,
        Turn::Keyed(running) => Some(running),
        Turn::Answered(answer) => return answer,
    };
    let job = EditJob {
        route: asked.route.clone(),
        action,
        dry_run: query.dry_run,
        deadline: asked.deadline,
        meter: notes.meter.clone(),
        once: running.as_ref().map(Running::once),
    };
    match (gateway.sequencer.edit(job).await, running) {
        (Ok(edited), _) => answer(&asked.route.name, &edited),
        (Err(error), Some(running)) => running.failed(error).await,
        (Err(error), None) => Err(error),
    }
}

/// The answer of an edit.
///
/// # Errors
/// When it cannot be written.
pub(super) fn answer(route: &str, edited: &Edited) -> Result<Reply, Error> {
    match edited {
        Edited::Gone => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        Edited::Planned(calls, lost) => Reply::json(&EditDryRun {
            calls: calls.clone(),
            lost: lost.clone(),
        }),
        Edited::There(listed, lost) => Reply::json(&EditAnswer {
            tag: CatalogueAnswer::of(listed),
            lost: lost.clone(),
        }),
        Edited::Made(listed, lost) => {
            let text = listed.tag.encode();
            let location = format!(
                "/v1/{route}/tags/name:{}",
                utf8_percent_encode(&text, NON_ALPHANUMERIC)
            );
            let reply = Reply::json(&EditAnswer {
                tag: CatalogueAnswer::of(listed),
                lost: lost.clone(),
            })?;
            Ok(Reply {
                status: StatusCode::CREATED,
                location: Some(location),
                ..reply
            })
        }
    }
}

fn attributes(document: &Value) -> Attributes {
    Attributes {
        description: text(document, "description"),
        color: text(document, "color"),
    }
}

fn update(document: &Value) -> TagUpdate {
    let nullable = |member: &str| {
        document
            .get(member)
            .map(|value| value.as_str().map(str::to_owned))
    };
    TagUpdate {
        name: text(document, "name"),
        value: nullable("value"),
        description: nullable("description"),
        color: nullable("color"),
    }
}

fn text(document: &Value, member: &str) -> Option<String> {
    document
        .get(member)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn position_of(listed: &CatalogueTag) -> Position {
    (
        listed.identity.clone(),
        listed.tag.clone(),
        listed.id.clone(),
    )
}

fn cursor((identity, tag, id): &Position) -> String {
    let parts = (&identity.name, &identity.value, &tag.name, &tag.value, id);
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
}

fn position(cursor: &str) -> Result<Position, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let parts = bytes.and_then(|bytes| {
        serde_json::from_slice::<(
            String,
            Option<String>,
            String,
            Option<String>,
            Option<String>,
        )>(&bytes)
        .ok()
    });
    match parts {
        Some((name, value, spelled, spelled_value, id)) => Ok((
            Identity { name, value },
            Tag {
                name: spelled,
                value: spelled_value,
            },
            id,
        )),
        None => Err(
            Error::new(Code::InvalidQuery, "the query is not acceptable")
                .at("cursor", "it is not one that this list gave out"),
        ),
    }
}
