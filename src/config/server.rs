//! `[server]`: the listeners and the limits, and what they demand of clients and routes.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::Secrets;
use super::base_url::Upstream;
use super::fault::{Fault, listed};
use super::keys;
use super::rate::RateWindow;
use super::routes::Draft;
use super::secret;
use super::walk::Walked;
use crate::tls::{self, TlsError, TlsFiles};

/// The listeners and the limits of the whole process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The address of the API; loopback if there are no clients.
    pub listen: SocketAddr,
    /// The address of health and readiness; always loopback.
    pub admin: SocketAddr,
    /// How long a caller waits at most.
    pub deadline: Duration,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// How many requests are worked on at once.
    pub max_in_flight: usize,
    /// How many of them one client has.
    pub max_in_flight_per_client: usize,
    /// How often a client may ask that has no rate of its own; nothing is no limit.
    pub client_rate: Vec<RateWindow>,
    /// How long a stop may take in all.
    pub drain: Duration,
    /// How long the listener still accepts after readiness has failed; never longer than `drain`.
    pub drain_accept: Duration,
    /// The largest request head.
    pub max_head_bytes: usize,
    /// How long a client may take for a request's head.
    pub head_timeout: Duration,
    /// How long a client may take for a request's body.
    pub body_timeout: Duration,
    /// How long a client may take for the rest of an answer.
    pub write_timeout: Duration,
    /// How long a connection is kept between two requests.
    pub idle_timeout: Duration,
    /// How old a connection grows.
    pub connection_age: Duration,
    /// How many connections are open at once.
    pub max_connections: usize,
    /// How many of them one address has.
    pub max_connections_per_address: usize,
    /// What the API is served with over TLS; nothing for plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Whether routes on the mock may be served on another address than loopback.
    pub allow_mock: bool,
    /// The file in which keyed requests are remembered; none where nothing is.
    pub store: Option<PathBuf>,
    /// The form of the log.
    pub log: Log,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Lines for people.
    Human,
    /// One JSON object per line.
    Json,
}

/// Makes the server of its table, after the checks that need only this table. Nothing if an address is missing.
pub(super) fn read(
    table: &Walked<'_>,
    secrets: Secrets,
    faults: &mut Vec<Fault>,
) -> Option<Server> {
    let listen = table.address(&keys::LISTEN)?;
    let admin = table.address(&keys::ADMIN)?;
    if !is_loopback(admin) {
        let detail = format!(
            "{admin} is not a loopback address; health and readiness are not for the public"
        );
        faults.push(table.error(&keys::ADMIN, detail));
    }
    if !table.is_faulty(&keys::LISTEN) && !table.is_faulty(&keys::ADMIN) && clash(listen, admin) {
        faults.push(
            if table.is_written(&keys::ADMIN) || !table.is_written(&keys::LISTEN) {
                table.error(
                    &keys::ADMIN,
                    format!("{admin} is taken by `listen`, {listen}"),
                )
            } else {
                table.error(
                    &keys::LISTEN,
                    format!("{listen} is taken by `admin`, by default {admin}"),
                )
            },
        );
    }
    let (drain, accept) = (
        table.number(&keys::DRAIN_MS),
        table.number(&keys::DRAIN_ACCEPT_MS),
    );
    if accept > drain && !table.is_faulty(&keys::DRAIN_MS) {
        let detail = format!("{accept} ms is longer than the whole drain, {drain} ms");
        faults.push(table.error(&keys::DRAIN_ACCEPT_MS, detail));
    }
    Some(Server {
        listen,
        admin,
        deadline: table.time(&keys::DEADLINE_MS),
        max_body_bytes: table.size(&keys::MAX_BODY_BYTES),
        max_in_flight: table.size(&keys::MAX_IN_FLIGHT),
        max_in_flight_per_client: table.size(&keys::MAX_IN_FLIGHT_PER_CLIENT),
        client_rate: table.windows(&keys::CLIENT_RATE).unwrap_or_default(),
        drain: table.time(&keys::DRAIN_MS),
        drain_accept: table.time(&keys::DRAIN_ACCEPT_MS),
        max_head_bytes: table.size(&keys::MAX_HEAD_BYTES),
        head_timeout: table.time(&keys::HEAD_TIMEOUT_MS),
        body_timeout: table.time(&keys::BODY_TIMEOUT_MS),
        write_timeout: table.time(&keys::WRITE_TIMEOUT_MS),
        idle_timeout: table.time(&keys::IDLE_TIMEOUT_MS),
        connection_age: table.time(&keys::CONNECTION_AGE_MS),
        max_connections: table.size(&keys::MAX_CONNECTIONS),
        max_connections_per_address: table.size(&keys::MAX_CONNECTIONS_PER_ADDRESS),
        tls: tls(table, secrets, faults),
        allow_mock: table.switch(&keys::ALLOW_MOCK),
        store: match table.text(&keys::STORE).as_deref() {
            Some("off") => None,
            Some(path) => Some(PathBuf::from(path)),
            None => Some(PathBuf::from(keys::DEFAULT_STORE)),
        },
        log: match table.text(&keys::LOG).as_deref() {
            Some("json") => Log::Json,
            _ => Log::Human,
        },
    })
}

