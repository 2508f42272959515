//! One cell of the matrix: an operation, and what goes wrong with which of its vendor calls.

use std::{fmt, time::Duration};

use adapters::VENDORS;
use serde_json::{Value, json};
use tagway::mock::{Class, Effect};

use super::{
    super::Settings,
    classes::{self, Known},
    operations::Operation,
};

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) vendor: &'static str,
    pub(super) operation: Operation,
    pub(super) class: Class,
    pub(super) effect: Effect,
    pub(super) scope: Scope,
    pub(super) times: Times,
}

/// Which of the vendor calls it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Reads,
    Writes,
}

/// How often it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Always,
    /// The first call, so that a second attempt succeeds.
    First,
}

/// How long after a call a late write lands, in milliseconds.
const LATE_MS: u64 = 300;

/// How long what has no end goes on, in milliseconds.
const ENDLESS_MS: u64 = 50;

/// How long a caller waits where nothing is silent, in milliseconds: longer than a 429 asks for, given as a date and
/// rounded up, and asked for twice.
const PATIENT_MS: u64 = 5_000;

/// The longest deadline that a cell asks for.
pub(super) const DEADLINE_MS: u64 = PATIENT_MS;

impl Cell {
    /// All of them, shuffled in one way, so that each n-th is of every kind.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for vendor in VENDORS.iter().map(|vendor| vendor.name) {
            for operation in Operation::ALL {
                for class in Class::all() {
                    let cell = |effect: &Effect, scope, times| Self {
                        vendor,
                        operation,
                        class,
                        effect: *effect,
                        scope,
                        times,
                    };
                    for times in [Times::Always, Times::First] {
                        let on_reads = classes::of_a_read(class).iter();
                        all.extend(on_reads.map(|effect| cell(effect, Scope::Reads, times)));
                        if operation.changes() {
                            let on_writes = class.effects().iter();
                            all.extend(on_writes.map(|effect| cell(effect, Scope::Writes, times)));
                        }
                    }
                }
            }
        }
        fastrand::Rng::with_seed(1).shuffle(&mut all);
        all
    }

    pub(super) fn known(&self) -> &'static [Known] {
        classes::known(self.class)
    }

    /// The plan of faults for its twin.
    pub(super) fn plan(&self, settings: &Settings) -> Value {
        let hold_ms = match self.class {
            // Back at once: what it is about is the call that it took along.
            Class::Refuse => 1,
            Class::EndlessHeaders | Class::EndlessBody | Class::ContinueStorm => ENDLESS_MS,
            // Longer than its caller waits.
            _ => settings.attempt_ms + 700,
        };
        let mut fault = json!({
            "class": self.class.name(),
            "effect": self.effect.name(),
            "operation": match self.scope { Scope::Reads => "reads", Scope::Writes => "writes" },
            "late_ms": LATE_MS,
            "latency_ms": if self.class == Class::Latency { 20 } else { 0 },
            "hold_ms": hold_ms,
            "retry_after_ms": 50,
            "bytes_per_second": 30,
        });
        if self.times == Times::First {
            fault["times"] = json!(1);
        }
        json!({ "faults": [fault] })
    }

    /// How long its caller waits: less than silence lasts.
    pub(super) fn deadline(&self, settings: &Settings) -> Duration {
        let attempt = settings.attempt_ms;
        let ms = match (self.known(), self.scope, self.times) {
            ([Known::Silence], Scope::Reads, Times::Always) => attempt * 2,
            ([Known::Silence], Scope::Writes, _) => attempt + 500,
            _ => PATIENT_MS,
        };
        Duration::from_millis(ms)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            vendor,
            operation,
            class,
            scope,
            times,
            ..
        } = self;
        let effect = self.effect.name();
        write!(
            f,
            "{vendor} {operation:?}, {scope:?} {times:?} {class}+{effect}"
        )
    }
}
