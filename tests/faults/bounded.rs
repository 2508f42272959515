//! A bounded share of the figures; `--example faults` shows all of them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod run;

use std::process::Command;

use run::{Part, Settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_as_what_it_is_and_no_outcome_is_false() {
    holds(Part::Matrix).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_conversations_that_are_read_together_are_not_held() {
    holds(Part::Memory).await;
}

/// What a test run has time for, without optimisation.
const SHARE: Settings = Settings {
    every: 20,
    at_once: 24,
    attempt_ms: 500,
    body_bytes: 4_000_000,
    program: || Command::new(env!("CARGO_BIN_EXE_tagway")),
};

async fn holds(part: Part) {
    let report = part.run(&SHARE).await;
    let text = report.text(part.name());
    println!("{text}");
    assert!(report.holds(), "{text}\n{}", report.json());
}
