//! `tagway serve`: from the configuration to a running gateway, and its stop.

use super::{
    FINE, USAGE, WRITE_CUT, err,
    memory::{self, Memory},
    runtime,
    source::Source,
};
use crate::{
    config::{self, Fault, Log, Secrets},
    edge,
    gateway::{BuildError, Gateway},
    record::{Ids, Recorder},
    redact,
    reload::{self, Cause, Live, Reading, Reloader},
    sequencer::Lanes,
    store::StoreError,
    systemd,
};
use clap::Args;
use std::{
    io::{self, IsTerminal},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

/// A gateway that serves.
pub struct Running {
    /// Where the API is.
    pub public: SocketAddr,
    /// Where health and readiness are.
    pub admin: SocketAddr,
    /// What the operator can see.
    pub status: Arc<edge::Status>,
    stop_public: watch::Sender<bool>,
    stop_admin: watch::Sender<bool>,
    public_task: JoinHandle<()>,
    admin_task: JoinHandle<()>,
    watching: Option<JoinHandle<()>>,
    sweep: Option<JoinHandle<()>>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What the configuration asks for cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// A socket that was handed over is not the one that the configuration names.
    #[error("the socket that was handed over is {handed}, and the configuration names {address}")]
    Handed {
        /// Where it is.
        handed: SocketAddr,
        /// Where it should be.
        address: SocketAddr,
    },
}

/// What a gateway starts with.
pub struct Start {
    /// The configuration.
    pub config: config::Config,
    /// The SHA-256 of its file, in hexadecimal digits.
    pub digest: String,
    /// The file and how it is read again; without them nothing can be reloaded.
    pub source: Option<(PathBuf, reload::Read)>,
    /// Sockets that a supervisor handed over: the public one, then the operator's. What is missing is opened.
    pub sockets: Vec<std::net::TcpListener>,
}

impl From<config::Config> for Start {
    fn from(config: config::Config) -> Self {
        Self {
            config,
            digest: String::new(),
            source: None,
            sockets: Vec::new(),
        }
    }
}

/// Builds the gateway and starts to serve.
///
/// # Errors
/// As [`StartError`] says; then nothing was started.
pub async fn start(start: impl Into<Start>) -> Result<Running, StartError> {
    let start = start.into();
    let lanes = Arc::new(Lanes::new());
    let files = start
        .source
        .map(|(file, read)| (reload::files(&file, &start.config), file, read));
    let memory = Memory::open(start.config.server.store.as_deref())?;
    let kept = memory.idempotency.clone();
    let gateway = Gateway::build(start.config, lanes.clone(), kept, seed())?;
    let idempotency = memory.take_over(&gateway, &lanes);
    let sweep = idempotency.map(|kept| tokio::spawn(memory::sweep(kept)));
    let (listen, admin) = (gateway.limits.listen, gateway.limits.admin);
    let mut sockets = start.sockets.into_iter();
    let (public_listener, public) = listener(sockets.next(), listen)?;
    let (admin_listener, admin) = listener(sockets.next(), admin)?;
    let live = Arc::new(Live::new(gateway, start.digest));
    let reloader =
        files.map(|(files, file, read)| Arc::new(Reloader::new(live.clone(), file, read, files)));
    let watching = reloader.clone().map(reload::watch).map(tokio::spawn);
    let (stop_public, public_stopped) = watch::channel(false);
    let (stop_admin, admin_stopped) = watch::channel(false);
    let status = Arc::new(edge::Status {
        live: live.clone(),
        reloader,
        lanes,
        ready: AtomicBool::new(true),
    });
    let serving_admin = edge::serve_admin(admin_listener, status.clone(), admin_stopped);
    Ok(Running {
        public,
        admin,
        public_task: tokio::spawn(edge::serve(public_listener, live, public_stopped)),
        admin_task: tokio::spawn(serving_admin),
        watching,
        sweep,
        status,
        stop_public,
        stop_admin,
    })
}

impl Running {
    /// Stops: readiness fails, the listener closes, what has begun is finished, all within the drain time.
    /// Answers how many vendor writes were cut.
    pub async fn stop(self) -> usize {
        // From here on the configuration stays what it is.
        self.watching.iter().for_each(JoinHandle::abort);
        let limits = &self.status.gateway().limits;
        let until = Instant::now() + limits.drain;
        self.status.ready.store(false, Ordering::Release);
        tokio::time::sleep(limits.drain_accept).await;
        let _ = self.stop_public.send(true);
        if timeout_at(until, self.public_task).await.is_err() {
            tracing::warn!("requests were still under way at the end of the drain time");
        }
        let cut = match timeout_at(until, self.status.lanes.written()).await {
            Ok(()) => 0,
            Err(_) => self.status.lanes.writing(),
        };
        self.sweep.iter().for_each(JoinHandle::abort);
        // What is still being written is no clean stop.
        if cut == 0 {
            memory::close(&self.status).await;
        }
        let _ = self.stop_admin.send(true);
        let _ = self.admin_task.await;
        cut
    }
}

fn seed() -> u64 {
    let mut seed = [0; 8];
    match getrandom::fill(&mut seed) {
        Ok(()) => u64::from_le_bytes(seed),
        Err(_) => crate::clock::unix_ms(),
    }
}

/// The socket that was handed over, or a new one; and where it is.
fn listener(
    handed: Option<std::net::TcpListener>,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen { address, error };
    let was_handed = handed.is_some();
    let listener = match handed {
        Some(handed) => TcpListener::from_std(handed),
        None => edge::listen(address),
    };
    let listener = listener.map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;
    // What the configuration may hold depends on who can reach the address.
    let as_named = at.ip() == address.ip() && (address.port() == 0 || at.port() == address.port());
    if was_handed && !as_named {
        return Err(StartError::Handed {
            handed: at,
            address,
        });
    }
    Ok((listener, at))
}

/// What is noted while the gateway serves.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Options {
    /// Append every exchange with a vendor to a file, a JSON object on each line; no credential is in it
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write ids as they are, so that whoever knows them can be answered from the recording
    #[arg(long, requires = "record")]
    record_ids: bool,
}

