//! Abuses of HTTP/2: each ends its connection soon, and none makes the process grow.

use super::{
    Certified,
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, Raw,
        SETTINGS, WINDOW_UPDATE, field, frame, head,
    },
};
use crate::support::{Process, conversation, line_with, open, program, route, tags_of};
use serde_json::Value;
use std::{fs, net::SocketAddr};
use tempfile::TempDir;

/// How long an abuse may go on, in seconds; on a machine that does nothing else it is a fiftieth of that.
const SOON: f64 = 1.0;

/// The program with HTTP/2, and its memory.
struct Target {
    process: Process,
    at: SocketAddr,
    certified: Certified,
    _folder: TempDir,
}

impl Target {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certified = Certified::new(folder.path(), "server");
        let file = folder.path().join("gateway.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\n{}{}",
            certified.keys(true),
            route("elevenlabs", "mock", "")
        );
        fs::write(&file, text).unwrap();
        let mut command = program(&["serve", "--config", file.to_str().unwrap()]);
        let mut process = Process::start(command.env("RUST_LOG", "info,access=warn"));
        let line = line_with(&mut process.err, "tagway serves").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        Self {
            at: line["public"].as_str().unwrap().parse().unwrap(),
            process,
            certified,
            _folder: folder,
        }
    }

    async fn open(&self) -> Raw {
        Raw::open(&self.certified, self.at, &[]).await
    }

    /// The most that the process has ever had in memory, in KiB.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// The number of the request's stream.
fn stream(number: u32) -> u32 {
    2 * number + 1
}

fn flood_of(kind: u8, payload: &'static [u8]) -> Box<dyn FnMut(u32) -> Vec<u8>> {
    Box::new(move |_| frame(kind, 0, 0, payload))
}

/// A flood's name, what comes before it, and its frames by number.
type Flood = (&'static str, Vec<u8>, Box<dyn FnMut(u32) -> Vec<u8>>);

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the figure is part of what it shows")]
async fn a_flood_of_any_kind_ends_its_connection_and_the_process_stays_small() {
    let target = Target::start().await;
    let mut warm = target.open().await;
    warm.send(&frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        1,
        &head("GET", "/v1/routes"),
    ))
    .await;
    warm.frame_with(|kind, stream, _| kind == HEADERS && stream == 1)
        .await;
    let before = target.peak();
    let get = head("GET", "/v1/routes");
    let patch = head("PATCH", &tags_of("elevenlabs", &conversation(1)));
    let (post, put) = (patch.clone(), patch.clone());
    let opened = frame(HEADERS, END_HEADERS, 1, &patch);
    let begun = frame(HEADERS, 0, 1, &get);
    let floods: Vec<Flood> = vec![
        (
            "rapid reset",
            Vec::new(),
            Box::new(move |number| {
                let asked = frame(HEADERS, END_HEADERS | END_STREAM, stream(number), &get);
                let reset = frame(RST_STREAM, 0, stream(number), &[0, 0, 0, 8]);
                [asked, reset].concat()
            }),
        ),
        (
            "continuations",
            begun.clone(),
            Box::new(|number| frame(CONTINUATION, 0, 1, &field(&format!("x-{number}"), "y"))),
        ),
        (
            "empty continuations",
            begun,
            Box::new(|_| frame(CONTINUATION, 0, 1, &[])),
        ),
        (
            "empty data",
            opened.clone(),
            Box::new(|_| frame(DATA, 0, 1, &[])),
        ),
        (
            "small data",
            opened.clone(),
            Box::new(|_| frame(DATA, 0, 1, b" ")),
        ),
        (
            "padded data",
            opened,
            // One byte of length and nothing but padding.
            Box::new(|_| frame(DATA, 8, 1, &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ),
        ("settings", Vec::new(), flood_of(SETTINGS, &[])),
        ("pings", Vec::new(), flood_of(PING, &[0; 8])),
        (
            "priorities",
            Vec::new(),
            Box::new(|number| frame(PRIORITY, 0, stream(number), &[0, 0, 0, 0, 9])),
        ),
        ("unknown frames", Vec::new(), flood_of(0xbb, &[0; 32])),
        (
            "windows",
            Vec::new(),
            flood_of(WINDOW_UPDATE, &[0, 0, 0, 1]),
        ),
        (
            // The gateway itself has to reset what it has begun to answer.
            "windows that grow by nothing",
            Vec::new(),
            Box::new(move |number| {
                let asked = frame(HEADERS, END_HEADERS, stream(number), &post);
                let none = frame(WINDOW_UPDATE, 0, stream(number), &[0; 4]);
                [asked, none].concat()
            }),
        ),
        (
            "windows that grow too large",
            Vec::new(),
            Box::new(move |number| {
                let asked = frame(HEADERS, END_HEADERS, stream(number), &put);
                let all = frame(WINDOW_UPDATE, 0, stream(number), &[0x7f, 255, 255, 255]);
                [asked, all].concat()
            }),
        ),
        (
            "malformed requests",
            Vec::new(),
            Box::new(|number| {
                let flags = END_HEADERS | END_STREAM;
                frame(HEADERS, flags, stream(number), &field("Upper", "case"))
            }),
        ),
    ];
    let (attacks, mut slowest) = (floods.len(), 0_f64);
    for (name, first, next) in floods {
        let mut raw = target.open().await;
        raw.send(&first).await;
        let seconds = raw.flood(next).await;
        assert!(seconds < SOON, "{name}: {seconds} s");
        slowest = slowest.max(seconds);
    }
    let grown = target.peak() - before;
    println!("{{\"h2.attacks\":{attacks},\"h2.slowest_s\":{slowest:.2},\"h2.grown_kib\":{grown}}}");
    assert!(grown < 32 * 1_024, "{grown} KiB");
}

#[tokio::test]
async fn answers_that_nobody_takes_cost_little() {
    let target = Target::start().await;
    let before = target.peak();
    let asked = head("GET", "/openapi.json");
    let mut open = Vec::new();
    for _ in 0..20 {
        // Two thousand answers of more than a hundred kilobytes, and no window for a byte of them.
        let mut raw = Raw::open(&target.certified, target.at, &[0, 4, 0, 0, 0, 0]).await;
        for number in 0..100 {
            let flags = END_HEADERS | END_STREAM;
            raw.send(&frame(HEADERS, flags, stream(number), &asked))
                .await;
        }
        raw.frame_with(|kind, number, _| kind == HEADERS && number == stream(99))
            .await;
        open.push(raw);
    }
    let grown = target.peak() - before;
    assert!(grown < 32 * 1_024, "{grown} KiB");
}

#[tokio::test]
async fn headers_that_unfold_without_end_are_refused_and_the_connection_ends() {
    let target = Target::start().await;
    let mut raw = target.open().await;
    let before = target.peak();
    // A field of 3,900 bytes that goes into the table, and then four thousand times that field: 15 MiB.
    let value = vec![b'x'; 3_900];
    let mut block = head("GET", "/v1/routes");
    block.extend([0x40, 6]);
    block.extend(b"x-bomb");
    block.extend([0x7f, 0xbd, 0x1d]);
    block.extend(value);
    block.extend(vec![0xbe; 4_000]);
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block))
        .await;
    let seconds = raw.wait().await;
    assert!(seconds < SOON, "{seconds} s");
    let grown = target.peak() - before;
    assert!(grown < 32 * 1_024, "{grown} KiB");
}

