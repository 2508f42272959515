//! A rate limit of fixed windows.

use super::Window;

/// Counts requests against windows that begin at whole multiples of their length.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    gauges: Vec<Gauge>,
}

/// How one window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Length of the window in milliseconds.
    pub(super) length_ms: u64,
    /// Requests that fit in it.
    pub(super) limit: u32,
    /// Requests that are left.
    pub(super) remaining: u32,
    /// When the next window begins, in milliseconds since 1970.
    pub(super) resets_at_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Gauge {
    window: Window,
    start_ms: u64,
    used: u32,
}

impl Meter {
    pub(super) fn new(windows: &[Window]) -> Self {
        let gauge = |&window: &Window| Gauge {
            window: Window {
                length_ms: window.length_ms.max(1),
                ..window
            },
            start_ms: 0,
            used: 0,
        };
        Self {
            gauges: windows.iter().map(gauge).collect(),
        }
    }

    /// Counts one request in every window, or in none: then the error is how long all of them need, in milliseconds.
    pub(super) fn take(&mut self, now_unix_ms: u64) -> Result<(), u64> {
        self.roll(now_unix_ms);
        let full = self
            .gauges
            .iter()
            .filter(|gauge| gauge.used >= gauge.window.requests);
        if let Some(wait) = full
            .map(|gauge| gauge.end().saturating_sub(now_unix_ms))
            .max()
        {
            return Err(wait);
        }
        for gauge in &mut self.gauges {
            gauge.used += 1;
        }
        Ok(())
    }

    /// How each window stands now, in the order they were given.
    pub(super) fn readings(&mut self, now_unix_ms: u64) -> Vec<Reading> {
        self.roll(now_unix_ms);
        let reading = |gauge: &Gauge| Reading {
            length_ms: gauge.window.length_ms,
            limit: gauge.window.requests,
            remaining: gauge.window.requests.saturating_sub(gauge.used),
            resets_at_ms: gauge.end(),
        };
        self.gauges.iter().map(reading).collect()
    }

    /// A time before the window does not open an old window again.
    fn roll(&mut self, now_unix_ms: u64) {
        for gauge in &mut self.gauges {
            let start_ms = now_unix_ms - now_unix_ms % gauge.window.length_ms;
            if start_ms > gauge.start_ms {
                gauge.start_ms = start_ms;
                gauge.used = 0;
            }
        }
    }
}

impl Gauge {
    fn end(&self) -> u64 {
        self.start_ms.saturating_add(self.window.length_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(requests: u32, length_ms: u64) -> Window {
        Window {
            requests,
            length_ms,
        }
    }

    #[test]
    fn a_full_window_names_its_end_and_counts_nothing() {
        let mut meter = Meter::new(&[window(2, 1_000), window(3, 10_000)]);
        assert_eq!(meter.take(5_100), Ok(()));
        assert_eq!(meter.take(5_200), Ok(()));
        assert_eq!(meter.take(5_300), Err(700));
        let left: Vec<u32> = meter
            .readings(5_300)
            .iter()
            .map(|reading| reading.remaining)
            .collect();
        assert_eq!(left, [0, 1]);
        assert_eq!(meter.take(6_000), Ok(()));
        assert_eq!(meter.take(6_001), Err(3_999));
        assert_eq!(meter.take(10_000), Ok(()));
    }

    #[test]
    fn no_windows_no_limit() {
        let mut meter = Meter::new(&[]);
        assert!((0..10_000).all(|now| meter.take(now) == Ok(())));
        assert!(meter.readings(0).is_empty());
    }

    #[test]
    fn time_that_goes_back_keeps_the_count() {
        let mut meter = Meter::new(&[window(1, 1_000)]);
        assert_eq!(meter.take(5_000), Ok(()));
        assert_eq!(meter.take(4_999), Err(1_001));
    }
}
