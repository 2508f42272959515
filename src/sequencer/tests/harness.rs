//! An account on a twin behind a network that takes time and can lose answers.

use crate::{
    clock,
    config::{CatalogueAccess, OnLoss, Responses},
    error::Error,
    gateway::{Route, compile},
    mock::{Options, Served, TWINS},
    sequencer::{Changed, IfMatch, Job, Lanes, Sequencer},
    upstream::{
        Account, AccountLimits, AnswerBody, Base, CatalogueCache, Parts, Transport, TransportError,
    },
};
use adapters::{Change, RemoveRef, Tag, TagRef, VENDORS, settings::Settings};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{task::JoinHandle, time::Instant};
use tower::service_fn;

/// How long a call is under way.
pub(super) const TRAVEL: Duration = Duration::from_millis(20);

/// What becomes of one write.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// It arrives, and its answer comes back.
    Answered,
    /// It arrives this much later, and its answer is lost at once.
    LostAndLate(Duration),
    /// Its answer is lost, and it never arrives.
    Lost,
    /// Nothing is sent: there is no connection.
    Unreachable,
    /// The vendor takes no more calls for now.
    Refused,
}

/// A route, its lanes, and the twin behind them.
pub(super) struct Harness {
    pub(super) lanes: Arc<Lanes>,
    pub(super) route: Arc<Route>,
    pub(super) twin: Arc<Served>,
    fates: Arc<Mutex<VecDeque<Fate>>>,
}

/// A conversation that every vendor takes the id of.
pub(super) const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

impl Harness {
    /// A route to a vendor whose catalogue has these tags.
    pub(super) fn new(vendor: &str, tags: &[String]) -> Self {
        let vendor = VENDORS
            .iter()
            .find(|known| known.name == vendor)
            .expect("a vendor");
        let kind = TWINS
            .iter()
            .find(|kind| kind.name == vendor.name)
            .expect("a twin");
        let tags = tags
            .iter()
            .map(|tag| serde_json::Value::from(tag.as_str()))
            .collect();
        let twin = Served::new(
            kind,
            Options {
                tags,
                ..Options::default()
            },
        )
        .expect("it compiles");
        let fates = Arc::new(Mutex::new(VecDeque::new()));
        let document = Arc::new(compile(vendor, vendor.document).expect("it compiles"));
        let adapter = (vendor.build)(&Settings::default(), document.value());
        let (name, value) = adapter.credential("key");
        let account = Account::new(Parts {
            key: "account".to_owned(),
            adapter,
            document,
            base: Base::parse(vendor.base_url).expect("a URL"),
            credential: Some((
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )),
            transport: network(twin.clone(), fates.clone()),
            twin: None,
            catalogue: CatalogueCache::new(Duration::from_secs(3_600), 100_000),
            limits: AccountLimits {
                attempts: 3,
                attempt_timeout: Duration::from_secs(5),
                settle: Duration::from_secs(30),
                max_in_flight: 8,
                ..AccountLimits::default()
            },
            rate: Vec::new(),
            earlier: None,
            seed: 1,
        });
        let route = Route {
            name: "route".into(),
            account: Arc::new(account),
            create_missing: false,
            on_loss: OnLoss::Refuse,
            responses: Responses::Enforce,
            catalogue: CatalogueAccess::ReadWrite,
        };
        Self {
            lanes: Arc::new(Lanes::new()),
            route: Arc::new(route),
            twin,
            fates,
        }
    }

    /// Says what becomes of the next writes of the conversation.
    pub(super) fn next_writes(&self, fates: impl IntoIterator<Item = Fate>) {
        self.fates.lock().expect("no panic").extend(fates);
    }

    /// The writes to come are answered.
    pub(super) fn forget_fates(&self) {
        self.fates.lock().expect("no panic").clear();
    }

    /// A change with a deadline.
    pub(super) fn job(&self, change: Change, deadline: Duration) -> Job {
        Job {
            route: self.route.clone(),
            conversation: CONVERSATION.to_owned(),
            change,
            create_missing: false,
            if_match: None,
            representation: false,
            deadline: Instant::now() + deadline,
            meter: Arc::default(),
            once: None,
        }
    }

