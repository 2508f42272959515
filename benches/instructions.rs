//! The steps of a request in instructions, as valgrind counts them: the same from run to run to a few in a thousand, so
//! that a regression shows where times are noise.
//!
//! - `cargo bench --bench instructions` prints them; a name or a part of it picks steps.
//! - `-- --check` compares them with `benches/instructions.json` and fails where one has grown by more than the
//!   tolerance that stands there.
//! - `-- --write` writes that file anew, for the profile that this program was built with: `bench` is
//!   optimised, `dev` (with `--profile dev` before the `--`) is what every run of the checks compares.
//!
//! What is compared was counted on x86-64 with the version of Rust that stands in the file. Another compiler makes other
//! instructions and has a tolerance of its own. From run to run a lane's change differs by 5 in a thousand, all else by
//! 1 at most; with a C library that uses no AVX2 it took 12 in a thousand fewer, all else 1 fewer or as many.
//!
//! Only the steps themselves are counted, not what gets them ready. They are got ready several times, because each new
//! hash map spreads its keys in another way, and that makes some difference.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for the console"
)]

mod operations;

use operations::{LONG, Operation, SHORT, Step};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    env, fs,
    process::{Command, ExitCode},
    sync::Mutex,
    thread,
};

/// How often a step is got ready, and how often it is made each time: a long one seldom, as little else counts beside it.
const READIED: u64 = 4;
const TIMES: u64 = 50;
const TIMES_OF_LONG: u64 = 2;

/// The counts to compare with.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");

/// The profile that this program was built with.
const PROFILE: &str = match cfg!(debug_assertions) {
    true => "dev",
    false => "bench",
};

/// What is compared with.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    /// As `rustc --version` tells it, without the day.
    rust: String,
    tolerance_percent: f64,
    tolerance_percent_of_another_rust: f64,
    /// By profile and step.
    instructions: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What is to be done with the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Print,
    Check,
    Write,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [flag, name] = arguments.as_slice()
        && flag == "--step"
    {
        return made(name);
    }
    let (flags, parts): (Vec<&str>, Vec<&str>) = arguments
        .iter()
        .map(String::as_str)
        .partition(|argument| argument.starts_with("--"));
    match run(&flags, &parts) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// Counts, prints, and answers whether nothing has grown that is checked.
///
/// # Errors
/// There is nothing to count or to compare with.
fn run(flags: &[&str], parts: &[&str]) -> Result<bool, String> {
    let task = match flags {
        [] => Task::Print,
        ["--check"] => Task::Check,
        ["--write"] => Task::Write,
        _ => return Err("usage: [--check|--write] [PART OF A STEP'S NAME…]".to_owned()),
    };
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Err("`valgrind` is needed for this, and is not there: nothing was counted".into());
    }
    let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let mut known: Known =
        serde_json::from_str(&text).map_err(|error| format!("{FILE}: {error}"))?;
    let rust = rust()?;
    let tolerance = match rust == known.rust {
        true => known.tolerance_percent,
        false => known.tolerance_percent_of_another_rust,
    };
    let before = known.instructions.entry(PROFILE.to_owned()).or_default();
    let wanted =
        |(name, ..): &Counting| parts.is_empty() || parts.iter().any(|part| name.contains(part));
    let counts = all_counted(&all().filter(wanted).collect::<Vec<_>>())?;
    println!("| step | instructions | before | more |");
    println!("|---|---|---|---|");
    let mut is_fine = true;
    for (name, count) in &counts {
        let Some(earlier) = before.get(*name) else {
            println!("| {name} | {count} | – | – |");
            is_fine = false;
            continue;
        };
        let more = (*count as f64 / *earlier as f64 - 1.0) * 100.0;
        println!("| {name} | {count} | {earlier} | {more:+.1} % |");
        is_fine &= more <= tolerance;
    }
    if task == Task::Check && !is_fine {
        eprintln!(
            "a step has grown by more than {tolerance} % in the profile {PROFILE}, or is unknown; if that is meant, \
             `-- --write` takes the new counts"
        );
    }
    if task == Task::Write {
        before.retain(|known, _| all().any(|(name, ..)| name == known));
        before.extend(counts.iter().map(|(name, n)| ((*name).to_owned(), *n)));
        known.rust = rust;
        let text = serde_json::to_string_pretty(&known).map_err(|error| error.to_string())?;
        fs::write(FILE, text + "\n").map_err(|error| format!("{FILE}: {error}"))?;
    }
    Ok(is_fine || task != Task::Check)
}

/// A step, and how often it is made.
type Counting = (&'static str, fn() -> Step, u64);

fn all() -> impl Iterator<Item = Counting> {
    let with = |times| move |(name, ready): &Operation| (*name, *ready, times);
    let short = SHORT.iter().map(with(TIMES));
    short.chain(LONG.iter().map(with(TIMES_OF_LONG)))
}

/// The compiler, such as `rustc 1.95.0`.
///
/// # Errors
/// It does not tell.
fn rust() -> Result<String, String> {
    let told = Command::new("rustc").arg("--version").output();
    let told = told.map_err(|error| format!("rustc: {error}"))?.stdout;
    let told = String::from_utf8_lossy(&told);
    let words: Vec<&str> = told.split_whitespace().take(2).collect();
    Ok(words.join(" "))
}

/// Instructions of each step, as many steps counted at a time as there are cores.
///
/// # Errors
/// One cannot be counted.
fn all_counted(steps: &[Counting]) -> Result<Vec<(&'static str, u64)>, String> {
    let left = Mutex::new(steps.iter().enumerate());
    let next = || left.lock().ok()?.next();
    let count = || {
        let mut counts = Vec::new();
        while let Some((at, (name, _, times))) = next() {
            counts.push((at, *name, counted(name, *times)));
        }
        counts
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut counts = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(count)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        let all: Result<Vec<_>, _> = joined.collect();
        all.map_err(|_| "a step was not counted".to_owned())
    })?
    .concat();
    counts.sort_by_key(|(at, ..)| *at);
    let named = counts
        .into_iter()
        .map(|(_, name, count)| Ok((name, count?)));
    named.collect()
}

/// Instructions of one step.
///
/// # Errors
/// It cannot be counted.
fn counted(name: &str, times: u64) -> Result<u64, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*make_counted*")
        .arg(own)
        .args(["--step", name])
        .output();
    let output = output.map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stderr);
    let lines = told.lines();
    let count = lines.filter_map(|line| line.split_once("Collected : "));
    let count: Option<u64> = count.filter_map(|(_, n)| n.trim().parse().ok()).next();
    match count {
        Some(count) if count > 0 && output.status.success() => Ok(count / (READIED * times)),
        _ => Err(format!("`{name}` was not counted: {told}")),
    }
}

/// Makes a step as often as it is counted.
fn made(name: &str) -> ExitCode {
    let Some((_, ready, times)) = all().find(|(known, ..)| *known == name) else {
        return ExitCode::from(2);
    };
    for _ in 0..READIED {
        let mut step = ready();
        // What is made only once is made now.
        step();
        make_counted(&mut step, times);
    }
    ExitCode::SUCCESS
}

/// Where instructions are counted: valgrind knows it by its name.
#[inline(never)]
fn make_counted(step: &mut Step, times: u64) {
    for _ in 0..times {
        step();
    }
}
