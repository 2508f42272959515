//! What the gateway costs, beside nginx that only forwards the same vendor calls.
//!
//! `cargo bench --bench macro` measures and prints Markdown: first the `duel` with nginx, then the `work` that a byte
//! proxy does not do. The peer has core 0 to itself, the vendor and the load share core 1; peers are measured in turn,
//! in short rounds, and medians are told. What counts is the processor time of a peer's whole process tree for each
//! request, as the scheduler accounts it: it drifts less than throughput where cores are shared. A round in which others
//! used more than 4 % of a core, here or on the machine below of which this one is a guest, is made again, twice at most.
//!
//! The gateway is the program of the release profile, which is built first; the variable `TAGWAY_BIN` names another
//! one. Two cores, Linux, nginx and `taskset` have to be there.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for the console"
)]

mod answers;
mod duel;
mod load;
mod machine;
mod measure;
mod peers;
mod process;
mod table;
mod vendor;
mod work;
mod worker;

use std::{env, process::ExitCode, thread, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

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
    let role = match arguments.first().map(String::as_str) {
        Some("vendor" | "load" | "duel" | "work") => arguments.remove(0),
        _ => String::new(),
    };
    let done = runtime().and_then(|runtime| match role.as_str() {
        "vendor" => runtime.block_on(vendor::serve(&arguments)),
        "load" => runtime.block_on(worker::run(&arguments)),
        _ => effort(&arguments).and_then(|effort| runtime.block_on(interruptible(role, effort))),
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

fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Measures in a thread of its own. A signal ends every process that was started, so that the thread fails and tidies up.
///
/// # Errors
/// Those of the measurement.
async fn interruptible(role: String, effort: Effort) -> Result<(), Failure> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let (tell, mut told) = oneshot::channel();
    thread::spawn(move || {
        let done = runtime().and_then(|runtime| runtime.block_on(measure(&role, effort)));
        // Whoever would hear it is there until it is told.
        let _ = tell.send(done);
    });
    tokio::select! {
        done = &mut told => return done?,
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    process::end_all();
    told.await?
}

async fn measure(role: &str, effort: Effort) -> Result<(), Failure> {
    peers::programs()?;
    println!("{}\n", machine::described()?);
    if role != "work" {
        duel::run(effort).await?;
    }
    if role.is_empty() {
        println!("And what a byte proxy does not do:\n");
    }
    if role != "duel" {
        work::run(effort).await?;
    }
    Ok(())
}

fn effort(arguments: &[String]) -> Result<Effort, Failure> {
    let number = |at: usize, default: u64| match arguments.get(at) {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is no number")),
        None => Ok(default),
    };
    Ok(Effort {
        rounds: usize::try_from(number(0, 11)?)?.clamp(1, 99),
        time: Duration::from_secs(number(1, 1)?.clamp(1, 60)),
    })
}
