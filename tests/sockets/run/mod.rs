//! Many writers against the gateway and the three twins, all on sockets, while a share of the vendors' calls fails.
//!
//! Each change is about a tag that no other change is about, so that what has to be there at rest follows from the
//! answers alone. A tag of which an answer said `unknown` is left alone from then on and says nothing.

mod client;
mod disconnect;
mod ledger;
mod place;
mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ledger::{Ledger, Tag};
use place::Place;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Writers at each vendor; each waits for its answer before it goes on.
    pub(crate) writers: usize,
    /// Conversations at each vendor.
    pub(crate) conversations: usize,
    /// How often each writer changes each conversation; below 1 it changes some of them.
    pub(crate) mutations: f64,
    /// The share of the vendors' calls that goes wrong.
    pub(crate) faults: f64,
    /// Clients that leave at a random point, at all vendors together.
    pub(crate) disconnects: usize,
    /// All that is random follows from it, but not how the tasks alternate.
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// The figures by name.
    pub(crate) values: Value,
    /// What must not be, in words.
    pub(crate) wrong: Vec<String>,
}

/// How long anything may take to come to rest at the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Figures that have to be 0.
const NONE: &[&str] = &[
    "lost",
    "vanished",
    "false_applied",
    "false_not_applied",
    "cut_requests_applied",
    "cut_vendor_requests",
    "unheard_vendor_writes",
    "hangs",
    "answers_without_outcome",
    "unexpected_answers",
];

/// Runs it.
pub(crate) async fn run(settings: Settings) -> Figures {
    let started = Instant::now();
    let place = Place::new(&settings).await;
    let mut ledger = Ledger::default();
    let mut tasks = JoinSet::new();
    for vendor in place.vendors() {
        for number in 0..settings.writers {
            tasks.spawn(writer::run(place.gateway(), vendor, number, settings));
        }
        tasks.spawn(disconnect::run(place.gateway(), vendor, settings));
    }
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(done) => ledger.merge(done),
            Err(error) => ledger.unexpected(&format!("a writer failed: {error}")),
        }
    }
    let busy = started.elapsed();
    let rested = tokio::time::timeout(PATIENCE, place.rest()).await.is_ok();
    if !rested {
        ledger.unexpected("the gateway did not come to rest");
    }
    let held: BTreeMap<(&'static str, usize), BTreeSet<String>> = place.held(&settings);
    ledger.judge(|tag: &Tag| {
        held.get(&(tag.vendor, tag.conversation))
            .is_some_and(|names| names.contains(&tag.name))
    });
    let mut values = ledger.figures();
    values["writers"] = json!(settings.writers);
    values["conversations"] = json!(settings.conversations);
    values["seed"] = json!(settings.seed);
    values["cut_vendor_requests"] = json!(place.cut());
    values["unheard_vendor_writes"] = json!(place.unheard());
    values["vendor_calls"] = json!(place.vendor_calls());
    values["faults"] = place.faults();
    values["seconds"] = json!((busy.as_secs_f64() * 10.0).round() / 10.0);
    let mut wrong = ledger.told();
    for name in NONE {
        if values[name] != json!(0) {
            wrong.push(format!("`{name}` is {}", values[name]));
        }
    }
    place.stop().await;
    Figures { values, wrong }
}
