//! A gateway as a process, at the most talkative log: its vendors give their keys back, its callers put theirs in the
//! wrong places.

use crate::{
    canaries::{self, Canary, Output},
    echo,
    support::{
        Answer, Ask, Fault, Faulty, Process, conversation, line_with, program, refusing, tags_of,
    },
    tls,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt, path::PathBuf};
use tagway::{
    error::Code,
    store::{Store, StoreLimits},
};
use tempfile::TempDir;

/// A gateway whose log, answers and everything else are kept.
struct Watched {
    process: Process,
    public: SocketAddr,
    admin: SocketAddr,
    key: String,
    output: Output,
    store: PathBuf,
}

/// The routes: each vendor with its key, one that cannot be reached, one that never answers.
fn configuration(folder: &TempDir, addresses: &[(&str, &str, SocketAddr)]) -> String {
    let [_, awardee, _] = canaries::vendor_keys();
    let file = folder.path().join("awardee.key");
    fs::write(&file, format!("{}\n", awardee.value)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let routes: Vec<&str> = addresses.iter().map(|(route, ..)| *route).collect();
    let mut text = String::new();
    for (at, client) in canaries::client_keys().iter().enumerate() {
        let hash = Sha256::digest(&client.value);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!(
            "[[clients]]\nname = \"c{at}\"\nkey_sha256 = [\"{hash}\"]\nroutes = {routes:?}\n\
             scopes = [\"read\", \"tag\", \"catalogue\", \"admin\"]\n"
        ));
    }
    for (route, vendor, address) in addresses {
        let secret = match *vendor {
            "elevenlabs" => "env:ELEVENLABS_KEY".to_owned(),
            "awardee" => format!("file:{}", file.display()),
            _ => "env:ATTENTION_KEY".to_owned(),
        };
        let path = if *vendor == "elevenlabs" { "" } else { "/v1" };
        // Where a vendor does not speak TLS, or cannot prove who it is.
        let scheme = match *route {
            "plain" | "unknown" => "https",
            _ => "http",
        };
        text.push_str(&format!(
            "[routes.{route}]\nvendor = \"{vendor}\"\nbase_url = \"{scheme}://{address}{path}\"\nallow_any_host = true\n\
             secret = \"{secret}\"\naccount = \"{route}\"\nrate = \"off\"\nattempts = 1\nattempt_timeout_ms = 100\n\
             settle_ms = 1_000\nbreaker_failures = 0\n"
        ));
    }
    text
}

impl Watched {
    async fn start(folder: &TempDir, text: &str, log: &str) -> Self {
        let path = folder.path().join("gateway.toml");
        let store = folder.path().join("tagway.redb");
        fs::write(&path, text).unwrap();
        let [elevenlabs, _, attention] = canaries::vendor_keys();
        let mut command = program(&["serve", "--config", path.to_str().unwrap()]);
        command
            .env("TAGWAY_SERVER__LISTEN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__STORE", &store)
            .env("TAGWAY_SERVER__DEADLINE_MS", "400")
            .env("TAGWAY_SERVER__LOG", log)
            .env("RUST_LOG", "trace")
            .env("NO_COLOR", "1")
            .env("ELEVENLABS_KEY", &elevenlabs.value)
            .env("ATTENTION_KEY", &attention.value);
        let mut process = Process::start(&mut command);
        let line = line_with(&mut process.err, "tagway serves").await;
        let address = |name: &str| {
            let rest = line
                .split_once(&format!("{name}\":\""))
                .map(|(_, rest)| rest);
            let rest = rest.or_else(|| line.split_once(&format!("{name}=")).map(|(_, rest)| rest));
            let end = |c: char| !(c.is_ascii_digit() || c == '.' || c == ':');
            rest.unwrap().split(end).next().unwrap().parse().unwrap()
        };
        Self {
            public: address("public"),
            admin: address("admin"),
            process,
            key: canaries::client_keys()[0].value.clone(),
            output: Output::default(),
            store,
        }
    }

    async fn keep(&mut self, place: &str, ask: Ask) -> Answer {
        let answer = ask.send().await;
        self.kept(place, &answer);
        answer
    }

    fn kept(&mut self, place: &str, answer: &Answer) {
        let head: String = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        self.output
            .add(place, [head.as_bytes(), &answer.body].concat());
    }

    /// A request with the key of the first client.
    async fn ask(&mut self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let mut ask = Ask::new(self.public, method, target)
            .header("authorization", &format!("Bearer {}", self.key));
        if let Some(body) = body {
            ask = ask.json(body);
        }
        self.keep(&format!("{method} {target}"), ask).await
    }

