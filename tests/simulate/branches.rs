//! The branches of the retry table and of what callers are told: each has to be met, or it is known why it cannot be.

use super::{
    faults::{Call, Fault},
    history::Told,
};
use tagway::error::{Code, Outcome};

/// What callers of a change can be told, besides success: the code, and what is said of the outcome.
const TOLD: &[(Code, Option<Outcome>)] = &[
    (Code::AmbiguousTag, Some(Outcome::NotApplied)),
    (Code::ForeignValue, Some(Outcome::NotApplied)),
    (Code::PreconditionFailed, Some(Outcome::NotApplied)),
    (Code::InvalidRequest, Some(Outcome::NotApplied)),
    (Code::UnknownTag, Some(Outcome::NotApplied)),
    (Code::VendorRejected, Some(Outcome::NotApplied)),
    (Code::VendorRateLimited, Some(Outcome::NotApplied)),
    (Code::VendorUnauthorized, Some(Outcome::NotApplied)),
    (Code::VendorInvalidResponse, Some(Outcome::NotApplied)),
    (Code::VendorInvalidResponse, Some(Outcome::Unknown)),
    (Code::PartiallyApplied, Some(Outcome::Unknown)),
    (Code::PartiallyApplied, None),
    (Code::VendorUnavailable, Some(Outcome::NotApplied)),
    (Code::VendorUnavailable, Some(Outcome::Unknown)),
    (Code::VendorTimeout, Some(Outcome::NotApplied)),
    (Code::VendorTimeout, Some(Outcome::Unknown)),
    (Code::ConversationSettling, Some(Outcome::NotApplied)),
    (Code::Deadline, Some(Outcome::NotApplied)),
];

/// Codes that no change of a run can be told, and why.
#[cfg(test)]
const NEVER_TOLD: &[(&[&str], &str)] = &[
    (
        &[
            "invalid-json",
            "invalid-query",
            "invalid-path",
            "invalid-header",
            "invalid-framing",
            "unauthenticated",
            "forbidden",
            "not-found",
            "route-not-found",
            "method-not-allowed",
            "not-acceptable",
            "request-timeout",
            "body-too-large",
            "target-too-long",
            "unsupported-media-type",
            "expectation-failed",
            "misdirected-request",
            "head-too-large",
            "rate-limited",
            "shutting-down",
        ],
        "the edge and the API say it, before a lane has the change",
    ),
    (
        &["tag-not-found", "tag-exists"],
        "an edit of the catalogue is told so, never a change of a conversation",
    ),
    (
        &[
            "idempotency-mismatch",
            "idempotency-in-progress",
            "store-unavailable",
        ],
        "the changes of a run carry no key",
    ),
    (
        &["foreign-write"],
        "the accounts of a run do not look for other writers",
    ),
    (
        &["conversation-not-found"],
        "every twin has the conversations of a run",
    ),
    (
        &["unsupported-by-vendor"],
        "the tags of a run can be held by every vendor",
    ),
    (
        &["overloaded"],
        "a run has fewer callers than a lane has places",
    ),
    (&["internal"], "a fault of the gateway"),
];

/// The branch of a call.
pub(crate) fn call(call: Call, fault: Option<Fault>) -> String {
    match fault {
        None => format!("{}/answered", call.name()),
        Some(fault) => format!("{}/{fault}", call.name()),
    }
}

/// The branch of what a caller was told.
pub(crate) fn told(told: &Told) -> String {
    match told {
        Told::Set(_) | Told::Done => "told/set".to_owned(),
        Told::Left => "told/left".to_owned(),
        Told::Changed { assumed: true, .. } => "told/assumed".to_owned(),
        Told::Changed {
            added: 0,
            removed: 0,
            ..
        } => "told/already".to_owned(),
        Told::Changed { .. } => "told/changed".to_owned(),
        Told::Failed { code, outcome, .. } => failed(*code, *outcome),
    }
}

/// All of them.
pub(crate) fn all() -> Vec<String> {
    let answered = Call::ALL.iter().map(|kind| call(*kind, None));
    let faults = Call::ALL.iter().flat_map(|kind| {
        let possible = Fault::ALL
            .iter()
            .filter(|fault| fault.impossible(*kind).is_none());
        possible.map(|fault| call(*kind, Some(*fault)))
    });
    let successes =
        ["told/left", "told/assumed", "told/already", "told/changed"].map(str::to_owned);
    let failures = TOLD.iter().map(|(code, outcome)| failed(*code, *outcome));
    answered
        .chain(faults)
        .chain(successes)
        .chain(failures)
        .collect()
}

fn failed(code: Code, outcome: Option<Outcome>) -> String {
    let outcome = match outcome {
        None => "in parts",
        Some(Outcome::Applied) => "applied",
        Some(Outcome::NotApplied) => "not applied",
        Some(Outcome::Unknown) => "unknown",
    };
    format!("told/{}/{outcome}", code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_met_or_cannot_be() {
        for code in Code::ALL {
            let met = TOLD.iter().any(|(told, _)| told == code);
            let never = NEVER_TOLD
                .iter()
                .any(|(codes, _)| codes.contains(&code.as_str()));
            assert!(met != never, "{}", code.as_str());
        }
    }
}
