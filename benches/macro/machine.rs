//! Where and with what is measured.

use super::{Failure, peers::program};
use std::{fs, process::Command, thread};

/// A line about the machine and the programs.
///
/// # Errors
/// The gateway's program is not there.
pub(super) fn described() -> Result<String, Failure> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("an unknown processor", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    let cores = thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let nginx = Command::new("nginx").arg("-v").output()?.stderr;
    let nginx = String::from_utf8_lossy(&nginx);
    let nginx = nginx.rsplit(' ').next().unwrap_or_default().trim();
    let nginx = nginx.replace('/', " ");
    let size = fs::metadata(program())?.len() as f64 / 1e6;
    Ok(format!(
        "Measured on {cores} cores of {model}, Linux {}, a program of {size:.1} MB beside {nginx}:",
        kernel.trim()
    ))
}
