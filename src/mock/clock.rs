//! A twin's own clock, which tests may stop and push forward.

use serde_json::{Value, json};

use super::reading::{Faults, Members, Misread, misread};

/// How a twin's time follows from the real one. It never goes back: rate windows and keys hang on it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TwinClock {
    /// How far it is ahead of the real time, in milliseconds; behind where it stood still.
    ahead_ms: i64,
    frozen_at_ms: Option<u64>,
}

/// The furthest time that can be set: the year 9999.
const LAST_MS: u64 = 253_370_764_800_000;

impl TwinClock {
    /// The twin's time at a real time, both in milliseconds since 1970.
    pub(super) fn at(&self, real_unix_ms: u64) -> u64 {
        self.frozen_at_ms
            .unwrap_or_else(|| real_unix_ms.saturating_add_signed(self.ahead_ms))
    }

    /// Does what a body asks for: `advance_ms` or `set_unix_ms`, and `frozen`. All of it or nothing.
    ///
    /// # Errors
    /// Everything that is wrong, with its place.
    pub(super) fn steer(&mut self, body: &Value, real_unix_ms: u64) -> Result<(), Vec<Misread>> {
        let mut faults = Faults::new();
        let known = ["advance_ms", "set_unix_ms", "frozen"];
        let Some(members) = Members::of(body, "", &known, &mut faults) else {
            return Err(faults);
        };
        let now = self.at(real_unix_ms);
        let ahead = members.number("advance_ms", 0..=LAST_MS, &mut faults);
        let set = members.number("set_unix_ms", 0..=LAST_MS, &mut faults);
        let frozen = members.flag("frozen", &mut faults);
        if ahead.is_some() && set.is_some() {
            faults.push(misread("", "give `advance_ms` or `set_unix_ms`, not both"));
        }
        if set.is_some_and(|set| set < now) {
            faults.push(misread(
                "/set_unix_ms",
                format!("a twin's clock does not go back, and it is {now} now"),
            ));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let then = set
            .unwrap_or_else(|| now.saturating_add(ahead.unwrap_or(0)))
            .min(LAST_MS);
        let frozen = frozen.unwrap_or(self.frozen_at_ms.is_some());
        *self = Self {
            ahead_ms: then
                .cast_signed()
                .saturating_sub(real_unix_ms.cast_signed()),
            frozen_at_ms: frozen.then_some(then),
        };
        Ok(())
    }

    /// The time, and whether it stands still.
    pub(super) fn shown(&self, real_unix_ms: u64) -> Value {
        json!({ "now_unix_ms": self.at(real_unix_ms), "frozen": self.frozen_at_ms.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_is_pushed_and_goes_on_from_where_it_stood() {
        let mut clock = TwinClock::default();
        assert_eq!(clock.at(1_000), 1_000);
        clock.steer(&json!({"frozen": true}), 1_000).unwrap();
        assert_eq!(clock.at(9_000), 1_000);
        clock.steer(&json!({"advance_ms": 500}), 9_000).unwrap();
        assert_eq!((clock.at(9_000), clock.at(10_000)), (1_500, 1_500));
        clock.steer(&json!({"frozen": false}), 10_000).unwrap();
        assert_eq!((clock.at(10_000), clock.at(10_001)), (1_500, 1_501));
        clock
            .steer(&json!({"set_unix_ms": 50_000}), 10_001)
            .unwrap();
        assert_eq!(clock.at(10_002), 50_001);
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        let mut clock = TwinClock::default();
        for (body, pointer) in [
            (json!([]), ""),
            (json!({"freeze": true}), "/freeze"),
            (json!({"frozen": 1}), "/frozen"),
            (json!({"advance_ms": -1}), "/advance_ms"),
            (json!({"set_unix_ms": 999}), "/set_unix_ms"),
            (json!({"set_unix_ms": 2_000, "advance_ms": 1}), ""),
        ] {
            let faults = clock.steer(&body, 1_000).unwrap_err();
            assert_eq!(faults[0].pointer, pointer, "{body}");
            assert_eq!(clock.at(1_000), 1_000);
        }
    }
}