#[tokio::test]
async fn there_is_a_most_of_requests_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let certified = Certified::new(folder.path(), "server");
    let gateway = open(&certified.keys(true), &route("elevenlabs", "mock", "")).await;
    let mut raw = Raw::open(&certified, gateway.at(), &[]).await;
    let (_, _, settings) = raw.frame_with(|kind, _, _| kind == SETTINGS).await;
    let announced = settings.chunks(6).find(|setting| setting[..2] == [0, 3]);
    assert_eq!(announced.unwrap()[2..], 100_u32.to_be_bytes());
    let mut patch = head("PATCH", &tags_of("elevenlabs", &conversation(1)));
    patch.extend(field("content-type", "application/json"));
    for number in 0..101 {
        raw.send(&frame(HEADERS, END_HEADERS, stream(number), &patch))
            .await;
    }
    let (_, refused, code) = raw.frame_with(|kind, _, _| kind == RST_STREAM).await;
    assert_eq!((refused, code), (stream(100), 7_u32.to_be_bytes().to_vec()));
}

#[tokio::test]
async fn whoever_leaves_something_lying_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let certified = Certified::new(folder.path(), "server");
    let server = format!(
        "head_timeout_ms = 300\nidle_timeout_ms = 300\nwrite_timeout_ms = 300\n{}",
        certified.keys(true)
    );
    let gateway = open(&server, &route("elevenlabs", "mock", "")).await;
    let get = head("GET", "/v1/routes");
    let asked = frame(HEADERS, END_HEADERS | END_STREAM, 1, &get);
    // No window for the answer; nothing asked; half a head; half a frame; nothing after an answer.
    let no_window = [0, 4, 0, 0, 0, 0];
    let cases: [(&str, &[u8], &[u8]); 5] = [
        ("window stall", &no_window, &asked),
        ("no request", &[], &[]),
        ("half a head", &[], &frame(HEADERS, 0, 1, &get)),
        ("half a frame", &[], &asked[..20]),
        ("nothing more", &[], &asked),
    ];
    for (name, settings, sent) in cases {
        let mut raw = Raw::open(&certified, gateway.at(), settings).await;
        raw.send(sent).await;
        let seconds = raw.wait().await;
        assert!((0.2..3.0).contains(&seconds), "{name}: {seconds} s");
    }
}
