//! Clients that are slow, greedy or silent, and how long the gateway bears them while others are served.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and these helpers are used by nothing else"
)]

mod memory;
mod shapes;
#[path = "../blackbox/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod support;

use futures_util::future::join_all;
use serde_json::Value;
use shapes::{Limits, SHAPES};
use std::{fs, net::SocketAddr, thread, time::Duration};
use support::{Process, Wire, line_with, program, route};
use tempfile::TempDir;
use tokio::{
    runtime,
    time::{Instant, sleep},
};

/// What a limit may be exceeded by.
const GRACE: Duration = Duration::from_secs(1);

/// How many good clients ask meanwhile, and how long each rests between two questions.
const GOOD: (usize, Duration) = (4, Duration::from_millis(10));

/// How long they ask before there is anybody else.
const CALM: Duration = Duration::from_secs(2);

/// The built program, so that clients and gateway share nothing but the machine.
struct Serving {
    process: Process,
    at: SocketAddr,
    _folder: TempDir,
}

impl Serving {
    /// With these keys of `[server]`.
    async fn start(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\n{server}\n{}",
            route("elevenlabs", "mock", "")
        );
        fs::write(&path, text).unwrap();
        let mut command = program(&["serve", "--config", path.to_str().unwrap()]);
        let mut process = Process::start(command.env("RUST_LOG", "info,access=warn"));
        let line = line_with(&mut process.err, "tagway serves").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        Self {
            at: line["public"].as_str().unwrap().parse().unwrap(),
            process,
            _folder: folder,
        }
    }
}

/// Asks until it is told to stop. Answers the times that the answers took; each has to be a good one.
async fn good_client(to: SocketAddr, until: Instant) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut wire = Wire::open(to).await;
    while Instant::now() < until {
        let asked = Instant::now();
        wire.send(b"GET /v1/routes HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
        wire.answer_to("GET").await.is(200);
        times.push(asked.elapsed());
        sleep(GOOD.1).await;
    }
    times
}

/// Good clients in a thread of their own, where none of the others is in their way.
fn good_clients(to: SocketAddr, time: Duration) -> thread::JoinHandle<Vec<Duration>> {
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let until = Instant::now() + time;
            let times = join_all((0..GOOD.0).map(|_| good_client(to, until))).await;
            let mut times = times.concat();
            times.sort_unstable();
            times
        })
    })
}

fn p99(times: &[Duration]) -> Duration {
    times[times.len() * 99 / 100]
}

/// Holds so many connections of every shape open at once, and good clients beside them.
async fn siege(each: usize, limits: Limits) {
    let ms = |time: Duration| time.as_millis();
    let serving = Serving::start(&format!(
        "head_timeout_ms = {}\nbody_timeout_ms = {}\nidle_timeout_ms = {}\nwrite_timeout_ms = {}",
        ms(limits.head),
        ms(limits.body),
        ms(limits.idle),
        ms(limits.write),
    ))
    .await;
    let to = serving.at;
    let before = good_clients(to, CALM).join().unwrap();
    let longest = SHAPES.iter().map(|shape| (shape.limit)(&limits)).max();
    let good = good_clients(to, longest.expect("shapes"));
    let held = join_all((0..each * SHAPES.len()).map(|number| {
        let shape = &SHAPES[number % SHAPES.len()];
        let address = [127, 2, (number >> 8) as u8, number as u8];
        async move {
            // A listener's backlog holds no four thousand at once.
            sleep(Duration::from_millis(number as u64 / 100 * 20)).await;
            (shape, shape.held(address, to).await)
        }
    }))
    .await;
    let late: Vec<String> = held
        .iter()
        .filter(|(shape, time)| *time > (shape.limit)(&limits) + GRACE)
        .map(|(shape, time)| format!("{}: {time:?}", shape.name))
        .collect();
    let good = good.join().expect("good clients that were all answered");
    let (calm, busy) = (p99(&before), p99(&good));
    eprintln!(
        "{{\"slow.held\":{},\"slow.closed\":{},\"good.answers\":{},\"good.p99_ms\":{:.2},\"baseline.p99_ms\":{:.2}}}",
        held.len(),
        held.len() - late.len(),
        good.len(),
        busy.as_secs_f64() * 1e3,
        calm.as_secs_f64() * 1e3
    );
    assert!(late.is_empty(), "closed too late: {late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_let_go_in_time_while_good_ones_are_served() {
    let limits = Limits {
        head: Duration::from_millis(1_000),
        body: Duration::from_millis(1_500),
        idle: Duration::from_millis(1_200),
        write: Duration::from_millis(1_000),
    };
    siege(30, limits).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes 9,000 descriptors and half a minute; cargo test --release --test slow -- --ignored --nocapture"]
async fn four_thousand_slow_clients_are_let_go_within_the_default_limits() {
    let limits = Limits {
        head: Duration::from_secs(5),
        body: Duration::from_secs(10),
        idle: Duration::from_secs(30),
        write: Duration::from_secs(10),
    };
    siege(445, limits).await;
}
