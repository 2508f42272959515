//! The canonical API: from a request to what it means, and from what came of it to an answer.
//!
//! The order in which faults are looked for is the order of the statements here: path and method, key, route,
//! query, scope, media type and Accept, size, JSON, schema; what remains is judged in the lane.

mod body;
mod catalogue;
mod change;
mod conversations;
mod fields;
mod headers;
mod idempotency_key;
mod identity;
mod keyed;
mod plain;
mod problems;
pub mod router;
mod routes;
mod turnstile;

pub(crate) use body::read as read_body;
pub use keyed::rendering;
pub use turnstile::{Quota, Turnstile};

use crate::{
    error::{Code, Error, Outcome},
    gateway::{Gateway, Route},
    upstream::{Account, CallContext, Meter, Priority},
};
use adapters::path::check_id;
use bytes::Bytes;
use fields::Headers;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body::Body;
use identity::Identity;
use router::{ChangeKind, Endpoint, OneKind, Operation};
use serde::Serialize;
use std::{net::IpAddr, sync::Arc};
use tokio::time::Instant;
use turnstile::{UnderWay, Who};

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
    /// Where the tag is that was made.
    pub location: Option<String>,
    /// The media type of the body.
    pub content_type: &'static str,
    /// What a browser may do with the body.
    pub content_security_policy: Option<&'static str>,
    /// Whether an earlier request with the same key was answered so.
    pub replayed: bool,
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
    /// The address it came from.
    pub peer: Option<IpAddr>,
    /// What is left of the client's windows.
    pub quotas: Vec<Quota>,
    /// The route's account, where the client may use it.
    pub account: Option<Arc<Account>>,
    /// The table of the request's headers, once they are of no more use.
    pub room: HeaderMap,
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
            peer: None,
            quotas: Vec::new(),
            account: None,
            room: HeaderMap::new(),
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
            body: Some(body),
            ..Self::empty(StatusCode::OK)
        }
    }

    fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            etag: None,
            preference_applied: None,
            location: None,
            content_type: "application/json",
            content_security_policy: None,
            replayed: false,
        }
    }
}

/// What the parts of a request mean that every operation on a route has.
struct Asked<'a> {
    route: Arc<Route>,
    identity: Identity<'a>,
    method: Method,
    uri: Uri,
    headers: Headers,
    deadline: Instant,
}

impl Asked<'_> {
    fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    fn context(&self, notes: &Notes) -> CallContext {
        CallContext {
            route: self.route.name.clone(),
            responses: self.route.responses,
            deadline: self.deadline,
            due: self.deadline,
            committed: false,
            changes: false,
            priority: Priority::Interactive,
            meter: notes.meter.clone(),
            seed: None,
        }
    }
}

/// Answers a request.
///
/// # Errors
/// Whatever the caller has to be told instead.
pub async fn handle<B>(
    gateway: &Gateway,
    turnstile: &Turnstile,
    request: Box<Request<B>>,
    notes: &mut Notes,
) -> Result<Reply, Error>
where
    B: Body<Data = Bytes>,
{
    let (head, body) = request.into_parts();
    let fields = Headers::from(head.headers);
    let endpoint = router::route(&head.method, head.uri.path())?;
    notes.operation = endpoint.id();
    let query = head.uri.query();
    identity::no_key_in_query(query)?;
    let (name, operation) = match endpoint {
        Endpoint::OpenApi => {
            headers::query(query, &[])?;
            body::check_accept(&fields)?;
            return Ok(Reply::bytes(gateway.openapi.clone()));
        }
        Endpoint::Problem(code) => {
            headers::query(query, &[])?;
            return problem(&code, &fields);
        }
        Endpoint::Routes => {
            let (identity, _under_way) = identify(gateway, turnstile, &fields, notes)?;
            return routes::list(gateway, &identity, &fields, query);
        }
        Endpoint::RouteInfo(route) => (route, None),
        Endpoint::Route { route, operation } => (route, Some(operation)),
    };
    let (identity, _under_way) = identify(gateway, turnstile, &fields, notes)?;
    let route = match gateway.route(&name) {
        Some(route) if identity.may_use(&name) => route.clone(),
        _ => return Err(Error::new(Code::RouteNotFound, "there is no such route")),
    };
    notes.route = Some(route.name.clone());
    notes.mock = route.account.twin.is_some();
    notes.account = Some(route.account.clone());
    let _visit = turnstile
        .visit(route.account.order_key(), gateway.most_to_one_account())
        .map_err(|error| match head.method.is_safe() {
            true => error,
            false => error.outcome(Outcome::NotApplied),
        })?;
    if let Some(conversation) = operation.as_ref().and_then(Operation::conversation) {
        check_conversation(&route, conversation)?;
    }
    let time = headers::deadline(&fields, gateway.limits.deadline)?;
    let asked = Asked {
        route,
        identity,
        method: head.method,
        uri: head.uri,
        headers: fields,
        deadline: notes.arrived + time,
    };
    // What is not the most frequent waits in a box of its own: the room for the largest of all futures would be made and
    // passed on for every request.
    let answered = match operation {
        None => routes::one(&asked),
        Some(Operation::Read { conversation }) => {
            let conversation = key(&asked, conversation);
            Box::pin(conversations::read(&asked, &conversation, notes)).await
        }
        Some(Operation::Change { conversation, kind }) => {
            let conversation = key(&asked, conversation);
            conversations::change(gateway, &asked, conversation, &kind, body, notes).await
        }
        Some(Operation::List) => Box::pin(catalogue::list(&asked, notes)).await,
        Some(Operation::Create) => Box::pin(catalogue::create(gateway, &asked, body, notes)).await,
        Some(Operation::One(tag, kind)) => {
            Box::pin(catalogue::one(gateway, &asked, &tag, kind, body, notes)).await
        }
    };
    notes.room = asked.headers.into_table();
    answered
}