    /// Submits a job; its lane has it when this returns.
    pub(super) async fn submit(&self, job: Job) -> JoinHandle<Result<Changed, Error>> {
        let submitted = tokio::spawn(self.lanes.submit(job));
        // The task runs up to its first wait, which is in the queue.
        tokio::task::yield_now().await;
        submitted
    }

    /// Makes sure that the catalogue is cached and forgets the calls for it.
    pub(super) async fn warm(&self) {
        let context = self
            .job(Change::Replace(Vec::new()), Duration::from_secs(15))
            .context();
        self.route
            .account
            .catalogue(&context)
            .await
            .expect("the catalogue");
        self.twin.clear_calls();
    }

    /// The methods of the calls that the twin received, those for the catalogue left out.
    pub(super) fn methods(&self) -> Vec<String> {
        let calls = self.twin.calls().into_iter();
        calls
            .filter(|call| call.path.contains(CONVERSATION))
            .map(|call| call.method)
            .collect()
    }

    /// What the conversation carries, in text form.
    pub(super) async fn carried(&self) -> Vec<String> {
        let context = self
            .job(Change::Replace(Vec::new()), Duration::from_secs(15))
            .context();
        let account = &self.route.account;
        let catalogue = account.catalogue(&context).await.expect("the catalogue");
        let mut reading = account.read(CONVERSATION, &context).await.expect("the set");
        account
            .name(&mut reading.carried, catalogue, &context)
            .await
            .expect("names");
        let mut texts: Vec<String> = reading
            .carried
            .tags()
            .map(|held| held.tag.encode())
            .collect();
        texts.sort();
        texts
    }
}

/// Adds one tag.
pub(super) fn add(text: &str) -> Change {
    Change::Patch {
        add: vec![TagRef::Tag(Tag::decode(text))],
        remove: Vec::new(),
    }
}

/// Removes one tag.
pub(super) fn remove(text: &str) -> Change {
    Change::Patch {
        add: Vec::new(),
        remove: vec![RemoveRef::Tag(TagRef::Tag(Tag::decode(text)))],
    }
}

/// A condition that never holds.
pub(super) fn stale() -> Option<IfMatch> {
    Some(IfMatch::OneOf(vec!["\"stale\"".to_owned()]))
}

/// `t0`, `t1`, …
pub(super) fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("t{n}")).collect()
}

fn network(twin: Arc<Served>, fates: Arc<Mutex<VecDeque<Fate>>>) -> Transport {
    Transport::new(service_fn(move |request: Request<Bytes>| {
        let (twin, fates) = (twin.clone(), fates.clone());
        async move {
            let is_write =
                request.method() != Method::GET && request.uri().path().contains(CONVERSATION);
            let fate = match is_write {
                true => fates
                    .lock()
                    .expect("no panic")
                    .pop_front()
                    .unwrap_or(Fate::Answered),
                false => Fate::Answered,
            };
            tokio::time::sleep(TRAVEL).await;
            let lost = || Err(TransportError::Broken("the answer was lost".to_owned()));
            match fate {
                Fate::Answered => Ok(answer(twin.call(request, clock::unix_ms()))),
                Fate::Lost => lost(),
                Fate::Unreachable => Err(TransportError::NotSent("refused".to_owned())),
                Fate::Refused => {
                    let mut refused = Response::new(Bytes::new());
                    *refused.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                    Ok(answer(refused))
                }
                Fate::LostAndLate(later) => {
                    tokio::spawn(async move {
                        tokio::time::sleep(later).await;
                        twin.call(request, clock::unix_ms());
                    });
                    lost()
                }
            }
        }
    }))
}

fn answer(answer: Response<Bytes>) -> Response<AnswerBody> {
    answer.map(|bytes| {
        Full::new(bytes)
            .map_err(|never| match never {})
            .boxed_unsync()
    })
}
