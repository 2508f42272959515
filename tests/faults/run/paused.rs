//! A gateway without sockets in front of its embedded twins, on a clock that moves as soon as nobody has work.

use std::{future::Future, sync::Arc, time::Duration};

use adapters::{Change, RemoveRef, Tag, TagRef};
use serde_json::Value;
use tagway::{
    error::Code,
    gateway::{self, Route},
    mock::Served,
    sequencer::{Job, Lanes, Sequencer},
    upstream::{Account, CallContext, Priority},
};
use tokio::time::Instant;

use super::config;

/// An account whose vendor is its embedded twin.
pub(crate) struct House {
    pub(crate) account: Arc<Account>,
    pub(crate) twin: Arc<Served>,
    route: Arc<Route>,
    lanes: Arc<Lanes>,
}

/// Runs something with a clock of its own.
pub(crate) async fn paused<F, T>(work: impl FnOnce() -> F + Send + 'static) -> T
where
    F: Future<Output = T>,
    T: Send + 'static,
{
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(work())
    };
    let done = tokio::task::spawn_blocking(run).await;
    done.expect("work that does not fail")
}

/// A conversation that all vendors take.
pub(crate) fn conversation(number: usize) -> String {
    format!("8f3a9d2e-1b4c-4f5d-9e8a-{number:012x}")
}

impl House {
    /// `more` is further keys of the route, each on its line.
    pub(crate) fn new(vendor: &str, more: &str) -> Self {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nstore = \"off\"\n\
             [routes.route]\nvendor = \"{vendor}\"\nbase_url = \"mock\"\n{more}\n"
        );
        let lanes = Arc::new(Lanes::new());
        let built = gateway::Gateway::build(config::load(&text), lanes.clone(), None, 1);
        let built = built.expect("a gateway");
        let route = built.route("route").expect("a route").clone();
        let account = route.account.clone();
        Self {
            twin: account.twin.clone().expect("an embedded twin"),
            account,
            route,
            lanes,
        }
    }

    /// Reads a conversation; the code of the problem where that fails, and for how long to wait.
    pub(crate) async fn read(
        &self,
        number: usize,
        priority: Priority,
        patience: Duration,
    ) -> Result<(), (Code, Duration)> {
        let deadline = Instant::now() + patience;
        let context = CallContext {
            route: self.route.name.clone(),
            responses: self.route.responses,
            deadline,
            due: deadline,
            committed: false,
            changes: false,
            priority,
            meter: Arc::default(),
            seed: None,
        };
        let read = self.account.read(&conversation(number), &context).await;
        read.map(|_| ()).map_err(|error| {
            let told = error.public(&self.account, Code::ConversationNotFound);
            (told.code(), told.wait().unwrap_or_default())
        })
    }

    /// Puts a tag on a conversation, or takes it off.
    pub(crate) async fn change(
        &self,
        number: usize,
        tag: &str,
        there: bool,
        patience: Duration,
    ) -> Result<(), (Code, Duration)> {
        let one = vec![TagRef::Tag(Tag::bare(tag))];
        let (add, remove) = match there {
            true => (one, Vec::new()),
            false => (Vec::new(), one.into_iter().map(RemoveRef::Tag).collect()),
        };
        let job = Job {
            route: self.route.clone(),
            conversation: conversation(number),
            change: Change::Patch { add, remove },
            create_missing: false,
            if_match: None,
            representation: false,
            deadline: Instant::now() + patience,
            meter: Arc::default(),
            once: None,
        };
        let changed = self.lanes.submit(job).await;
        changed
            .map(|_| ())
            .map_err(|told| (told.code(), told.wait().unwrap_or_default()))
    }

    /// How many calls the vendor received.
    pub(crate) fn received(&self) -> u64 {
        self.twin.counts()["received"].as_u64().unwrap_or_default()
    }

    /// How many calls a fault has struck.
    pub(crate) fn struck(&self) -> u64 {
        let counts = self.twin.counts();
        let each = counts["faults"].as_object().into_iter().flatten();
        each.filter_map(|(_, count): (&String, &Value)| count.as_u64())
            .sum()
    }
}
