//! The peers: the gateway as it is shipped, and nginx as it is usually set up in front of somebody.

use super::{
    Failure, answers,
    load::{Load, Until},
    process::{PEER, Running, free, listening},
};
use std::{env, fs, net::SocketAddr, path::Path, process::Command};

/// Connections of the load.
const CONNECTIONS: usize = 64;

/// The conversation that all clients have in common, and those that each has to itself.
pub(super) const COMMON: &str = "conv_8801k2m3n4p5q6r7s8t9v0w1x2";
const OWN: &str = "conv_8801k2m3n4p5q6r7s8t9{client}";

/// Who is measured.
pub(super) struct Peer {
    pub(super) process: Running,
    pub(super) target: Target,
}

/// Where requests are sent, and in whose words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    address: SocketAddr,
    /// Whether it is asked in the vendor's words.
    forwards: bool,
}

/// What is asked of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Tags on a conversation of the client's own.
    Add,
    /// Tags on the conversation of all clients.
    AddTogether,
    Read,
}

impl Target {
    /// The vendor itself, with nobody in between.
    pub(super) fn vendor(address: SocketAddr) -> Self {
        let forwards = true;
        Self { address, forwards }
    }

    pub(super) fn load(self, ask: Ask, until: Until) -> Load {
        let id = match ask {
            Ask::Add => OWN,
            Ask::AddTogether | Ask::Read => COMMON,
        };
        let at_vendor = answers::conversation_path(id);
        let (method, path, body) = match (ask, self.forwards) {
            (Ask::Read, true) => ("GET", at_vendor, String::new()),
            (Ask::Read, false) => ("GET", answers::set_path(id), String::new()),
            (_, true) => ("POST", at_vendor + "/tags", answers::assign()),
            (_, false) => ("PATCH", answers::set_path(id), answers::change()),
        };
        Load {
            address: self.address,
            method,
            path,
            body,
            connections: CONNECTIONS,
            together: CONNECTIONS,
            until,
        }
    }
}

/// The gateway in front of that vendor: every setting as shipped, but for room for all connections at once.
///
/// # Errors
/// It does not start.
pub(super) async fn gateway(folder: &Path, vendor: SocketAddr) -> Result<Peer, Failure> {
    let (peer, _) = gateway_with(folder, "desk", vendor, "").await?;
    Ok(peer)
}

/// The same with more keys of the route; also where its operator asks.
///
/// # Errors
/// It does not start.
pub(super) async fn gateway_with(
    folder: &Path,
    name: &str,
    vendor: SocketAddr,
    more: &str,
) -> Result<(Peer, SocketAddr), Failure> {
    let route = format!(
        "[routes.desk]\nvendor = \"elevenlabs\"\nbase_url = \"http://{vendor}\"\nallow_any_host = true\n\
         secret = \"env:VENDOR_KEY\"\nmax_in_flight = 256\n{more}"
    );
    let (process, address, admin) = serve(folder, name, &route).await?;
    let forwards = false;
    let target = Target { address, forwards };
    Ok((Peer { process, target }, admin))
}

/// A gateway with these routes; where its API is, and where its operator asks.
///
/// # Errors
/// It does not start.
pub(super) async fn serve(
    folder: &Path,
    name: &str,
    routes: &str,
) -> Result<(Running, SocketAddr, SocketAddr), Failure> {
    let (address, admin) = (free()?, free()?);
    let file = folder.join(format!("{name}.toml"));
    let store = folder.join(format!("{name}.redb"));
    let text = format!(
        "[server]\nlisten = \"{address}\"\nadmin = \"{admin}\"\nstore = \"{}\"\n{routes}",
        store.display()
    );
    fs::write(&file, text)?;
    let file = file.to_str().ok_or("the folder's path is no text")?;
    let variables = [("VENDOR_KEY", "a-key-for-a-measurement")];
    let program = program();
    let log = folder.join(format!("{name}.log"));
    let command = [&*program, "serve", "--config", file];
    let process = Running::start(PEER, &command, &variables, Some(&log))?;
    listening(address).await?;
    Ok((process, address, admin))
}

/// The gateway's program: what `TAGWAY_BIN` names, or what cargo builds as it is shipped.
pub(super) fn program() -> String {
    env::var("TAGWAY_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tagway").to_owned())
}

/// Makes sure that all programs are there, the gateway's as it is shipped: what `cargo bench` builds beside this one has
/// the tests' clock in it.
///
/// # Errors
/// One is missing and cannot be built.
pub(super) fn programs() -> Result<(), Failure> {
    for (name, argument) in [("taskset", "-V"), ("nginx", "-v")] {
        if Command::new(name).arg(argument).output().is_err() {
            return Err(format!("`{name}` is needed for this, and is not there").into());
        }
    }
    if env::var_os("TAGWAY_BIN").is_some() {
        return Ok(());
    }
    eprintln!("building the gateway as it is shipped, which takes minutes the first time");
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "tagway"])
        .args(["--bin", "tagway"])
        .status()?;
    match built.success() {
        true => Ok(()),
        false => Err("the gateway cannot be built".into()),
    }
}

/// nginx with one worker and connections to the vendor that are kept.
///
/// # Errors
/// It does not start.
pub(super) async fn nginx(folder: &Path, vendor: SocketAddr) -> Result<Peer, Failure> {
    let address = free()?;
    let file = folder.join("nginx.conf");
    let here = folder.display();
    let text = format!(
        "daemon off; worker_processes 1; pid {here}/nginx.pid; error_log {here}/nginx.log warn;\n\
         events {{ worker_connections 2048; }}\n\
         http {{\n  access_log off; keepalive_requests 1000000000;\n\
         \x20 client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c;\n\
         \x20 uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;\n\
         \x20 upstream vendor {{ server {vendor}; keepalive 256; keepalive_requests 1000000000; }}\n\
         \x20 server {{ listen {address}; location / {{\n    proxy_pass http://vendor; proxy_http_version 1.1;\n\
         \x20   proxy_set_header Connection \"\";\n  }} }}\n}}\n"
    );
    fs::write(&file, text)?;
    let file = file.to_str().ok_or("the folder's path is no text")?;
    let prefix = folder.to_str().ok_or("the folder's path is no text")?;
    let command = ["nginx", "-p", prefix, "-c", file];
    let process = Running::start(PEER, &command, &[], None)?;
    listening(address).await?;
    let target = Target::vendor(address);
    Ok(Peer { process, target })
}