/// Certificate and key stand together, and are read to see that they belong together; the key is a secret.
fn tls(table: &Walked<'_>, secrets: Secrets, faults: &mut Vec<Fault>) -> Option<TlsFiles> {
    let path = |key| table.text(key).map(PathBuf::from);
    let http2 = table.switch(&keys::HTTP2);
    let files = match (path(&keys::TLS_CERTIFICATE), path(&keys::TLS_KEY)) {
        (Some(certificate), Some(key)) => TlsFiles {
            certificate,
            key,
            http2,
        },
        (None, None) => {
            if http2 {
                let fault = table.error(&keys::HTTP2, "HTTP/2 is served over TLS only");
                faults.push(fault.cure("`tls_certificate` and `tls_key`"));
            }
            return None;
        }
        (None, Some(_)) => {
            let detail = "a key without its certificate, `tls_certificate`";
            faults.push(table.error(&keys::TLS_KEY, detail));
            return None;
        }
        (Some(_), None) => {
            let detail = "a certificate without its key, `tls_key`";
            faults.push(table.error(&keys::TLS_CERTIFICATE, detail));
            return None;
        }
    };
    if secrets == Secrets::Skip {
        return Some(files);
    }
    match tls::server(&files) {
        Ok(_) => {}
        Err(TlsError::Certificate(why)) => {
            faults.push(table.error(&keys::TLS_CERTIFICATE, why));
        }
        Err(TlsError::Key(why)) => faults.push(table.error(&keys::TLS_KEY, why)),
    }
    if secret::is_exposed(&files.key) {
        let path = table.path.key(keys::TLS_KEY.name);
        let detail = "every user of this machine may read the file";
        let warning = Fault::warning(table.place(&keys::TLS_KEY), path, detail);
        faults.push(warning.cure("chmod o-r on it"));
    }
    Some(files)
}

/// A public listener needs clients: without them everybody could change everybody's tags.
pub(super) fn check_open(
    table: &Walked<'_>,
    server: &Server,
    has_clients: bool,
    faults: &mut Vec<Fault>,
) {
    if !is_loopback(server.listen) && !has_clients {
        let detail = format!(
            "{} is not a loopback address, and there are no clients",
            server.listen
        );
        faults.push(
            table
                .error(&keys::LISTEN, detail)
                .cure("add `[[clients]]`, or listen on 127.0.0.1"),
        );
    }
}

/// A reader's attempt must fit the caller's deadline.
pub(super) fn check_deadline(table: &Walked<'_>, routes: &[Draft<'_>], faults: &mut Vec<Fault>) {
    let deadline = table.number(&keys::DEADLINE_MS);
    let key = &keys::ATTEMPT_TIMEOUT_MS;
    let mut by_default = Vec::new();
    let mut attempt = 0;
    for route in routes {
        let timeout = route.table.number(key);
        if timeout <= deadline || route.table.is_faulty(key) || table.is_faulty(&keys::DEADLINE_MS)
        {
            continue;
        }
        if route.table.is_written(key) {
            let detail = format!("{timeout} ms is longer than the whole deadline, {deadline} ms");
            faults.push(
                route
                    .table
                    .error(key, detail)
                    .cure("shorten it, or raise `server.deadline_ms`"),
            );
        } else {
            by_default.push(route.name);
            attempt = timeout;
        }
    }
    if !by_default.is_empty() {
        let names = listed(&by_default, "and");
        let detail = format!(
            "{deadline} ms is shorter than one attempt of {names}, by default {attempt} ms"
        );
        faults.push(
            table
                .error(&keys::DEADLINE_MS, detail)
                .cure("raise it, or set `attempt_timeout_ms` on the routes"),
        );
    }
}

/// The mock is for trying things out: it is named at every start, and not served to the public by accident.
pub(super) fn check_mock(server: &Server, routes: &[Draft<'_>], faults: &mut Vec<Fault>) {
    let on_mock: Vec<&Draft<'_>> = routes
        .iter()
        .filter(|route| route.upstream == Some(Upstream::Mock))
        .collect();
    let Some(first) = on_mock.first() else { return };
    if !is_loopback(server.listen) && !server.allow_mock {
        for route in on_mock {
            let detail = format!(
                "the mock is not served on {}, which is not a loopback address",
                server.listen
            );
            let fault = route.table.error(&keys::BASE_URL, detail);
            faults.push(fault.cure("`allow_mock = true` in [server], if that is meant"));
        }
        return;
    }
    let names: Vec<&str> = on_mock.iter().map(|route| route.name).collect();
    let detail = format!(
        "the embedded mock answers for {}; nothing reaches a vendor",
        listed(&names, "and")
    );
    let path = first.table.path.key(keys::BASE_URL.name);
    faults.push(Fault::warning(
        first.table.place(&keys::BASE_URL),
        path,
        detail,
    ));
}

fn is_loopback(address: SocketAddr) -> bool {
    canonical(address).is_loopback()
}

/// Whether both cannot be bound at once. Port 0 is a fresh one each time.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let (left, right) = (canonical(one), canonical(other));
    one.port() != 0
        && one.port() == other.port()
        && (left == right || left.is_unspecified() || right.is_unspecified())
}

fn canonical(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}
