//! `[[clients]]`: who may call, with which keys, which routes and which scopes.

use figment::value::Value;

use super::fault::{Fault, Place, did_you_mean, listed, nearest, quoted};
use super::keys;
use super::layers::Layers;
use super::locate::Path;
use super::plain::what_is;
use super::rate::RateWindow;
use super::walk::Walked;
use crate::redact;

/// One client of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its name in logs and metrics.
    pub name: String,
    /// The SHA-256 of each key that it may present; no hash belongs to two clients.
    pub key_sha256: Vec<[u8; 32]>,
    /// The routes that it may use, all of which exist.
    pub routes: Vec<String>,
    /// What it may do there.
    pub scopes: Scopes,
    /// How often it may ask; nothing is the server's `client_rate`, and an empty list no limit.
    pub rate: Option<Vec<RateWindow>>,
}

/// What a client may do; at least one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Read tags and catalogues.
    pub read: bool,
    /// Change the tags of conversations.
    pub tag: bool,
    /// Change catalogues.
    pub catalogue: bool,
    /// Operate the gateway.
    pub admin: bool,
}

/// Reads every client. `routes` are the names of the routes, faulty ones included.
pub(super) fn read(layers: &Layers<'_>, routes: &[&str], faults: &mut Vec<Fault>) -> Vec<Client> {
    let path = Path::root("clients");
    let Some(written) = layers.root().get("clients") else {
        return Vec::new();
    };
    let Some(list) = written.as_array() else {
        let detail = format!("expects a list of tables, not {}", what_is(written));
        let fault = Fault::error(layers.place(&path, written), path, detail);
        faults.push(fault.cure("write each client under `[[clients]]`"));
        return Vec::new();
    };
    let mut clients = Clients {
        routes,
        seen: Vec::new(),
        sound: Vec::new(),
    };
    for (index, client) in list.iter().enumerate() {
        clients.read(layers, path.index(index), client, faults);
    }
    clients.sound
}

/// The clients that have been read so far.
struct Clients<'r> {
    routes: &'r [&'r str],
    /// Every hash with the place and the number of its client, faulty clients included.
    seen: Vec<([u8; 32], Place)>,
    sound: Vec<Client>,
}

impl Clients<'_> {
    fn read(&mut self, layers: &Layers<'_>, path: Path, written: &Value, faults: &mut Vec<Fault>) {
        let Some(table) = Walked::read(layers, path, written, keys::Table::Client, &[], faults)
        else {
            return;
        };
        let name = self.name(&table, faults);
        let key_sha256 = self.hashes(&table, faults);
        let routes = self.routes_of(&table, faults);
        let scopes = scopes(&table, faults);
        self.sound.push(Client {
            name,
            key_sha256,
            routes,
            scopes,
            rate: table.windows(&keys::RATE_OF_CLIENT),
        });
    }

    fn name(&self, table: &Walked<'_>, faults: &mut Vec<Fault>) -> String {
        let Some(name) = table.text(&keys::CLIENT_NAME) else {
            return String::new();
        };
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(sane) {
            let rule = "a client's name is 1 to 64 letters, digits, `_`, `-` and `.`";
            faults.push(table.error(&keys::CLIENT_NAME, rule));
        }
        if self.sound.iter().any(|client| client.name == name) {
            let detail = format!("another client is called {} as well", quoted(&name));
            faults.push(table.error(&keys::CLIENT_NAME, detail));
        }
        name
    }

    fn hashes(&mut self, table: &Walked<'_>, faults: &mut Vec<Fault>) -> Vec<[u8; 32]> {
        let mut hashes = Vec::new();
        for (index, text) in table.texts(&keys::KEY_SHA256).iter().enumerate() {
            let Some(hash) = hash_of(text) else {
                // Not repeated: it may be the key itself.
                let detail = "expects the SHA-256 of a key: 64 hexadecimal digits";
                faults.push(
                    table
                        .error_at(&keys::KEY_SHA256, index, detail)
                        .cure("`tagway key` makes a key and its hash"),
                );
                continue;
            };
            let here = table.error_at(&keys::KEY_SHA256, index, "");
            if let Some((_, earlier)) = self.seen.iter().find(|(other, _)| *other == hash) {
                let detail = format!("the same hash stands at {earlier} already");
                faults.push(Fault { detail, ..here });
                continue;
            }
            redact::hide_digest(&hash);
            self.seen.push((hash, here.place));
            hashes.push(hash);
        }
        hashes
    }

    fn routes_of(&self, table: &Walked<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
        let routes = table.texts(&keys::CLIENT_ROUTES);
        for (index, route) in routes.iter().enumerate() {
            if !self.routes.contains(&route.as_str()) {
                let meant = did_you_mean(nearest(route, self.routes.iter().copied()));
                let detail = format!("no route is called {}{meant}", quoted(route));
                faults.push(table.error_at(&keys::CLIENT_ROUTES, index, detail));
            }
        }
        routes
    }
}

fn scopes(table: &Walked<'_>, faults: &mut Vec<Fault>) -> Scopes {
    let mut scopes = Scopes::default();
    for (index, scope) in table.texts(&keys::CLIENT_SCOPES).iter().enumerate() {
        match scope.as_str() {
            "read" => scopes.read = true,
            "tag" => scopes.tag = true,
            "catalogue" => scopes.catalogue = true,
            "admin" => scopes.admin = true,
            _ => {
                let meant = did_you_mean(nearest(scope, keys::SCOPES));
                let detail = format!(
                    "expects {}, not {}{meant}",
                    listed(&keys::SCOPES, "or"),
                    quoted(scope)
                );
                faults.push(table.error_at(&keys::CLIENT_SCOPES, index, detail));
            }
        }
    }
    scopes
}

/// The 32 bytes that 64 hexadecimal digits stand for.
fn hash_of(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|char| char.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high * 16 + low).collect();
    bytes.try_into().ok()
}
