//! `tagway serve`: from the configuration to a running gateway, and its stop.

use super::{FINE, USAGE, WRITE_CUT, err, runtime, source::Source};
use crate::{
    config::{self, Log, Secrets},
    edge,
    gateway::{BuildError, Gateway},
    redact,
    sequencer::Lanes,
};
use std::{
    io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
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
    drain_accept: Duration,
    drain: Duration,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What the configuration asks for cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// Builds the gateway and starts to serve.
///
/// # Errors
/// As [`StartError`] says; then nothing was started.
pub async fn start(config: config::Config) -> Result<Running, StartError> {
    let mut seed = [0; 8];
    if getrandom::fill(&mut seed).is_err() {
        seed = crate::clock::unix_ms().to_le_bytes();
    }
    let lanes = Arc::new(Lanes::new());
    let gateway = Arc::new(Gateway::build(
        config,
        lanes.clone(),
        u64::from_le_bytes(seed),
    )?);
    let public_listener = listen(gateway.limits.listen).await?;
    let admin_listener = listen(gateway.limits.admin).await?;
    let local =
        |listener: &TcpListener, address: SocketAddr| listener.local_addr().unwrap_or(address);
    let (public, admin) = (
        local(&public_listener, gateway.limits.listen),
        local(&admin_listener, gateway.limits.admin),
    );
    let (stop_public, public_stopped) = watch::channel(false);
    let (stop_admin, admin_stopped) = watch::channel(false);
    let status = Arc::new(edge::Status {
        gateway: gateway.clone(),
        lanes,
        ready: AtomicBool::new(true),
    });
    let (drain, drain_accept) = (gateway.limits.drain, gateway.limits.drain_accept);
    Ok(Running {
        public,
        admin,
        public_task: tokio::spawn(edge::serve(public_listener, gateway, public_stopped)),
        admin_task: tokio::spawn(edge::serve_admin(
            admin_listener,
            status.clone(),
            admin_stopped,
        )),
        status,
        stop_public,
        stop_admin,
        drain_accept,
        drain,
    })
}

impl Running {
    /// Stops: readiness fails, the listener closes, what has begun is finished, all within the drain time.
    /// Answers how many vendor writes were cut.
    pub async fn stop(self) -> usize {
        let until = Instant::now() + self.drain;
        self.status.ready.store(false, Ordering::Release);
        tokio::time::sleep(self.drain_accept).await;
        let _ = self.stop_public.send(true);
        if timeout_at(until, self.public_task).await.is_err() {
            tracing::warn!("requests were still under way at the end of the drain time");
        }
        let cut = match timeout_at(until, self.status.lanes.written()).await {
            Ok(()) => 0,
            Err(_) => self.status.lanes.writing(),
        };
        let _ = self.stop_admin.send(true);
        let _ = self.admin_task.await;
        cut
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen { address, error })
}

pub(super) fn run(file: &Path) -> u8 {
    let loaded = Source::read(file)
        .map_err(|fault| vec![fault])
        .and_then(|source| source.load(Secrets::Check));
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(faults) => {
            faults.iter().for_each(|fault| err(&fault.to_string()));
            return USAGE;
        }
    };
    log_to_stderr(loaded.config.server.log);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            err(&format!("the runtime does not start: {error}"));
            return USAGE;
        }
    };
    let code = runtime.block_on(async {
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        // A signal that comes while everything starts is a stop too.
        let stop = stop_signal();
        let running = match start(loaded.config).await {
            Ok(running) => running,
            Err(error) => {
                err(&error.to_string());
                return USAGE;
            }
        };
        tracing::info!(public = %running.public, admin = %running.admin, "tagway serves");
        stop.await;
        tracing::info!("tagway stops");
        match running.stop().await {
            0 => FINE,
            cut => {
                tracing::error!(cut, "vendor writes were cut");
                WRITE_CUT
            }
        }
    });
    // Lanes that only wait for an old write to settle need not be waited for.
    runtime.shutdown_background();
    code
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
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(redact::stderr);
    match form {
        Log::Human => subscriber.init(),
        Log::Json => subscriber
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .init(),
    }
}
