//! Quota windows, as an operator or a vendor writes them: `60/min`.

use std::fmt;
use std::time::Duration;

/// So many calls in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateWindow {
    /// At least 1.
    pub requests: u32,
    /// One second, minute or hour.
    pub length: Duration,
}

/// The units of a window, with their seconds.
const UNITS: [(&str, u64); 3] = [("s", 1), ("min", 60), ("h", 3_600)];

impl RateWindow {
    /// Reads `60/min`; nothing if `text` has another form. The units are `s`, `min` and `h`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (requests, unit) = text.split_once('/')?;
        let digits = requests.bytes().all(|byte| byte.is_ascii_digit());
        let requests = requests.parse().ok().filter(|count| digits && *count > 0)?;
        let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        Some(Self {
            requests,
            length: Duration::from_secs(seconds),
        })
    }
}

impl fmt::Display for RateWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.length.as_secs();
        match UNITS.into_iter().find(|(_, length)| *length == seconds) {
            Some((unit, _)) => write!(f, "{}/{unit}", self.requests),
            None => write!(f, "{}/{seconds}s", self.requests),
        }
    }
}

/// Windows as they are shown to an operator.
pub(super) fn show(windows: &[RateWindow]) -> String {
    if windows.is_empty() {
        return "off".to_owned();
    }
    let texts: Vec<String> = windows.iter().map(RateWindow::to_string).collect();
    texts.join(" and ")
}
