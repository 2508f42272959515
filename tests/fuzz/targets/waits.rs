//! How long a vendor asks to wait. The first byte chooses the vendor and the status, the rest are header lines.

use super::vendors::{adapter, headers};
use adapters::{Answer, VENDORS, Wait};
use http::{HeaderMap, StatusCode};
use std::time::Duration;

/// No vendor is believed to ask for more.
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let vendor = VENDORS[usize::from(*first) % VENDORS.len()];
    let status = [429, 503, 500, 200][usize::from(*first / 3) % 4];
    let answer = Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: headers(rest),
        body: Vec::new(),
    };
    let (adapter, _) = adapter(vendor.name);
    if let Some(wait) = adapter.problem(&answer).retry_after {
        let waits = [0, 784_111_000_000, 4_000_000_000_000, u64::MAX].map(|now| wait.after(now));
        assert!(waits.iter().all(|wait| *wait <= DAY), "{waits:?}");
        assert!(
            waits.is_sorted_by(|before, after| before >= after),
            "{waits:?}"
        );
        assert!(agrees(&answer.headers, wait), "{wait:?}");
    }
    for window in adapter.windows(&answer.headers) {
        assert!(window.resets.after(0) <= DAY, "{window:?}");
    }
}

/// Whether a date alone is what another reader of dates takes it for.
fn agrees(headers: &HeaderMap, wait: Wait) -> bool {
    let (Some(text), Wait::Until(until), 1) = (headers.get("retry-after"), wait, headers.len())
    else {
        return true;
    };
    let text = text.to_str().unwrap_or_default().trim();
    let strict = text.len() == 29 && text.is_char_boundary(26) && text.ends_with(" GMT");
    match jiff::fmt::rfc2822::parse(text) {
        Ok(known) if strict => i64::try_from(until) == Ok(known.timestamp().as_millisecond()),
        _ => true,
    }
}
