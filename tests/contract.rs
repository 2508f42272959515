//! `tagway contract` as a process, on a route whose account is a twin on a socket.

#![expect(clippy::expect_used, reason = "a test says what it expected")]

use serde_json::Value;
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::Instant;

const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

/// A twin in a process of its own, and a folder with a configuration that has it as the route `live`.
struct Twin {
    child: Child,
    address: String,
    base_path: String,
    folder: TempDir,
}

impl Twin {
    fn new(vendor: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = format!("{vendor}=127.0.0.1:0");
        let mut child = program(folder.path())
            .args(["mock", &place, "--conversation", CONVERSATION])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let url = line
            .trim()
            .split_once(' ')
            .expect("vendor and URL")
            .1
            .to_owned();
        let file = format!(
            "[routes.live]\nvendor = \"{vendor}\"\nsecret = \"env:KEY\"\nbase_url = \"{url}\"\nallow_any_host = true\n"
        );
        std::fs::write(folder.path().join("gateway.toml"), file).expect("the file");
        let below = url.strip_prefix("http://").expect("a URL");
        let (address, base_path) = below.split_once('/').unwrap_or((below, ""));
        Self {
            child,
            address: address.to_owned(),
            base_path: format!("/{base_path}"),
            folder,
        }
    }

    fn contract(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.folder.path());
        command
            .args([
                "contract",
                "--route",
                "live",
                "--conversation",
                CONVERSATION,
            ])
            .args(arguments);
        command
    }

    /// Asks the twin, on a connection of its own.
    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("the twin");
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}",
            self.address
        )
        .expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let body = answer.split_once("\r\n\r\n").expect("a head").1;
        serde_json::from_str(body).unwrap_or_default()
    }

    fn calls(&self) -> Vec<Value> {
        let calls = self.ask("GET", "/_twin/calls", "");
        calls["calls"].as_array().expect("a log").clone()
    }

    fn made(&self) -> usize {
        self.calls()
            .iter()
            .filter(|call| call["method"] == "POST")
            .count()
    }

    /// The tags of the catalogue and those on the conversation.
    fn tags(&self) -> (usize, usize) {
        let paths = [
            "/conversation-tags".to_owned(),
            format!("/conversations/{CONVERSATION}/tags"),
        ];
        let [all, carried] = paths.map(|path| {
            let listed = self.ask("GET", &format!("{}{path}", self.base_path), "");
            listed["data"].as_array().expect("a list").len()
        });
        (all, carried)
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagway"));
    command
        .env_clear()
        .env("KEY", "hunter2")
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn every_probe_is_answered_on_a_live_account_and_told_in_three_forms() {
    for vendor in ["elevenlabs", "awardee", "attention"] {
        let twin = Twin::new(vendor, &[]);
        let [text, report, junit] = ["text", "json", "junit"].map(|format| {
            let output = twin
                .contract(&["--format", format])
                .output()
                .expect("it runs");
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            output
        });
        let report = json(&report);
        let report = &report["reports"][0];
        let results = report["results"].as_array().expect("results");
        assert!(results.len() > 20 && results.iter().all(|one| one["outcome"] == "holds"));
        assert_eq!(report["left"], serde_json::json!([]));
        let operations = report["coverage"]["operations"]
            .as_object()
            .expect("operations");
        assert!(
            operations
                .values()
                .all(|statuses| statuses != &serde_json::json!([]))
        );
        let text = String::from_utf8(text.stdout).expect("a text");
        let all = format!("  operations {0} of {0}\n", operations.len());
        assert!(
            text.contains(&all) && text.contains("  keywords   "),
            "{text}"
        );
        let junit = String::from_utf8(junit.stdout).expect("a text");
        assert_eq!(junit.matches("<testcase ").count(), results.len());
        assert!(junit.starts_with("<?xml ") && junit.trim_end().ends_with("</testsuites>"));
    }
}

#[test]
fn read_only_makes_no_write_on_a_live_account() {
    let twin = Twin::new("awardee", &[]);
    let output = twin.contract(&["--read-only"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let calls = twin.calls();
    assert!(calls.len() >= 3 && calls.iter().all(|call| call["method"] == "GET"));
}

#[test]
fn an_interrupt_in_the_middle_takes_away_what_was_made() {
    let twin = Twin::new("awardee", &["--fault", "any:latency=20"]);
    let report = twin.folder.path().join("report");
    let out = File::create(&report).expect("a file");
    let mut child = twin
        .contract(&["--prefix", "stopped-"])
        .stdout(out)
        .spawn()
        .expect("it starts");
    let patience = Instant::now() + Duration::from_secs(20);
    while twin.made() < 3 {
        assert!(Instant::now() < patience, "nothing was made");
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-s", "INT", &id]).status();
    assert!(sent.expect("kill").success());
    assert_eq!(child.wait().expect("its end").code(), Some(1));
    let text = std::fs::read_to_string(report).expect("the report");
    assert!(
        text.contains("  STOPPED ") && !text.contains("LEFT"),
        "{text}"
    );
    assert_eq!(twin.tags(), (0, 0));
}

#[test]
fn a_call_that_fails_leaves_its_question_open_and_nothing_behind() {
    // With its effect: whether the call was made, is not told by the status.
    for class in [
        "500",
        "502",
        "503",
        "504",
        "408",
        "rate-limited",
        "html",
        "invalid-utf8",
        "redirect",
    ] {
        let twin = Twin::new("awardee", &["--fault", &format!("writes:{class}#7")]);
        let output = twin
            .contract(&["--format", "json"])
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{class}: {output:?}");
        let report = json(&output);
        let results = report["reports"][0]["results"]
            .as_array()
            .expect("results")
            .clone();
        let open: Vec<_> = results
            .iter()
            .filter(|one| one["outcome"] != "holds")
            .collect();
        let [open] = open[..] else {
            panic!("{class}: {open:?}");
        };
        assert_eq!(open["outcome"], "unanswered", "{class}");
        assert_eq!(twin.tags(), (0, 0), "{class}");
    }
}

#[test]
fn a_connection_that_breaks_ends_with_3_and_nothing_behind() {
    for class in [
        "reset-before-headers",
        "reset-in-body",
        "half-close",
        "wrong-length",
    ] {
        let twin = Twin::new("awardee", &["--fault", &format!("writes:{class}#7")]);
        let output = twin.contract(&[]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(3), "{class}: {output:?}");
        assert_eq!(twin.tags(), (0, 0), "{class}");
    }
}
