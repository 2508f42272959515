//! What is counted while the process runs, and how it is told.
//!
//! Every label comes from a set that the configuration or the program bounds: routes, accounts, operations of the
//! documents, statuses and codes. No id, no tag, no path and no vendor's word is ever a label.

mod accounts;
mod labels;
mod recent;
mod text;

pub use text::{CONTENT_TYPE, Sources, text};

use crate::violations::Violations;
use http::StatusCode;
use labels::{CallLabels, OperationLabels, RequestLabels};
use prometheus_client::metrics::{
    counter::Counter, family::Family, gauge::Gauge, histogram::Histogram,
};
use recent::Recent;
use std::{sync::Arc, time::Duration};

/// Upper bounds of the times of requests, in seconds: around the deadline and well below it.
const SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0,
];

/// Counters for the whole process; they go on through reloads. To count takes a read lock that nobody holds for long.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram, fn() -> Histogram>,
    calls: Calls,
    recent: Recent,
    connections: Gauge,
    violations: Violations,
}

/// Calls to vendors, by account, operation and what became of them.
#[derive(Clone, Debug, Default)]
pub struct Calls(Family<CallLabels, Counter>);

/// A connection that is open.
#[derive(Debug)]
pub struct Connected(Gauge);

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            calls: Calls::default(),
            recent: Recent::default(),
            connections: Gauge::default(),
            violations: Violations::default(),
        }
    }
}

impl Metrics {
    /// A request was answered: `code` is that of its problem, `-` without one.
    pub fn answered(
        &self,
        route: Option<&Arc<str>>,
        operation: &'static str,
        status: StatusCode,
        code: &'static str,
        time: Duration,
    ) {
        let status = labels::class(status);
        let time = time.as_secs_f64();
        if self.recent.count(route, operation, status, code, time) {
            return;
        }
        let labels = RequestLabels {
            route: route.cloned(),
            operation,
            status,
            code,
        };
        let requests = self.requests.get_or_create(&labels).clone();
        let of_operation = OperationLabels {
            route: route.cloned(),
            operation,
        };
        let durations = self.durations.get_or_create(&of_operation).clone();
        requests.inc();
        durations.observe(time);
        self.recent.keep(labels, requests, durations);
    }

    /// A connection is open until what this gives is dropped.
    pub fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// How many connections are open.
    pub fn connections(&self) -> i64 {
        self.connections.get()
    }

    /// Where accounts count what their vendors' documents do not say.
    pub fn violations(&self) -> &Violations {
        &self.violations
    }

    /// Where accounts count their calls.
    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }
}

impl Calls {
    /// A call came to its end, with all its attempts.
    pub fn made(&self, account: &Arc<str>, operation: &'static str, outcome: &'static str) {
        let labels = CallLabels {
            account: account.clone(),
            operation,
            outcome,
        };
        self.0.get_or_create(&labels).inc();
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}