/// Finds out who asks, and whether they ask too often. What comes second is to be kept while they are answered.
fn identify<'a>(
    gateway: &'a Gateway,
    turnstile: &Turnstile,
    headers: &HeaderMap,
    notes: &mut Notes,
) -> Result<(Identity<'a>, Option<UnderWay>), Error> {
    let limits = &gateway.limits;
    let identity = match identity::identify(&gateway.clients, headers) {
        Ok(identity) => identity,
        Err(error) => {
            if let Some(peer) = notes.peer {
                turnstile.failed(peer)?;
            }
            return Err(error);
        }
    };
    notes.client = Some(identity.name().to_owned());
    let (who, windows) = match (identity, notes.peer) {
        (Identity::Client(client), _) => (
            Who::Client(client.name.clone()),
            client.rate.as_ref().unwrap_or(&limits.client_rate),
        ),
        (Identity::Open, Some(peer)) => (Who::Address(peer), &limits.client_rate),
        (Identity::Open, None) => return Ok((identity, None)),
    };
    turnstile.admit(&who, windows, &mut notes.quotas)?;
    let under_way = match &who {
        Who::Client(name) => Some(turnstile.begin(name, limits.max_in_flight_per_client)?),
        // There is only one client: this machine.
        Who::Address(_) => None,
    };
    Ok((identity, under_way))
}

impl Endpoint {
    /// The operation's id in the API's document.
    pub fn id(&self) -> &'static str {
        match self {
            Self::OpenApi => "get_openapi",
            Self::Problem(_) => "get_problem",
            Self::Routes => "list_routes",
            Self::RouteInfo(_) => "get_route",
            Self::Route { operation, .. } => operation.id(),
        }
    }
}

impl Operation {
    /// The operation's id in the API's document.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read_conversation_tags",
            Self::Change { kind, .. } => kind.id(),
            Self::List => "list_tags",
            Self::Create => "create_tag",
            Self::One(_, OneKind::Get) => "get_tag",
            Self::One(_, OneKind::Ensure) => "ensure_tag",
            Self::One(_, OneKind::Update) => "update_tag",
            Self::One(_, OneKind::Delete) => "delete_tag",
        }
    }

    fn conversation(&self) -> Option<&str> {
        match self {
            Self::Read { conversation } | Self::Change { conversation, .. } => Some(conversation),
            Self::List | Self::Create | Self::One(..) => None,
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

fn key(asked: &Asked<'_>, conversation: String) -> String {
    asked.route.account.adapter.conversation_key(conversation)
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

/// The page of an error, for people or machines.
fn problem(code: &str, headers: &HeaderMap) -> Result<Reply, Error> {
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    let Some(code) = known else {
        return Err(Error::new(Code::NotFound, "there is no such problem"));
    };
    let html = problems::wants_html(headers)?;
    let (content_type, page) = problems::page(*code, html);
    let content_security_policy = html.then_some(problems::CONTENT_SECURITY_POLICY);
    Ok(Reply {
        content_type,
        content_security_policy,
        ..Reply::bytes(page)
    })
}
