//! Numbers as text, without the formatting machinery: several stand in every answer and in every line of the access log.

use std::time::Duration;

/// Appends a number.
pub(crate) fn push(text: &mut String, number: u64) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut begin = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        (rest, begin) = (rest / 10, at);
        if rest == 0 {
            break;
        }
    }
    let digits = digits.get(begin..).unwrap_or_default();
    text.extend(digits.iter().map(|digit| char::from(*digit)));
}

/// Appends a number with leading zeros.
pub(crate) fn push_padded(text: &mut String, number: u32, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

/// Appends so many thousandths as a number with as few decimals as say it.
pub(crate) fn push_thousandths(text: &mut String, thousandths: u64) {
    push(text, thousandths / 1_000);
    let mut decimals = (thousandths % 1_000) as u32;
    if decimals == 0 {
        return;
    }
    let mut width = 3;
    while decimals.is_multiple_of(10) {
        (decimals, width) = (decimals / 10, width - 1);
    }
    text.push('.');
    push_padded(text, decimals, width);
}

/// Whole microseconds, rounded: thousandths of the milliseconds that are told.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from((time.as_nanos() + 500) / 1_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut text = String::from("x");
        write(&mut text);
        text
    }

    proptest! {
        #[test]
        fn numbers_are_written_as_the_formatter_writes_them(number: u64, thousandths in 0..10_000_000_u64, width in 1..7_u32) {
            prop_assert_eq!(written(|text| push(text, number)), format!("x{number}"));
            prop_assert_eq!(
                written(|text| push_thousandths(text, thousandths)),
                format!("x{}", thousandths as f64 / 1e3)
            );
            let short = (number % 10_u64.pow(width)) as u32;
            prop_assert_eq!(
                written(|text| push_padded(text, short, width)),
                format!("x{short:0width$}", width = width as usize)
            );
        }
    }

    #[test]
    fn ends_and_halves_are_right() {
        for number in [0, 9, 10, u64::MAX] {
            assert_eq!(written(|text| push(text, number)), format!("x{number}"));
        }
        assert_eq!(micros(Duration::from_nanos(1_499)), 1);
        assert_eq!(micros(Duration::from_nanos(1_500)), 2);
    }
}
