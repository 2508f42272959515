//! The one clock: wall time that moves with tokio's, so that a paused test is paused everywhere.

use crate::digits;
use std::{
    cell::RefCell,
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::Instant;

/// Milliseconds since 1970, UTC.
pub fn unix_ms() -> u64 {
    unix_ms_at(Instant::now())
}

/// Milliseconds since 1970, UTC, at an instant of tokio's clock.
pub fn unix_ms_at(instant: Instant) -> u64 {
    static START: OnceLock<(Instant, Duration)> = OnceLock::new();
    let (start, wall) = START.get_or_init(|| {
        (
            Instant::now(),
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        )
    });
    let at = match instant.checked_duration_since(*start) {
        Some(after) => *wall + after,
        None => wall.saturating_sub(start.duration_since(instant)),
    };
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

/// The instant of tokio's clock at which it is so many milliseconds after 1970, UTC.
pub fn instant_at(unix_ms: u64) -> Instant {
    let (now, now_ms) = (Instant::now(), self::unix_ms());
    match unix_ms.checked_sub(now_ms) {
        Some(ahead) => now + Duration::from_millis(ahead),
        None => now
            .checked_sub(Duration::from_millis(now_ms - unix_ms))
            .unwrap_or(now),
    }
}

/// An instant as RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(instant: Instant) -> String {
    let ms = i64::try_from(unix_ms_at(instant)).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}

/// Appends the system's time as RFC 3339 in UTC, to the microsecond, as lines of the log begin.
pub(crate) fn push_now(text: &mut String) {
    thread_local! {
        /// The second that was written last, and its text.
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    SECOND.with_borrow_mut(|(second, written)| {
        if *second != now.as_secs() {
            let at = i64::try_from(now.as_secs()).ok();
            let at = at.and_then(|second| jiff::Timestamp::from_second(second).ok());
            *written = at.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string();
            written.truncate(written.trim_end_matches('Z').len());
            *second = now.as_secs();
        }
        text.push_str(written);
    });
    text.push('.');
    digits::push_padded(text, now.subsec_micros(), 6);
    text.push('Z');
}
