//! Every key of the configuration, as data: the reader follows this table, and whatever documents the configuration
//! (its JSON Schema, the effective configuration) is made from it. Settings that only one vendor knows are declared
//! by the vendor.

mod route;
mod server;

pub use super::kind::{Form, Kind, SCOPES, Table, Unit};
pub(super) use {route::*, server::*};

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
    BREAKER_FAILURES,
    BREAKER_MAX_OPEN_MS,
];

/// What stands at the root.
pub const TABLES: [&str; 3] = ["server", "clients", "routes"];

/// The keys of one table.
pub fn of(table: Table) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table == table)
}

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
