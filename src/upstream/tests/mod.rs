//! The layers of an account on a paused clock, in front of a vendor that does what a script says.

mod breaker;
mod kept;
mod layers;
mod pool;
mod quota;
mod retry;
mod succession;
mod turns;

use super::{
    Account, AccountLimits, AnswerBody, Base, CallContext, CatalogueCache, Parts, Priority, Sent,
    Transport, TransportError,
};
use crate::{
    config::{RateWindow, Responses},
    gateway::compile,
};
use adapters::{Body, Call, Path, Repeat, VENDORS, reader::Keep, settings::Settings};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;
use tower::service_fn;

/// How long the caller of a test waits.
const DEADLINE: Duration = Duration::from_secs(15);

/// What the vendor does with one call.
#[derive(Clone, Debug)]
enum Does {
    /// Nobody listens.
    Refuses,
    /// Takes the call and closes the connection.
    Breaks,
    /// Takes the call and never answers.
    Hangs,
    /// Answers well, after so many milliseconds.
    Takes(u64),
    /// Answers with this status, these headers and this body.
    Says(u16, &'static [(&'static str, &'static str)], &'static str),
}

/// A vendor that does what it is told, in order, and then what it is told last.
#[derive(Debug)]
struct Vendor {
    script: Mutex<VecDeque<Does>>,
    usually: Mutex<Does>,
    arrivals: Mutex<Vec<(Instant, Request<Bytes>)>>,
}

impl Vendor {
    fn new(script: impl IntoIterator<Item = Does>, usually: Does) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(script.into_iter().collect()),
            usually: Mutex::new(usually),
            arrivals: Mutex::default(),
        })
    }

    /// How many calls were received.
    fn arrivals(&self) -> usize {
        self.arrivals.lock().unwrap().len()
    }

    /// The pauses between the calls.
    fn pauses(&self) -> Vec<Duration> {
        let arrivals = self.arrivals.lock().unwrap();
        let pairs = arrivals.iter().zip(arrivals.iter().skip(1));
        pairs.map(|((one, _), (next, _))| *next - *one).collect()
    }

    fn transport(self: &Arc<Self>) -> Transport {
        let vendor = self.clone();
        Transport::new(service_fn(move |request| {
            let does = vendor.script.lock().unwrap().pop_front();
            let does = does.unwrap_or_else(|| vendor.usually.lock().unwrap().clone());
            if !matches!(does, Does::Refuses) {
                let arrival = (Instant::now(), request);
                vendor.arrivals.lock().unwrap().push(arrival);
            }
            async move {
                match does {
                    Does::Refuses => Err(TransportError::NotSent("refused".to_owned())),
                    Does::Breaks => Err(TransportError::Broken("closed".to_owned())),
                    Does::Hangs => std::future::pending().await,
                    Does::Takes(ms) => {
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                        Ok(said(200, &[], "{}"))
                    }
                    Does::Says(status, headers, body) => Ok(said(status, headers, body)),
                }
            }
        }))
    }
}

fn said(status: u16, headers: &[(&str, &str)], body: &'static str) -> Response<AnswerBody> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let body = Full::new(Bytes::from_static(body.as_bytes()));
    let body = body.map_err(|never| match never {}).boxed_unsync();
    answer.body(body).expect("an answer")
}

/// An account of ElevenLabs in front of that vendor.
fn account(vendor: &Arc<Vendor>, limits: AccountLimits) -> Account {
    account_of("elevenlabs", vendor.transport(), limits)
}

fn account_of(name: &str, transport: Transport, limits: AccountLimits) -> Account {
    account_at("https://vendor.example", name, transport, limits)
}

fn account_at(url: &str, name: &str, transport: Transport, limits: AccountLimits) -> Account {
    account_with_rate(url, name, transport, limits, Vec::new())
}

fn account_with_rate(
    url: &str,
    name: &str,
    transport: Transport,
    limits: AccountLimits,
    rate: Vec<RateWindow>,
) -> Account {
    Account::new(parts(url, name, transport, limits, rate))
}

fn parts(
    url: &str,
    name: &str,
    transport: Transport,
    limits: AccountLimits,
    rate: Vec<RateWindow>,
) -> Parts {
    let known = VENDORS.iter().find(|known| known.name == name);
    let vendor = known.expect("a vendor");
    let document = Arc::new(compile(vendor, vendor.document).expect("it compiles"));
    let adapter = (vendor.build)(&Settings::default(), document.value());
    let (header, key) = adapter.credential("key");
    let credential = (
        header.parse().expect("a name"),
        key.parse().expect("a value"),
    );
    Parts {
        key: "account".to_owned(),
        adapter,
        document,
        base: Base::parse(url).expect("a URL"),
        credential: Some(credential),
        transport,
        twin: None,
        catalogue: CatalogueCache::new(Duration::from_secs(3_600), 100_000),
        limits,
        rate,
        earlier: None,
        seed: 1,
    }
}

/// What the configuration says by default.
fn limits() -> AccountLimits {
    AccountLimits::default()
}

/// A call, whatever it does, that a second arrival makes this of.
fn call(repeat: Repeat) -> Call {
    let (operation, method, body) = match repeat {
        Repeat::Read => ("list_conversation_tags_route", Method::GET, None),
        _ => (
            "create_conversation_tag_route",
            Method::POST,
            Some(Body::text(r#"{"title":"x"}"#.to_owned())),
        ),
    };
    Call {
        operation,
        method,
        path: Path::new().fixed("v1/convai/tags"),
        query: String::new(),
        body,
        keep: Keep::Everything,
        repeat,
        why: "",
    }
}

fn context(deadline: Duration) -> CallContext {
    let deadline = Instant::now() + deadline;
    CallContext {
        route: "route".into(),
        responses: Responses::Off,
        deadline,
        due: deadline,
        committed: false,
        changes: false,
        priority: Priority::Interactive,
        meter: Arc::default(),
        seed: None,
    }
}

async fn send(account: &Account, repeat: Repeat, deadline: Duration) -> Sent {
    let call = call(repeat);
    let body = call.body.as_ref().and_then(|body| body.render(|_| None));
    account.send(&call, body, &context(deadline)).await
}
