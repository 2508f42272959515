//! Every key: its default, and the field that it reaches.

use std::time::Duration;

use adapters::settings::SettingValue;

use super::super::keys::{KEYS, Kind, Table};
use super::super::{CatalogueAccess, Log, OnLoss, RateWindow, Responses, Scopes};
use super::config;

const fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

#[test]
fn what_is_not_written_has_its_default() {
    let config = config(
        "[routes.desk]\nvendor = \"cedar\"\nsecret = \"env:K\"\n",
        &[("K", "k")],
    );

    let server = &config.server;
    assert_eq!(server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(server.admin.to_string(), "127.0.0.1:9901");
    assert_eq!(
        (server.deadline, server.drain, server.drain_accept),
        (ms(15_000), ms(20_000), ms(0))
    );
    assert_eq!(
        (server.max_body_bytes, server.max_head_bytes),
        (65_536, 32_768)
    );
    assert_eq!(
        (server.max_in_flight, server.max_connections),
        (1_024, 8_000)
    );
    assert_eq!(
        (
            server.head_timeout,
            server.body_timeout,
            server.idle_timeout
        ),
        (ms(5_000), ms(10_000), ms(30_000))
    );
    assert_eq!(
        (server.write_timeout, server.connection_age),
        (ms(10_000), ms(3_600_000))
    );
    assert_eq!(server.max_connections_per_address, 2_048);
    assert_eq!(server.max_in_flight_per_client, 512);
    assert_eq!(server.client_rate, []);
    assert_eq!((server.allow_mock, server.log), (false, Log::Human));
    assert_eq!(config.clients, []);

    let [route] = config.routes.as_slice() else {
        panic!("one route")
    };
    assert_eq!(
        (route.name.as_str(), route.vendor, route.account),
        ("desk", "cedar", 0)
    );
    assert_eq!(
        (route.create_missing, route.on_loss),
        (false, OnLoss::Refuse)
    );
    assert_eq!(
        (route.responses, route.catalogue),
        (Responses::Report, CatalogueAccess::ReadWrite)
    );

    let [account] = config.accounts.as_slice() else {
        panic!("one account")
    };
    assert_eq!(account.key, "cedar/cedar.example/env:K");
    assert_eq!(account.upstream.to_string(), "`https://cedar.example/v2`");
    assert_eq!(
        (account.allow_any_host, account.secret_reference.as_deref()),
        (false, Some("env:K"))
    );
    assert_eq!(
        (account.catalogue_ttl, account.catalogue_max_tags),
        (ms(60_000), 20_000)
    );
    assert_eq!(
        (account.settle, account.attempt_timeout),
        (ms(30_000), ms(5_000))
    );
    assert_eq!((account.attempts, account.max_in_flight), (3, 8));
    let published = [(60, 60), (1_000, 3_600)];
    let published = published.map(|(requests, length)| RateWindow {
        requests,
        length: Duration::from_secs(length),
    });
    assert_eq!(account.rate, published);
}

#[test]
fn every_key_reaches_its_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["x".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("x.pem"), folder.path().join("x.key"));
    std::fs::write(&certificate, made.cert.pem()).expect("room");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("room");
    let text = format!(
        r#"[server]
listen = "0.0.0.0:1"
admin = "[::1]:2"
deadline_ms = 30_001
max_body_bytes = 2_001
max_in_flight = 5
max_in_flight_per_client = 4
client_rate = ["9/min", "3/s"]
drain_ms = 6_000
drain_accept_ms = 700
max_head_bytes = 9_000
head_timeout_ms = 1_000
body_timeout_ms = 1_100
write_timeout_ms = 1_300
idle_timeout_ms = 1_200
connection_age_ms = 1_400
max_connections = 13
max_connections_per_address = 7
tls_certificate = {certificate:?}
tls_key = {key:?}
http2 = true
allow_mock = true
store = "elsewhere.redb"
log = "json"

[[clients]]
name = "crm"
key_sha256 = ["{hash}", "{zeroes}"]
routes = ["sales"]
scopes = ["read", "catalogue"]
rate = ["60/min"]

[routes.sales]
vendor = "maple"
account = "acme"
base_url = "http://127.0.0.1:4000/maple"
allow_any_host = true
secret = "env:K"
create_missing = true
on_loss = "report"
responses = "enforce"
catalogue = "no-delete"
catalogue_ttl_ms = 1_400
catalogue_max_tags = 15
document = "maple.json"
ca_file = "private.pem"
writers = "exclusive"
foreign_writers = "detect"
settle_ms = 1_600
attempts = 7
attempt_timeout_ms = 1_800
max_in_flight = 19
rate = ["1000/h", "10/s"]
breaker_failures = 21
breaker_max_open_ms = 2_200
[routes.sales.maple]
skip = false
flag = "yes"
scheme = "raw"
"#,
        hash = "0aF1".repeat(16),
        zeroes = "0".repeat(64),
    );
    for key in KEYS {
        let written = text
            .lines()
            .any(|line| line.starts_with(&format!("{} = ", key.name)));
        assert!(written, "{} is missing in this test", key.name);
    }
    let config = config(&text, &[("K", "k")]);

    let server = &config.server;
    assert_eq!(
        (server.listen.to_string(), server.admin.to_string()),
        ("0.0.0.0:1".into(), "[::1]:2".into())
    );
    assert_eq!(
        (server.deadline, server.drain, server.drain_accept),
        (ms(30_001), ms(6_000), ms(700))
    );
    assert_eq!(
        (server.max_body_bytes, server.max_head_bytes),
        (2_001, 9_000)
    );
    assert_eq!((server.max_in_flight, server.max_connections), (5, 13));
    assert_eq!(
        (
            server.head_timeout,
            server.body_timeout,
            server.idle_timeout
        ),
        (ms(1_000), ms(1_100), ms(1_200))
    );
    assert_eq!(
        (server.write_timeout, server.connection_age),
        (ms(1_300), ms(1_400))
    );
    assert_eq!(server.store, Some("elsewhere.redb".into()));
    assert_eq!(server.max_connections_per_address, 7);
    assert_eq!(server.max_in_flight_per_client, 4);
    let window = |requests, seconds| RateWindow {
        requests,
        length: Duration::from_secs(seconds),
    };
    assert_eq!(server.client_rate, [window(3, 1), window(9, 60)]);
    let tls = server.tls.as_ref().expect("TLS");
    assert_eq!(
        (&tls.certificate, &tls.key, tls.http2),
        (&certificate, &key, true)
    );
    assert_eq!((server.allow_mock, server.log), (true, Log::Json));

    let [client] = config.clients.as_slice() else {
        panic!("one client")
    };
    let mut hash = [0x0a; 32];
    hash.iter_mut()
        .skip(1)
        .step_by(2)
        .for_each(|byte| *byte = 0xf1);
    assert_eq!(
        (client.name.as_str(), client.key_sha256.as_slice()),
        ("crm", [hash, [0; 32]].as_slice())
    );
    assert_eq!(client.routes, ["sales"]);
    assert_eq!(client.rate, Some(vec![window(60, 60)]));
    assert_eq!(
        client.scopes,
        Scopes {
            read: true,
            tag: false,
            catalogue: true,
            admin: false
        }
    );

    let [route] = config.routes.as_slice() else {
        panic!("one route")
    };
    assert_eq!(
        (route.create_missing, route.on_loss),
        (true, OnLoss::Report)
    );
    assert_eq!(
        (route.responses, route.catalogue),
        (Responses::Enforce, CatalogueAccess::NoDelete)
    );

    let [account] = config.accounts.as_slice() else {
        panic!("one account")
    };
    assert_eq!(
        account.ca_file.as_deref(),
        Some(std::path::Path::new("private.pem"))
    );
    assert_eq!((account.key.as_str(), account.vendor), ("acme", "maple"));
    assert_eq!(
        account.upstream.to_string(),
        "`http://127.0.0.1:4000/maple`"
    );
    assert_eq!(
        (account.allow_any_host, account.secret.is_some()),
        (true, true)
    );
    assert_eq!(
        (account.catalogue_ttl, account.catalogue_max_tags),
        (ms(1_400), 15)
    );
    assert_eq!(
        account.document.as_deref(),
        Some(std::path::Path::new("maple.json"))
    );
    assert_eq!(
        (account.settle, account.attempt_timeout),
        (ms(1_600), ms(1_800))
    );
    assert_eq!((account.attempts, account.max_in_flight), (7, 19));
    assert_eq!(
        (account.breaker_failures, account.breaker_max_open),
        (21, ms(2_200))
    );
    assert_eq!(
        account
            .rate
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["10/s", "1000/h"]
    );
    let settings = [
        ("flag", SettingValue::Text("yes".into())),
        ("scheme", SettingValue::Text("raw".into())),
        ("skip", SettingValue::Bool(false)),
    ];
    assert_eq!(account.settings, settings.into());
}

#[test]
fn the_table_of_keys_is_sound() {
    for key in KEYS {
        assert_eq!(
            KEYS.iter()
                .filter(|other| (other.table, other.name) == (key.table, key.name))
                .count(),
            1
        );
        assert!(key.doc.ends_with('.'), "{}", key.name);
        assert!(!key.account || key.table == Table::Route, "{}", key.name);
        match key.kind {
            Kind::Number {
                default,
                least,
                most,
                ..
            } => assert!((least..=most).contains(&default), "{}", key.name),
            Kind::Choice { default, of } => {
                assert!(of.contains(&default), "{}", key.name);
            }
            Kind::Address { default } => assert!(
                default.parse::<std::net::SocketAddr>().is_ok(),
                "{}",
                key.name
            ),
            _ => {}
        }
    }
}
