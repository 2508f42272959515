//! What the gateway costs, beside nginx that only forwards the same vendor calls.
//!
//! `cargo bench --bench macro` measures and prints Markdown. The peer has core 0 to itself, the vendor and the load
//! share core 1; peers are measured in turn, and medians are told. What counts is the processor time of a peer's whole
//! process tree for each request, as the scheduler accounts it: it drifts less than throughput where cores are shared.
//! A measurement during which others used more than 4 % of a core is repeated. nginx and `taskset` have to be there;
//! without nginx only the gateway is measured.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for the console"
)]

mod answers;
mod duel;
mod load;
mod peers;
mod process;
mod vendor;
mod work;

use std::{env, process::ExitCode, time::Duration};

/// Why there is no figure.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: usize,
    time: Duration,
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| {
        let role = match arguments.first().map(String::as_str) {
            Some("vendor" | "load" | "duel" | "work") => arguments.remove(0),
            _ => String::new(),
        };
        let effort = || effort(&arguments);
        runtime.block_on(async {
            match role.as_str() {
                "vendor" => vendor::serve(&arguments).await,
                "load" => load::run(&arguments).await,
                "duel" => duel::run(effort()?).await,
                "work" => work::run(effort()?).await,
                _ => {
                    duel::run(effort()?).await?;
                    work::run(effort()?).await
                }
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            eprintln!("usage: cargo bench --bench macro [-- [duel|work] [ROUNDS [SECONDS]]]");
            ExitCode::from(2)
        }
    }
}

fn effort(arguments: &[String]) -> Result<Effort, Failure> {
    let number = |at: usize, default: u64| match arguments.get(at) {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is no number")),
        None => Ok(default),
    };
    Ok(Effort {
        rounds: usize::try_from(number(0, 3)?)?.max(1),
        time: Duration::from_secs(number(1, 5)?.max(1)),
    })
}
