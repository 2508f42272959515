//! tagway: one conversation-tag API in front of vendors whose APIs disagree about what tagging is.
//!
//! A request flows one way: [`edge`] (connections, limits, who asks) → [`api`] (what is meant, checked against
//! the schema) → [`sequencer`] (one conversation at a time) → the adapter's plan → [`upstream`] (limits of the
//! account, the network), and back. A module uses those to its right and never the other way.
//!
//! What stays out: no vendor is named outside its adapter, its twin and its document; adapters open no socket;
//! no conversation's set is ever kept between two changes; nothing waits but on tokio's clock.

mod alarm;
pub mod answers;
pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod contract;
mod digits;
pub mod drift;
pub mod edge;
pub mod error;
pub mod etag;
pub mod gateway;
pub mod idempotency;
pub mod json;
pub mod metrics;
pub mod mock;
pub mod planted;
pub mod record;
pub mod redact;
pub mod reload;
pub mod schema;
pub mod sequencer;
pub mod store;
mod sync;
pub mod systemd;
pub mod tls;
pub mod upstream;
pub mod violations;
