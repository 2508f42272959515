//! What it takes to start, and what the gateway is while nothing happens.

use crate::{
    Effort, Failure,
    peers::program,
    process::{PEER, Running, free, listening},
    table::{line, median, shown},
};
use std::{fs, path::Path, process::Command, time::Duration};
use tokio::time::{Instant, sleep};

/// Starts it with the shipped configuration, again and again.
///
/// # Errors
/// It does not start.
pub(super) async fn run(folder: &Path, effort: Effort) -> Result<(), Failure> {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/gateway.toml");
    let program = program();
    let store = folder.join("three.redb").display().to_string();
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds.max(5) {
        let (address, admin) = (free()?, free()?);
        let variables = [
            ("TAGWAY_SERVER__LISTEN", &*address.to_string()),
            ("TAGWAY_SERVER__ADMIN", &*admin.to_string()),
            ("TAGWAY_SERVER__STORE", &*store),
        ];
        let begun = Instant::now();
        let command = [&*program, "serve", "--config", shipped];
        let gateway = Running::start(PEER, &command, &variables, None)?;
        listening(address).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        sleep(Duration::from_secs(1)).await;
        memory.push(gateway.memory());
    }
    line(
        "three routes, as shipped: ms from exec to the first connection",
        &shown(median(times)),
        "≤ 50",
    );
    line("– memory at rest, MiB", &shown(median(memory)), "≤ 20");
    let size = format!("{:.1}", stripped(folder, &program)?);
    line("the program, stripped, MB", &size, "≤ 15");
    Ok(())
}

fn stripped(folder: &Path, program: &str) -> Result<f64, Failure> {
    let copy = folder.join("stripped");
    fs::copy(program, &copy)?;
    // Where there is no `strip`, the release profile has stripped it already.
    let _ = Command::new("strip").arg(&copy).status();
    Ok(fs::metadata(&copy)?.len() as f64 / 1e6)
}
