//! One state of a twin, with its log and all that was asked to go wrong with it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use serde_json::{Value, json};

use super::{
    Kind, Options, Twin, answer,
    clock::TwinClock,
    expect::Expectations,
    faults::{Effect, Plan, Struck, answers},
    log::{Limits, Log, RecordedFault, record, recorded_body},
    script::Script,
    seed::Seed,
    target,
};
use crate::schema::{Document, Operation};

/// An answer that takes the place of the twin's own, once; the state stays as it is.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// From 400 to 599.
    pub status: u16,
    /// The body, as JSON; a text is sent as it is.
    pub body: Value,
}

/// A twin, and what belongs to it alone.
pub(super) struct Session {
    pub(super) twin: Box<dyn Twin>,
    pub(super) log: Log,
    pub(super) plan: Plan,
    pub(super) clock: TwinClock,
    pub(super) script: Script,
    pub(super) expectations: Expectations,
    kind: Kind,
    options: Options,
    /// What conversations hold at the start.
    contents: Vec<(String, String)>,
    refusals: VecDeque<Refused>,
    /// How often each class of fault struck.
    struck: BTreeMap<&'static str, u64>,
    received: u64,
    document: Arc<Document>,
    /// Changes with every reset: what was under way before does not reach the state after.
    generation: u64,
}

/// What came of a call.
pub(super) struct Outcome {
    /// The answer, or what the answer is cut from; `None` where the twin has nothing to say.
    pub(super) answer: Option<Response<Bytes>>,
    pub(super) fault: Option<Struck>,
    pub(super) ticket: Ticket,
}

/// How requests ended, on all connections since the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// Arrived in part only.
    pub(super) cut: u64,
    /// Reads whose client left before the answer.
    pub(super) left_reads: u64,
    /// Writes whose client left before the answer.
    pub(super) left_writes: u64,
    /// Have an effect that is still to come.
    pub(super) late: u64,
}

/// Which call a late effect belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    generation: u64,
    call: u64,
}

/// Most refusals that wait for a call.
const MOST_REFUSALS: usize = 1_000;

impl Refused {
    /// Whether its status is that of an error.
    pub fn is_error(&self) -> bool {
        (400..600).contains(&self.status)
    }

    fn answer(self) -> Response<Bytes> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self.body {
            Value::String(text) => answer::text(status, text),
            body => answer::json(status, &body),
        }
    }
}

impl Session {
    pub(super) fn new(
        kind: &Kind,
        options: &Options,
        document: Arc<Document>,
        limits: Limits,
    ) -> Self {
        Self {
            twin: (kind.build)(options, Arc::clone(&document)),
            log: Log::new(limits),
            plan: Plan::default(),
            clock: TwinClock::default(),
            script: Script::default(),
            expectations: Expectations::default(),
            kind: *kind,
            options: options.clone(),
            contents: Vec::new(),
            refusals: VecDeque::new(),
            struck: BTreeMap::new(),
            received: 0,
            document,
            generation: 0,
        }
    }

    /// Answers a call without any fault of the plan, and records it.
    pub(super) fn call(&mut self, request: Request<Bytes>, real_unix_ms: u64) -> Response<Bytes> {
        let answer = match self.refusals.pop_front() {
            Some(refused) => refused.answer(),
            None => self.twin.answer(&request, self.clock.at(real_unix_ms)),
        };
        let document = Arc::clone(&self.document);
        self.script
            .after(operation(&document, &request), self.twin.as_mut());
        self.note(request, Some(answer.status()), None);
        answer
    }

