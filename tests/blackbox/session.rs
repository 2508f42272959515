//! The README's first session, command by command, on the shipped configuration.

use crate::support::{Ask, Gateway, load};
use serde_json::Value;
use std::{collections::BTreeMap, net::SocketAddr};

const README: &str = include_str!("../../README.md");
const SHIPPED: &str = include_str!("../../gateway.toml");

/// The shipped addresses of the API and of the operator's listener.
const PUBLIC: &str = "http://127.0.0.1:8080";
const ADMIN: &str = "http://127.0.0.1:9901";

/// A command of the session and the answer that is printed below it; nothing for 204.
struct Step {
    command: String,
    answer: Option<Value>,
}

/// The ids of a session, each replaced by when it was first seen: they are new at every start, as times are.
#[derive(Default)]
struct Ids(BTreeMap<String, String>);

impl Ids {
    fn neutral(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.in_text(text)),
            Value::Array(items) => items.iter().map(|item| self.neutral(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| match name.as_str() {
                    "created_at" => (name.clone(), Value::from(value.is_string())),
                    _ => (name.clone(), self.neutral(value)),
                })
                .collect(),
            other => other.clone(),
        }
    }

    fn in_text(&mut self, text: &str) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let mut rest = text;
        let mut out = String::new();
        while !rest.is_empty() {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if is_given_out(word) {
                let next = format!("(id {})", self.0.len());
                out.push_str(self.0.entry(word.to_owned()).or_insert(next));
            } else {
                out.push_str(word);
            }
            let skip = after.chars().next().map_or(0, char::len_utf8);
            out.push_str(&after[..skip]);
            rest = &after[skip..];
        }
        out
    }
}

/// Whether a word has the shape of an id that the gateway or a twin makes; the session's conversation has not.
fn is_given_out(word: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let uuid = word.len() == 36 && word.matches('-').count() == 4 && hex(&word.replace('-', ""));
    let tag = word
        .strip_prefix("tag_")
        .is_some_and(|id| id.len() == 20 && hex(id));
    let request = word.len() == 16 && hex(word);
    (uuid && !README.contains(&format!("/conversations/{word}/"))) || tag || request
}

/// The commands in the README's console blocks, with their answers.
fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    let mut blocks = README.split("```console\n").skip(1);
    for block in &mut blocks {
        let block = block.split("```").next().unwrap();
        for part in format!("\n{block}").split("\n$ ").skip(1) {
            let mut lines = part.lines();
            let mut command = lines.next().unwrap().to_owned();
            while let Some(begun) = command.strip_suffix('\\') {
                command = format!("{begun}{}", lines.next().unwrap().trim_start());
            }
            let answer: String = lines.collect();
            let answer = (!answer.is_empty())
                .then(|| serde_json::from_str(&answer).expect("an answer in JSON"));
            steps.push(Step { command, answer });
        }
    }
    steps
}

/// The words of a shell command without variables; single quotes keep everything.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut quoted = false;
    let mut word: Option<String> = None;
    for c in command.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    assert!(!quoted, "an open quote in {command}");
    words.extend(word);
    words
}

/// What curl would send for a command of the README.
fn ask(command: &str, public: SocketAddr, admin: SocketAddr) -> Ask {
    let mut words = words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{command}");
    let (mut method, mut url, mut headers, mut body) = (None, None, Vec::new(), None);
    while let Some(word) = words.next() {
        let mut argument = || words.next().expect("an argument");
        match word.as_str() {
            "-X" => method = Some(argument()),
            "-H" => headers.push(argument()),
            "-d" => body = Some(argument()),
            option if option.starts_with('-') => panic!("{option} in {command}"),
            _ => url = Some(word),
        }
    }
    let (url, method) = (url.expect("a URL"), method.unwrap_or("GET".to_owned()));
    let mut ask = match (url.strip_prefix(PUBLIC), url.strip_prefix(ADMIN)) {
        (Some(target), _) => Ask::new(public, &method, target),
        (None, Some(target)) => Ask::elsewhere(admin, &method, target),
        (None, None) => panic!("{url} is not of the shipped configuration"),
    };
    for header in headers {
        let (name, value) = header.split_once(": ").expect("a header");
        ask = ask.header(name, value);
    }
    match body {
        Some(body) => ask.body(&body),
        None => ask,
    }
}

#[tokio::test]
async fn the_first_session_of_the_readme_is_what_really_comes() {
    let free = "127.0.0.1:0";
    let environment = [
        ("TAGWAY_SERVER__LISTEN", free),
        ("TAGWAY_SERVER__ADMIN", free),
    ];
    let gateway = Gateway::start(load(SHIPPED, &environment)).await;
    let steps = steps();
    assert!(steps.len() > 10, "a session of {} commands", steps.len());
    let (mut printed, mut real) = (Ids::default(), Ids::default());
    for Step { command, answer } in steps {
        let got = ask(&command, gateway.at(), gateway.running.admin)
            .send()
            .await;
        let Some(answer) = answer else {
            assert_eq!((got.status, got.body.len()), (204, 0), "{command}");
            continue;
        };
        let status = answer.get("status").and_then(Value::as_u64).unwrap_or(200);
        assert_eq!(u64::from(got.status), status, "{command}");
        let (expected, seen) = (printed.neutral(&answer), real.neutral(&got.json()));
        assert_eq!(seen, expected, "{command}");
    }
}

#[test]
fn every_folder_of_the_readmes_map_is_there_and_every_folder_is_in_it() {
    let map = README.split("```text\n").nth(1).unwrap();
    let map = map.split("```").next().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for line in map.lines() {
        let path = line.split_whitespace().next().unwrap();
        assert!(root.join(path).exists(), "{path}");
    }
    let folders = std::fs::read_dir(root.join("src")).unwrap();
    for folder in folders.map(|entry| entry.unwrap()) {
        let name = folder.file_name().into_string().unwrap();
        if folder.path().is_dir() {
            assert!(map.contains(&format!("src/{name}/")), "src/{name}");
        }
    }
}

#[test]
fn the_readme_names_the_shipped_addresses() {
    for address in [PUBLIC, ADMIN] {
        let bare = address.strip_prefix("http://").unwrap();
        assert!(SHIPPED.contains(bare) && README.contains(address), "{bare}");
    }
}
