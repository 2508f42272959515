//! Figures, each with its target beside it.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Map, Value, json};

/// What a part found out.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
    /// What is wrong, in words.
    findings: Vec<String>,
    /// How many more there were.
    untold: usize,
}

#[derive(Debug)]
struct Figure {
    name: &'static str,
    value: Value,
    target: &'static str,
    /// Whether it meets the target; `None` where it is only printed.
    holds: Option<bool>,
}

/// Most findings that are told in words.
const MOST_TOLD: usize = 80;

impl Report {
    /// A figure that must meet its target.
    pub(crate) fn gate(
        &mut self,
        name: &'static str,
        value: impl Into<Value>,
        target: &'static str,
        holds: bool,
    ) {
        let (value, holds) = (value.into(), Some(holds));
        self.figures.push(Figure {
            name,
            value,
            target,
            holds,
        });
    }

    /// A count that must be 0.
    pub(crate) fn none(&mut self, name: &'static str, count: u64) {
        self.gate(name, count, "0", count == 0);
    }

    /// A figure that depends on the machine, or on nothing that could be wrong.
    pub(crate) fn show(
        &mut self,
        name: &'static str,
        value: impl Into<Value>,
        target: &'static str,
    ) {
        self.figures.push(Figure {
            name,
            value: value.into(),
            target,
            holds: None,
        });
    }

    /// Tells what is wrong, in words.
    pub(crate) fn finding(&mut self, words: String) {
        if self.findings.len() < MOST_TOLD {
            self.findings.push(words);
        } else {
            self.untold += 1;
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.figures
            .iter()
            .all(|figure| figure.holds != Some(false))
    }

    /// For people.
    pub(crate) fn text(&self, part: &str) -> String {
        let mut text = String::new();
        for Figure {
            name,
            value,
            target,
            holds,
        } in &self.figures
        {
            let verdict = match holds {
                Some(true) => "holds",
                Some(false) => "FAILS",
                None => "shown",
            };
            let target = match target.is_empty() {
                true => String::new(),
                false => format!("  (target: {target})"),
            };
            let _ = writeln!(text, "{verdict}  {part}.{name} = {value}{target}");
        }
        for finding in &self.findings {
            let _ = writeln!(text, "       {finding}");
        }
        if self.untold > 0 {
            let _ = writeln!(text, "       and {} more", self.untold);
        }
        text
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            let shown =
                json!({"value": figure.value, "target": figure.target, "holds": figure.holds});
            (figure.name.to_owned(), shown)
        });
        Value::Object(figures.collect::<Map<String, Value>>())
    }
}

/// The value below which that share of the times lies, in milliseconds; 0 without any.
pub(crate) fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let at = (times.len() as f64 * share).ceil() as usize;
    let time = times.get(at.saturating_sub(1).min(times.len().saturating_sub(1)));
    let ms = time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    (ms * 100.0).round() / 100.0
}
