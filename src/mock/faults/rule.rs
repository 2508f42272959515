//! A rule of a fault plan: which calls it strikes, when, and how.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{
    class::{Class, Effect},
    select::Calls,
};
use crate::{
    mock::reading::{Faults, Members, misread},
    schema::{Document, Operation},
};

/// What goes wrong with one call, and in which measure.
#[derive(Clone, Debug)]
pub struct Struck {
    /// What goes wrong.
    pub class: Class,
    /// What the call does to the state.
    pub effect: Effect,
    /// How long after the call a late effect comes.
    pub late: Duration,
    /// How long the twin waits before the answer, or what stands in its place.
    pub latency: Duration,
    /// How long what has no end of its own goes on.
    pub hold: Duration,
    /// What a 429 says.
    pub retry_after: Duration,
    /// How fast a slow answer is.
    pub bytes_per_second: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    calls: Calls,
    /// Of the calls it is about, counted from 1; none is every one.
    nth: Option<BTreeSet<u64>>,
    probability: f64,
    /// How often it strikes at most.
    times: Option<u64>,
    pub(super) what: Struck,
    matched: u64,
    struck: u64,
    random: fastrand::Rng,
}

const MEMBERS: &[&str] = &[
    "class",
    "operation",
    "effect",
    "nth",
    "probability",
    "times",
    "late_ms",
    "latency_ms",
    "hold_ms",
    "retry_after_ms",
    "bytes_per_second",
];

/// The longest of all times in a rule: an hour.
const LONGEST_MS: u64 = 3_600_000;

impl Rule {
    /// Reads a rule; `None` where it has no class, with everything that is wrong in `faults`.
    pub(super) fn read(
        value: &Value,
        pointer: &str,
        document: &Document,
        seed: u64,
        faults: &mut Faults,
    ) -> Option<Self> {
        let members = Members::of(value, pointer, MEMBERS, faults)?;
        let calls = Calls::read(
            members.get("operation"),
            members.at("operation"),
            document,
            faults,
        );
        let nth = nth(&members, faults);
        let probability = probability(&members, faults);
        let times = members.number("times", 1..=u64::MAX, faults);
        let mut time = |name, usual| {
            let given = members.number(name, 0..=LONGEST_MS, faults);
            Duration::from_millis(given.unwrap_or(usual))
        };
        let (late, hold) = (time("late_ms", 1_000), time("hold_ms", 60_000));
        let retry_after = time("retry_after_ms", 1_000);
        let latency = members.number("latency_ms", 0..=LONGEST_MS, faults);
        let bytes_per_second = members
            .number("bytes_per_second", 1..=1_000_000, faults)
            .unwrap_or(1);
        let class = class(&members, faults)?;
        if class == Class::GzipBomb {
            // Made before a call waits for it.
            let _ = super::gzip::bomb();
        }
        let usual = if class == Class::Latency { 1_000 } else { 0 };
        Some(Self {
            calls,
            nth,
            probability,
            times,
            what: Struck {
                class,
                effect: effect(&members, class, faults),
                late,
                latency: Duration::from_millis(latency.unwrap_or(usual)),
                // A process that is gone is back sooner than a peer that is silent.
                hold: if class == Class::Refuse && members.get("hold_ms").is_none() {
                    Duration::from_secs(1)
                } else {
                    hold
                },
                retry_after,
                bytes_per_second,
            },
            matched: 0,
            struck: 0,
            random: fastrand::Rng::with_seed(seed),
        })
    }

    /// Counts a call that it is about, and says whether it would strike it.
    pub(super) fn would_strike(&mut self, operation: Option<&Operation>) -> bool {
        if !self.calls.hold(operation) {
            return false;
        }
        self.matched += 1;
        let drawn = self.random.f64() < self.probability;
        drawn
            && self
                .nth
                .as_ref()
                .is_none_or(|nth| nth.contains(&self.matched))
            && self.times.is_none_or(|times| self.struck < times)
    }

    /// Strikes.
    pub(super) fn strike(&mut self) -> Struck {
        self.struck += 1;
        self.what.clone()
    }

    /// The rule with nothing left out, and how often it met and struck a call.
    pub(super) fn shown(&self) -> Value {
        let what = &self.what;
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        json!({
            "class": what.class.name(),
            "operation": self.calls.text(),
            "effect": what.effect.name(),
            "nth": self.nth,
            "probability": self.probability,
            "times": self.times,
            "late_ms": ms(what.late),
            "latency_ms": ms(what.latency),
            "hold_ms": ms(what.hold),
            "retry_after_ms": ms(what.retry_after),
            "bytes_per_second": what.bytes_per_second,
            "matched": self.matched,
            "struck": self.struck,
        })
    }
}

fn class(members: &Members<'_>, faults: &mut Faults) -> Option<Class> {
    if members.get("class").is_none() {
        members.missing("class", faults);
    }
    match Class::read(members.text("class", faults)?) {
        Ok(class) => Some(class),
        Err(why) => {
            faults.push(misread(members.at("class"), why));
            None
        }
    }
}

fn effect(members: &Members<'_>, class: Class, faults: &mut Faults) -> Effect {
    let possible = class.effects();
    let usual = possible.first().copied().unwrap_or(Effect::None);
    let Some(name) = members.text("effect", faults) else {
        return usual;
    };
    let effect = Effect::named(name).filter(|effect| possible.contains(effect));
    effect.unwrap_or_else(|| {
        let names: Vec<&str> = possible.iter().map(|effect| effect.name()).collect();
        faults.push(misread(
            members.at("effect"),
            format!("the effect of `{class}` can be {}", names.join(", ")),
        ));
        usual
    })
}

/// One number or a list of numbers.
fn nth(members: &Members<'_>, faults: &mut Faults) -> Option<BTreeSet<u64>> {
    let value = members.get("nth").filter(|value| !value.is_null())?;
    let one = |value: &Value| value.as_u64().filter(|number| *number > 0);
    let numbers: Option<BTreeSet<u64>> = match value {
        Value::Array(items) => items.iter().map(one).collect(),
        single => one(single).map(|number| BTreeSet::from([number])),
    };
    if numbers.is_none() {
        faults.push(misread(
            members.at("nth"),
            "has to be a whole number from 1, or a list of such numbers",
        ));
    }
    numbers
}

fn probability(members: &Members<'_>, faults: &mut Faults) -> f64 {
    let Some(value) = members.get("probability") else {
        return 1.0;
    };
    let given = value.as_f64().filter(|given| (0.0..=1.0).contains(given));
    given.unwrap_or_else(|| {
        faults.push(misread(
            members.at("probability"),
            "has to be a number from 0 to 1",
        ));
        0.0
    })
}
