//! Times as the vendors write them.

/// `2026-05-01T09:14:22` in UTC, without an offset: the vendors differ in how they write that.
pub(super) fn date_time(unix_ms: u64) -> String {
    let seconds = unix_ms / 1_000;
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// `Fri, 01 May 2026 09:14:22 GMT`, the form that HTTP wants (RFC 9110, IMF-fixdate).
pub(super) fn http_date(unix_ms: u64) -> String {
    let seconds = unix_ms / 1_000;
    let days = seconds / 86_400;
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    // 1970-01-01 was a Thursday.
    let weekday = three("ThuFriSatSunMonTueWed", days % 7);
    let month = three("JanFebMarAprMayJunJulAugSepOctNovDec", month - 1);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The name at a place in a text of three-letter names.
fn three(names: &'static str, place: u64) -> &'static str {
    let at = usize::try_from(place * 3).unwrap_or(usize::MAX);
    names.get(at..at.saturating_add(3)).unwrap_or_default()
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are taken to begin in March, so that the leap day is the last of its year; 146,097 days are 400 such years.
fn civil(day_since_1970: u64) -> (u64, u64, u64) {
    let days = day_since_1970 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        assert_eq!(date_time(0), "1970-01-01T00:00:00");
        assert_eq!(date_time(951_782_400_000), "2000-02-29T00:00:00");
        assert_eq!(date_time(1_709_251_199_999), "2024-02-29T23:59:59");
        assert_eq!(date_time(1_777_626_862_000), "2026-05-01T09:14:22");
        assert_eq!(date_time(4_107_542_400_000), "2100-03-01T00:00:00");
    }

    #[test]
    fn dates_of_http_name_the_weekday() {
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(
            http_date(1_777_626_862_000),
            "Fri, 01 May 2026 09:14:22 GMT"
        );
    }

    #[test]
    fn each_day_follows_the_one_before() {
        let mut before = civil(0);
        for day in 1..150_000 {
            let next = civil(day);
            let same_month = next.0 == before.0 && next.1 == before.1 && next.2 == before.2 + 1;
            let new_month = next.0 == before.0 && next.1 == before.1 + 1 && next.2 == 1;
            let new_year = next == (before.0 + 1, 1, 1) && before.1 == 12 && before.2 == 31;
            assert!(
                same_month || new_month || new_year,
                "{before:?} then {next:?}"
            );
            before = next;
        }
    }
}
