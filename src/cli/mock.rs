//! `tagway mock`: the twins alone, on addresses of choice.

use super::{FINE, USAGE, err, out, runtime, serve::stop_signal};
use crate::mock::{Options as TwinOptions, Served, TWINS, serve, short_form};
use clap::Args;
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc};
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
    /// A JSON file with a plan of faults, as POST /_twin/faults takes it; a rule may also name its `vendor`
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// One fault: OPERATION:CLASS[+EFFECT][=NUMBER][@PROBABILITY][#NTH][*TIMES]
    #[arg(long = "fault", value_name = "RULE")]
    fault: Vec<String>,
    /// Answer from a recording instead, each vendor in it on a free port
    #[arg(long, value_name = "FILE", conflicts_with_all = ["twins", "conversations", "faults", "fault"])]
    replay: Option<PathBuf>,
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
    let served = match &options.replay {
        Some(recording) => runtime.block_on(super::replay::serve_all(recording)),
        None => runtime.block_on(serve_all(options)),
    };
    match served {
        Ok(()) => FINE,
        Err(why) => {
            err(&why);
            USAGE
        }
    }
}

async fn serve_all(options: &Options) -> Result<(), String> {
    let faults = Faults::read(options)?;
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
    let mut twins = Vec::new();
    for (name, address) in places {
        let Some(kind) = TWINS.iter().find(|kind| kind.name == name) else {
            continue;
        };
        let conversations = (!options.conversations.is_empty())
            .then(|| options.conversations.iter().cloned().collect());
        let options = TwinOptions {
            seed: options.seed,
            transcript_bytes: options.transcript,
            conversations,
            ..TwinOptions::default()
        };
        let served = Served::new(kind, options).map_err(|error| error.to_string())?;
        twins.push((name, address, served));
    }
    faults.plan(&twins)?;
    let signalled = stop_signal();
    let (stop, stopped) = watch::channel(false);
    let mut tasks = Vec::new();
    for (name, address, served) in twins {
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

/// The rules of the command line, each with the words that name it in a message.
struct Faults {
    seed: Value,
    rules: Vec<(String, Value)>,
}

impl Faults {
    fn read(options: &Options) -> Result<Self, String> {
        let mut seed = Value::from(options.seed);
        let mut rules = Vec::new();
        if let Some(path) = &options.faults {
            let shown = path.display();
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
            let plan: Value =
                serde_json::from_str(&text).map_err(|error| format!("`{shown}`: {error}"))?;
            let listed = plan.get("faults").and_then(Value::as_array);
            let listed =
                listed.ok_or_else(|| format!("`{shown}`: the list `faults` is missing"))?;
            for (at, rule) in listed.iter().enumerate() {
                rules.push((format!("`{shown}`: /faults/{at}"), rule.clone()));
            }
            if let Some(given) = plan.get("seed") {
                seed = given.clone();
            }
        }
        for text in &options.fault {
            let rule = short_form(text).map_err(|why| format!("--fault `{text}`: {why}"))?;
            rules.push((format!("--fault `{text}`"), rule));
        }
        Ok(Self { seed, rules })
    }

    /// Gives each rule to the twins that have what it is about; one that none has is a mistake.
    fn plan(self, twins: &[(String, SocketAddr, Arc<Served>)]) -> Result<(), String> {
        for (words, mut rule) in self.rules {
            let vendor = rule
                .as_object_mut()
                .and_then(|members| members.remove("vendor"));
            let meant = twins
                .iter()
                .filter(|(name, _, _)| vendor.as_ref().is_none_or(|vendor| vendor == name));
            let plan = json!({ "seed": self.seed, "faults": [rule] });
            let tried: Vec<_> = meant
                .map(|(_, _, served)| served.add_faults(&plan))
                .collect();
            if !tried.iter().any(Result::is_ok) {
                let misread = tried.iter().filter_map(|tried| tried.as_ref().err());
                let told = misread.flatten().map(|misread| {
                    let below = misread.pointer.strip_prefix("/faults/0");
                    format!("{words}{}: {}", below.unwrap_or_default(), misread.detail)
                });
                let told: BTreeSet<String> = told.collect();
                return Err(if told.is_empty() {
                    format!("{words}: no twin of that vendor is served")
                } else {
                    told.into_iter().collect::<Vec<_>>().join("\n")
                });
            }
        }
        Ok(())
    }
}

/// The path of the vendor's published base URL, below which its twin answers.
pub(super) fn base_path(name: &str) -> String {
    let base =
        crate::gateway::vendor(name).and_then(|vendor| vendor.base_url.parse::<http::Uri>().ok());
    base.map(|base| base.path().trim_end_matches('/').to_owned())
        .unwrap_or_default()
}
