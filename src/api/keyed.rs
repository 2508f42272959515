//! Requests under an `Idempotency-Key`: what they are known by, and how their answers are written, now or after a
//! restart.

use super::{Asked, Notes, Reply, catalogue, conversations, headers::Prefer, idempotency_key};
use crate::{
    error::{Code, Error},
    gateway::Gateway,
    idempotency::{Answered, Entered, Keyed, Rendering, Request, Success, Waiting},
    sequencer::{Changed, Edited, Once},
};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A keyed request whose turn it is.
pub(super) struct Running {
    keyed: Arc<Keyed>,
    _waiting: Waiting,
}

/// What is to be done with a request that may have a key.
pub(super) enum Turn {
    /// It is carried out; it has no key.
    Unkeyed,
    /// It is carried out, or what is left of it.
    Keyed(Running),
    /// It was answered before.
    Answered(Result<Reply, Error>),
}

/// How the answer of a change or an edit is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing<'a> {
    /// The route's name.
    pub(super) route: &'a str,
    /// The account's key.
    pub(super) account: &'a str,
    /// The conversation's id; empty for an edit of the catalogue.
    pub(super) conversation: &'a str,
    /// What the caller wants back.
    pub(super) prefer: Prefer,
}

/// The same, kept with a keyed request.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptWriting {
    route: String,
    account: String,
    conversation: String,
    prefer: Prefer,
}

impl Writing<'_> {
    fn kept(&self) -> KeptWriting {
        KeptWriting {
            route: self.route.to_owned(),
            account: self.account.to_owned(),
            conversation: self.conversation.to_owned(),
            prefer: self.prefer,
        }
    }
}

impl KeptWriting {
    fn writing(&self) -> Writing<'_> {
        Writing {
            route: &self.route,
            account: &self.account,
            conversation: &self.conversation,
            prefer: self.prefer,
        }
    }
}

impl Running {
    /// For the sequencer.
    pub(super) fn once(&self) -> Arc<dyn Once> {
        self.keyed.clone()
    }

    /// What the caller is told of a failure: the answer, where it became known while the request waited.
    pub(super) async fn failed(&self, error: Error) -> Result<Reply, Error> {
        match (error.code(), self.keyed.answered().await) {
            (Code::IdempotencyInProgress, Some(answered)) => replay(answered),
            _ => Err(error),
        }
    }
}

/// Takes in a request with a key. A dry run changes nothing, so nothing of it is remembered.
///
/// # Errors
/// What [`crate::idempotency::Idempotency::enter`] says, and that nothing is remembered here.
pub(super) async fn enter(
    gateway: &Gateway,
    asked: &Asked<'_>,
    key: String,
    dry_run: bool,
    document: Option<&Value>,
    writing: Writing<'_>,
    notes: &Notes,
) -> Result<Turn, Error> {
    let Some(idempotency) = &gateway.idempotency else {
        return Err(idempotency_key::is_off());
    };
    if dry_run {
        return Ok(Turn::Unkeyed);
    }
    let request = Request {
        scope: [
            notes.client.clone().unwrap_or_default(),
            asked.route.account.key.clone(),
            asked.method.to_string(),
            asked.uri.path().to_owned(),
        ],
        key,
        fingerprint: fingerprint(asked, document),
        rendering: Box::new(writing.kept()),
        deadline: asked.deadline,
        settle: asked.route.account.limits.settle,
    };
    Ok(match idempotency.enter(request).await? {
        Entered::Answered(answered) => Turn::Answered(replay(answered)),
        Entered::Run(keyed, waiting) => Turn::Keyed(Running {
            keyed,
            _waiting: waiting,
        }),
    })
}

/// How answers are written that an earlier process has kept open.
pub fn rendering(described: &Value) -> Option<Box<dyn Rendering>> {
    let writing = KeptWriting::deserialize(described).ok()?;
    Some(Box::new(writing))
}

/// A digest of what a request asks for: body, query and condition.
fn fingerprint(asked: &Asked<'_>, document: Option<&Value>) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    // Members are in one order, whatever order they were sent in.
    part(
        document
            .map(Value::to_string)
            .unwrap_or_default()
            .as_bytes(),
    );
    part(asked.query().unwrap_or_default().as_bytes());
    for value in asked.headers.get_all(header::IF_MATCH) {
        part(value.as_bytes());
    }
    digest.finalize().into()
}

fn replay(answered: Answered) -> Result<Reply, Error> {
    let unreadable = || Error::new(Code::Internal, "the kept answer cannot be read");
    match answered {
        Answered::Problem(problem) => Err(problem.error().ok_or_else(unreadable)?),
        Answered::Success(success) => {
            let status = StatusCode::from_u16(success.status).map_err(|_| unreadable())?;
            Ok(Reply {
                body: success.body.map(Bytes::from),
                etag: success.etag,
                preference_applied: success.preference_applied.as_deref().and_then(applied),
                location: success.location,
                replayed: true,
                ..Reply::empty(status)
            })
        }
    }
}

fn applied(text: &str) -> Option<&'static str> {
    ["return=representation", "return=minimal"]
        .into_iter()
        .find(|known| *known == text)
}

impl Rendering for KeptWriting {
    fn describe(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn changed(&self, changed: &Changed) -> Result<Success, Error> {
        Ok(conversations::answer(self.writing(), changed).into())
    }

    fn edited(&self, edited: &Edited) -> Result<Success, Error> {
        catalogue::answer(&self.route, edited).map(Success::from)
    }
}

impl From<Reply> for Success {
    fn from(reply: Reply) -> Self {
        let body = reply.body.as_deref();
        Self {
            status: reply.status.as_u16(),
            body: body.map(|body| String::from_utf8_lossy(body).into_owned()),
            etag: reply.etag,
            preference_applied: reply.preference_applied.map(str::to_owned),
            location: reply.location,
        }
    }
}
