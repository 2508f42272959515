//! What connections and bodies cost in memory, measured on the built program.

use crate::{
    Serving,
    support::{Wire, conversation, tags_of},
};
use futures_util::future::join_all;
use serde_json::json;
use std::{fs, net::SocketAddr, time::Duration};
use tokio::time::{Instant, sleep};

/// The most that the program may take with 8,000 connections at rest and 1,024 large requests, in KiB.
const MOST: u64 = 208 * 1_024;

/// The most that a connection at rest may cost, in KiB. With its buffers it would cost 16 to 21.
const MOST_AT_REST: u64 = 8;

/// The most that a request of 64 KiB may cost while it arrives, in KiB.
const MOST_ARRIVING: u64 = 128;

/// How many connections are opened at once. The first so many come before the measurement.
const PART: usize = 250;

/// How long connections may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(2);

/// What the program has in memory, in KiB.
#[derive(Debug)]
struct Memory {
    /// With the first connections.
    start: u64,
    at_rest: u64,
    arriving: u64,
    peak: u64,
}

/// A line of the process's status, in KiB.
fn kib(id: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What the program has in memory as soon as it is no more than that, or after a while: a connection keeps its buffers
/// for a moment after an answer.
async fn settled(id: u32, wanted: u64) -> u64 {
    let until = Instant::now() + REST_WITHIN;
    loop {
        let taken = kib(id, "VmRSS:");
        if taken <= wanted || Instant::now() >= until {
            return taken;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// A connection from one of many addresses.
async fn open(number: usize, to: SocketAddr) -> Wire {
    Wire::from_address([127, 3, (number >> 8) as u8, number as u8], to).await
}

/// A change of nearly 64 KiB that changes nothing.
fn large(number: usize) -> (Vec<u8>, Vec<u8>) {
    let names: Vec<String> = (0..1_000)
        .map(|tag| format!("nobody made {tag:048}"))
        .collect();
    let body = json!({ "remove": names }).to_string();
    assert!((60_000..65_536).contains(&body.len()), "{}", body.len());
    let head = format!(
        "PATCH {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        tags_of("elevenlabs", &conversation(number)),
        body.len()
    );
    let mut bytes = [head.into_bytes(), body.into_bytes()].concat();
    let last = bytes.split_off(bytes.len() - 1);
    (bytes, last)
}

/// Opens so many connections that come to rest, and so many large requests beside them.
async fn measured(resting: usize, requests: usize) -> Memory {
    let Serving {
        process,
        at: to,
        _folder,
    } = Serving::start(&format!(
        "max_connections = {}\nidle_timeout_ms = 600000\nbody_timeout_ms = 600000",
        resting + requests + 10
    ))
    .await;
    // At rest is what has been used: a connection that never asked is closed within seconds.
    let mut at_rest = Vec::new();
    let mut start = 0;
    for part in 0..resting / PART {
        // What the program makes when it is first asked is no connection's.
        if part == 1 {
            start = settled(process.id(), 0).await;
        }
        let opened = join_all((0..PART).map(async |number| {
            let mut wire = open(part * PART + number, to).await;
            wire.send(b"GET /problems/internal HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .await;
            wire.answer_to("GET").await.is(200);
            wire
        }));
        at_rest.extend(opened.await);
    }
    let with_connections =
        settled(process.id(), start + (resting - PART) as u64 * MOST_AT_REST).await;
    let begun = join_all((0..requests).map(async |number| {
        let mut wire = open(resting + number, to).await;
        let (most, last) = large(number);
        wire.send(&most).await;
        (wire, last)
    }))
    .await;
    let arriving = kib(process.id(), "VmRSS:");
    join_all(begun.into_iter().map(async |(mut wire, last)| {
        wire.send(&last).await;
        wire.answer_to("PATCH").await.is(200);
    }))
    .await;
    let memory = Memory {
        start,
        at_rest: with_connections,
        arriving,
        peak: kib(process.id(), "VmHWM:"),
    };
    eprintln!(
        "{{\"memory.connections\":{resting},\"memory.requests\":{requests},\"memory.start_mib\":{},\
         \"memory.idle_mib\":{},\"memory.bodies_mib\":{},\"memory.peak_mib\":{}}}",
        memory.start >> 10,
        memory.at_rest >> 10,
        memory.arriving >> 10,
        memory.peak >> 10
    );
    memory
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_at_rest_costs_little_and_a_large_request_little_more_than_itself() {
    // As many as there are descriptors for; a quarter of that many requests would be more than is needed to see it.
    let room = descriptors().saturating_sub(300).min(2_250);
    let (resting, requests) = (room / PART * PART - PART, 200);
    let memory = measured(resting, requests).await;
    let each = |from: u64, to: u64, count: usize| to.saturating_sub(from) / count as u64;
    assert!(
        each(memory.start, memory.at_rest, resting - PART) <= MOST_AT_REST,
        "{memory:?}"
    );
    assert!(
        each(memory.at_rest, memory.arriving, requests) <= MOST_ARRIVING,
        "{memory:?}"
    );
}

/// How many descriptors this process may have; both ends of a connection are not in it.
fn descriptors() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let limit = line.unwrap().split_whitespace().nth(3).unwrap();
    limit.parse().unwrap_or(usize::MAX)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes 10,000 descriptors; cargo test --release --test slow -- --ignored --nocapture"]
async fn eight_thousand_connections_and_a_thousand_large_requests_fit_into_little() {
    let memory = measured(8_000, 1_024).await;
    assert!(memory.peak <= MOST, "{memory:?}");
}
