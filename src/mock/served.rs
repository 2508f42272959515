//! A twin with its log, shared by a socket and by callers in the same process.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, request::Parts};
use serde_json::json;
use tokio::{sync::watch, time::Instant};

use super::{
    Class, Kind, Options, Recorded, Refused, Twin, answer,
    faults::Effect,
    log::Limits,
    reading::Misread,
    received::{Counted, LateCall, Received},
    session::{Ends, Session},
    shell::progress::Stage,
};
use crate::schema::{Document, DocumentError};

/// A twin with its log, shared by a socket and by callers in the same process.
///
/// A request that carries the header [`SESSION`] meets a state of its own, so that tests that run at the same time
/// do not meet; all others share one.
pub struct Served {
    kind: Kind,
    options: Options,
    document: Arc<Document>,
    own: Shared,
    sessions: Mutex<BTreeMap<String, Shared>>,
    /// Calls whose effect is still to come.
    late: Arc<AtomicU64>,
    /// Requests of which only a part arrived.
    cut: AtomicU64,
    /// Reads whose client left before the answer.
    left_reads: AtomicU64,
    /// The same of writes.
    left_writes: AtomicU64,
    /// Until when nobody is let in.
    gone: watch::Sender<Option<Instant>>,
}

/// A session that several hold.
pub(super) type Shared = Arc<Mutex<Session>>;

/// Why a request has no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoSession {
    /// The name is none.
    #[error("a session's name has 1 to 128 visible ASCII characters")]
    BadName,
    /// There is no room for another.
    #[error("there are as many sessions as can be: end one with DELETE /_twin/sessions/{{name}}")]
    TooMany,
}

/// The header that names the session of a request.
pub const SESSION: &str = "twin-session";

/// The largest body that a twin takes, in bytes; above it the answer is 413.
pub(super) const LARGEST_BODY: usize = 1_048_576;
/// Most sessions at once, besides the one that has no name.
const MOST_SESSIONS: usize = 256;
/// The longest name of a session, in bytes.
const LONGEST_SESSION: usize = 128;
/// What the log of the session without a name holds.
const LOG: Limits = Limits {
    calls: 10_000,
    bytes: 64 * 1_048_576,
};
/// What the log of any other session holds.
const SESSION_LOG: Limits = Limits {
    calls: 2_000,
    bytes: 4 * 1_048_576,
};

impl Served {
    /// Compiles the vendor's document and builds the twin.
    ///
    /// # Errors
    /// If the vendored document cannot be compiled.
    pub fn new(kind: &Kind, options: Options) -> Result<Arc<Self>, DocumentError> {
        let document = Document::compile(kind.name, kind.document, &|_| None)?;
        Ok(Self::with_document(kind, &options, Arc::new(document)))
    }

    /// A twin of the same vendor with a state of its own; the document is not compiled again.
    pub fn another(&self, options: &Options) -> Arc<Self> {
        Self::with_document(&self.kind, options, Arc::clone(&self.document))
    }

    /// Answers a request and records it, whatever the plan of faults says. Calls are taken one at a time; the log has
    /// their order.
    pub fn call(&self, request: Request<Bytes>, now_unix_ms: u64) -> Response<Bytes> {
        if request.body().len() > LARGEST_BODY {
            return self.refuse_large(&request.into_parts().0);
        }
        match self.shared(session_of(request.headers())) {
            Ok(session) => lock(&session).call(request, now_unix_ms),
            Err(none) => none.answer(),
        }
    }

    /// Takes a request as the plan of faults has it, and records it. What the caller has to do about the fault, and
    /// the late effect, are the caller's.
    pub fn receive(&self, request: Request<Bytes>, now_unix_ms: u64) -> Received {
        if request.body().len() > LARGEST_BODY {
            return Received::plain(self.refuse_large(&request.into_parts().0));
        }
        let session = match self.shared(session_of(request.headers())) {
            Ok(session) => session,
            Err(none) => return Received::plain(none.answer()),
        };
        let copy = request.clone();
        let outcome = lock(&session).receive(request, now_unix_ms);
        let fault = outcome.fault;
        if let Some(fault) = fault.as_ref().filter(|fault| fault.class == Class::Refuse) {
            self.gone.send_replace(Some(Instant::now() + fault.hold));
        }
        let late = fault.as_ref().filter(|fault| fault.effect == Effect::Late);
        Received {
            late: late.map(move |fault| LateCall {
                session,
                request: copy,
                ticket: outcome.ticket,
                after: fault.late,
                _counted: Counted::new(&self.late),
            }),
            answer: outcome.answer,
            fault,
        }
    }

    /// The latest calls, oldest first: 10,000 of them, fewer where their bodies make more than 64 MiB.
    pub fn calls(&self) -> Vec<Recorded> {
        self.lock().log.calls().cloned().collect()
    }

    /// Puts rules behind those of the fault plan: `{"seed": 7, "faults": [{"class": "500", "operation": "writes"}]}`.
    ///
    /// # Errors
    /// Everything that is wrong with them, with its place; then the plan stays as it was.
    pub fn add_faults(&self, plan: &serde_json::Value) -> Result<(), Vec<Misread>> {
        self.lock().plan.extend(plan, &self.document)
    }

    /// Forgets the fault plan. Late effects that are under way still come.
    pub fn clear_faults(&self) {
        self.lock().plan = Default::default();
    }

