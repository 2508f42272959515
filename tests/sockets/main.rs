//! The long form of the test on sockets: `cargo run --release -p tagway --example sockets -- --mutations 50`.
//!
//! Prints one JSON object of figures on its last line, and ends with 1 if anything is there that must not be.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a tool for the command line, which ends by saying what is wrong"
)]

mod run;

use std::process::ExitCode;

use clap::Parser;

/// Many writers against the gateway and its vendors, all on sockets, while calls fail.
#[derive(Debug, Parser)]
struct Line {
    /// Writers at each vendor
    #[arg(long, default_value_t = 64)]
    writers: usize,
    /// Conversations at each vendor
    #[arg(long, default_value_t = 32)]
    conversations: usize,
    /// How often each writer changes each conversation
    #[arg(long, default_value_t = 5.0)]
    mutations: f64,
    /// The share of the vendors' calls that goes wrong
    #[arg(long, default_value_t = 0.2)]
    faults: f64,
    /// Clients that leave at a random point
    #[arg(long, default_value_t = 5_000)]
    disconnects: usize,
    /// What is random follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let line = Line::parse();
    let figures = run::run(run::Settings {
        writers: line.writers.max(1),
        conversations: line.conversations.max(1),
        mutations: line.mutations,
        faults: line.faults.clamp(0.0, 1.0),
        disconnects: line.disconnects,
        seed: line.seed,
    })
    .await;
    for wrong in &figures.wrong {
        eprintln!("{wrong}");
    }
    println!("{}", figures.values);
    ExitCode::from(u8::from(!figures.wrong.is_empty()))
}
