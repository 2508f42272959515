//! A gateway in this process, on ports of the system's choice.

use super::{Answer, Ask};
use adapters::VENDORS;
use serde_json::Value;
use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};
use tagway::{
    cli::{Running, Start, start},
    config::{self, Config, Loaded, Secrets},
    gateway::vendor_keys,
    mock::Served,
    reload::Reading,
};
use tempfile::TempDir;

/// A gateway that serves until it is dropped with the test's runtime.
pub(crate) struct Gateway {
    pub(crate) running: Running,
    _folder: TempDir,
}

/// The text of a route that is called like its vendor. `base_url` is `mock` or the address of a socket;
/// `more` is further keys.
pub(crate) fn route(vendor: &str, base_url: &str, more: &str) -> String {
    let mut text = format!("[routes.{vendor}]\nvendor = \"{vendor}\"\nrate = \"off\"\n");
    if base_url == "mock" {
        text.push_str("base_url = \"mock\"\n");
    } else {
        let published = VENDORS
            .iter()
            .find(|known| known.name == vendor)
            .unwrap()
            .base_url;
        let below = published.strip_prefix("https://").unwrap();
        let path = below.find('/').map_or("", |at| &below[at..]);
        text.push_str(&format!(
            "base_url = \"http://{base_url}{path}\"\nallow_any_host = true\nsecret = \"env:VENDOR_KEY\"\n"
        ));
    }
    format!("{text}{more}\n")
}

/// The configuration in a text; `VENDOR_KEY` is the one secret there is.
pub(crate) fn load(text: &str, environment: &[(&str, &str)]) -> Config {
    match read(text, environment) {
        Ok(loaded) => loaded.config,
        Err(faults) => panic!("{faults:#?}\n{text}"),
    }
}

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Loaded, Vec<config::Fault>> {
    let mut variables = BTreeMap::from([("VENDOR_KEY".to_owned(), "vendor-secret".to_owned())]);
    let given = environment.iter();
    variables.extend(given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let vendors = vendor_keys();
    config::load(text, "test.toml", &variables, &vendors, Secrets::Check)
}

/// A gateway without clients; `server` is further keys of `[server]`, `rest` the routes.
pub(crate) async fn open(server: &str, rest: &str) -> Gateway {
    let listen = "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"";
    let config = load(&format!("[server]\n{listen}\n{server}\n{rest}"), &[]);
    Gateway::start(config).await
}

impl Gateway {
    /// With a store of its own, unless the configuration names one.
    pub(crate) async fn start(mut config: Config) -> Self {
        let folder = TempDir::new().expect("a folder");
        if config.server.store.as_deref() == Some(Path::new("tagway.redb")) {
            config.server.store = Some(folder.path().join("tagway.redb"));
        }
        let running = start(config).await.expect("a gateway that starts");
        Self {
            running,
            _folder: folder,
        }
    }

    /// A gateway that reloads from a file, as the program does.
    pub(crate) async fn from_file(file: &Path) -> Self {
        let at = file.to_owned();
        let folder = TempDir::new().expect("a folder");
        let store = folder.path().join("tagway.redb").display().to_string();
        let again = move || {
            let text = std::fs::read_to_string(&at).expect("a file");
            let loaded = read(&text, &[("TAGWAY_SERVER__STORE", &store)])?;
            let digest = text.len().to_string();
            Ok(Reading { loaded, digest })
        };
        let Reading { loaded, digest } = again().expect("a sound configuration");
        let with = Start {
            config: loaded.config,
            digest,
            source: Some((file.to_owned(), Box::new(again))),
            sockets: Vec::new(),
        };
        let running = start(with).await.expect("a gateway that starts");
        Self {
            running,
            _folder: folder,
        }
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.running.public
    }

    pub(crate) fn ask(&self, method: &str, target: &str) -> Ask {
        Ask::new(self.at(), method, target)
    }

    /// A request to the operator's listener.
    pub(crate) fn admin(&self, method: &str, target: &str) -> Ask {
        Ask::elsewhere(self.running.admin, method, target)
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target).send().await
    }

    pub(crate) async fn send(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.ask(method, target).json(body).send().await
    }

    /// The embedded twin of a route.
    pub(crate) fn embedded(&self, route: &str) -> Arc<Served> {
        let gateway = self.running.status.gateway();
        let route = gateway.route(route).expect("a route");
        route.account.twin.clone().expect("an embedded twin")
    }
}