    /// Answers the next calls with these refusals, one each, so that errors which the twin has no state for can be
    /// had too. At most a thousand wait.
    pub fn refuse_next(&self, refusals: impl IntoIterator<Item = Refused>) {
        self.lock().refuse_next(refusals);
    }

    /// Forgets the refusals that wait.
    pub fn refuse_no_more(&self) {
        self.lock().refuse_no_more();
    }

    /// Everything as it was at the start; late effects that are under way do not come any more.
    pub fn reset(&self) {
        self.lock().reset();
    }

    /// Empties the log; the twin's state stays.
    pub fn clear_calls(&self) {
        self.lock().log.clear();
    }

    /// Looks at the twin, or changes it, between two calls.
    pub fn twin<R>(&self, f: impl FnOnce(&mut dyn Twin) -> R) -> R {
        f(self.lock().twin.as_mut())
    }

    /// What arrived and what went wrong, as `GET counts` tells it.
    pub fn counts(&self) -> serde_json::Value {
        self.lock().counts(&self.ends())
    }

    pub(super) fn ends(&self) -> Ends {
        Ends {
            cut: self.cut(),
            left_reads: self.left(false),
            left_writes: self.left(true),
            late: self.late(),
        }
    }

    /// How many calls have an effect that is still to come.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Acquire)
    }

    /// How many requests were cut before they had arrived whole, on all connections.
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::Acquire)
    }

    /// How many reads, or writes, arrived whole and lost their client before the answer, on all connections.
    pub fn left(&self, write: bool) -> u64 {
        let count = if write {
            &self.left_writes
        } else {
            &self.left_reads
        };
        count.load(Ordering::Acquire)
    }

    /// Counts a connection that ended while its latest request had come so far.
    pub(super) fn count_end(&self, stage: Stage) {
        let count = match stage {
            Stage::Idle => return,
            Stage::Arriving => &self.cut,
            Stage::Read => &self.left_reads,
            Stage::Write => &self.left_writes,
        };
        count.fetch_add(1, Ordering::AcqRel);
    }

    /// Until when nobody is let in, if that time is still to come.
    pub fn gone_until(&self) -> Option<Instant> {
        self.gone.borrow().filter(|until| *until > Instant::now())
    }

    pub(super) fn goings(&self) -> watch::Receiver<Option<Instant>> {
        self.gone.subscribe()
    }

    /// The vendor's document.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// Builds the twin on a document that was compiled from [`Kind::document`]. The twin judges requests, so it does
    /// not matter how much the checks of answers see.
    pub fn with_document(kind: &Kind, options: &Options, document: Arc<Document>) -> Arc<Self> {
        Arc::new(Self {
            kind: *kind,
            options: options.clone(),
            own: Arc::new(Mutex::new(Session::new(
                kind,
                options,
                Arc::clone(&document),
                LOG,
            ))),
            document,
            sessions: Mutex::default(),
            late: Arc::default(),
            cut: AtomicU64::new(0),
            left_reads: AtomicU64::new(0),
            left_writes: AtomicU64::new(0),
            gone: watch::channel(None).0,
        })
    }

    /// Refuses a request whose body is too large, without showing it to the twin.
    pub(super) fn refuse_large(&self, parts: &Parts) -> Response<Bytes> {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        match self.shared(session_of(&parts.headers)) {
            Ok(session) => {
                lock(&session).note_refused(parts, status);
                answer::json(status, &json!({ "error": "the body is larger than 1 MiB" }))
            }
            Err(none) => none.answer(),
        }
    }

    /// The session of a name, made if it is new, or the one without.
    pub(super) fn shared(&self, name: Option<&str>) -> Result<Shared, NoSession> {
        match name {
            None => Ok(Arc::clone(&self.own)),
            Some(name) => self.named(name),
        }
    }

    /// The names of the sessions that have one.
    pub(super) fn session_names(&self) -> Vec<String> {
        lock(&self.sessions).keys().cloned().collect()
    }

    /// Ends a session; false if there is none of the name.
    pub(super) fn end_session(&self, name: &str) -> bool {
        lock(&self.sessions).remove(name).is_some()
    }

    fn named(&self, name: &str) -> Result<Shared, NoSession> {
        if name.is_empty() || name.len() > LONGEST_SESSION {
            return Err(NoSession::BadName);
        }
        let mut sessions = lock(&self.sessions);
        if let Some(session) = sessions.get(name) {
            return Ok(Arc::clone(session));
        }
        if sessions.len() >= MOST_SESSIONS {
            return Err(NoSession::TooMany);
        }
        let document = Arc::clone(&self.document);
        let made = Session::new(&self.kind, &self.options, document, SESSION_LOG);
        let made = Arc::new(Mutex::new(made));
        sessions.insert(name.to_owned(), Arc::clone(&made));
        Ok(made)
    }

    fn lock(&self) -> MutexGuard<'_, Session> {
        lock(&self.own)
    }
}

impl NoSession {
    pub(super) fn answer(self) -> Response<Bytes> {
        let status = match self {
            Self::BadName => StatusCode::BAD_REQUEST,
            Self::TooMany => StatusCode::SERVICE_UNAVAILABLE,
        };
        answer::json(status, &json!({ "error": self.to_string() }))
    }
}

/// A caller that panicked while it held the lock left a state that is whole: each call sets it at its end.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The session that a request names; an unreadable name is no valid one.
pub(super) fn session_of(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(SESSION)
        .map(|name| name.to_str().unwrap_or_default())
}
