//! A gateway with a route, an account and a vendor of its own for each cell: nothing that one cell brings about, an
//! open breaker for one, reaches another.

use std::{collections::BTreeMap, future, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tagway::{
    cli::{Running, start},
    clock,
    mock::{Options, Served, TWINS, serve},
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{interval, timeout},
};

use super::{
    super::{Settings, config},
    cell::{Cell, DEADLINE_MS},
    operations::{CARRIED, CATALOGUE, CONVERSATION, Holds},
};

/// How long the gateway holds a write for possible after the attempt's end, in milliseconds.
const SETTLE_MS: u64 = 1_000;

/// How long anything may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// The compiled documents of the vendors, of which every cell's twin is made.
pub(super) struct Documents(BTreeMap<&'static str, Arc<Served>>);

/// A gateway and the vendors of some cells.
pub(super) struct Place {
    running: Running,
    twins: Vec<Arc<Served>>,
    /// Ends with the place.
    _tasks: JoinSet<()>,
    _folder: TempDir,
}

impl Documents {
    pub(super) fn compile() -> Self {
        let compiled = TWINS.iter().map(|kind| {
            let served = Served::new(kind, Options::default()).expect("a document");
            (kind.name, served)
        });
        Self(compiled.collect())
    }
}

/// The name of a cell's route.
pub(super) fn route(number: usize) -> String {
    format!("c{number}")
}

impl Place {
    pub(super) async fn new(cells: &[Cell], documents: &Documents, settings: &Settings) -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndeadline_ms = {DEADLINE_MS}\n\
             store = {:?}\nmax_connections_per_address = 4096\n",
            folder.path().join("store.redb").display().to_string()
        );
        let (mut twins, mut tasks) = (Vec::new(), JoinSet::new());
        for (number, cell) in cells.iter().enumerate() {
            let twin = twin(cell, documents, settings);
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let served = Arc::clone(&twin);
            tasks.spawn(async move {
                // It serves until the place is gone.
                let _ = serve(listener, served, future::pending()).await;
            });
            twins.push(twin);
            let more = format!(
                "settle_ms = {SETTLE_MS}\nattempt_timeout_ms = {}\n",
                settings.attempt_ms
            );
            text.push_str(&config::route(&route(number), cell.vendor, address, &more));
        }
        let running = start(config::load(&text))
            .await
            .expect("a gateway that starts");
        Self {
            running,
            twins,
            _tasks: tasks,
            _folder: folder,
        }
    }

    pub(super) fn gateway(&self) -> SocketAddr {
        self.running.public
    }

    pub(super) fn twin(&self, number: usize) -> &Arc<Served> {
        &self.twins[number]
    }

    /// Waits until no lane has work, no write is open and nothing lands late any more; false where that does not come.
    pub(super) async fn rest(&self) -> bool {
        let lanes = &self.running.status.lanes;
        let late = || self.twins.iter().map(|twin| twin.late()).sum::<u64>();
        let rested = async {
            let mut tick = interval(Duration::from_millis(20));
            while lanes.lanes() > 0 || lanes.writing() > 0 || late() > 0 {
                tick.tick().await;
            }
        };
        timeout(PATIENCE, rested).await.is_ok()
    }

    pub(super) async fn stop(self) {
        self.running.stop().await;
    }
}

fn twin(cell: &Cell, documents: &Documents, settings: &Settings) -> Arc<Served> {
    let tag = |(at, name): (usize, &&str)| {
        let id = id(at);
        match cell.vendor {
            "elevenlabs" => json!({"title": name, "tag_id": id}),
            "awardee" => json!({"name": name, "id": id}),
            _ => json!({"name": name}),
        }
    };
    let options = Options {
        tags: CATALOGUE.iter().enumerate().map(tag).collect(),
        transcript_bytes: 256,
        ..Options::default()
    };
    let served = documents.0[cell.vendor].another(&options);
    let carried = CATALOGUE.iter().enumerate();
    let carried = carried.filter(|(_, name)| CARRIED.contains(name));
    let content: Value = match cell.vendor {
        "attention" => carried
            .map(|(_, name)| ((*name).to_owned(), json!("true")))
            .collect(),
        _ => carried.map(|(at, _)| json!(id(at))).collect(),
    };
    assert!(served.twin(|twin| twin.set_conversation(CONVERSATION, content)));
    served.add_faults(&cell.plan(settings)).expect("a plan");
    served
}

fn id(at: usize) -> String {
    format!("00000000-0000-4000-8000-{at:012x}")
}

/// What a vendor holds; the fault plan has no say in it.
pub(super) fn holds(vendor: &str, served: &Served) -> Holds {
    let (path, list, name, id) = match vendor {
        "elevenlabs" => (
            "/v1/convai/tags?page_size=100",
            "conversation_tags",
            "title",
            "tag_id",
        ),
        "awardee" => ("/v1/conversation-tags?page_size=100", "data", "name", "id"),
        _ => ("/v2/labels", "data", "name", "name"),
    };
    let request = Request::get(path)
        .header("authorization", "Bearer test")
        .header("xi-api-key", "test")
        .body(Bytes::new())
        .expect("a request");
    let answer = served.call(request, clock::unix_ms());
    let listed: Value = serde_json::from_slice(answer.body()).expect("a catalogue");
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    let tags = listed[list].as_array().expect("a list of tags");
    let names: BTreeMap<String, String> = tags
        .iter()
        .map(|tag| (text(tag, id), text(tag, name)))
        .collect();
    let mut catalogue: Vec<(String, String)> = tags
        .iter()
        .map(|tag| (text(tag, name), text(tag, "description")))
        .collect();
    catalogue.sort();
    let carried = match served.twin(|twin| twin.conversation(CONVERSATION)) {
        Some(Value::Array(ids)) => ids
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let named = |id: String| names.get(&id).cloned().unwrap_or(id);
    Holds {
        carried: carried.into_iter().map(named).collect(),
        catalogue,
    }
}
