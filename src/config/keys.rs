//! Every key of the configuration, as data: the reader follows this table, and whatever documents the configuration
//! (its JSON Schema, the effective configuration) is made from it. Settings that only one vendor knows are declared
//! by the vendor.

pub use super::kind::{Form, Kind, SCOPES, Table, Unit};

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The table it stands in.
    pub table: Table,
    /// Its name there.
    pub name: &'static str,
    /// What it holds, with default and range.
    pub kind: Kind,
    /// Whether it belongs to the route's account, so that routes of one account may not differ in it.
    pub account: bool,
    /// One sentence for the operator.
    pub doc: &'static str,
}

/// Every key there is, in the order in which it is documented.
pub const KEYS: &[Key] = &[
    LISTEN,
    ADMIN,
    DEADLINE_MS,
    MAX_BODY_BYTES,
    MAX_IN_FLIGHT,
    MAX_IN_FLIGHT_PER_CLIENT,
    CLIENT_RATE,
    DRAIN_MS,
    DRAIN_ACCEPT_MS,
    MAX_HEAD_BYTES,
    HEAD_TIMEOUT_MS,
    BODY_TIMEOUT_MS,
    WRITE_TIMEOUT_MS,
    IDLE_TIMEOUT_MS,
    CONNECTION_AGE_MS,
    MAX_CONNECTIONS,
    MAX_CONNECTIONS_PER_ADDRESS,
    TLS_CERTIFICATE,
    TLS_KEY,
    HTTP2,
    ALLOW_MOCK,
    STORE,
    LOG, //
    CLIENT_NAME,
    KEY_SHA256,
    CLIENT_ROUTES,
    CLIENT_SCOPES,
    RATE_OF_CLIENT, //
    VENDOR,
    ACCOUNT,
    BASE_URL,
    ALLOW_ANY_HOST,
    SECRET,
    CREATE_MISSING,
    ON_LOSS,
    RESPONSES,
    CATALOGUE,
    CATALOGUE_TTL_MS,
    CATALOGUE_MAX_TAGS,
    DOCUMENT,
    CA_FILE,
    WRITERS,
    FOREIGN_WRITERS,
    SETTLE_MS,
    ATTEMPTS,
    ATTEMPT_TIMEOUT_MS,
    CALLS_IN_FLIGHT,
    RATE,
];

/// What stands at the root.
pub const TABLES: [&str; 3] = ["server", "clients", "routes"];

/// The keys of one table.
pub fn of(table: Table) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table == table)
}

