//! One run's gateway: an account of one vendor with two routes, its lanes, and the network to the twin.

use super::{
    keyed::{self, Disk},
    life::Life,
    network::{self, Network},
    record::Log,
    scenario::Scenario,
    universe::Universe,
    vendor::Vendor,
};
use adapters::{Change, VENDORS, settings::Settings};
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tagway::{
    config::{CatalogueAccess, OnLoss, Responses},
    gateway::{Route, compile},
    idempotency::Idempotency,
    mock::{Options, TWINS},
    schema::Document,
    sequencer::{IfMatch, Job, Lanes},
    upstream::{Account, AccountLimits, Base, BreakerLimits, CatalogueCache, Parts},
};
use tokio::time::Instant;

/// One run.
pub(crate) struct World {
    pub(crate) universe: Arc<Universe>,
    pub(crate) log: Arc<Log>,
    pub(crate) network: Arc<Network>,
    disk: Arc<Disk>,
    gateway: Mutex<Arc<Gateway>>,
    pub(crate) conversations: Vec<String>,
}

/// A process, and all that ends with it.
pub(crate) struct Gateway {
    pub(crate) life: Arc<Life>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) idempotency: Arc<Idempotency>,
    pub(crate) routes: [Arc<Route>; 2],
}

/// What a caller asks of a conversation's tags.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) change: Change,
    pub(crate) if_match: Option<IfMatch>,
    pub(crate) create_missing: bool,
    pub(crate) representation: bool,
    pub(crate) deadline: Duration,
}

impl World {
    pub(crate) fn new(scenario: &Scenario, with_lines: bool) -> Self {
        let vendor = scenario.vendor;
        let universe = Arc::new(Universe::new(vendor));
        let log = Arc::new(Log::new(with_lines));
        let kind = TWINS
            .iter()
            .find(|kind| kind.name == vendor.name())
            .expect("a twin");
        let options = Options {
            seed: scenario.seed,
            transcript_bytes: 0,
            tags: universe.catalogue(),
            ..Options::default()
        };
        let mut twin = (kind.build)(&options, documents(vendor).twin.clone());
        let conversations: Vec<String> = (0..scenario.conversations.len())
            .map(|at| format!("8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f{at:02x}"))
            .collect();
        for (id, plan) in conversations.iter().zip(&scenario.conversations) {
            assert!(
                twin.set_content(id, &universe.as_content(plan.initial)),
                "the twin takes it"
            );
        }
        let network = Network::new(network::Parts {
            universe: universe.clone(),
            log: log.clone(),
            conversations: conversations.clone(),
            twin,
            random: fastrand::Rng::with_seed(scenario.seed ^ 0x6e65_7477_6f72_6b00),
            settle: scenario.settle,
            faulty: scenario.faulty,
            turn: usize::try_from(scenario.seed / 3 * 5).unwrap_or(0),
        });
        let disk = Arc::new(Disk::default());
        let gateway = Mutex::new(Arc::new(Gateway::start(scenario, &network, &disk)));
        Self {
            disk,
            universe,
            log,
            network,
            gateway,
            conversations,
        }
    }

    /// The process that runs now.
    pub(crate) fn gateway(&self) -> Arc<Gateway> {
        self.gateway
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Kills the process: what it has under way is cut off, and may still arrive.
    pub(crate) fn kill(&self) {
        self.log.line(|| "the gateway is killed".to_owned());
        self.gateway().life.end();
    }

    /// Starts another process in its place, on the same disk. What is not keyed left no word there.
    pub(crate) fn restart(&self, scenario: &Scenario) {
        self.log.line(|| "the gateway is started".to_owned());
        let started = Arc::new(Gateway::start(scenario, &self.network, &self.disk));
        let account = &started.routes[0].account;
        let settled = Instant::now() + account.limits.settle;
        started.lanes.hold_account(&account.key, settled);
        *self.gateway.lock().unwrap_or_else(PoisonError::into_inner) = started;
    }

    /// A read's or a change's way through the process that runs now.
    pub(crate) fn job(&self, route: usize, conversation: usize, asked: &Request) -> Job {
        let id = &self.conversations[conversation];
        self.gateway().job(route, id, asked)
    }
}

impl Gateway {
    /// A change on its way to the lanes.
    pub(crate) fn job(&self, route: usize, conversation: &str, asked: &Request) -> Job {
        Job {
            route: self.routes[route % 2].clone(),
            conversation: conversation.to_owned(),
            change: asked.change.clone(),
            create_missing: asked.create_missing,
            if_match: asked.if_match.clone(),
            representation: asked.representation,
            deadline: Instant::now() + asked.deadline,
            meter: Arc::default(),
            once: None,
        }
    }
}

impl Request {
    /// What asks for nothing: the frame of a read.
    pub(crate) fn nothing(deadline: Duration) -> Self {
        Self {
            change: Change::Replace(Vec::new()),
            if_match: None,
            create_missing: false,
            representation: false,
            deadline,
        }
    }
}

impl Gateway {
    fn start(scenario: &Scenario, network: &Arc<Network>, disk: &Arc<Disk>) -> Self {
        let vendor = VENDORS
            .iter()
            .find(|known| known.name == scenario.vendor.name())
            .expect("a vendor");
        let life = Arc::new(Life::default());
        let document = documents(scenario.vendor).gateway.clone();
        let adapter = (vendor.build)(&Settings::default(), document.value());
        let (name, value) = adapter.credential("key");
        let account = Arc::new(Account::new(Parts {
            key: "account".to_owned(),
            adapter,
            document,
            base: Base::parse(vendor.base_url).expect("a URL"),
            credential: Some((
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )),
            transport: network.transport(&life),
            twin: None,
            catalogue: CatalogueCache::new(Duration::from_secs(60), 10_000),
            limits: AccountLimits {
                attempts: scenario.attempts,
                attempt_timeout: scenario.attempt_timeout,
                settle: scenario.settle,
                max_in_flight: scenario.max_in_flight,
                // Every other run meets the faults that a breaker would spare it.
                breaker: BreakerLimits {
                    failures: if scenario.seed.is_multiple_of(2) {
                        0
                    } else {
                        5
                    },
                    ..BreakerLimits::default()
                },
                paced: !scenario.seed.is_multiple_of(2),
                ..AccountLimits::default()
            },
            rate: Vec::new(),
            earlier: None,
            seed: scenario.seed,
        }));
        let route = |name: &str, responses: Responses| {
            Arc::new(Route {
                name: name.into(),
                account: account.clone(),
                create_missing: false,
                on_loss: OnLoss::Refuse,
                responses,
                catalogue: CatalogueAccess::ReadWrite,
            })
        };
        let lanes = Arc::new(Lanes::new());
        Self {
            idempotency: keyed::open(disk, &life, &lanes),
            life,
            lanes,
            routes: [
                route("one", scenario.responses[0]),
                route("other", scenario.responses[1]),
            ],
        }
    }
}

/// A vendor's document, compiled once for each side.
struct Documents {
    gateway: Arc<Document>,
    twin: Arc<Document>,
}

fn documents(vendor: Vendor) -> &'static Documents {
    static COMPILED: [OnceLock<Documents>; 3] = [const { OnceLock::new() }; 3];
    COMPILED[vendor as usize].get_or_init(|| {
        let known = VENDORS
            .iter()
            .find(|known| known.name == vendor.name())
            .expect("a vendor");
        Documents {
            gateway: Arc::new(compile(known, known.document).expect("it compiles")),
            twin: Arc::new(
                Document::compile(known.name, known.document, &|_| None).expect("it compiles"),
            ),
        }
    })
}
