//! The text of OpenMetrics: what was counted, and what is looked up when somebody asks.

use super::{Metrics, accounts};
use crate::{reload::Live, sequencer::Lanes, violations::Violations};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::fmt;

/// The media type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where numbers are looked up.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// What runs.
    pub live: &'a Live,
    /// The lanes.
    pub lanes: &'a Lanes,
    /// Whether the public listener is open and not about to close.
    pub ready: bool,
}

/// Everything, as text.
///
/// # Errors
/// Never; writing to a string does not fail.
pub fn text(sources: Sources<'_>) -> Result<String, fmt::Error> {
    let generation = sources.live.current();
    let mut registry = Registry::with_prefix("tagway");
    counted(&generation.gateway.metrics, &mut registry);
    of_lanes(sources.lanes, &mut registry);
    of_reloads(sources.live, &mut registry);
    violations(generation.gateway.metrics.violations(), &mut registry);
    accounts::register(&generation.gateway, &mut registry);
    gauge(
        &mut registry,
        "ready",
        "Whether the API is served and not about to stop.",
        u64::from(sources.ready),
    );
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn counted(metrics: &Metrics, registry: &mut Registry) {
    registry.register(
        "requests",
        "Requests that were answered.",
        metrics.requests.clone(),
    );
    registry.register(
        "request_duration_seconds",
        "Time from a request's head to its answer.",
        metrics.durations.clone(),
    );
    registry.register(
        "vendor_calls",
        "Calls to vendors, each with all its attempts.",
        metrics.calls.0.clone(),
    );
    registry.register(
        "connections",
        "Connections to the API that are open.",
        metrics.connections.clone(),
    );
}

fn of_lanes(lanes: &Lanes, registry: &mut Registry) {
    let gauges = [
        (
            "lanes",
            "Conversations that have work or are unsettled.",
            lanes.lanes(),
        ),
        (
            "changes_waiting",
            "Changes that wait for their turn.",
            lanes.waiting(),
        ),
        (
            "writes_under_way",
            "Cycles of lanes that may be writing.",
            lanes.writing(),
        ),
        (
            "conversations_settling",
            "Conversations that a write of unknown outcome may still change.",
            lanes.settling(),
        ),
    ];
    for (name, help, value) in gauges {
        gauge(registry, name, help, value as u64);
    }
    counter(
        registry,
        "changes_folded",
        "Changes that shared their vendor calls with an earlier one.",
        lanes.folded(),
    );
    counter(
        registry,
        "unknown_outcomes",
        "Changes that ended without it being known whether they took effect.",
        lanes.unknown(),
    );
}

fn of_reloads(live: &Live, registry: &mut Registry) {
    let generation = live.current().number;
    gauge(
        registry,
        "config_generation",
        "The configuration in force, 1 for that of the start.",
        generation,
    );
    let reloads = Family::<[(&str, &str); 1], Counter>::default();
    for (result, count) in [("ok", generation - 1), ("failed", live.failures())] {
        let labels = [("result", result)];
        reloads.get_or_create(&labels).inc_by(count);
    }
    registry.register("reloads", "Reloads of the configuration.", reloads);
}

/// The pointer is left out: the operator's listener tells it at a path of its own.
fn violations(violations: &Violations, registry: &mut Registry) {
    let family = Family::<[(&str, String); 3], Counter>::default();
    let (places, beyond) = violations.all();
    for (place, seen) in places {
        let labels = [
            ("route", place.route.to_string()),
            ("operation", place.operation.to_owned()),
            ("kind", place.kind.to_string()),
        ];
        family.get_or_create(&labels).inc_by(seen.count);
    }
    registry.register(
        "violations",
        "Places in vendors' answers that their documents do not describe, each counted once for an answer.",
        family,
    );
    counter(
        registry,
        "violations_beyond_limit",
        "Such places that are not counted one by one, because there are too many.",
        beyond,
    );
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let counter = Counter::<u64>::default();
    counter.inc_by(value);
    registry.register(name, help, counter);
}
