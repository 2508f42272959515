//! The built program: its commands, their exit codes, and how it stops.

use crate::support::{
    Ask, Fault, Faulty, Process, conversation, line_with, program, route, run, soon, tags_of,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};
use tagway::mock::Options;
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// A gateway as a process, and where it listens.
struct Serving {
    process: Process,
    public: SocketAddr,
    admin: SocketAddr,
    _folder: TempDir,
}

/// A file of this text in a folder of its own.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

impl Serving {
    /// Serves this configuration on ports of the system's choice.
    async fn start(text: &str) -> Self {
        let (folder, path) = file(text);
        let mut command = program(&["serve", "--config", path.to_str().unwrap()]);
        command
            .env("TAGWAY_SERVER__LISTEN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0")
            .env("TAGWAY_SERVER__LOG", "json")
            .env("TAGWAY_SERVER__STORE", folder.path().join("tagway.redb"))
            .env("VENDOR_KEY", "vendor-secret");
        let mut process = Process::start(&mut command);
        let line = line_with(&mut process.err, "tagway serves").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
        Self {
            public: address("public"),
            admin: address("admin"),
            process,
            _folder: folder,
        }
    }

    async fn health(&self, path: &str) -> (u16, Value) {
        let answer = Ask::elsewhere(self.admin, "GET", path).send().await;
        (answer.status, answer.json())
    }

    /// Tells the process to stop, and waits until it is at it.
    async fn stopping(&mut self) {
        self.process.signal("TERM");
        line_with(&mut self.process.err, "tagway stops").await;
        let admin = self.admin;
        soon("the end of readiness", async {
            while Ask::elsewhere(admin, "GET", "/readyz").send().await.status != 503 {}
        })
        .await;
    }
}

/// A vendor whose answers to one method are held back until there are permits.
async fn held(method: &'static str) -> (Faulty, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let until = permits.clone();
    let tags = vec![json!("vip")];
    let options = Options {
        tags,
        ..Options::default()
    };
    let judge = move |seen: &crate::support::Seen| {
        (seen.method == method).then(|| Fault::Hold(until.clone()))
    };
    (Faulty::new("awardee", options, judge).await, permits)
}