    /// Everything that a route can be asked for.
    async fn every_operation(&mut self, route: &str, number: usize) {
        let set = tags_of(route, &conversation(number));
        let tags = format!("/v1/{route}/tags");
        for (method, target, body) in [
            ("GET", set.clone(), None),
            ("PUT", set.clone(), Some(json!({"tags": ["vip"]}))),
            (
                "PATCH",
                format!("{set}?create_missing=true"),
                Some(json!({"add": ["new=1"], "remove": ["vip"]})),
            ),
            (
                "PATCH",
                format!("{set}?dry_run=true"),
                Some(json!({"add": ["vip"]})),
            ),
            ("PUT", format!("{set}/vip"), None),
            ("DELETE", set.clone(), None),
            ("GET", tags.clone(), None),
            ("POST", tags.clone(), Some(json!({"tag": "vip"}))),
            ("PUT", format!("{tags}/vip"), Some(json!({}))),
            ("DELETE", format!("{tags}/vip"), None),
            ("GET", format!("/v1/routes/{route}"), None),
        ] {
            self.ask(method, &target, body.as_ref()).await;
        }
        // What is kept of it is kept under the store's own secret, twice.
        let keyed = Ask::new(self.public, "PUT", &set)
            .header("authorization", &format!("Bearer {}", self.key))
            .header("idempotency-key", &format!("{route}-{number}"))
            .json(&json!({"tags": ["vip"]}));
        for time in ["first", "second"] {
            self.keep(&format!("keyed, {time}"), keyed.clone()).await;
        }
    }

    /// Another key in the place of the vendor's, one that no header can hold, and the other one again.
    async fn rotate(&mut self, folder: &TempDir) {
        let file = folder.path().join("awardee.key");
        let key = canaries::rotated_key().value;
        for (text, status) in [
            (key.clone(), 200),
            (format!("{key}\u{1}"), 422),
            (format!("{key}\n{key}"), 422),
            (key, 200),
        ] {
            fs::write(&file, text).unwrap();
            let ask = Ask::elsewhere(self.admin, "POST", "/reload");
            self.keep("/reload", ask).await.is(status);
            for page in ["/readyz", "/metrics"] {
                let ask = Ask::elsewhere(self.admin, "GET", page);
                self.keep(page, ask).await;
            }
        }
    }

    /// The key of a client in places where none belongs.
    async fn misplaced(&mut self, key: &Canary) {
        let key = &key.value;
        let set = tags_of("elevenlabs", &conversation(1));
        let plain = |public, method: &str, target: &str| Ask::new(public, method, target);
        let bearer = format!("Bearer {key}");
        for (at, ask) in [
            plain(self.public, "GET", &format!("{set}?api_key={key}"))
                .header("authorization", &bearer),
            plain(self.public, "GET", &format!("{set}?api_key={key}")),
            plain(self.public, "GET", &set).header("authorization", key),
            plain(self.public, "GET", &set).header("authorization", &format!("Basic {key}")),
            plain(self.public, "GET", &set).header("authorization", &format!("Bearer {key}x")),
            plain(self.public, "GET", &set)
                .header("authorization", &bearer)
                .header("authorization", &bearer),
            plain(self.public, "GET", &set).header("x-api-key", key),
            plain(self.public, "GET", &format!("/v1/{key}/tags")).header("authorization", &bearer),
            plain(self.public, "GET", &format!("/v1/routes/{key}"))
                .header("authorization", &bearer),
            plain(self.public, "GET", &format!("/problems/{key}")),
            plain(self.public, "GET", &format!("/{key}")),
            plain(self.public, "PUT", &set)
                .header("authorization", &bearer)
                .text("application/json", key),
            plain(self.public, "PUT", &set)
                .header("authorization", &bearer)
                .text(key, "{}"),
            plain(self.public, "PUT", &set)
                .header("authorization", &bearer)
                .header("if-match", key)
                .json(&json!({"tags": []})),
            plain(self.public, "GET", &set)
                .header("authorization", &bearer)
                .header("tagway-deadline-ms", key),
            plain(self.public, "GET", &set)
                .header("authorization", &bearer)
                .header("accept", key),
            plain(self.public, "GET", &set)
                .header("authorization", &bearer)
                .header("prefer", key),
            Ask::elsewhere(self.admin, "GET", &format!("/{key}")),
            Ask::elsewhere(self.admin, "GET", &format!("/twins/{key}/calls")),
        ]
        .into_iter()
        .enumerate()
        {
            self.keep(&format!("misplaced {at}"), ask).await;
        }
    }