pub(super) const LISTEN: Key = server(
    "listen",
    Kind::Address {
        default: "127.0.0.1:8080",
    },
    "The address of the API; any other than loopback needs clients.",
);
pub(super) const ADMIN: Key = server(
    "admin",
    Kind::Address {
        default: "127.0.0.1:9901",
    },
    "The loopback address of health and readiness.",
);
pub(super) const DEADLINE_MS: Key = server(
    "deadline_ms",
    ms(15_000, 100, 600_000),
    "How long a caller waits at most for an answer.",
);
pub(super) const MAX_BODY_BYTES: Key = server(
    "max_body_bytes",
    bytes(65_536, 1_024, 16_777_216),
    "The largest request body.",
);
pub(super) const MAX_IN_FLIGHT: Key = server(
    "max_in_flight",
    count(1_024, 1, 65_536),
    "How many requests are worked on at once; more are refused as `overloaded`.",
);
pub(super) const MAX_IN_FLIGHT_PER_CLIENT: Key = server(
    "max_in_flight_per_client",
    count(512, 1, 65_536),
    "How many of them one client has; more are refused as `rate-limited`.",
);
pub(super) const CLIENT_RATE: Key = server(
    "client_rate",
    Kind::Windows,
    "How often a client may ask, such as `[\"20/s\", \"600/min\"]`, or an address where there are no clients; by default `off`.",
);
pub(super) const DRAIN_MS: Key = server(
    "drain_ms",
    ms(20_000, 0, 600_000),
    "How long a stop may take in all.",
);
pub(super) const DRAIN_ACCEPT_MS: Key = server(
    "drain_accept_ms",
    ms(0, 0, 600_000),
    "How long the listener still accepts after readiness has failed; a part of `drain_ms`.",
);
pub(super) const MAX_HEAD_BYTES: Key = server(
    "max_head_bytes",
    bytes(32_768, 8_192, 262_144),
    "The largest request head: request line and headers.",
);
pub(super) const HEAD_TIMEOUT_MS: Key = server(
    "head_timeout_ms",
    ms(5_000, 100, 60_000),
    "How long a client may take for a request's head.",
);
pub(super) const BODY_TIMEOUT_MS: Key = server(
    "body_timeout_ms",
    ms(10_000, 100, 600_000),
    "How long a client may take for a request's body.",
);
pub(super) const WRITE_TIMEOUT_MS: Key = server(
    "write_timeout_ms",
    ms(10_000, 100, 600_000),
    "How long a client may take for the rest of an answer, once it has stopped taking it.",
);
pub(super) const IDLE_TIMEOUT_MS: Key = server(
    "idle_timeout_ms",
    ms(30_000, 100, 600_000),
    "How long a connection is kept between two requests.",
);
pub(super) const CONNECTION_AGE_MS: Key = server(
    "connection_age_ms",
    ms(3_600_000, 100, 86_400_000),
    "How old a connection grows, give or take a tenth; then the answer to its current request is the last.",
);
pub(super) const MAX_CONNECTIONS: Key = server(
    "max_connections",
    count(8_000, 1, 1_000_000),
    "How many connections are open at once; more are closed at once.",
);
pub(super) const MAX_CONNECTIONS_PER_ADDRESS: Key = server(
    "max_connections_per_address",
    count(2_048, 1, 1_000_000),
    "How many of them one address has, or one /64 network of IPv6; all that comes through a proxy is one address.",
);
pub(super) const TLS_CERTIFICATE: Key = server(
    "tls_certificate",
    text(false, Form::Path),
    "The chain of certificates (PEM) with which the API is served over TLS, the server's own first; without it there is no TLS.",
);
pub(super) const TLS_KEY: Key = server(
    "tls_key",
    text(false, Form::Path),
    "The key (PEM, not encrypted) of `tls_certificate`.",
);
pub(super) const HTTP2: Key = server(
    "http2",
    Kind::Switch { default: false },
    "Lets clients choose HTTP/2 when they connect; only with TLS.",
);
pub(super) const ALLOW_MOCK: Key = server(
    "allow_mock",
    Kind::Switch { default: false },
    "Lets routes on the embedded mock be served on an address other than loopback.",
);
/// Where [`STORE`] is not written.
pub(super) const DEFAULT_STORE: &str = "tagway.redb";

pub(super) const STORE: Key = server(
    "store",
    text(false, Form::Path),
    "The file in which keyed requests are remembered, by default `tagway.redb` in the working folder; one process at a time. With `off` nothing is remembered: `Idempotency-Key` is refused, and every start waits `settle_ms` before it writes to a vendor, as after a crash.",
);
pub(super) const LOG: Key = server(
    "log",
    choice("human", &["human", "json"]),
    "The form of the log.",
);

pub(super) const CLIENT_NAME: Key = client(
    "name",
    text(true, Form::Client),
    "What the client is called in logs: 1 to 64 letters, digits, `_`, `-` and `.`.",
);
pub(super) const KEY_SHA256: Key = client(
    "key_sha256",
    Kind::Texts { form: Form::Hash },
    "The SHA-256 of each of the client's keys, as 64 hexadecimal digits; several, so that keys can be rotated.",
);
pub(super) const CLIENT_ROUTES: Key = client(
    "routes",
    Kind::Texts { form: Form::Route },
    "The names of the routes that the client may use.",
);
pub(super) const CLIENT_SCOPES: Key = client(
    "scopes",
    Kind::Texts { form: Form::Scope },
    "What the client may do: `read`, `tag`, `catalogue`, `admin`.",
);
pub(super) const RATE_OF_CLIENT: Key = client(
    "rate",
    Kind::Windows,
    "How often the client may ask, all its keys together, or `off`; by default the server's `client_rate`.",
);

