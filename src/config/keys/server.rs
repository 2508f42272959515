//! Keys of `[server]` and of `[[clients]]`.

use super::{Form, Key, Kind, bytes, choice, client, count, ms, server, text};

pub(in crate::config) const LISTEN: Key = server(
    "listen",
    Kind::Address {
        default: "127.0.0.1:8080",
    },
    "The address of the API; any other than loopback needs clients.",
);
pub(in crate::config) const ADMIN: Key = server(
    "admin",
    Kind::Address {
        default: "127.0.0.1:9901",
    },
    "The loopback address of health and readiness.",
);
pub(in crate::config) const DEADLINE_MS: Key = server(
    "deadline_ms",
    ms(15_000, 100, 600_000),
    "How long a caller waits at most for an answer.",
);
pub(in crate::config) const MAX_BODY_BYTES: Key = server(
    "max_body_bytes",
    bytes(65_536, 1_024, 16_777_216),
    "The largest request body.",
);
pub(in crate::config) const MAX_IN_FLIGHT: Key = server(
    "max_in_flight",
    count(1_024, 1, 65_536),
    "How many requests are worked on at once; more are refused as `overloaded`. Where there are several accounts, one of them gets three quarters at most.",
);
pub(in crate::config) const MAX_IN_FLIGHT_PER_CLIENT: Key = server(
    "max_in_flight_per_client",
    count(512, 1, 65_536),
    "How many of them one client has; more are refused as `rate-limited`.",
);
pub(in crate::config) const CLIENT_RATE: Key = server(
    "client_rate",
    Kind::Windows,
    "How often a client may ask, such as `[\"20/s\", \"600/min\"]`, or an address where there are no clients; by default `off`.",
);
pub(in crate::config) const DRAIN_MS: Key = server(
    "drain_ms",
    ms(20_000, 0, 600_000),
    "How long a stop may take in all.",
);
pub(in crate::config) const DRAIN_ACCEPT_MS: Key = server(
    "drain_accept_ms",
    ms(0, 0, 600_000),
    "How long the listener still accepts after readiness has failed; a part of `drain_ms`.",
);
pub(in crate::config) const MAX_HEAD_BYTES: Key = server(
    "max_head_bytes",
    bytes(32_768, 8_192, 262_144),
    "The largest request head: request line and headers.",
);
pub(in crate::config) const HEAD_TIMEOUT_MS: Key = server(
    "head_timeout_ms",
    ms(5_000, 100, 60_000),
    "How long a client may take for a request's head.",
);
pub(in crate::config) const BODY_TIMEOUT_MS: Key = server(
    "body_timeout_ms",
    ms(10_000, 100, 600_000),
    "How long a client may take for a request's body.",
);
pub(in crate::config) const WRITE_TIMEOUT_MS: Key = server(
    "write_timeout_ms",
    ms(10_000, 100, 600_000),
    "How long a client may take for the rest of an answer, once it has stopped taking it.",
);
pub(in crate::config) const IDLE_TIMEOUT_MS: Key = server(
    "idle_timeout_ms",
    ms(30_000, 100, 600_000),
    "How long a connection is kept between two requests.",
);
pub(in crate::config) const CONNECTION_AGE_MS: Key = server(
    "connection_age_ms",
    ms(3_600_000, 100, 86_400_000),
    "How old a connection grows, give or take a tenth; then the answer to its current request is the last.",
);
pub(in crate::config) const MAX_CONNECTIONS: Key = server(
    "max_connections",
    count(8_000, 1, 1_000_000),
    "How many connections are open at once; more are closed at once.",
);
pub(in crate::config) const MAX_CONNECTIONS_PER_ADDRESS: Key = server(
    "max_connections_per_address",
    count(2_048, 1, 1_000_000),
    "How many of them one address has, or one /64 network of IPv6; all that comes through a proxy is one address.",
);
pub(in crate::config) const TLS_CERTIFICATE: Key = server(
    "tls_certificate",
    text(false, Form::Path),
    "The chain of certificates (PEM) with which the API is served over TLS, the server's own first; without it there is no TLS.",
);
pub(in crate::config) const TLS_KEY: Key = server(
    "tls_key",
    text(false, Form::Path),
    "The key (PEM, not encrypted) of `tls_certificate`.",
);
pub(in crate::config) const HTTP2: Key = server(
    "http2",
    Kind::Switch { default: false },
    "Lets clients choose HTTP/2 when they connect; only with TLS.",
);
pub(in crate::config) const ALLOW_MOCK: Key = server(
    "allow_mock",
    Kind::Switch { default: false },
    "Lets routes on the embedded mock be served on an address other than loopback.",
);
/// Where [`STORE`] is not written.
pub(in crate::config) const DEFAULT_STORE: &str = "tagway.redb";

pub(in crate::config) const STORE: Key = server(
    "store",
    text(false, Form::Path),
    "The file in which keyed requests are remembered, by default `tagway.redb` in the working folder; one process at a time. With `off` nothing is remembered: `Idempotency-Key` is refused, and every start waits `settle_ms` before it writes to a vendor, as after a crash.",
);
pub(in crate::config) const LOG: Key = server(
    "log",
    choice("human", &["human", "json"]),
    "The form of the log.",
);

pub(in crate::config) const CLIENT_NAME: Key = client(
    "name",
    text(true, Form::Client),
    "What the client is called in logs: 1 to 64 letters, digits, `_`, `-` and `.`.",
);
pub(in crate::config) const KEY_SHA256: Key = client(
    "key_sha256",
    Kind::Texts { form: Form::Hash },
    "The SHA-256 of each of the client's keys, as 64 hexadecimal digits; several, so that keys can be rotated.",
);
pub(in crate::config) const CLIENT_ROUTES: Key = client(
    "routes",
    Kind::Texts { form: Form::Route },
    "The names of the routes that the client may use.",
);
pub(in crate::config) const CLIENT_SCOPES: Key = client(
    "scopes",
    Kind::Texts { form: Form::Scope },
    "What the client may do: `read`, `tag`, `catalogue`, `admin`.",
);
pub(in crate::config) const RATE_OF_CLIENT: Key = client(
    "rate",
    Kind::Windows,
    "How often the client may ask, all its keys together, or `off`; by default the server's `client_rate`.",
);
