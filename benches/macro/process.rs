//! Processes on a core of their own, and what they cost.

use super::Failure;
use std::{
    collections::BTreeMap,
    env,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

/// The core of the peer that is measured, and the core of all the others.
pub(super) const PEER: &str = "0";
pub(super) const REST: &str = "1";

/// How long a process may take to serve.
const START: Duration = Duration::from_secs(10);

/// How long a process may take to end.
const END: Duration = Duration::from_secs(30);

/// The processes that run; nothing when no other may start.
static ALL: Mutex<Option<Vec<u32>>> = Mutex::new(Some(Vec::new()));

/// A process that ends with this value; those it has started end with it.
pub(super) struct Running {
    child: Child,
    id: u32,
}

impl Running {
    /// Starts a program on one core; what it tells on the standard error is kept in a file or dropped.
    ///
    /// # Errors
    /// It cannot be started, or nothing may start any more.
    pub(super) fn start(
        core: &str,
        command: &[&str],
        variables: &[(&str, &str)],
        log: Option<&Path>,
    ) -> Result<Self, Failure> {
        let log = match log {
            Some(file) => OpenOptions::new()
                .create(true)
                .append(true)
                .open(file)?
                .into(),
            None => Stdio::null(),
        };
        let mut pinned = Command::new("taskset");
        pinned
            .args(["-c", core])
            .args(command)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let all = all.as_mut().ok_or("interrupted")?;
        let child = pinned.spawn()?;
        let id = child.id();
        all.push(id);
        Ok(Self { child, id })
    }

    /// Starts another role of this program.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn role(core: &str, arguments: &[&str]) -> Result<Self, Failure> {
        let own = env::current_exe()?;
        let own = own.to_str().ok_or("this program's path is no text")?;
        Self::start(core, &[&[own], arguments].concat(), &[], None)
    }

    /// The next line that it prints.
    ///
    /// # Errors
    /// It prints none.
    pub(super) fn line(&mut self) -> Result<String, Failure> {
        let out = self.child.stdout.as_mut().ok_or("it prints nothing")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// All that it prints until its end.
    ///
    /// # Errors
    /// It failed.
    pub(super) fn output(mut self) -> Result<String, Failure> {
        let mut text = String::new();
        if let Some(mut out) = self.child.stdout.take() {
            out.read_to_string(&mut text)?;
        }
        match self.child.wait()? {
            status if status.success() => Ok(text),
            status => Err(format!("a process failed: {status}").into()),
        }
    }

    /// It and all that it has started.
    pub(super) fn tree(&self) -> Vec<u32> {
        tree(self.id)
    }

    /// Processor time of it and its children so far.
    pub(super) fn spent(&self) -> Duration {
        tree(self.id).into_iter().map(spent).sum()
    }

    /// Memory of it and its children, in MiB.
    pub(super) fn memory(&self) -> f64 {
        tree(self.id).into_iter().map(|id| told(id, "VmRSS:")).sum()
    }

    /// The most memory that it ever had, in MiB.
    pub(super) fn most_memory(&self) -> f64 {
        told(self.id, "VmHWM:")
    }
}

impl Drop for Running {
    /// Asks it to end, and waits for that.
    fn drop(&mut self) {
        // The id of one that was waited for may be another's by now.
        if let Ok(None) = self.child.try_wait() {
            end(self.id);
        }
        let asked = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if asked.elapsed() > END {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            pause();
        }
        if let Some(all) = &mut *ALL.lock().unwrap_or_else(PoisonError::into_inner) {
            all.retain(|id| *id != self.id);
        }
    }
}

/// Asks every process to end, and lets no other start.
pub(super) fn end_all() {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner).take();
    all.into_iter().flatten().for_each(end);
}

fn end(id: u32) {
    let _ = Command::new("kill")
        .arg(id.to_string())
        .stderr(Stdio::null())
        .status();
}

#[expect(clippy::disallowed_methods, reason = "a process ends in real time")]
fn pause() {
    thread::sleep(Duration::from_millis(5));
}

/// A size that the system tells of a process, in MiB.
fn told(id: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let digits = line.and_then(|line| line.split_whitespace().next());
    let size = digits.and_then(|digits| digits.parse::<f64>().ok());
    size.unwrap_or(0.0) / 1024.0
}

/// Waits until somebody listens there.
///
/// # Errors
/// Nobody does in time.
pub(super) async fn listening(address: SocketAddr) -> Result<(), Failure> {
    let until = Instant::now() + START;
    while TcpStream::connect(address).await.is_err() {
        if Instant::now() > until {
            return Err(format!("nobody listens on {address}").into());
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// A port that was free a moment ago.
///
/// # Errors
/// None is.
pub(super) fn free() -> Result<SocketAddr, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Processor time so far of each process but these, and of those that each has started and that have ended. The
/// system's own sum is too coarse: it looks once in some milliseconds who is there.
pub(super) fn everybody(but: &[u32]) -> BTreeMap<u32, Duration> {
    let processes = fs::read_dir("/proc").into_iter().flatten();
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let others = ids.filter(|id| !but.contains(id));
    others.map(|id| (id, spent(id) + ended(id))).collect()
}

/// What the machine below has given to others so far, where this one is a guest.
pub(super) fn stolen() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.split_whitespace().nth(8);
    let ticks = ticks.and_then(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.unwrap_or_default() * 10)
}

/// This process.
pub(super) fn own() -> u32 {
    std::process::id()
}

/// Processor time of a process's children that have ended.
fn ended(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // Behind the name, which may hold anything, the times are the 14th and 15th.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let times = after.split_whitespace().skip(13).take(2);
    let ticks: u64 = times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn tree(id: u32) -> Vec<u32> {
    let mut all = vec![id];
    for task in tasks(id) {
        let children = fs::read_to_string(format!("/proc/{id}/task/{task}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|id| id.parse().ok());
        all.extend(children.flat_map(tree));
    }
    all
}

fn tasks(id: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten();
    tasks
        .filter_map(|task| task.ok()?.file_name().into_string().ok())
        .collect()
}

/// Processor time of one process so far.
fn spent(id: u32) -> Duration {
    let nanos = |task: String| {
        let text = fs::read_to_string(format!("/proc/{id}/task/{task}/schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks(id).into_iter().filter_map(nanos).sum())
}
