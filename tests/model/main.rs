//! A model of what happens between a gateway and its vendor, searched whole.
//!
//! A handful of changes to one conversation, at most two answers that do not come in time, writes that land at any
//! later moment or never, one lease that expires: every order in which this can happen is visited. A protocol *holds*
//! if what the vendor has at rest can always be explained by the acknowledged changes, each taking effect between its
//! beginning and its acknowledgement; else it *loses*, and the search finds one of the shortest ways. The settle time
//! is the end of the writes under way: who waits for it waits until none of them can land.
//!
//! A row that loses is as much a test as one that holds: were it not found, the search would prove nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and these helpers are used by nothing else"
)]

mod gateway;
mod linearizable;
mod linearizable_tests;
mod mutants;
mod one_process;
mod per_tag;
mod protocol;
mod rows;
mod search;
mod state;
mod step;
mod story;
mod two_processes;
