//! What a route can do, derived from its vendor's adapter and document.

use super::{Asked, Reply, body, fields::Headers, headers, identity::Identity};
use crate::{
    config::{CatalogueAccess, OnLoss},
    error::Error,
    gateway::{Gateway, Route},
};
use adapters::{Naming, UniqueNames, Writes};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most tags in one list of a change; as the API's document says.
const CHANGES_PER_REQUEST: usize = 1_000;

#[derive(Debug, Serialize)]
struct Routes {
    routes: Vec<Capabilities>,
}

#[derive(Debug, Serialize)]
struct Capabilities {
    name: String,
    vendor: &'static str,
    mock: bool,
    verbs: BTreeMap<&'static str, Verb>,
    limits: Limits,
    holds: Holds,
    catalogue: CatalogueCan,
    create_missing: bool,
    on_loss: &'static str,
    rate: Vec<String>,
    side_effects: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Verb {
    atomic: bool,
    reads: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Limits {
    adds_per_call: Option<usize>,
    name_chars: usize,
    value_chars: usize,
    text_chars: Option<usize>,
    description_chars: Option<usize>,
    changes_per_request: usize,
}

#[derive(Debug, Serialize)]
struct Holds {
    id: bool,
    value: &'static str,
    description: bool,
    color: bool,
    created_at: bool,
}

#[derive(Debug, Serialize)]
struct CatalogueCan {
    access: &'static str,
    rename: bool,
    update: bool,
    read_one: bool,
    unique_names: &'static str,
}

/// All routes that the caller may use.
///
/// # Errors
/// Those of the request.
pub(super) fn list(
    gateway: &Gateway,
    identity: &Identity<'_>,
    headers: &Headers,
    query: Option<&str>,
) -> Result<Reply, Error> {
    headers::query(query, &[])?;
    headers::refuse_conditional(headers)?;
    body::check_accept(headers)?;
    let routes = gateway
        .routes()
        .filter(|route| identity.may_use(&route.name))
        .map(|route| of(route));
    Reply::json(&Routes {
        routes: routes.collect(),
    })
}

/// One route.
///
/// # Errors
/// Those of the request.
pub(super) fn one(asked: &Asked<'_>) -> Result<Reply, Error> {
    headers::query(asked.query(), &[])?;
    headers::refuse_conditional(&asked.headers)?;
    body::check_accept(&asked.headers)?;
    Reply::json(&of(&asked.route))
}

fn of(route: &Route) -> Capabilities {
    let account = &route.account;
    let rules = account.adapter.rules();
    let by_id = rules.naming == Naming::Ids;
    let adds_per_call = match rules.writes {
        Writes::AddAndRemove { adds_per_call } => Some(adds_per_call),
        Writes::ReplaceSet => None,
    };
    let bounded = |limit: usize| (limit != usize::MAX).then_some(limit);
    Capabilities {
        name: route.name.to_string(),
        vendor: account.adapter.vendor().name,
        mock: account.twin.is_some(),
        verbs: verbs(adds_per_call.is_some()),
        limits: Limits {
            adds_per_call,
            name_chars: rules.new_tags.name,
            value_chars: rules.new_tags.value,
            text_chars: bounded(rules.new_tags.text),
            description_chars: rules.catalogue.description.and_then(bounded),
            changes_per_request: CHANGES_PER_REQUEST,
        },
        holds: Holds {
            id: by_id,
            value: if by_id { "text" } else { "native" },
            description: rules.catalogue.description.is_some(),
            color: rules.catalogue.color,
            created_at: rules.catalogue.created_at,
        },
        catalogue: CatalogueCan {
            access: match route.catalogue {
                CatalogueAccess::ReadWrite => "read-write",
                CatalogueAccess::NoDelete => "no-delete",
                CatalogueAccess::ReadOnly => "read-only",
            },
            rename: rules.catalogue.update,
            update: rules.catalogue.update,
            read_one: rules.catalogue.read_one,
            unique_names: match rules.catalogue.unique {
                UniqueNames::No => "no",
                UniqueNames::CaseInsensitive => "case-insensitive",
                UniqueNames::Exact => "exact",
            },
        },
        create_missing: route.create_missing,
        on_loss: match route.on_loss {
            OnLoss::Refuse => "refuse",
            OnLoss::Report => "report",
        },
        rate: account.rate.iter().map(ToString::to_string).collect(),
        side_effects: account.side_effects(),
    }
}

fn verbs(one_by_one: bool) -> BTreeMap<&'static str, Verb> {
    const PARTS: &str = "several vendor calls, which a reader can see half done";
    const SIBLINGS: &str =
        "one call for as many tags as `adds_per_call`; a name with several values is read first";
    let verb = |atomic, reads, why| Verb { atomic, reads, why };
    let names = ["read", "add", "remove", "change", "replace", "clear"];
    names
        .into_iter()
        .map(|name| {
            let verb = match (name, one_by_one) {
                ("read", _) => verb(true, true, None),
                (_, false) => verb(
                    true,
                    true,
                    Some("the whole set is read, changed and replaced"),
                ),
                ("add", true) => verb(false, false, Some(SIBLINGS)),
                ("remove" | "change", true) => verb(false, false, Some(PARTS)),
                (_, true) => verb(false, true, Some(PARTS)),
            };
            (name, verb)
        })
        .collect()
}
