//! The six headers that tell how the organisation's rate limit stands.

use bytes::Bytes;
use http::{HeaderName, Response};

use super::super::{
    answer,
    meter::{Meter, Reading},
};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;
const MINUTE: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-minute"),
    HeaderName::from_static("x-ratelimit-remaining-minute"),
    HeaderName::from_static("x-ratelimit-reset-minute"),
];
const HOUR: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-hour"),
    HeaderName::from_static("x-ratelimit-remaining-hour"),
    HeaderName::from_static("x-ratelimit-reset-hour"),
];

/// Adds the headers. The first window of up to a minute is shown as the minute, the first longer one as the hour;
/// where there is none, the published limit (60 and 1,000) stands there untouched.
pub(super) fn with_headers(
    mut answer: Response<Bytes>,
    meter: &mut Meter,
    now_unix_ms: u64,
) -> Response<Bytes> {
    let readings = meter.readings(now_unix_ms);
    let minute = readings
        .iter()
        .find(|reading| reading.length_ms <= MINUTE_MS)
        .copied();
    let hour = readings
        .iter()
        .find(|reading| reading.length_ms > MINUTE_MS)
        .copied();
    let shown = [
        (
            MINUTE,
            minute.unwrap_or_else(|| untouched(60, MINUTE_MS, now_unix_ms)),
        ),
        (
            HOUR,
            hour.unwrap_or_else(|| untouched(1_000, HOUR_MS, now_unix_ms)),
        ),
    ];
    for ([limit, remaining, reset], reading) in shown {
        answer = answer::with(answer, limit, &reading.limit.to_string());
        answer = answer::with(answer, remaining, &reading.remaining.to_string());
        answer = answer::with(
            answer,
            reset,
            &reading.resets_at_ms.div_ceil(1_000).to_string(),
        );
    }
    answer
}

fn untouched(limit: u32, length_ms: u64, now_unix_ms: u64) -> Reading {
    Reading {
        length_ms,
        limit,
        remaining: limit,
        resets_at_ms: (now_unix_ms / length_ms + 1).saturating_mul(length_ms),
    }
}
