//! The gateway and the three twins, each on a socket of its own, and the faults of the twins.

use std::{
    collections::{BTreeMap, BTreeSet},
    future,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use adapters::VENDORS;
use serde_json::{Value, json};
use tagway::{
    cli::{Running, start},
    config::{self, Config, Secrets},
    gateway::vendor_keys,
    mock::{Class, Effect, Options, Served, TWINS, serve},
};
use tokio::{net::TcpListener, time::interval};

use super::{Settings, disconnect, writer};

/// A gateway and the vendors that it talks to.
pub(crate) struct Place {
    running: Running,
    twins: Vec<Twin>,
}

struct Twin {
    vendor: &'static str,
    served: Arc<Served>,
    /// The names of the tags by their ids; empty where a name is its own id.
    names: BTreeMap<String, String>,
}

/// How long after the call a late write lands, in milliseconds. Most of the settle time is left for a busy machine.
const LATE_MS: u64 = 500;
/// How long the gateway holds a write for possible after the attempt's end, in milliseconds.
const SETTLE_MS: u64 = 2_000;
/// How long a read may take, in milliseconds.
const ATTEMPT_MS: u64 = 400;
/// How long silence and what has no end are held, in milliseconds: longer than a read is waited for.
const HOLD_MS: u64 = 600;

/// The path of a conversation's tags; every route is called like its vendor.
pub(crate) fn tags_of(vendor: &str, conversation: usize) -> String {
    format!("/v1/{vendor}/conversations/{}/tags", id(conversation))
}

fn id(number: usize) -> String {
    format!("8f3a9d2e-1b4c-4f5d-9e8a-{number:012x}")
}

impl Place {
    pub(crate) async fn new(settings: &Settings) -> Self {
        let mut text = String::from(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndeadline_ms = 8000\n",
        );
        let mut twins = Vec::new();
        for vendor in VENDORS {
            let (twin, address) = Twin::new(vendor.name, settings).await;
            let below = vendor.base_url.strip_prefix("https://").unwrap_or_default();
            let path = below.find('/').map_or("", |at| &below[at..]);
            text.push_str(&format!(
                "[routes.{0}]\nvendor = \"{0}\"\nrate = \"off\"\nbase_url = \"http://{address}{path}\"\n\
                 allow_any_host = true\nsecret = \"env:VENDOR_KEY\"\nsettle_ms = {SETTLE_MS}\n\
                 attempt_timeout_ms = {ATTEMPT_MS}\nmax_in_flight = 32\nbreaker_failures = 0\n",
                vendor.name
            ));
            twins.push(twin);
        }
        let running = start(load(&text)).await.expect("a gateway that starts");
        Self { running, twins }
    }

    pub(crate) fn gateway(&self) -> SocketAddr {
        self.running.public
    }

    pub(crate) fn vendors(&self) -> impl Iterator<Item = &'static str> {
        self.twins.iter().map(|twin| twin.vendor)
    }

    /// Waits until no lane has work, no write is open and nothing lands late any more.
    pub(crate) async fn rest(&self) {
        for twin in &self.twins {
            twin.served.clear_faults();
        }
        let lanes = &self.running.status.lanes;
        let late = || {
            self.twins
                .iter()
                .map(|twin| twin.served.late())
                .sum::<u64>()
        };
        let mut tick = interval(Duration::from_millis(20));
        while lanes.lanes() > 0 || lanes.writing() > 0 || late() > 0 {
            tick.tick().await;
        }
    }

    /// The names of the tags on each conversation.
    pub(crate) fn held(
        &self,
        settings: &Settings,
    ) -> BTreeMap<(&'static str, usize), BTreeSet<String>> {
        let places = self
            .twins
            .iter()
            .flat_map(|twin| (0..settings.conversations).map(move |number| (twin, number)));
        places
            .map(|(twin, number)| ((twin.vendor, number), twin.held(number)))
            .collect()
    }

    /// How many requests of the gateway arrived at a vendor in part only.
    pub(crate) fn cut(&self) -> u64 {
        self.twins.iter().map(|twin| twin.served.cut()).sum()
    }

    /// How many vendor writes were not listened to until their answer.
    pub(crate) fn unheard(&self) -> u64 {
        self.twins.iter().map(|twin| twin.served.left(true)).sum()
    }

    pub(crate) fn vendor_calls(&self) -> Value {
        let calls = |twin: &Twin| {
            (
                twin.vendor.to_owned(),
                twin.served.counts()["received"].clone(),
            )
        };
        self.twins.iter().map(calls).collect()
    }

    /// How often each class of fault struck, at all vendors together.
    pub(crate) fn faults(&self) -> Value {
        let mut all: BTreeMap<String, u64> = BTreeMap::new();
        for twin in &self.twins {
            let counts = twin.served.counts();
            for (class, count) in counts["faults"].as_object().into_iter().flatten() {
                *all.entry(class.clone()).or_default() += count.as_u64().unwrap_or_default();
            }
        }
        json!(all)
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

impl Twin {
    async fn new(vendor: &'static str, settings: &Settings) -> (Self, SocketAddr) {
        let mut names = BTreeMap::new();
        let mut tags = Vec::new();
        let of_writers = (0..settings.writers).flat_map(|number| {
            (0..writer::rounds(settings)).map(move |round| writer::name(number, round))
        });
        let of_others = (0..disconnect::rounds(settings)).map(disconnect::name);
        for (at, name) in of_writers.chain(of_others).enumerate() {
            let id = format!("00000000-0000-4000-8000-{at:012x}");
            tags.push(match vendor {
                "elevenlabs" => json!({"title": name, "tag_id": id}),
                "awardee" => json!({"name": name, "id": id}),
                _ => json!({"name": name}),
            });
            if vendor != "attention" {
                names.insert(id, name);
            }
        }
        let kind = TWINS.iter().find(|kind| kind.name == vendor);
        let options = Options {
            tags,
            transcript_bytes: 256,
            ..Options::default()
        };
        let served = Served::new(kind.expect("a twin"), options).expect("a document");
        served.add_faults(&plan(settings)).expect("a plan");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve(listener, served.clone(), future::pending()));
        let twin = Self {
            vendor,
            served,
            names,
        };
        (twin, address)
    }

    fn held(&self, conversation: usize) -> BTreeSet<String> {
        let content = self
            .served
            .twin(|twin| twin.conversation(&id(conversation)));
        let named = |id: &str| self.names.get(id).cloned().unwrap_or_else(|| id.to_owned());
        match content {
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(named).collect(),
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => BTreeSet::new(),
        }
    }
}

/// Every class with every effect that it can have, each as likely as the others, together on the share of the calls
/// that is asked for.
fn plan(settings: &Settings) -> Value {
    let each = |class: Class| {
        class
            .effects()
            .iter()
            .map(move |effect: &Effect| (class.name(), effect.name()))
    };
    let all: Vec<(&str, &str)> = Class::all().flat_map(each).collect();
    // A rule strikes only what no rule before it struck.
    let rules = (0..all.len()).zip(&all).map(|(at, (class, effect))| {
        let left = 1.0 - settings.faults * at as f64 / all.len() as f64;
        json!({
            "class": class, "effect": effect, "probability": settings.faults / all.len() as f64 / left,
            "late_ms": LATE_MS, "latency_ms": if *class == "latency" { 100 } else { 0 },
            // A vendor that is gone for long would keep all others from being tried.
            "hold_ms": if *class == "refuse" { 30 } else { HOLD_MS },
            "retry_after_ms": 50, "bytes_per_second": 20_000,
        })
    });
    let rules: Vec<Value> = rules.collect();
    json!({ "seed": settings.seed, "faults": rules })
}

fn load(text: &str) -> Config {
    let variables = BTreeMap::from([("VENDOR_KEY".to_owned(), "vendor-secret".to_owned())]);
    let vendors = vendor_keys();
    match config::load(text, "sockets.toml", &variables, &vendors, Secrets::Check) {
        Ok(loaded) => loaded.config,
        Err(faults) => panic!("{faults:#?}\n{text}"),
    }
}
