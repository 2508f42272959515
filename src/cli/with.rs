//! `tagway with -- COMMAND`: a gateway and its mocks for as long as a command runs.

use super::{
    FINDINGS, USAGE, err, runtime,
    serve::{start, stop_signal},
    source::Source,
};
use crate::{
    config::{Config, Fault, Secrets},
    mock,
};
use clap::Args;
use std::{
    ffi::OsString,
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, ExitStatus},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};

/// How often is looked whether the command has ended.
const LOOK: Duration = Duration::from_millis(10);

/// How long a command may take to end after a stop.
const GRACE: Duration = Duration::from_secs(10);

/// What stands in for the configuration where its file is not there: three routes, each on a mock.
const SHIPPED: &str = include_str!("../../gateway.toml");

/// What is run.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(file: &Path, options: &Options) -> u8 {
    // Another gateway may have the configured store open, and nothing is to be remembered from run to run.
    let name = format!(
        "tagway-with-{}-{:08x}.redb",
        std::process::id(),
        fastrand::u32(..)
    );
    let store = std::env::temp_dir().join(name);
    let config = match configured(file, &store) {
        Ok(config) => config,
        Err(faults) => {
            faults.iter().for_each(|fault| err(&fault.to_string()));
            return USAGE;
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            err(&format!("the runtime does not start: {error}"));
            return USAGE;
        }
    };
    let code = runtime.block_on(accompany(config, &options.command));
    runtime.shutdown_background();
    // Where none was made there is none to take away.
    let _ = std::fs::remove_file(&store);
    code.unwrap_or_else(|why| {
        err(&why);
        USAGE
    })
}

/// Whether a variable is one that a command below `with` is given, and no part of a configuration.
pub(super) fn is_given(name: &str) -> bool {
    let is_mock = name.starts_with("TAGWAY_MOCK_") && name.ends_with("_URL");
    is_mock || name == "TAGWAY_URL" || name == "TAGWAY_ADMIN_URL"
}

/// The configuration with every route on its mock and every listener on a free port: a test never meets a vendor.
fn configured(file: &Path, store: &Path) -> Result<Config, Vec<Fault>> {
    let source = |routes: &[String]| {
        let mut source = if file.exists() {
            Source::read(file).map_err(|fault| vec![fault])?
        } else {
            Source::of_text("the shipped configuration", SHIPPED)
        };
        source.set("TAGWAY_SERVER__LISTEN", "127.0.0.1:0");
        source.set("TAGWAY_SERVER__ADMIN", "127.0.0.1:0");
        source.set("TAGWAY_SERVER__STORE", &store.to_string_lossy());
        for route in routes {
            let name = format!("TAGWAY_ROUTES__{}__BASE_URL", route.to_ascii_uppercase());
            source.set(&name, "mock");
        }
        Ok::<_, Vec<Fault>>(source)
    };
    let as_written = source(&[])?.load(Secrets::Skip)?.config;
    let routes = as_written.routes.into_iter().map(|route| route.name);
    let routes: Vec<String> = routes.collect();
    Ok(source(&routes)?.load(Secrets::Skip)?.config)
}

async fn accompany(config: Config, command: &[OsString]) -> Result<u8, String> {
    let stop = stop_signal();
    let running = start(config).await.map_err(|error| error.to_string())?;
    let mocks = Mocks::serve(running.status.gateway().routes().filter_map(|route| {
        let twin = route.account.twin.clone()?;
        Some((route.name.to_string(), twin))
    }))
    .await?;
    let mut variables = vec![
        (
            "TAGWAY_URL".to_owned(),
            format!("http://{}", running.public),
        ),
        (
            "TAGWAY_ADMIN_URL".to_owned(),
            format!("http://{}", running.admin),
        ),
    ];
    for (route, address) in &mocks.addresses {
        let name = format!("TAGWAY_MOCK_{}_URL", route.to_ascii_uppercase());
        variables.push((name, format!("http://{address}")));
    }
    let (program, arguments) = command.split_first().ok_or("there is no command")?;
    let child = Command::new(program)
        .args(arguments)
        .envs(variables)
        .spawn();
    let ended = match child {
        Ok(child) => ended(child, stop).await,
        Err(error) => Err(format!("`{}` does not start: {error}", program.display())),
    };
    mocks.end().await;
    running.stop().await;
    ended.map(code)
}

/// The mocks on sockets of their own, each the one that the gateway's route is on.
struct Mocks {
    addresses: Vec<(String, SocketAddr)>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Mocks {
    async fn serve(
        twins: impl Iterator<Item = (String, std::sync::Arc<mock::Served>)>,
    ) -> Result<Self, String> {
        let (stop, stopped) = watch::channel(false);
        let mut mocks = Self {
            addresses: Vec::new(),
            stop,
            tasks: Vec::new(),
        };
        for (route, twin) in twins {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await;
            let listener = listener.map_err(|error| format!("no port is free: {error}"))?;
            let address = listener.local_addr().map_err(|error| error.to_string())?;
            mocks.addresses.push((route, address));
            let mut stopped = stopped.clone();
            mocks.tasks.push(tokio::spawn(async move {
                let ended = mock::serve(listener, twin, async move {
                    let _ = stopped.wait_for(|stop| *stop).await;
                });
                if let Err(error) = ended.await {
                    tracing::error!(%error, "a mock is not served any more");
                }
            }));
        }
        Ok(mocks)
    }

    async fn end(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Waits for the command. A stop is its stop too: the terminal tells it by itself, and after a while it is killed.
async fn ended(mut child: Child, stop: impl Future<Output = ()>) -> Result<ExitStatus, String> {
    let failed = |error: std::io::Error| error.to_string();
    tokio::select! {
        status = exited(&mut child) => return status.map_err(failed),
        () = stop => {}
    }
    if let Ok(status) = timeout_at(Instant::now() + GRACE, exited(&mut child)).await {
        return status.map_err(failed);
    }
    child.kill().map_err(failed)?;
    exited(&mut child).await.map_err(failed)
}

async fn exited(child: &mut Child) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        sleep(LOOK).await;
    }
}

/// The command's own code; as a shell tells it where a signal ended the command.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(FINDINGS)
}
