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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_headers_tell_how_the_windows_stand_and_which_one_was_hit() {
        let mut pairs = vec![
            ("x-ratelimit-limit-minute", "60"),
            ("x-ratelimit-remaining-minute", "0"),
            ("x-ratelimit-reset-minute", "1700000040"),
            ("x-ratelimit-limit-hour", "1000"),
            ("x-ratelimit-remaining-hour", "12"),
            ("x-ratelimit-reset-hour", "1700002800"),
        ];
        let seen = windows(&headers(&pairs));
        assert_eq!(
            seen.iter()
                .map(|seen| (seen.limit, seen.remaining))
                .collect::<Vec<_>>(),
            [(60, 0), (1_000, 12)]
        );
        let until = used_up_until(&headers(&pairs));
        assert_eq!(until, Some(Wait::Until(1_700_000_040_000)));
        // By the vendor's clock, where it tells the time.
        pairs.push(("date", "Tue, 14 Nov 2023 22:13:30 GMT"));
        let until = used_up_until(&headers(&pairs));
        assert_eq!(until, Some(Wait::For(Duration::from_secs(30))));
        pairs[4] = ("x-ratelimit-remaining-hour", "0");
        let until = used_up_until(&headers(&pairs));
        assert_eq!(until, Some(Wait::For(Duration::from_secs(2_790))));
        pairs[0] = ("x-ratelimit-limit-minute", "many");
        assert_eq!(windows(&headers(&pairs)).len(), 1);
        assert!(windows(&HeaderMap::new()).is_empty());
    }
}