pub(super) const VENDOR: Key = route(
    "vendor",
    text(true, Form::Vendor),
    "Whose API the route speaks.",
);
pub(super) const ACCOUNT: Key = route(
    "account",
    text(false, Form::Account),
    "The name of the vendor account; by default one for each vendor, host and secret reference.",
);
pub(super) const BASE_URL: Key = account(
    "base_url",
    text(false, Form::BaseUrl),
    "`mock` for the embedded twin, or the vendor's https URL; by default the one that the vendor publishes.",
);
pub(super) const ALLOW_ANY_HOST: Key = account(
    "allow_any_host",
    Kind::Switch { default: false },
    "Lets `base_url` name a host that the vendor does not publish, a private address included.",
);
pub(super) const SECRET: Key = account(
    "secret",
    text(false, Form::Reference),
    "Where the vendor's credential is kept: `env:NAME` or `file:PATH`; required unless `base_url` is `mock`.",
);
pub(super) const CREATE_MISSING: Key = route(
    "create_missing",
    Kind::Switch { default: false },
    "Creates a tag that the catalogue does not know, instead of refusing the change.",
);
pub(super) const ON_LOSS: Key = route(
    "on_loss",
    choice("refuse", &["refuse", "report"]),
    "What becomes of an attribute that the vendor cannot hold.",
);
pub(super) const RESPONSES: Key = route(
    "responses",
    choice("report", &["report", "enforce", "off"]),
    "What becomes of a vendor's answer that its schema does not allow.",
);
pub(super) const CATALOGUE: Key = route(
    "catalogue",
    choice("read-write", &["read-write", "no-delete", "read-only"]),
    "What clients may do to the catalogue.",
);
pub(super) const CATALOGUE_TTL_MS: Key = account(
    "catalogue_ttl_ms",
    ms(60_000, 100, 86_400_000),
    "How long a catalogue is used after it was read.",
);
pub(super) const DOCUMENT: Key = account(
    "document",
    text(false, Form::Path),
    "A newer OpenAPI document of the vendor, as JSON; by default the one that the program was built with.",
);
pub(super) const CA_FILE: Key = account(
    "ca_file",
    text(false, Form::Path),
    "Certificates (PEM) of authorities that are trusted for this account besides those of the system, such as a private proxy's.",
);
pub(super) const CATALOGUE_MAX_TAGS: Key = account(
    "catalogue_max_tags",
    count(20_000, 1, 1_000_000),
    "The largest catalogue that is read; a larger one is an error.",
);
pub(super) const WRITERS: Key = account(
    "writers",
    choice("shared", &["shared", "exclusive"]),
    "Who else writes to the account's conversations: with `shared` others may, so every set is read before it is replaced; with `exclusive` nobody does, and a set that is known from a certain success saves the read.",
);
pub(super) const FOREIGN_WRITERS: Key = account(
    "foreign_writers",
    choice("off", &["off", "detect", "strict"]),
    "What is done about other writers: `off` does nothing; `detect` reads the set after each write, one call more, and counts what is not so any more; `strict` also makes the change again, at most twice, and then answers `foreign-write`. A set that we overwrite is never noticed.",
);
pub(super) const SETTLE_MS: Key = account(
    "settle_ms",
    ms(30_000, 100, 600_000),
    "How long after an attempt's end a write with an unknown outcome may still take effect.",
);
pub(super) const ATTEMPTS: Key = account(
    "attempts",
    count(3, 1, 10),
    "How often a call that is safe to repeat is sent at most.",
);
pub(super) const ATTEMPT_TIMEOUT_MS: Key = account(
    "attempt_timeout_ms",
    ms(5_000, 50, 600_000),
    "How long one attempt of a read may take; a sent write is not cut.",
);
pub(super) const CALLS_IN_FLIGHT: Key = account(
    "max_in_flight",
    count(8, 1, 1_024),
    "How many calls the account's vendor sees at once.",
);
pub(super) const RATE: Key = account(
    "rate",
    Kind::Windows,
    "The account's quota, such as `60/min`, or `off`; by default what the vendor publishes. In this version only the embedded twin refuses calls by it; calls to a vendor's own URL are not paced.",
);

const fn server(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        table: Table::Server,
        name,
        kind,
        account: false,
        doc,
    }
}

const fn client(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        table: Table::Client,
        name,
        kind,
        account: false,
        doc,
    }
}

const fn route(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        table: Table::Route,
        name,
        kind,
        account: false,
        doc,
    }
}

const fn account(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        table: Table::Route,
        name,
        kind,
        account: true,
        doc,
    }
}

const fn choice(default: &'static str, of: &'static [&'static str]) -> Kind {
    Kind::Choice { default, of }
}

const fn text(required: bool, form: Form) -> Kind {
    Kind::Text { required, form }
}

const fn ms(default: u64, least: u64, most: u64) -> Kind {
    Kind::Number {
        default,
        least,
        most,
        unit: Unit::Milliseconds,
    }
}

const fn bytes(default: u64, least: u64, most: u64) -> Kind {
    Kind::Number {
        default,
        least,
        most,
        unit: Unit::Bytes,
    }
}

const fn count(default: u64, least: u64, most: u64) -> Kind {
    Kind::Number {
        default,
        least,
        most,
        unit: Unit::Count,
    }
}
