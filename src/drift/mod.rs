//! What a newer document of a vendor changes for us.
//!
//! Two questions, per operation and pointer: is everything that we send still allowed, and does everything that we
//! rely on in answers still hold? What is sent is known as schemas ([`adapters::Adapter::emits`]) and as the queries of
//! its calls. What is relied on is found out: real answers of the vendor's twin are changed as the document now
//! allows, and the adapter has to read them.

mod calls;
mod document;
mod ignore;
mod received;
mod relied;
mod schemas;
mod sent;
#[cfg(test)]
mod tests;

pub use document::{Described, UnusableDocument};
pub use ignore::{Ignore, IgnoreError};

use adapters::{Vendor, settings::Settings};
use relied::Samples;
use serde::Serialize;
use serde_json::Value;

/// How much a change matters to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// What we send would be refused, or what we rely on may be gone.
    Breaking,
    /// The schemas are such that it cannot be decided; somebody has to look.
    Undecided,
    /// More is possible than before: we could send it, or have to expect it and can read it.
    Widening,
    /// It does not touch what we send or read.
    Harmless,
}

/// Which way the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From us to the vendor.
    Sent,
    /// From the vendor to us.
    Received,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The operation's id in the document that is in use.
    pub operation: String,
    /// Which way the data goes.
    pub direction: Direction,
    /// Pointer into the body, with `*` for each element of a list; `query/NAME` and the like for a parameter; empty for
    /// the call itself.
    pub pointer: String,
    /// What changed, as a sentence.
    pub what: String,
    /// The values that are concerned, as a schema: no longer allowed where we send, new where we receive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Value>,
}

/// Everything that `new` changes, most severe first. `old` is the document in use.
///
/// # Errors
/// When the vendor's twin and its adapter do not get on, so that nothing can be said about answers.
pub fn compare(
    vendor: &'static Vendor,
    settings: &Settings,
    old: &Described,
    new: &Described,
) -> Result<Vec<Finding>, String> {
    let samples = Samples::take(vendor, settings)?;
    // Limits that the adapter takes from the document follow the newer one.
    let adapter = (vendor.build)(settings, new.value());
    let emitted = adapter.emits();
    let mut findings = Vec::new();
    for before in old.operations() {
        let Some(after) = new.matching(&before) else {
            findings.push(calls::gone(vendor, &before));
            continue;
        };
        let pair = Pair {
            before: &before,
            after: &after,
            is_used: vendor.operations.iter().any(|(id, _)| *id == before.id),
        };
        calls::compare(&*adapter, &pair, &mut findings);
        let body = emitted.iter().find(|(id, _)| *id == before.id);
        sent::compare(&pair, body.map(|(_, schema)| schema), &mut findings);
        received::compare(&pair, &samples, &mut findings);
    }
    findings.extend(calls::moved(vendor, new));
    findings.sort_by_key(|finding| finding.severity);
    Ok(findings)
}

/// The schema of what an operation is sent, or answers with a status, in one piece: references followed, annotations
/// left out.
pub(crate) fn whole_schema(
    document: &Described,
    operation: &str,
    status: Option<&str>,
) -> Option<Value> {
    let operation = document.operations().find(|one| one.id == operation)?;
    let schema = match status {
        None => operation.body()?,
        Some(status) => operation.answer(status)?,
    };
    Some(schemas::inlined(schema))
}

/// One operation in both documents.
struct Pair<'a> {
    before: &'a document::Operation<'a>,
    after: &'a document::Operation<'a>,
    /// Whether the adapter calls it.
    is_used: bool,
}

impl Pair<'_> {
    fn finding(
        &self,
        severity: Severity,
        direction: Direction,
        pointer: &str,
        what: String,
    ) -> Finding {
        Finding {
            // What is never called cannot break.
            severity: if self.is_used {
                severity
            } else {
                Severity::Harmless
            },
            operation: self.before.id.clone(),
            direction,
            pointer: pointer.to_owned(),
            what,
            values: None,
        }
    }
}