impl Options {
    fn recorder(&self) -> Result<Option<Arc<Recorder>>, String> {
        let ids = if self.record_ids {
            Ids::Kept
        } else {
            Ids::Masked
        };
        let open = |path: &PathBuf| {
            Recorder::open(path, ids)
                .map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
        };
        self.record.as_ref().map(open).transpose()
    }
}

pub(super) fn run(file: &Path, options: &Options) -> u8 {
    let recorder = match options.recorder() {
        Ok(recorder) => recorder,
        Err(why) => {
            err(&why);
            return USAGE;
        }
    };
    let read = move |file: &Path| {
        let mut reading = read(file)?;
        reading.loaded.config.recorder = recorder.clone();
        Ok::<_, Vec<Fault>>(reading)
    };
    let Reading { loaded, digest } = match read(file) {
        Ok(reading) => reading,
        Err(faults) => {
            faults.iter().for_each(|fault| err(&fault.to_string()));
            return USAGE;
        }
    };
    log_to_stderr(loaded.config.server.log);
    let (sockets, runtime) = match (systemd::sockets(), runtime()) {
        (Ok(sockets), Ok(runtime)) => (sockets, runtime),
        (Err(error), _) => {
            err(&format!(
                "a socket that was handed over cannot be used: {error}"
            ));
            return USAGE;
        }
        (_, Err(error)) => {
            err(&format!("the runtime does not start: {error}"));
            return USAGE;
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let again = file.to_owned();
    let code = runtime.block_on(serve(Start {
        config: loaded.config,
        digest,
        source: Some((file.to_owned(), Box::new(move || read(&again)))),
        sockets,
    }));
    // Lanes that only wait for an old write to settle need not be waited for.
    runtime.shutdown_background();
    redact::flush();
    code
}

fn read(file: &Path) -> Result<Reading, Vec<Fault>> {
    let source = Source::read(file).map_err(|fault| vec![fault])?;
    let loaded = source.load(Secrets::Check)?;
    let digest = source.digest();
    Ok(Reading { loaded, digest })
}

async fn serve(with: Start) -> u8 {
    // A signal that comes while everything starts is a stop too.
    let stop = stop_signal();
    let hangup = signal(SignalKind::hangup());
    let running = match start(with).await {
        Ok(running) => running,
        Err(error) => {
            err(&error.to_string());
            return USAGE;
        }
    };
    tokio::spawn(redact::flush_soon());
    tracing::info!(public = %running.public, admin = %running.admin, "tagway serves");
    systemd::ready();
    let reloading = hangup.map(|hangup| tokio::spawn(reload_on(hangup, running.status.clone())));
    stop.await;
    tracing::info!("tagway stops");
    systemd::stopping();
    reloading.iter().for_each(JoinHandle::abort);
    match running.stop().await {
        0 => FINE,
        cut => {
            tracing::error!(cut, "vendor writes were cut");
            WRITE_CUT
        }
    }
}

async fn reload_on(mut hangup: Signal, status: Arc<edge::Status>) {
    while let (Some(()), Some(reloader)) = (hangup.recv().await, status.reloader.clone()) {
        systemd::reloading();
        // What is wrong has been told.
        let reload = move || reloader.reload(Cause::Signal).is_ok();
        let _ = tokio::task::spawn_blocking(reload).await;
        systemd::ready();
    }
}

/// Takes SIGTERM and SIGINT over as soon as it is called; what it gives back waits for the first of them.
pub(super) fn stop_signal() -> impl Future<Output = ()> {
    let (terminate, interrupt) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    async {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            // Without handlers the signals end the process by themselves.
            _ => std::future::pending().await,
        }
    }
}

fn log_to_stderr(form: Log) {
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(redact::Log);
    match form {
        Log::Human => {
            let lines = lines.map_event_format(|others| redact::Lines::new(form, others));
            registry().with(lines).with(levels(&wanted)).init();
        }
        Log::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false);
            let lines = lines.map_event_format(|others| redact::Lines::new(form, others));
            registry().with(lines).with(levels(&wanted)).init();
        }
    }
}

/// What is logged: `warn`, or `info,access=warn` for a level of its own below a target. What cannot be read is `info`.
fn levels(wanted: &str) -> Targets {
    let read = wanted.parse::<Targets>();
    read.ok()
        .filter(|_| !wanted.trim().is_empty())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO))
}

#[cfg(test)]
mod tests {
    use super::levels;
    use tracing::Level;

    #[test]
    fn a_target_may_have_a_level_of_its_own_and_what_cannot_be_read_is_info() {
        let told = levels("warn,access=error,tagway::cli=debug");
        assert!(told.would_enable("tagway::edge", &Level::WARN));
        assert!(!told.would_enable("tagway::edge", &Level::INFO));
        assert!(!told.would_enable("access", &Level::WARN));
        assert!(told.would_enable("tagway::cli::serve", &Level::DEBUG));
        for unreadable in ["", " ", "warn,[{=info"] {
            let told = levels(unreadable);
            assert!(told.would_enable("access", &Level::INFO), "{unreadable}");
            assert!(!told.would_enable("access", &Level::DEBUG), "{unreadable}");
        }
    }
}
