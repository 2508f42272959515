//! What connections and bodies cost in memory, measured on the built program.

use crate::{
    Serving,
    support::{Wire, conversation, tags_of},
};
use futures_util::future::join_all;
use serde_json::json;
use std::{fs, net::SocketAddr};

/// Connections at rest, and requests under way beside them.
const IDLE: usize = 8_000;
const REQUESTS: usize = 1_024;

/// The most that the program may take, in KiB.
const MOST: u64 = 256 * 1_024;

/// A line of the process's status, in KiB.
fn kib(id: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes 10,000 descriptors; cargo test --release --test slow -- --ignored --nocapture"]
async fn idle_connections_and_large_bodies_stay_within_a_quarter_of_a_gibibyte() {
    let Serving {
        process,
        at: to,
        _folder,
    } = Serving::start(&format!(
        "max_connections = {}\nidle_timeout_ms = 600000\nbody_timeout_ms = 600000",
        IDLE + REQUESTS + 10
    ))
    .await;
    let start = kib(process.id(), "VmRSS:");

    // Idle is what has been used: a connection that never asked is closed within seconds.
    let mut idle = Vec::new();
    for part in 0..IDLE / 250 {
        let opened = join_all((0..250).map(async |number| {
            let mut wire = open(part * 250 + number, to).await;
            wire.send(b"GET /problems/internal HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .await;
            wire.answer_to("GET").await.is(200);
            wire
        }));
        idle.extend(opened.await);
    }
    let at_rest = kib(process.id(), "VmRSS:");
    let begun = join_all((0..REQUESTS).map(async |number| {
        let mut wire = open(IDLE + number, to).await;
        let (most, last) = large(number);
        wire.send(&most).await;
        (wire, last)
    }))
    .await;
    let with_bodies = kib(process.id(), "VmRSS:");
    join_all(begun.into_iter().map(async |(mut wire, last)| {
        wire.send(&last).await;
        wire.answer_to("PATCH").await.is(200);
    }))
    .await;
    let most = kib(process.id(), "VmHWM:");
    eprintln!(
        "{{\"memory.start_mib\":{},\"memory.idle_mib\":{},\"memory.bodies_mib\":{},\"memory.peak_mib\":{}}}",
        start >> 10,
        at_rest >> 10,
        with_bodies >> 10,
        most >> 10
    );
    assert!(most <= MOST, "{most} KiB");
}
