//! The peers: the gateway as it is shipped, and nginx as it is usually set up in front of somebody.

use super::{
    Failure, answers,
    load::{Load, Until},
    process::{PEER, Running, free, listening},
};
use std::{env, fs, net::SocketAddr, path::Path, process::Command};

/// Connections of the load.
const CONNECTIONS: usize = 64;

/// Who is measured.
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) process: Running,
    address: SocketAddr,
    /// Method, path and body of the change and of the read.
    change: (&'static str, String, String),
    read: String,
}

/// What is asked of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Change,
    Read,
}

impl Peer {
    pub(super) fn load(&self, ask: Ask, until: Until) -> Load {
        let (method, path, body) = match ask {
            Ask::Change => self.change.clone(),
            Ask::Read => ("GET", self.read.clone(), String::new()),
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
    let route = format!(
        "[routes.desk]\nvendor = \"elevenlabs\"\nbase_url = \"http://{vendor}\"\nallow_any_host = true\n\
         secret = \"env:VENDOR_KEY\"\nmax_in_flight = 256\n"
    );
    let (process, address, _) = serve(folder, "desk", &route).await?;
    Ok(Peer {
        name: "tagway",
        process,
        address,
        change: ("PATCH", answers::SET_PATH.to_owned(), answers::change()),
        read: answers::SET_PATH.to_owned(),
    })
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
    let text = format!("[server]\nlisten = \"{address}\"\nadmin = \"{admin}\"\n{routes}");
    fs::write(&file, text)?;
    let file = file.to_str().ok_or("the folder's path is no text")?;
    let variables = [("VENDOR_KEY", "a-key-for-a-measurement")];
    let command = [
        program()?,
        "serve".to_owned(),
        "--config".to_owned(),
        file.to_owned(),
    ];
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let process = Running::start(PEER, &command, &variables)?;
    listening(address).await?;
    Ok((process, address, admin))
}

/// The shipped program. What `cargo bench` builds beside this one has the tests' clock in it.
///
/// # Errors
/// It cannot be built.
pub(super) fn program() -> Result<String, Failure> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "tagway",
            "--bin",
            "tagway",
        ])
        .status()?;
    if !built.success() {
        return Err("the gateway cannot be built".into());
    }
    Ok(env!("CARGO_BIN_EXE_tagway").to_owned())
}

/// nginx with one worker and connections to the vendor that are kept; nothing where there is no nginx.
///
/// # Errors
/// It does not start.
pub(super) async fn nginx(folder: &Path, vendor: SocketAddr) -> Result<Option<Peer>, Failure> {
    if Command::new("nginx").arg("-v").output().is_err() {
        eprintln!("there is no nginx: only the gateway is measured");
        return Ok(None);
    }
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
    let process = Running::start(PEER, &["nginx", "-p", prefix, "-c", file], &[])?;
    listening(address).await?;
    let change = format!("{}/tags", answers::CONVERSATION_PATH);
    Ok(Some(Peer {
        name: "nginx",
        process,
        address,
        change: ("POST", change, answers::assign()),
        read: answers::CONVERSATION_PATH.to_owned(),
    }))
}
