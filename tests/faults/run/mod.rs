//! The parts of the report.

mod child;
mod client;
mod config;
mod dead;
mod figures;
mod matrix;
mod memory;
mod overload;
mod paused;
mod quota;
mod twin;

use std::{process::Command, time::Duration};

use tokio::time::Instant;

pub(crate) use figures::Report;

/// A part that can be run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Every class of fault with every operation at every vendor.
    Matrix,
    /// Full load on a vendor with rate windows.
    Quota,
    /// A vendor that is dead.
    Dead,
    /// Ten times the load that can be carried.
    Overload,
    /// What large answers cost.
    Memory,
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Every n-th cell of the matrix, in an order that is shuffled.
    pub(crate) every: usize,
    /// Cells of the matrix that each of its gateways works on at once.
    pub(crate) at_once: usize,
    /// How long a read may take, in milliseconds.
    pub(crate) attempt_ms: u64,
    /// How long a load lasts on real clocks.
    pub(crate) real: Duration,
    /// How long the vendor of the overload takes for a call, in milliseconds.
    pub(crate) vendor_ms: u64,
    /// How large a large answer is.
    pub(crate) body_bytes: usize,
    /// The program that is the gateway.
    pub(crate) program: fn() -> Command,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Quota => "quota",
            Self::Dead => "dead",
            Self::Overload => "overload",
            Self::Memory => "memory",
        }
    }

    pub(crate) async fn run(self, settings: &Settings) -> Report {
        let started = Instant::now();
        let mut report = match self {
            Self::Matrix => matrix::run(settings).await,
            Self::Quota => quota::run().await,
            Self::Dead => dead::run(settings).await,
            Self::Overload => overload::run(settings).await,
            Self::Memory => memory::run(settings).await,
        };
        let seconds = (started.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        report.show("seconds", seconds, "");
        report
    }
}