    async fn pages(&mut self) {
        for page in [
            "/healthz",
            "/readyz",
            "/status",
            "/metrics",
            "/violations",
            "/twins/elevenlabs/calls",
        ] {
            let ask = Ask::elsewhere(self.admin, "GET", page);
            self.keep(page, ask).await;
        }
        let key = self.key.clone();
        let mut targets = vec!["/openapi.json".to_owned(), "/v1/routes".to_owned()];
        targets.extend(
            Code::ALL
                .iter()
                .map(|code| format!("/problems/{}", code.as_str())),
        );
        for target in targets {
            let ask = Ask::new(self.public, "GET", &target);
            let ask = ask.header("authorization", &format!("Bearer {key}"));
            self.keep(&target, ask).await;
        }
    }

    /// Stops it; the log is complete then.
    async fn stop(mut self) -> Output {
        let id = self.process.id();
        for name in ["cmdline", "comm"] {
            let text = fs::read(format!("/proc/{id}/{name}")).unwrap();
            assert!(!text.is_empty());
            self.output.add(format!("/proc/{name}"), text);
        }
        self.process.signal("TERM");
        self.process.end().await;
        for (name, lines) in [
            ("stdout", &mut self.process.out),
            ("stderr", &mut self.process.err),
        ] {
            let mut all = String::new();
            while let Some(line) = lines.recv().await {
                all.push_str(&line);
                all.push('\n');
            }
            self.output.add(name, all);
        }
        self.output
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_log_line_or_page_holds_a_credential() {
    for log in ["json", "human"] {
        let folder = tempfile::tempdir().unwrap();
        let mut vendors = Vec::new();
        for (name, key) in ["elevenlabs", "awardee", "attention"]
            .iter()
            .zip(canaries::vendor_keys())
        {
            vendors.push((*name, echo::vendor(name, &key).await));
        }
        let (_held, nobody) = refusing();
        let silent = Faulty::always("awardee", Fault::Silence).await;
        let mut addresses: Vec<(&str, &str, SocketAddr)> = vendors
            .iter()
            .map(|(name, vendor)| (*name, *name, vendor.address))
            .collect();
        addresses.push(("nobody", "elevenlabs", nobody));
        addresses.push(("silent", "awardee", silent.address));
        let said = canaries::vendor_keys()[2].value.clone();
        let plain = Faulty::always("attention", Fault::Bytes(format!("{said}\r\n\r\n"))).await;
        let unknown = tls::behind_an_unknown_certificate(&canaries::vendor_keys()[2]).await;
        addresses.push(("plain", "attention", plain.address));
        addresses.push(("unknown", "attention", unknown));
        let text = configuration(&folder, &addresses);
        let mut watched = Watched::start(&folder, &text, log).await;
        let ways = echo::ways(&canaries::vendor_keys()[0]).len();
        let mut number = 0;
        for (name, vendor) in &vendors {
            // Until every way of giving the key back was tried on reads and writes.
            while vendor.seen().len() < 3 * ways {
                number += 1;
                assert!(number < 500, "{name} is not asked any more");
                watched.every_operation(name, number).await;
            }
        }
        for route in ["nobody", "silent", "plain", "unknown"] {
            watched.every_operation(route, 1).await;
        }
        // The vendor that gave the earlier key back does so still, after it is no longer the key.
        watched.rotate(&folder).await;
        watched.every_operation("awardee", number + 1).await;
        for key in canaries::client_keys() {
            watched.misplaced(&key).await;
        }
        watched.pages().await;
        let store = watched.store.clone();
        let output = watched.stop().await;
        assert!(output.len() > 200, "{}", output.len());
        output.is_clean(&canaries::all());
        let (store, _) = Store::open(&store, StoreLimits::default(), 0).unwrap();
        let hits = output.hits_of(
            "the secret of the store",
            &canaries::forms_of_bytes(store.secret()),
        );
        assert!(hits.is_empty(), "{hits:#?}");

        // The keys were sent all the time, and the search finds them in what a vendor received.
        for ((name, vendor), key) in vendors.iter().zip(canaries::vendor_keys()) {
            let mut received = Output::default();
            for seen in vendor.seen() {
                received.add(*name, seen.head);
            }
            assert!(received.hits(&[key]).len() >= 3 * ways, "{name}");
        }
    }
}
