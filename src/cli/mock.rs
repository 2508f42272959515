//! `tagway mock`: the twins alone, on addresses of choice.

use super::{FINE, USAGE, err, out, runtime, serve::stop_signal};
use crate::mock::{Options as TwinOptions, Served, TWINS, serve};
use clap::Args;
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::watch};

/// Where and how the twins are served.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// `VENDOR=ADDRESS`, each on a loopback address; port 0 takes a free one
    #[arg(value_name = "VENDOR=ADDRESS", value_parser = place)]
    twins: Vec<(String, SocketAddr)>,
    /// Seed of every id that the twins give out
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Size of the transcript in answers with a whole conversation, in bytes
    #[arg(long, default_value_t = 2_048, value_name = "BYTES")]
    transcript: usize,
    /// A conversation that exists; with one given, others are not found
    #[arg(long = "conversation", value_name = "ID")]
    conversations: Vec<String>,
}

fn place(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, address) = text.split_once('=').ok_or("write VENDOR=ADDRESS")?;
    if !TWINS.iter().any(|kind| kind.name == name) {
        let known: Vec<_> = TWINS.iter().map(|kind| kind.name).collect();
        return Err(format!(
            "no vendor is called `{name}`; there are {}",
            known.join(", ")
        ));
    }
    let address: SocketAddr = address
        .parse()
        .map_err(|_| format!("`{address}` is not an address such as 127.0.0.1:9001"))?;
    if !address.ip().is_loopback() {
        return Err("twins are served on loopback addresses only".to_owned());
    }
    Ok((name.to_owned(), address))
}

pub(super) fn run(options: &Options) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            err(&format!("the runtime does not start: {error}"));
            return USAGE;
        }
    };
    match runtime.block_on(serve_all(options)) {
        Ok(()) => FINE,
        Err(why) => {
            err(&why);
            USAGE
        }
    }
}

async fn serve_all(options: &Options) -> Result<(), String> {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let all = || {
        TWINS
            .iter()
            .map(|kind| (kind.name.to_owned(), free))
            .collect()
    };
    let places: Vec<(String, SocketAddr)> = if options.twins.is_empty() {
        all()
    } else {
        options.twins.clone()
    };
    let signalled = stop_signal();
    let (stop, stopped) = watch::channel(false);
    let mut tasks = Vec::new();
    for (name, address) in places {
        let Some(kind) = TWINS.iter().find(|kind| kind.name == name) else {
            continue;
        };
        let conversations = (!options.conversations.is_empty())
            .then(|| options.conversations.iter().cloned().collect());
        let served: Arc<Served> = Served::new(
            kind,
            TwinOptions {
                seed: options.seed,
                transcript_bytes: options.transcript,
                conversations,
                ..TwinOptions::default()
            },
        )
        .map_err(|error| error.to_string())?;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("cannot listen on {address}: {error}"))?;
        let local = listener.local_addr().map_err(|error| error.to_string())?;
        out(&format!("{name} http://{local}{}", base_path(&name)));
        let mut stopped = stopped.clone();
        tasks.push(tokio::spawn(serve(listener, served, async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        })));
    }
    signalled.await;
    let _ = stop.send(true);
    for task in tasks {
        let _ = task.await;
    }
    Ok(())
}

/// The path of the vendor's published base URL, below which its twin answers.
fn base_path(name: &str) -> String {
    let base =
        crate::gateway::vendor(name).and_then(|vendor| vendor.base_url.parse::<http::Uri>().ok());
    base.map(|base| base.path().trim_end_matches('/').to_owned())
        .unwrap_or_default()
}
