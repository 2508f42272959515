//! The right answers to an operation whose vendor calls end in a known way: the retry table and the table of partial
//! failures of the design, and nothing that was learnt by asking the gateway.

use tagway::{
    error::{Code, Outcome},
    mock::{Class, Effect},
};

use super::{
    super::client::Answer,
    cell::{Cell, Scope, Times},
    classes::Known,
    operations::Write,
};

/// An answer that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    Success,
    /// This code, and this outcome where the operation changes something.
    Problem(Code, Option<Outcome>),
    /// The parts tell what became of each.
    InParts,
}

/// All answers that are right; `struck`: whether the fault met a call at all.
pub(super) fn right(cell: &Cell, struck: bool) -> Vec<Right> {
    let undisturbed = match cell.operation.is_possible(cell.vendor) {
        true => Right::Success,
        false => Right::Problem(Code::UnsupportedByVendor, Some(Outcome::NotApplied)),
    };
    if !struck {
        return vec![undisturbed];
    }
    let each = cell.known().iter().flat_map(|known| match cell.scope {
        Scope::Reads => on_reads(cell, *known, undisturbed),
        Scope::Writes => on_writes(cell, *known),
    });
    each.collect()
}

fn on_reads(cell: &Cell, known: Known, undisturbed: Right) -> Vec<Right> {
    let Some(code) = known.code() else {
        return vec![undisturbed];
    };
    // Before anything of a change was sent, nothing of it can have taken effect.
    let changes = cell.operation.changes().then_some(Outcome::NotApplied);
    let mut right = match cell.times {
        Times::First if known.read_again() => vec![undisturbed],
        Times::First | Times::Always => vec![Right::Problem(code, changes)],
    };
    match known {
        // Whoever asks for less time than all attempts take hears that it is over.
        Known::Silence => right.push(Right::Problem(Code::Deadline, changes)),
        // The process is gone for a moment after the first call.
        Known::Broken if cell.class == Class::Refuse => right.push(Right::Problem(code, changes)),
        _ => {}
    }
    if cell.operation.may_write_unread(cell.vendor) {
        right.push(undisturbed);
    }
    right
}

fn on_writes(cell: &Cell, known: Known) -> Vec<Right> {
    let writes = cell.operation.writes(cell.vendor);
    let Some(code) = known.code() else {
        return vec![Right::Success];
    };
    let refused = Right::Problem(code, Some(Outcome::NotApplied));
    let mut right = match known {
        Known::Good => vec![Right::Success],
        // Definite, so that anything may be sent again once the vendor's time is over.
        Known::Throttled if cell.times == Times::First => vec![Right::Success],
        Known::Throttled | Known::Unauthorized => vec![refused],
        // The status is all that a write's answer has to say, but where what it made has to be shown.
        Known::BadBody if cell.operation.needs_the_body() => {
            vec![Right::Success, Right::Problem(code, Some(Outcome::Applied))]
        }
        Known::BadBody => vec![Right::Success],
        Known::Silence | Known::Broken | Known::Failed | Known::Redirected => {
            return open(cell, known, writes);
        }
    };
    if writes.len() > 1 && known == Known::Unauthorized && cell.times == Times::First {
        right.push(Right::InParts);
    }
    right
}

/// A write that may have taken effect.
fn open(cell: &Cell, known: Known, writes: &[Write]) -> Vec<Right> {
    // A redirect would only come again, and a silent write is listened to rather than cut.
    let repeated = matches!(known, Known::Broken | Known::Failed)
        && writes.iter().all(|write| *write == Write::Again);
    if repeated && cell.times == Times::First && cell.class != Class::Refuse {
        return vec![Right::Success];
    }
    let code = known.code().unwrap_or(Code::Internal);
    let unknown = Right::Problem(code, Some(Outcome::Unknown));
    // What is there can be seen to be there; the caller may be gone by then.
    let is_seen = cell.effect == Effect::Applied && known != Known::Silence && writes.len() == 1;
    if is_seen && cell.operation.is_looked_up() {
        return vec![Right::Success];
    }
    let mut right = vec![Right::Success, unknown];
    if writes.len() > 1 {
        right.push(Right::InParts);
    }
    right
}

impl Right {
    /// Whether an answer to the operation of a cell is this one.
    pub(super) fn is(self, cell: &Cell, answer: &Answer) -> bool {
        let is_code = |code: Code| {
            answer.status == code.status().as_u16() && answer.body["code"] == code.as_str()
        };
        match self {
            Self::Success => answer.status == cell.operation.status(),
            Self::Problem(code, outcome) => {
                is_code(code) && outcome.is_none_or(|outcome| told(answer) == Some(outcome))
            }
            Self::InParts => is_code(Code::PartiallyApplied),
        }
    }
}

/// The outcome that a problem tells.
pub(super) fn told(answer: &Answer) -> Option<Outcome> {
    match answer.body["outcome"].as_str()? {
        "applied" => Some(Outcome::Applied),
        "not applied" => Some(Outcome::NotApplied),
        "unknown" => Some(Outcome::Unknown),
        _ => None,
    }
}
