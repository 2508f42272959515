//! How the organisation's two rate windows stand: six headers on every answer (rate-limit guide).

use crate::{Wait, WindowSeen};
use http::HeaderMap;
use std::time::Duration;

/// The windows that the headers tell of, the minute first.
pub(super) fn windows(headers: &HeaderMap) -> Vec<WindowSeen> {
    let units = [("minute", 60), ("hour", 3_600)];
    let window = |(unit, seconds)| {
        let number = |what| {
            let value = headers.get(format!("x-ratelimit-{what}-{unit}"))?;
            value.to_str().ok()?.trim().parse::<u64>().ok()
        };
        let count = |what| Some(u32::try_from(number(what)?).unwrap_or(u32::MAX));
        // A Unix time, in seconds.
        let resets = Wait::Until(number("reset")?.saturating_mul(1_000));
        Some(WindowSeen {
            length: Duration::from_secs(seconds),
            limit: count("limit")?,
            remaining: count("remaining")?,
            resets: resets.by_the_vendors_clock(headers),
        })
    };
    units.into_iter().filter_map(window).collect()
}

/// When calls are taken again: the window with nothing left is the one that was hit.
pub(super) fn used_up_until(headers: &HeaderMap) -> Option<Wait> {
    windows(headers)
        .into_iter()
        .filter(|window| window.remaining == 0)
        .map(|window| window.resets)
        .max_by_key(|resets| resets.after(0))
}
