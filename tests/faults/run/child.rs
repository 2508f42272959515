//! The gateway as a process of its own, so that what it takes of memory and time can be told from what asks it.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::oneshot, time::timeout};

use super::config::SECRET;

/// A running gateway; it ends with this at the latest.
pub(crate) struct Gateway {
    child: Child,
    /// Where the API is.
    pub(crate) public: SocketAddr,
    panics: Arc<AtomicU64>,
    _folder: TempDir,
}

/// How long the program may take to start.
const START: Duration = Duration::from_secs(30);

/// Ticks of a process's clock in a second: what Linux tells user space, whatever its own timer does.
const TICKS: f64 = 100.0;

impl Gateway {
    /// Starts `tagway serve` on ports of the system's choice; `text` is further keys of `[server]`, and the routes.
    pub(crate) async fn start(program: fn() -> Command, text: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("gateway.toml");
        let server = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\nstore = {:?}\n",
            folder.path().join("store.redb").display().to_string()
        );
        fs::write(&file, server + text).expect("a file");
        let mut command = program();
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("TAGWAY_") || name == "RUST_LOG" {
                command.env_remove(&*name);
            }
        }
        let mut child = command
            .args(["serve", "--config"])
            .arg(&file)
            .env(SECRET.0, SECRET.1)
            // Refusals by the thousand are told at most as counts.
            .env("RUST_LOG", "error,tagway::cli=info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        let panics = Arc::new(AtomicU64::new(0));
        let (tell, told) = oneshot::channel();
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let counted = Arc::clone(&panics);
        thread::spawn(move || {
            let mut tell = Some(tell);
            for line in lines.map_while(Result::ok) {
                if line.contains("panicked at") {
                    counted.fetch_add(1, Ordering::AcqRel);
                }
                if let Some(tell) = tell.take_if(|_| line.contains("tagway serves")) {
                    // Whoever waited may have given up.
                    let _ = tell.send(line);
                }
            }
        });
        let line = timeout(START, told).await;
        let line = line.expect("a start in time").expect("a start");
        let line: Value = serde_json::from_str(&line).expect("a line of JSON");
        let public = line["public"].as_str().and_then(|text| text.parse().ok());
        Self {
            child,
            public: public.expect("an address"),
            panics,
            _folder: folder,
        }
    }

    /// A line of the process's status, in MiB.
    pub(crate) fn mib(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().find_map(|word| word.parse().ok()));
        let mib = kib.map_or(f64::NAN, |kib: f64| kib / 1_024.0);
        (mib * 10.0).round() / 10.0
    }

    /// Time on a processor so far, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        cpu_of(&self.child.id().to_string())
    }

    /// How often it panicked, whatever came of it.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Acquire)
    }

    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Time on a processor of a process, in seconds; `self` is this one.
pub(crate) fn cpu_of(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in parentheses may hold blanks; what follows it does not.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / TICKS
}
