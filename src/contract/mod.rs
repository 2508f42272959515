//! The contract with a vendor, put to the test: what its published material does not say, and tagway assumes.
//!
//! Each assumption is a probe, kept as data beside the adapter that rests on it ([`adapters::Vendor::probes`]): calls,
//! what is expected of their answers, and what tagway would have to change if it is not so. The probes run against a
//! twin or a live account, with scratch tags of one prefix that are taken away at the end.

mod cleanup;
mod coverage;
mod report;
mod script;
mod session;
#[cfg(test)]
mod tests;

pub use cleanup::Left;
pub use coverage::Coverage;
pub use report::{json, junit, text};
pub use session::{Session, Unreachable};

use script::{Probe, Script};
use serde::Serialize;
use std::collections::BTreeMap;

/// What came of the probes of one vendor.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The vendor's name.
    pub vendor: &'static str,
    /// Where the probes ran: a route, or the embedded twin.
    pub target: String,
    /// One for each probe, in their order.
    pub results: Vec<ProbeResult>,
    /// What the calls reached of the vendor's document.
    pub coverage: Coverage,
    /// What is still there of the scratch tags.
    pub left: Vec<Left>,
    /// Whether somebody stopped the run before its end.
    pub stopped: bool,
}

/// What came of one probe.
#[derive(Debug, Serialize)]
pub struct ProbeResult {
    /// The probe's name.
    pub name: String,
    /// What tagway takes for granted.
    pub assumes: String,
    /// How far to trust it: where it is written, or that it is inferred.
    pub source: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a probe.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It is as assumed.
    Holds,
    /// It is not.
    Differs {
        /// What was expected.
        expected: String,
        /// What was seen.
        seen: String,
        /// What tagway would have to change.
        change: String,
    },
    /// The calls that lead to the question failed.
    Unanswered {
        /// Where and how.
        why: String,
    },
    /// It writes, and nothing may be written.
    Skipped,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The probes of the vendor are not what they have to be.
    #[error("the probes of `{vendor}`: {why}")]
    Probes {
        /// The vendor.
        vendor: &'static str,
        /// What is wrong.
        why: String,
    },
    /// What the conversation carries cannot be read, so it could not be put back.
    #[error("{vendor}: the conversation cannot be read: {why}")]
    Conversation {
        /// The vendor.
        vendor: &'static str,
        /// What was seen.
        why: String,
    },
    /// The vendor does not answer.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

impl Report {
    /// Whether all that was asked is as assumed and nothing is left behind.
    pub fn is_fine(&self) -> bool {
        let fine =
            |result: &ProbeResult| matches!(result.outcome, Outcome::Holds | Outcome::Skipped);
        !self.stopped && self.left.is_empty() && self.results.iter().all(fine)
    }

    fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        let outcomes = self.results.iter().map(|result| &result.outcome);
        outcomes.filter(|outcome| wanted(outcome)).count()
    }
}

/// How the probes run.
#[derive(Clone, Debug)]
pub struct Scope {
    /// A conversation that may be tagged.
    pub conversation: String,
    /// What the names of scratch tags begin with.
    pub prefix: String,
    /// Whether nothing may be written.
    pub read_only: bool,
}

/// Runs the probes until they are through or `stop` ends, and then takes away what they left: the conversation has the
/// tags that it had, and the catalogue none of the prefix.
///
/// # Errors
/// When the probes cannot be read, or the vendor does not answer.
pub async fn examine(
    session: &Session,
    scope: &Scope,
    target: String,
    stop: impl Future<Output = ()>,
) -> Result<Report, ContractError> {
    let vendor = session.vendor();
    let script = Script::read(vendor.probes).map_err(|why| ContractError::Probes {
        vendor: vendor.name,
        why,
    })?;
    let before = match scope.read_only {
        true => None,
        false => Some(cleanup::carried(session, &scope.conversation).await?),
    };
    let before = match before {
        Some(Err(why)) => {
            return Err(ContractError::Conversation {
                vendor: vendor.name,
                why,
            });
        }
        Some(Ok(carried)) => Some(carried),
        None => None,
    };
    let mut results = Vec::new();
    let ended = tokio::select! {
        ended = run(session, scope, script, &mut results) => Some(ended),
        () = stop => None,
    };
    let left = match before {
        Some(before) => cleanup::clean(session, scope, &before).await,
        None => Ok(Vec::new()),
    };
    let stopped = ended.is_none();
    ended.unwrap_or(Ok(()))?;
    Ok(Report {
        vendor: vendor.name,
        target,
        results,
        coverage: session.seen().coverage(&session.document),
        left: left?,
        stopped,
    })
}

/// What is in `results` when the future is dropped stays true.
async fn run(
    session: &Session,
    scope: &Scope,
    script: Script,
    results: &mut Vec<ProbeResult>,
) -> Result<(), Unreachable> {
    for probe in script.probes {
        let outcome = if scope.read_only && !probe.reads_only {
            Outcome::Skipped
        } else {
            ask(session, scope, &probe).await?
        };
        results.push(ProbeResult {
            name: probe.name,
            assumes: probe.assumes,
            source: probe.source,
            outcome,
        });
    }
    Ok(())
}

async fn ask(session: &Session, scope: &Scope, probe: &Probe) -> Result<Outcome, Unreachable> {
    let mut known = BTreeMap::from([
        (
            "prefix".to_owned(),
            format!("{}{}-", scope.prefix, probe.name),
        ),
        ("conversation".to_owned(), scope.conversation.clone()),
        ("nowhere".to_owned(), script::NOWHERE.to_owned()),
    ]);
    for (at, step) in probe.steps.iter().enumerate() {
        let step = step.filled(&known);
        let exchange = match session.make(&step).await? {
            Ok(exchange) => exchange,
            Err(why) => {
                let why = format!("step {}: {why}", at + 1);
                return Ok(Outcome::Unanswered { why });
            }
        };
        let flaw = match &step.expect {
            Some(expect) => expect.flaw(&exchange),
            None => None,
        };
        match (&step.expect, flaw) {
            (Some(_), Some(flaw)) => {
                return Ok(Outcome::Differs {
                    expected: probe.expected.clone(),
                    seen: format!("{exchange}: {flaw}"),
                    change: probe.change.clone(),
                });
            }
            (None, _) if !exchange.status.is_success() => {
                let why = format!("step {}: {exchange}", at + 1);
                return Ok(Outcome::Unanswered { why });
            }
            _ => {}
        }
        for (name, pointer) in &step.save {
            let Some(value) = exchange.text_at(pointer) else {
                let why = format!("step {}: nothing at {pointer} of {exchange}", at + 1);
                return Ok(Outcome::Unanswered { why });
            };
            known.insert(name.clone(), value);
        }
    }
    Ok(Outcome::Holds)
}
