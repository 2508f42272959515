//! Black-box tests: the gateway and its vendors on real sockets, and the built program as a process.
//!
//! Every answer that the client of these tests gets is held against the API's own document, whatever the test asks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and these helpers are used by nothing else"
)]

mod catalogue;
mod conditional;
mod connections;
mod drain;
mod errors;
mod idempotency;
mod metrics;
mod openapi;
mod outbound;
mod plans;
mod process;
mod reload;
mod session;
mod supervised;
mod support;
mod tenants;
mod tls;
mod vendors;
mod violations;