    /// Answers a call as the plan has it, and records it.
    pub(super) fn receive(&mut self, request: Request<Bytes>, real_unix_ms: u64) -> Outcome {
        let document = Arc::clone(&self.document);
        let operation = operation(&document, &request);
        let fault = if self.refusals.is_empty() {
            self.plan.strike(operation)
        } else {
            None
        };
        let now = self.clock.at(real_unix_ms);
        let answer = match &fault {
            None => {
                let refused = self.refusals.pop_front();
                Some(match refused {
                    Some(refused) => refused.answer(),
                    None => self.twin.answer(&request, now),
                })
            }
            Some(fault) => {
                let seen = fault.effect == Effect::Applied;
                let own = seen.then(|| self.twin.answer(&request, now));
                answers::deform(fault, own, self.twin.as_mut(), now)
            }
        };
        self.script.after(operation, self.twin.as_mut());
        let told = fault.as_ref().map(RecordedFault::of);
        if let Some(told) = &told {
            *self.struck.entry(told.class).or_default() += 1;
        }
        let status = answer.as_ref().map(Response::status);
        let call = self.note(request, status, told);
        Outcome {
            answer,
            fault,
            ticket: Ticket {
                generation: self.generation,
                call,
            },
        }
    }

    /// Gives a call its late effect; nobody hears the answer.
    pub(super) fn land(&mut self, request: &Request<Bytes>, ticket: Ticket, real_unix_ms: u64) {
        if ticket.generation == self.generation {
            let _unheard = self.twin.answer(request, self.clock.at(real_unix_ms));
            self.log.landed(ticket.call);
        }
    }

    /// Records a call that never reached the twin.
    pub(super) fn note_refused(&mut self, parts: &Parts, status: StatusCode) {
        self.received += 1;
        self.log.push(record(parts, None, Some(status), None));
    }

    pub(super) fn refuse_next(&mut self, refusals: impl IntoIterator<Item = Refused>) {
        self.refusals.extend(refusals);
        self.refusals.truncate(MOST_REFUSALS);
    }

    pub(super) fn refuse_no_more(&mut self) {
        self.refusals.clear();
    }

    /// What arrived and what went wrong since the last reset, and how it ended on all connections.
    pub(super) fn counts(&self, ends: &Ends) -> Value {
        json!({
            "received": self.received,
            "faults": self.struck,
            "cut": ends.cut,
            "left_reads": ends.left_reads,
            "left_writes": ends.left_writes,
            "late": ends.late,
        })
    }

    /// Takes another start, and goes back to it. False, and nothing is changed, where the vendor's conversations
    /// cannot hold what is given.
    pub(super) fn seed(&mut self, seed: Seed) -> bool {
        let options = Options {
            tags: seed.tags.unwrap_or_else(|| self.options.tags.clone()),
            ..self.options.clone()
        };
        let mut twin = (self.kind.build)(&options, Arc::clone(&self.document));
        if !filled(twin.as_mut(), &seed.contents) {
            return false;
        }
        (self.twin, self.options, self.contents) = (twin, options, seed.contents);
        self.forget();
        true
    }

    /// Everything as it was at the start.
    pub(super) fn reset(&mut self) {
        self.twin.reset();
        filled(self.twin.as_mut(), &self.contents);
        self.forget();
    }

    fn forget(&mut self) {
        self.log.clear();
        self.plan = Plan::default();
        self.clock = TwinClock::default();
        self.script = Script::default();
        self.expectations = Expectations::default();
        self.refusals.clear();
        self.struck.clear();
        self.received = 0;
        self.generation += 1;
    }

    fn note(
        &mut self,
        request: Request<Bytes>,
        status: Option<StatusCode>,
        fault: Option<RecordedFault>,
    ) -> u64 {
        self.received += 1;
        let body = recorded_body(request.body());
        let parts = request.into_parts().0;
        self.log.push(record(&parts, body, status, fault))
    }
}

/// Puts the contents there; false where one is none that the vendor's conversations can hold.
fn filled(twin: &mut dyn Twin, contents: &[(String, String)]) -> bool {
    contents
        .iter()
        .all(|(id, content)| twin.set_content(id, content))
}

fn operation<'d>(document: &'d Document, request: &'d Request<Bytes>) -> Option<&'d Operation> {
    match target::route(document, request) {
        target::Route::Operation(operation, _) => Some(operation),
        target::Route::OtherMethod(_) | target::Route::Nothing => None,
    }
}
