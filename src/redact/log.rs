//! Where the lines of the log go: to the error output, without credentials.
//!
//! Access lines are written in blocks, at most a tenth of a second late, which saves a system call for each. All other
//! lines are written at once, behind the access lines before them.

use super::bytes;
use std::{
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The target of access lines.
const ACCESS: &str = "access";

/// How late an access line may be.
const DELAY: Duration = Duration::from_millis(100);

/// A block that has so many bytes is written.
const BLOCK: usize = 32 * 1024;

/// Access lines that are not written yet.
static WAITING: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Told when the first line of a block is there.
static BEGUN: Notify = Notify::const_new();

/// Makes the writers of the log. Somebody has to run [`flush_soon`] meanwhile, and [`flush`] at the end.
#[derive(Clone, Copy, Debug)]
pub struct Log;

/// The writer of one line, which has to come in one write.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    may_wait: bool,
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { may_wait: false }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line {
        Line {
            may_wait: is_access(about),
        }
    }
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let blotted = bytes(line);
        let mut waiting = waiting();
        if !self.may_wait {
            waiting.extend_from_slice(&blotted);
            write(&mut waiting)?;
            return Ok(line.len());
        }
        if waiting.is_empty() {
            BEGUN.notify_one();
        }
        waiting.extend_from_slice(&blotted);
        if waiting.len() >= BLOCK {
            write(&mut waiting)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a line tells of a request, and of nothing that is wrong.
pub(super) fn is_access(about: &Metadata<'_>) -> bool {
    *about.level() >= Level::INFO && about.target() == ACCESS
}

/// Writes what waits.
pub fn flush() {
    // Nobody reads what cannot be written.
    let _ = write(&mut waiting());
}

/// Writes what waits, again and again.
pub async fn flush_soon() {
    loop {
        BEGUN.notified().await;
        sleep(DELAY).await;
        flush();
    }
}

fn write(waiting: &mut Vec<u8>) -> io::Result<()> {
    let written = io::stderr().lock().write_all(waiting);
    waiting.clear();
    written
}

fn waiting() -> MutexGuard<'static, Vec<u8>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}
