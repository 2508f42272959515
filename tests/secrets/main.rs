//! Canaries: credentials that are loaded, sent, echoed by vendors and written in the wrong places, and then searched
//! for, in every form, in everything that the built program gives out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and these helpers are used by nothing else"
)]

mod canaries;
mod commands;
mod echo;
mod panics;
mod serving;
#[allow(dead_code, unused_imports, reason = "only a part of it is needed here")]
#[path = "../blackbox/support/mod.rs"]
mod support;
mod tls;
