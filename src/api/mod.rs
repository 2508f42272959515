//! The canonical API: from a request to what it means, and from what came of it to an answer.
//!
//! The order in which faults are looked for is the order of the statements here: path and method, key, route,
//! query, scope, media type and Accept, size, JSON, schema; what remains is judged in the lane.

pub mod answers;
mod body;
mod change;
mod conversations;
mod headers;
mod identity;
pub mod router;

use crate::{
    error::{Code, Error},
    gateway::{Gateway, Route},
    upstream::Meter,
};
use adapters::path::check_id;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body::Body;
use identity::Identity;
use router::{ChangeKind, Endpoint, Operation};
use serde::Serialize;
use std::sync::Arc;
use tokio::time::Instant;

/// A success.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The JSON body; none with 204 and 304.
    pub body: Option<Bytes>,
    /// The entity tag of the set in the body.
    pub etag: Option<String>,
    /// What of `Prefer` was honoured.
    pub preference_applied: Option<&'static str>,
}

/// What is learnt of a request on its way, for the answer's headers and the access log.
#[derive(Debug)]
pub struct Notes {
    /// When its head was read.
    pub arrived: Instant,
    /// What it costs at the vendor.
    pub meter: Arc<Meter>,
    /// Who asks.
    pub client: Option<String>,
    /// The route.
    pub route: Option<Arc<str>>,
    /// The operation's id in the API's document.
    pub operation: &'static str,
    /// Whether the route is on an embedded twin.
    pub mock: bool,
}

impl Notes {
    /// Of a request that arrives now.
    pub fn new() -> Self {
        Self {
            arrived: Instant::now(),
            meter: Arc::default(),
            client: None,
            route: None,
            operation: "-",
            mock: false,
        }
    }
}

impl Default for Notes {
    fn default() -> Self {
        Self::new()
    }
}

impl Reply {
    fn json(value: &impl Serialize) -> Result<Self, Error> {
        match serde_json::to_vec(value) {
            Ok(bytes) => Ok(Self::bytes(bytes.into())),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                Err(Error::new(Code::Internal, "the answer cannot be written"))
            }
        }
    }

    fn bytes(body: Bytes) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(body),
            etag: None,
            preference_applied: None,
        }
    }

    fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            etag: None,
            preference_applied: None,
        }
    }
}

/// What the parts of a request mean that every operation on a route has.
struct Asked<'a> {
    route: Arc<Route>,
    identity: Identity<'a>,
    headers: HeaderMap,
    query: Option<String>,
    deadline: Instant,
}

/// Answers a request.
///
/// # Errors
/// Whatever the caller has to be told instead.
pub async fn handle<B>(
    gateway: &Gateway,
    request: Request<B>,
    notes: &mut Notes,
) -> Result<Reply, Error>
where
    B: Body<Data = Bytes>,
{
    let (head, body) = request.into_parts();
    let endpoint = router::route(&head.method, head.uri.path())?;
    let (name, operation) = match endpoint {
        Endpoint::OpenApi => {
            notes.operation = "get_openapi";
            headers::query(head.uri.query(), &[])?;
            body::check_accept(&head.headers)?;
            return Ok(Reply::bytes(gateway.openapi.clone()));
        }
        Endpoint::Route { route, operation } => (route, operation),
    };
    notes.operation = operation.id();
    let identity = identity::identify(&gateway.clients, &head.headers)?;
    notes.client = Some(identity.name().to_owned());
    let route = match gateway.route(&name) {
        Some(route) if identity.may_use(&name) => route.clone(),
        _ => return Err(Error::new(Code::RouteNotFound, "there is no such route")),
    };
    notes.route = Some(route.name.clone());
    notes.mock = route.account.twin.is_some();
    let (Operation::Read { conversation } | Operation::Change { conversation, .. }) = &operation;
    check_conversation(&route, conversation)?;
    let time = headers::deadline(&head.headers, gateway.limits.deadline)?;
    let asked = Asked {
        route,
        identity,
        headers: head.headers,
        query: head.uri.query().map(str::to_owned),
        deadline: notes.arrived + time,
    };
    match operation {
        Operation::Read { conversation } => conversations::read(&asked, &conversation, notes).await,
        Operation::Change { conversation, kind } => {
            conversations::change(gateway, &asked, conversation, &kind, body, notes).await
        }
    }
}

impl Operation {
    /// The operation's id in the API's document.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read_conversation_tags",
            Self::Change { kind, .. } => kind.id(),
        }
    }
}

impl ChangeKind {
    /// The operation's id in the API's document.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Replace => "replace_conversation_tags",
            Self::Patch => "change_conversation_tags",
            Self::Clear => "clear_conversation_tags",
            Self::AddOne(_) => "add_conversation_tag",
            Self::RemoveOne(_) => "remove_conversation_tag",
        }
    }

    fn has_body(&self) -> bool {
        matches!(self, Self::Replace | Self::Patch)
    }
}

/// An id that may not stand in a URL, or is not what the vendor's document says of its ids, is never sent.
fn check_conversation(route: &Route, conversation: &str) -> Result<(), Error> {
    let refused = |why: String| {
        Err(
            Error::new(Code::InvalidPath, "the conversation's id is not acceptable")
                .at("conversation_id", why),
        )
    };
    if let Err(error) = check_id(conversation) {
        return refused(error.to_string());
    }
    match route.account.conversation_id_flaw(conversation) {
        Some(flaw) => refused(flaw),
        None => Ok(()),
    }
}
