//! The steps of a request in instructions, as valgrind counts them: the same from run to run to well below a hundredth,
//! so that a regression shows where times are noise.
//!
//! - `cargo bench --bench instructions` prints them; a name or a part of it picks steps.
//! - `-- --check` compares them with `benches/instructions.json` and fails where one has grown by more than the
//!   tolerance that stands there.
//! - `-- --write` writes that file anew, for the profile that this program was built with.
//!
//! What is compared was counted with Rust 1.95 on x86-64: another compiler makes other instructions.
//!
//! Only the steps themselves are counted, not what gets them ready. They are got ready several times, because each new
//! hash map spreads its keys in another way, and that makes some difference.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for the console"
)]

mod operations;

use operations::{ALL, Step};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    env, fs,
    process::{Command, ExitCode},
};

/// How often a step is got ready, and how often it is made each time.
const READIED: u64 = 4;
const TIMES: u64 = 50;

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
    tolerance_percent: f64,
    /// By profile and step.
    instructions: BTreeMap<String, BTreeMap<String, u64>>,
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

/// Counts, prints, and answers whether nothing has grown.
///
/// # Errors
/// There is nothing to count or to compare with.
fn run(flags: &[&str], parts: &[&str]) -> Result<bool, String> {
    let (check, write) = match flags {
        [] => (false, false),
        ["--check"] => (true, false),
        ["--write"] => (false, true),
        _ => return Err("usage: [--check|--write] [PART OF A STEP'S NAME…]".to_owned()),
    };
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Err("`valgrind` is needed for this, and is not there: nothing was counted".into());
    }
    let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let mut known: Known =
        serde_json::from_str(&text).map_err(|error| format!("{FILE}: {error}"))?;
    let tolerance = known.tolerance_percent;
    let before = known.instructions.entry(PROFILE.to_owned()).or_default();
    println!("| step | instructions | before | more |");
    println!("|---|---|---|---|");
    let mut is_fine = true;
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(part));
    for (name, _) in ALL.iter().filter(|(name, _)| wanted(name)) {
        let count = counted(name)?;
        let Some(earlier) = before.get(*name).copied() else {
            println!("| {name} | {count} | – | – |");
            is_fine = false;
            before.insert((*name).to_owned(), count);
            continue;
        };
        let more = (count as f64 / earlier as f64 - 1.0) * 100.0;
        println!("| {name} | {count} | {earlier} | {more:+.1} % |");
        is_fine &= more <= tolerance;
        before.insert((*name).to_owned(), count);
    }
    if write {
        before.retain(|known, _| ALL.iter().any(|(name, _)| name == known));
        let text = serde_json::to_string_pretty(&known).map_err(|error| error.to_string())?;
        fs::write(FILE, text + "\n").map_err(|error| format!("{FILE}: {error}"))?;
    }
    if check && !is_fine {
        eprintln!(
            "more than {tolerance} % above what is known of the profile {PROFILE}, or unknown to it"
        );
    }
    Ok(is_fine || !check)
}

/// Instructions of one step.
///
/// # Errors
/// It cannot be counted.
fn counted(name: &str) -> Result<u64, String> {
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
        Some(count) if count > 0 && output.status.success() => Ok(count / (READIED * TIMES)),
        _ => Err(format!("`{name}` was not counted: {told}")),
    }
}

/// Makes a step as often as it is counted.
fn made(name: &str) -> ExitCode {
    let Some((_, ready)) = ALL.iter().find(|(known, _)| *known == name) else {
        return ExitCode::from(2);
    };
    for _ in 0..READIED {
        let mut step = ready();
        // What is made only once is made now.
        step();
        make_counted(&mut step);
    }
    ExitCode::SUCCESS
}

/// Where instructions are counted: valgrind knows it by its name.
#[inline(never)]
fn make_counted(step: &mut Step) {
    for _ in 0..TIMES {
        step();
    }
}