#[tokio::test]
async fn it_serves_with_health_and_readiness_and_stops_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let mut serving = Serving::start(&route("elevenlabs", "mock", "")).await;
        assert_eq!(
            serving.health("/healthz").await,
            (200, json!({"status": "ok"}))
        );
        let (status, ready) = serving.health("/readyz").await;
        assert_eq!((status, &ready["ready"]), (200, &json!(true)));
        assert_eq!(ready["routes"], json!(["elevenlabs"]));
        let target = tags_of("elevenlabs", &conversation(1));
        let answer = Ask::new(serving.public, "GET", &target)
            .header("x-request-id", "seen-in-the-log")
            .send()
            .await
            .is(200);
        assert_eq!(answer.header("tagway-mock"), Some("true"));
        let line = line_with(&mut serving.process.err, "seen-in-the-log").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["operation"], "read_conversation_tags");
        assert_eq!(line["status"], 200);
        serving.process.signal(signal);
        assert_eq!(serving.process.end().await.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_end() {
    let (vendor, permits) = held("GET").await;
    let text = route("awardee", &vendor.address.to_string(), "");
    let mut serving = Serving::start(&text).await;
    let target = tags_of("awardee", &conversation(1));
    let request = tokio::spawn(Ask::new(serving.public, "GET", &target).send());
    vendor.arrived("GET", 1).await;
    serving.stopping().await;
    let (status, ready) = serving.health("/readyz").await;
    assert_eq!((status, &ready["ready"]), (503, &json!(false)));
    assert_eq!(serving.health("/healthz").await.0, 200);
    permits.add_permits(10);
    soon("the answer", request).await.unwrap().is(200);
    assert_eq!(serving.process.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_write_whose_caller_left_is_finished_before_the_end() {
    let (vendor, permits) = held("PUT").await;
    let text = route("awardee", &vendor.address.to_string(), "");
    let mut serving = Serving::start(&text).await;
    let target = format!("{}/vip", tags_of("awardee", &conversation(1)));
    let request = tokio::spawn(Ask::new(serving.public, "PUT", &target).send());
    vendor.arrived("PUT", 1).await;
    request.abort();
    serving.stopping().await;
    permits.add_permits(10);
    assert_eq!(serving.process.end().await.code(), Some(0));
    let held = vendor
        .served
        .twin(|twin| twin.conversation(&conversation(1)));
    assert_eq!(held.unwrap().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_write_that_is_cut_by_the_stop_is_told_by_the_exit_code() {
    let (vendor, _permits) = held("PUT").await;
    let text = format!(
        "[server]\ndrain_ms = 50\n{}",
        route("awardee", &vendor.address.to_string(), "")
    );
    let mut serving = Serving::start(&text).await;
    let target = format!("{}/vip", tags_of("awardee", &conversation(1)));
    let request = tokio::spawn(Ask::new(serving.public, "PUT", &target).send());
    vendor.arrived("PUT", 1).await;
    serving.process.signal("TERM");
    assert_eq!(serving.process.end().await.code(), Some(4));
    request.abort();
}

#[test]
fn a_broken_configuration_is_told_whole_and_never_serves() {
    let text =
        "[server]\ndeadline = 5\n\n[routes.support]\nvendor = \"elevenlab\"\nbase_url = \"mock\"\n";
    let (_folder, path) = file(text);
    let name = path.to_str().unwrap();
    for command in ["check", "serve"] {
        let (code, out, err) = run(&mut program(&[command, "--config", name]));
        assert_eq!(code, Some(2), "{command}: {err}");
        assert_eq!(out, "", "{command}");
        assert!(err.contains(&format!("{name}:2:1")), "{command}: {err}");
        assert!(err.contains(&format!("{name}:5:")), "{command}: {err}");
    }
    let nowhere = path.with_file_name("nowhere.toml");
    let (code, _, err) = run(&mut program(&[
        "check",
        "--config",
        nowhere.to_str().unwrap(),
    ]));
    assert_eq!(code, Some(2));
    assert!(err.contains("nowhere.toml"), "{err}");
}

#[test]
fn a_configuration_is_checked_with_or_without_its_secrets() {
    let (_folder, path) =
        file("[routes.support]\nvendor = \"elevenlabs\"\nsecret = \"env:NO_SUCH_KEY\"\n");
    let name = path.to_str().unwrap();
    let (code, _, err) = run(program(&["check", "--config", name]).env_remove("NO_SUCH_KEY"));
    assert_eq!(code, Some(2));
    assert!(err.contains("NO_SUCH_KEY"), "{err}");
    let without = ["check", "--config", name, "--no-secrets"];
    let (code, out, err) = run(program(&without).env_remove("NO_SUCH_KEY"));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("no faults"), "{out}");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/gateway.toml");
    let (code, out, err) = run(&mut program(&["check", "--config", shipped]));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("3 routes"), "{out}");
}

#[test]
fn an_address_in_use_is_told_and_nothing_serves() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (_folder, path) = file(&route("elevenlabs", "mock", ""));
    let mut command = program(&["--config", path.to_str().unwrap()]);
    command
        .env("TAGWAY_SERVER__LISTEN", &address)
        .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0");
    let (code, _, err) = run(&mut command);
    assert_eq!(code, Some(2));
    assert!(err.contains(&address), "{err}");
}

#[tokio::test]
async fn the_twins_are_served_alone() {
    let twins = ["awardee=127.0.0.1:0", "elevenlabs=127.0.0.1:0"];
    let mut mock = Process::start(&mut program(&["mock", twins[0], twins[1]]));
    for (vendor, base_path) in [("awardee", "/v1"), ("elevenlabs", "")] {
        let line = line_with(&mut mock.out, vendor).await;
        let url = line.strip_prefix(&format!("{vendor} http://")).unwrap();
        // What is printed can be a route's `base_url` as it is.
        let address = url.strip_suffix(base_path).unwrap().parse().unwrap();
        let calls = Ask::elsewhere(address, "GET", "/_twin/calls")
            .send()
            .await
            .is(200);
        assert_eq!(calls.json(), json!({"calls": []}));
    }
    mock.signal("TERM");
    assert_eq!(mock.end().await.code(), Some(0));
    for wrong in ["somebody=127.0.0.1:0", "awardee=10.0.0.1:0", "awardee"] {
        let (code, _, err) = run(&mut program(&["mock", wrong]));
        assert_eq!(code, Some(2), "{wrong}: {err}");
    }
}

#[tokio::test]
async fn a_twin_fails_as_the_command_line_says() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("faults.json");
    let rule = json!({"vendor": "awardee", "class": "502", "operation": "list_conversations"});
    std::fs::write(&plan, json!({"seed": 3, "faults": [rule]}).to_string()).unwrap();
    let plan = plan.to_str().unwrap();
    let mut mock = Process::start(&mut program(&[
        "mock",
        "awardee=127.0.0.1:0",
        "attention=127.0.0.1:0",
        "--faults",
        plan,
        "--fault",
        "list_labels:503#1",
    ]));
    let mut address = Vec::new();
    for vendor in ["awardee", "attention"] {
        let line = line_with(&mut mock.out, vendor).await;
        let url = line.strip_prefix(&format!("{vendor} http://")).unwrap();
        address.push(url.split('/').next().unwrap().parse().unwrap());
    }
    for (at, path, statuses) in [
        (0, "/v1/conversations", [502, 502]),
        (0, "/v1/conversation-tags", [200, 200]),
        (1, "/v2/labels", [503, 200]),
        (1, "/v2/conversations", [200, 200]),
    ] {
        for status in statuses {
            let ask = Ask::elsewhere(address[at], "GET", path);
            ask.header("authorization", "Bearer k")
                .send()
                .await
                .is(status);
        }
    }
    mock.signal("TERM");
    assert_eq!(mock.end().await.code(), Some(0));
    for (wrong, why) in [
        ("list_labels:503#1", "no operation of awardee"),
        ("any:blackhol", "did you mean `blackhole`?"),
        (
            "any:html+none",
            "/effect: the effect of `html` can be applied",
        ),
    ] {
        let (code, _, err) = run(&mut program(&[
            "mock",
            "awardee=127.0.0.1:0",
            "--fault",
            wrong,
        ]));
        assert_eq!(code, Some(2), "{wrong}: {err}");
        assert!(err.contains(wrong) && err.contains(why), "{err}");
    }
}

#[test]
fn a_key_comes_with_its_hash_and_never_twice() {
    let mut keys = Vec::new();
    for _ in 0..2 {
        let (code, out, _) = run(&mut program(&["key"]));
        assert_eq!(code, Some(0));
        let word = |name: &str| {
            let line = out.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().to_owned()
        };
        let key = word("key ");
        let hash = Sha256::digest(key.as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(word("key_sha256"), hash);
        keys.push(key);
    }
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn the_command_line_explains_itself_and_refuses_what_it_does_not_know() {
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["check", "--help"],
        &["mock", "--help"],
        &["key", "--help"],
    ] {
        let (code, out, _) = run(&mut program(arguments));
        assert_eq!(code, Some(0), "{arguments:?}");
        assert!(out.contains("Example: tagway"), "{arguments:?}: {out}");
    }
    let (code, out, _) = run(&mut program(&["--version"]));
    assert_eq!(code, Some(0));
    assert!(out.starts_with("tagway "), "{out}");
    for arguments in [
        &["--verbose"][..],
        &["dance"],
        &["key", "extra"],
        &["check", "--config"],
    ] {
        let (code, out, err) = run(&mut program(arguments));
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(out.is_empty() && !err.is_empty(), "{arguments:?}");
    }
}
