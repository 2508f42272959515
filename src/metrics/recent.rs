//! The counters of the requests that come again and again, found without a look at the text of a label.

use super::labels::RequestLabels;
use crate::sync::lock;
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};
use std::sync::{Arc, Mutex};

/// How many are kept; with more kinds of requests than that all are looked up anew now and then.
const MOST: usize = 32;

/// Counters by their labels.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    labels: RequestLabels,
    requests: Counter,
    durations: Histogram,
}

impl Recent {
    /// Counts a request, if its counters are here.
    pub(super) fn count(
        &self,
        route: Option<&Arc<str>>,
        operation: &'static str,
        status: &'static str,
        code: &'static str,
        seconds: f64,
    ) -> bool {
        let kept = lock(&self.0);
        // Texts at one place are the same; those at two may be, and are only looked up once more.
        let found = kept.iter().find(|Kept { labels, .. }| {
            let same_route = match (&labels.route, route) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (one, other) => one.is_none() && other.is_none(),
            };
            same_route
                && std::ptr::eq(labels.operation, operation)
                && std::ptr::eq(labels.status, status)
                && std::ptr::eq(labels.code, code)
        });
        if let Some(found) = found {
            found.requests.inc();
            found.durations.observe(seconds);
        }
        found.is_some()
    }

    /// Keeps counters for the next requests of their kind.
    pub(super) fn keep(&self, labels: RequestLabels, requests: Counter, durations: Histogram) {
        let mut kept = lock(&self.0);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.push(Kept {
            labels,
            requests,
            durations,
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;
    use http::StatusCode;
    use std::{sync::Arc, time::Duration};

    #[test]
    fn requests_are_counted_once_whether_their_counters_were_kept_or_not() {
        let metrics = Metrics::default();
        let routes: Vec<Arc<str>> = (0..50).map(|number| format!("r{number}").into()).collect();
        for _ in 0..3 {
            for route in &routes {
                for again in [route.clone(), (&**route).into()] {
                    let time = Duration::from_millis(1);
                    metrics.answered(Some(&again), "read", StatusCode::OK, "-", time);
                }
            }
        }
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register("requests", "", metrics.requests.clone());
        registry.register("times", "", metrics.durations.clone());
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("a text");
        for line in [
            "requests_total{route=\"r7\",operation=\"read\",status=\"2xx\",code=\"-\"} 6",
            "times_count{route=\"r49\",operation=\"read\"} 6",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
