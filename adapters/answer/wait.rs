//! How long a vendor asks to be left alone, in every form in which that is said.

use http::HeaderMap;
use std::time::Duration;

/// Longest wait that a vendor is believed to ask for: a day.
const MAX_WAIT: Duration = Duration::from_secs(86_400);

/// A wait, as a vendor states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// So long from now.
    For(Duration),
    /// Until then, in milliseconds since 1970, by a clock that is not told: whoever has one has to subtract.
    Until(u64),
}

impl Wait {
    /// What the headers ask for: `retry-after-ms`, `Retry-After` in seconds or as a date, or else the Unix time of
    /// `X-RateLimit-Reset`, which the ElevenLabs SDKs obey too. What is malformed counts as not said.
    pub fn asked(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        text("retry-after-ms")
            .and_then(decimal)
            .map(|seconds| Self::For(seconds / 1_000))
            .or_else(|| text("retry-after").and_then(seconds_or_date))
            .or_else(|| {
                let reset = text("x-ratelimit-reset").and_then(whole)?;
                Some(Self::Until(reset.saturating_mul(1_000)))
            })
            .map(|wait| wait.by_the_vendors_clock(headers))
    }

    /// The wait from `now_unix_ms` on; at most a day.
    pub fn after(self, now_unix_ms: u64) -> Duration {
        match self {
            Self::For(wait) => wait,
            Self::Until(then) => Duration::from_millis(then.saturating_sub(now_unix_ms)),
        }
        .min(MAX_WAIT)
    }

    /// A point in time as a span, where the answer says what time it is at the vendor.
    #[must_use]
    pub fn by_the_vendors_clock(self, headers: &HeaderMap) -> Self {
        let date = headers
            .get(http::header::DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(http_date);
        match date {
            Some(now) => Self::For(self.after(now.saturating_mul(1_000))),
            None => self,
        }
    }
}

fn seconds_or_date(text: &str) -> Option<Wait> {
    decimal(text)
        .map(Wait::For)
        .or_else(|| http_date(text).map(|at| Wait::Until(at.saturating_mul(1_000))))
}

/// Seconds, perhaps with a fraction: not standard, and sent by some.
fn decimal(text: &str) -> Option<Duration> {
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds = whole(whole_part)?;
    whole(fraction)?;
    let milliseconds = whole(
        &format!("{fraction:0<3}")
            .chars()
            .take(3)
            .collect::<String>(),
    )?;
    Some(
        Duration::from_secs(seconds.min(MAX_WAIT.as_secs() * 1_000))
            + Duration::from_millis(milliseconds),
    )
}

/// Digits only; a number too large to be held is the largest.
fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Seconds since 1970 of an HTTP date (RFC 9110, 5.6.7) in its current form or one of the two obsolete ones.
fn http_date(text: &str) -> Option<u64> {
    let words: Vec<&str> = text
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    let (day, month, year, time) = match *words.as_slice() {
        [_, day, month, year, time, "GMT"] => (whole(day)?, month, whole(year)?, time),
        [_, date, time, "GMT"] => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let (None, 2) = (parts.next(), year.len()) else {
                return None;
            };
            let year = whole(year)?;
            // Two digits are a year of this century, up to when the form had been given up.
            (
                whole(day)?,
                month,
                year + if year < 70 { 2_000 } else { 1_900 },
                time,
            )
        }
        [_, month, day, time, year] => (whole(day)?, month, whole(year)?, time),
        _ => return None,
    };
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let mut clock = time.split(':');
    let (hour, minute, second) = (
        whole(clock.next()?)?,
        whole(clock.next()?)?,
        whole(clock.next()?)?,
    );
    let sane = clock.next().is_none()
        && (1..=31).contains(&day)
        && (1_970..10_000).contains(&year)
        && hour < 24
        && minute < 60
        && second <= 60;
    sane.then(|| ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that a leap day is the last of one.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leaps = year / 4 - year / 100 + year / 400;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&'static str, &str)]) -> Option<Wait> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        Wait::asked(&headers)
    }

    fn seconds(seconds: u64) -> Option<Wait> {
        Some(Wait::For(Duration::from_secs(seconds)))
    }

    #[test]
    fn every_form_of_a_wait_is_understood() {
        assert_eq!(asked(&[("retry-after", "7")]), seconds(7));
        assert_eq!(asked(&[("retry-after", " 0 ")]), seconds(0));
        assert_eq!(
            asked(&[("retry-after", "1.5")]),
            Some(Wait::For(Duration::from_millis(1_500)))
        );
        assert_eq!(
            asked(&[("retry-after-ms", "250"), ("retry-after", "9")]),
            Some(Wait::For(Duration::from_millis(250)))
        );
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(
                asked(&[("retry-after", date)]),
                Some(Wait::Until(784_111_777_000)),
                "{date}"
            );
            // By the vendor's own clock, whatever ours says.
            let now = "Sun, 06 Nov 1994 08:49:07 GMT";
            assert_eq!(asked(&[("retry-after", date), ("date", now)]), seconds(30));
            let later = "Sun, 06 Nov 1994 09:00:00 GMT";
            assert_eq!(asked(&[("retry-after", date), ("date", later)]), seconds(0));
        }
        assert_eq!(
            asked(&[("retry-after", "Thu, 29 Feb 2024 00:00:00 GMT")]),
            Some(Wait::Until(1_709_164_800_000))
        );
        assert_eq!(
            asked(&[("x-ratelimit-reset", "1700000000")]),
            Some(Wait::Until(1_700_000_000_000))
        );
    }

    #[test]
    fn what_is_malformed_counts_as_not_said() {
        for text in [
            "",
            "-1",
            "+5",
            "soon",
            "1e3",
            "1.",
            ".5",
            "0x10",
            "5 s",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
        ] {
            assert_eq!(asked(&[("retry-after", text)]), None, "{text}");
        }
        // The next best is taken then.
        assert_eq!(
            asked(&[("retry-after-ms", "x"), ("retry-after", "2")]),
            seconds(2)
        );
    }

    #[test]
    fn nobody_is_believed_to_ask_for_more_than_a_day() {
        for text in ["99999999999999999999999", "18446744073709551615", "86401"] {
            let wait = asked(&[("retry-after", text)]).expect("a number");
            assert_eq!(wait.after(0), MAX_WAIT, "{text}");
        }
        assert_eq!(Wait::Until(u64::MAX).after(0), MAX_WAIT);
        assert_eq!(Wait::Until(5_000).after(3_000), Duration::from_secs(2));
    }
}
