//! The steps of a request in instructions, as valgrind counts them: the same on every machine of one kind, to well below
//! a hundredth, so that a regression shows where times are noise. `cargo bench --bench instructions`.
//!
//! Each step is made so many times and then twice as often, in processes of their own; the difference is its count, and
//! what getting ready costs is in neither.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for the console"
)]

mod operations;

use operations::ALL;
use std::{
    env,
    process::{Command, ExitCode},
};

/// How often a step is made, and twice.
const TIMES: u64 = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [name, times] = arguments.as_slice()
        && let Ok(times) = times.parse::<u64>()
    {
        let found = ALL.iter().find(|(known, _)| known == name);
        let Some((_, ready)) = found else {
            return ExitCode::from(2);
        };
        let mut step = ready();
        (0..times).for_each(|_| step());
        return ExitCode::SUCCESS;
    }
    println!("| step | instructions |");
    println!("|---|---|");
    for (name, _) in ALL {
        if arguments
            .first()
            .is_some_and(|part| !name.contains(part.as_str()))
        {
            continue;
        }
        match (counted(name, TIMES), counted(name, TIMES * 2)) {
            (Some(few), Some(many)) => println!("| {name} | {} |", (many - few) / TIMES),
            _ => {
                eprintln!("valgrind is needed for this");
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}

/// Instructions of a process that makes a step so often.
fn counted(name: &str, times: u64) -> Option<u64> {
    let own = env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(own)
        .args([name, &times.to_string()])
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let line = told
        .lines()
        .find_map(|line| line.split_once("Collected : "))?;
    line.1
        .trim()
        .parse()
        .ok()
        .filter(|_| output.status.success())
}
