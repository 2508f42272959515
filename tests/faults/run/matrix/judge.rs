//! One answer against what is right, and against what the vendor holds once everything has landed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tagway::{
    error::Outcome,
    mock::{Recorded, Served},
};

use super::{
    super::client::Answer,
    cell::{Cell, Scope},
    classes::Known,
    expect::{Right, right, told},
    operations::{Holds, Operation, Write},
    place::holds,
};

/// What must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wrong {
    /// Another answer than one that is right.
    Status,
    /// A success, or `applied`, and the vendor holds something else.
    FalseApplied,
    /// `not applied`, and something of it is there.
    FalseNotApplied,
    /// A part is told wrongly.
    FalsePart,
    /// A read shows something else than the vendor holds.
    FalseContent,
    /// A change that failed, and nothing says what became of it.
    NoOutcome,
    /// `unknown`, and nothing says until when.
    NoSettlesAt,
    /// A status that has to come with `Retry-After`, without it.
    NoRetryAfter,
    /// A write although what it rests on could not be read.
    WrittenUnread,
    /// A write that may only be sent once was sent again.
    Resent,
    /// No answer.
    Hang,
    /// A fault of the gateway's own.
    Internal,
}

/// Everything about one cell.
pub(super) struct Judged {
    pub(super) wrong: Vec<(Wrong, String)>,
    /// Whether the fault met a call.
    pub(super) struck: bool,
    /// What a change was said to have become; a success is `applied`.
    pub(super) outcome: Option<Outcome>,
}

/// Judges a cell at rest.
pub(super) fn judge(
    cell: &Cell,
    before: &Holds,
    served: &Served,
    answer: &std::io::Result<Answer>,
) -> Judged {
    let struck = served.counts()["faults"]
        .as_object()
        .is_some_and(|counts| !counts.is_empty());
    let calls = served.calls();
    let after = holds(cell.vendor, served);
    let mut wrong = Vec::new();
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return Judged {
                wrong: vec![(Wrong::Hang, format!("{cell}: {error}"))],
                struck,
                outcome: None,
            };
        }
    };
    let mut find = |what: Wrong, words: &str| {
        let status = answer.status;
        wrong.push((what, format!("{cell}: {words}; {status} {}", answer.body)));
    };
    let right: Vec<Right> = right(cell, struck);
    if !right.iter().any(|right| right.is(cell, answer)) {
        find(Wrong::Status, &format!("expected {right:?}"));
    }
    if answer.status == 500 {
        find(Wrong::Internal, "a fault of the gateway");
    }
    if matches!(answer.status, 429 | 503) && answer.header("retry-after").is_none() {
        find(Wrong::NoRetryAfter, "no Retry-After");
    }
    let operation = cell.operation;
    let outcome = match answer.is_success() {
        true => Some(Outcome::Applied),
        false => told(answer),
    };
    match outcome {
        Some(Outcome::Applied) if !operation.is_done(before, &after) => {
            find(Wrong::FalseApplied, &format!("the vendor holds {after:?}"));
        }
        Some(Outcome::NotApplied) if !operation.is_undone(before, &after) => {
            find(
                Wrong::FalseNotApplied,
                &format!("the vendor holds {after:?}"),
            );
        }
        Some(Outcome::Unknown) if answer.body["settles_at"].as_str().is_none() => {
            find(Wrong::NoSettlesAt, "no settles_at");
        }
        None if operation.changes() && answer.body["applied"].is_null() => {
            find(Wrong::NoOutcome, "no outcome");
        }
        _ => {}
    }
    if answer.body["code"] == "partially-applied" && !parts_hold(&answer.body, &after) {
        find(Wrong::FalsePart, &format!("the vendor holds {after:?}"));
    }
    if answer.is_success() && !shows(operation, &answer.body, &after) {
        find(Wrong::FalseContent, &format!("the vendor holds {after:?}"));
    }
    let writes: Vec<&Recorded> = calls.iter().filter(|call| call.method != "GET").collect();
    let unread = struck
        && cell.scope == Scope::Reads
        && !answer.is_success()
        && !operation.may_write_unread(cell.vendor);
    if unread && !writes.is_empty() {
        find(Wrong::WrittenUnread, &format!("{} writes", writes.len()));
    }
    if resent(cell, &writes) {
        find(Wrong::Resent, &format!("{} writes", writes.len()));
    }
    Judged {
        wrong,
        struck,
        outcome: outcome.filter(|_| operation.changes()),
    }
}

/// Whether what the answer tells of each part is so.
fn parts_hold(body: &Value, after: &Holds) -> bool {
    let hold = |list: &str, done: bool| {
        let parts = body[list].as_array().into_iter().flatten();
        parts.clone().all(|part| {
            let there = after
                .carried
                .contains(part["tag"].as_str().unwrap_or_default());
            (there == (part["action"] == "add")) == done
        })
    };
    hold("applied", true) && hold("not_applied", false)
}

/// Whether a success shows what the vendor holds.
fn shows(operation: Operation, body: &Value, after: &Holds) -> bool {
    let texts = |member: &str| -> Option<BTreeSet<&str>> {
        let tags = body[member].as_array()?;
        Some(tags.iter().filter_map(|tag| tag["tag"].as_str()).collect())
    };
    let carried: BTreeSet<&str> = after.carried.iter().map(String::as_str).collect();
    let names: BTreeSet<&str> = after
        .catalogue
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    match operation {
        Operation::Read => texts("tags") == Some(carried),
        Operation::ListTags => texts("tags") == Some(names),
        // Null where only that read failed.
        Operation::Representation => texts("tags").is_none_or(|shown| shown == carried),
        Operation::GetTag | Operation::PatchTag => body["tag"] == "old",
        Operation::CreateTag | Operation::PutTag => body["tag"] == "brand",
        _ => true,
    }
}

/// Whether a write went out twice that may not, after an attempt that left open whether it took effect.
fn resent(cell: &Cell, writes: &[&Recorded]) -> bool {
    let open = cell.known().iter().all(|known: &Known| known.is_open());
    let once = cell.operation.writes(cell.vendor);
    if !open || cell.scope != Scope::Writes || once != [Write::Once] {
        return false;
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for call in writes {
        *counts.entry((&call.method, &call.path)).or_default() += 1;
    }
    counts.values().any(|count| *count > 1)
}
