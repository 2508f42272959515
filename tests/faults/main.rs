//! What the gateway does while its vendors fail, in figures:
//! `cargo run --release -p tagway --example faults -- --only matrix`.
//!
//! Lines for people, each figure with its target beside it, and one JSON object on the last line. Ends with 1 if a
//! count or a time on the paused clock misses its target; percentiles of real time are only printed.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a tool for the command line, which ends by saying what is wrong"
)]

mod run;

use std::{
    env,
    process::{Command, ExitCode},
    time::Duration,
};

use clap::Parser;
use run::{Part, Settings};

/// What the gateway does while its vendors fail.
#[derive(Debug, Parser)]
struct Line {
    /// The parts to run; all of them where none is named
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Part>,
    /// Runs only every n-th cell of the matrix
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Cells of the matrix that each of its gateways works on at once
    #[arg(long, default_value_t = 40)]
    at_once: usize,
}

const ALL: &[Part] = &[
    Part::Matrix,
    Part::Quota,
    Part::Dead,
    Part::Overload,
    Part::Memory,
];

/// The first argument with which this program is the gateway, as a process that the report starts.
const GATEWAY: &str = "serve";

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(GATEWAY) {
        return tagway::cli::main();
    }
    report(&Line::parse())
}

#[tokio::main]
async fn report(line: &Line) -> ExitCode {
    let parts = match line.only.is_empty() {
        true => ALL,
        false => &line.only,
    };
    let settings = Settings {
        every: line.every.max(1),
        at_once: line.at_once.max(1),
        attempt_ms: 300,
        real: Duration::from_secs(4),
        vendor_ms: 20,
        body_bytes: 50_000_000,
        program: || Command::new(env::current_exe().expect("a program")),
    };
    let mut held = true;
    let mut all = serde_json::Map::new();
    for part in parts {
        let report = part.run(&settings).await;
        print!("{}", report.text(part.name()));
        held &= report.holds();
        all.insert(part.name().to_owned(), report.json());
    }
    all.insert("holds".to_owned(), held.into());
    println!("{}", serde_json::Value::Object(all));
    ExitCode::from(u8::from(!held))
}
