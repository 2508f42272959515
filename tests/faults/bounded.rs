//! A bounded share of the figures; `--example faults` shows all of them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod run;

use std::{process::Command, time::Duration};

use run::{Part, Settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_as_what_it_is_and_no_outcome_is_false() {
    holds(Part::Matrix).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_conversations_that_are_read_together_are_not_held() {
    holds(Part::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_full_load_no_window_is_overdrawn_and_bulk_keeps_nobody_waiting() {
    holds(Part::Quota).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_vendor_is_left_alone_and_the_others_are_served() {
    holds(Part::Dead).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_the_peak_is_answered_by_nothing_but_answers_and_refusals() {
    holds(Part::Overload).await;
}

/// What a test run has time for, without optimisation.
const SHARE: Settings = Settings {
    every: 25,
    at_once: 24,
    attempt_ms: 500,
    real: Duration::from_millis(1_500),
    vendor_ms: 80,
    body_bytes: 4_000_000,
    program: || Command::new(env!("CARGO_BIN_EXE_tagway")),
};

async fn holds(part: Part) {
    let report = part.run(&SHARE).await;
    let text = report.text(part.name());
    println!("{text}");
    assert!(report.holds(), "{text}\n{}", report.json());
}
