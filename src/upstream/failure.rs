//! What became of a vendor call that brought no usable answer, and how a caller is told.

use super::{Account, Cause};
use crate::{
    clock,
    error::{Code, Error, Outcome, VendorSaid},
    planted::{self, Bug},
    redact,
};
use adapters::{ProblemKind, VendorProblem};
use std::time::Duration;

/// Why a vendor call brought no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// What was to be sent is not what the vendor's document allows; nothing was sent.
    #[error("the call is not valid: {0}")]
    Invalid(String),
    /// The vendor cannot do this, as a read just showed; nothing was sent.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The deadline passed while the call waited for its turn; nothing was sent.
    #[error("no slot in time")]
    NoTime,
    /// The quota lasts no longer, as far as its mirror shows: the next call can go after this time; nothing was sent.
    #[error("the vendor's quota is used up")]
    QuotaUsed(Duration),
    /// The vendor is left alone for this time; nothing was sent.
    #[error("the vendor is left alone")]
    Stopped {
        /// Why.
        cause: Cause,
        /// For how long.
        wait: Duration,
    },
    /// No connection; nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// It may have been received, and no answer came.
    #[error("{why}")]
    Lost {
        /// Whether time ran out, rather than the connection break.
        silent: bool,
        /// What happened.
        why: String,
    },
    /// An answer that does not tell whether the call took effect.
    #[error("the vendor failed with status {}", .0.status.as_u16())]
    Unclear(Box<VendorProblem>),
    /// The vendor refused it; nothing happened.
    #[error("the vendor refused with status {}", .0.status.as_u16())]
    Refused(Box<VendorProblem>),
    /// The status says that it took effect, the body is not understood.
    #[error("{0}")]
    Body(String),
}

/// How long to wait where a vendor that limits calls does not say it.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);

/// How long to wait before a vendor that failed is tried again.
const UNAVAILABLE_WAIT: Duration = Duration::from_secs(2);

/// Most characters of a vendor's message that are passed on.
const MAX_MESSAGE: usize = 200;

impl CallError {
    /// One word for a metric.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::Unsupported(_) => "invalid",
            Self::NoTime => "no-time",
            Self::NotSent(_) => "not-sent",
            Self::Lost { .. } => "lost",
            Self::Unclear(_) => "unclear",
            Self::Refused(problem) => match problem.kind {
                ProblemKind::RateLimited => "rate-limited",
                ProblemKind::Unauthorized => "unauthorized",
                _ => "refused",
            },
            Self::Body(_) => "not-understood",
            Self::QuotaUsed(_) => "quota-used",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// Whether the call may have taken effect, or may still do so.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Unclear(_)) && !planted::is(Bug::UnknownIsNot)
    }

    /// What the vendor said, if it spoke.
    pub fn problem(&self) -> Option<&VendorProblem> {
        match self {
            Self::Unclear(problem) | Self::Refused(problem) => Some(problem),
            Self::Invalid(_)
            | Self::Unsupported(_)
            | Self::NoTime
            | Self::QuotaUsed(_)
            | Self::Stopped { .. }
            | Self::NotSent(_)
            | Self::Lost { .. }
            | Self::Body(_) => None,
        }
    }

    /// Whether the vendor turned the call away because it was one too many.
    pub(super) fn is_throttled(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.kind == ProblemKind::RateLimited)
    }

    /// How long the vendor asked to be left alone.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.problem().and_then(wait)
    }

    /// The problem for a caller, without the outcome of its change. `not_found` is what a 404 means here.
    pub fn public(&self, account: &Account, not_found: Code) -> Error {
        let vendor = account.adapter.vendor().name;
        let error = match self {
            Self::Invalid(why) => {
                tracing::error!(
                    vendor,
                    why,
                    "a call was not sent because it breaks the vendor's document"
                );
                Error::new(
                    Code::Internal,
                    "a call that the vendor's document does not allow was not sent",
                )
            }
            Self::Unsupported(why) => Error::new(Code::UnsupportedByVendor, *why),
            Self::NoTime => Error::new(
                Code::Deadline,
                "the deadline passed before the vendor could be called",
            ),
            Self::QuotaUsed(wait) => Error::new(
                Code::VendorRateLimited,
                "the quota that the vendor grants is used up for now",
            )
            .retry_after(*wait),
            Self::Stopped { cause, wait } => {
                let told = match cause {
                    Cause::Failures => "the vendor has failed lately and is left alone for now",
                    Cause::Key => "the vendor refuses the gateway's key and is left alone for now",
                };
                Error::new(Code::VendorUnavailable, told).retry_after(*wait)
            }
            Self::NotSent(why) => {
                tracing::warn!(vendor, why, "the vendor cannot be reached");
                Error::new(Code::VendorUnavailable, "the vendor cannot be reached")
                    .retry_after(UNAVAILABLE_WAIT)
            }
            Self::Lost { silent: true, .. } => {
                Error::new(Code::VendorTimeout, "the vendor did not answer in time")
            }
            Self::Lost { silent: false, why } => {
                tracing::warn!(vendor, why, "the connection to the vendor broke");
                Error::new(
                    Code::VendorUnavailable,
                    "the connection to the vendor broke",
                )
                .retry_after(UNAVAILABLE_WAIT)
            }
            Self::Unclear(problem) if problem.status.is_redirection() => Error::new(
                Code::VendorInvalidResponse,
                "the vendor answered with a redirect, which is never followed",
            ),
            Self::Unclear(problem) => Error::new(
                Code::VendorUnavailable,
                format!("the vendor failed with status {}", problem.status.as_u16()),
            )
            .retry_after(wait(problem).unwrap_or(UNAVAILABLE_WAIT)),
            Self::Refused(problem) => refused(problem, not_found),
            Self::Body(why) => {
                let why = shown(why);
                tracing::warn!(vendor, why, "the vendor's answer is not understood");
                Error::new(
                    Code::VendorInvalidResponse,
                    "the vendor's answer is not understood",
                )
            }
        };
        match self.problem() {
            Some(problem) => error.vendor(said(account, problem)),
            None => error,
        }
    }

    /// [`CallError::public`] for a call before which nothing of the change was sent.
    pub fn before_any_write(&self, account: &Account, not_found: Code) -> Error {
        self.public(account, not_found).outcome(Outcome::NotApplied)
    }
}

fn wait(problem: &VendorProblem) -> Option<Duration> {
    problem.retry_after.map(|wait| wait.after(clock::unix_ms()))
}

fn refused(problem: &VendorProblem, not_found: Code) -> Error {
    match problem.kind {
        ProblemKind::Unauthorized => Error::new(
            Code::VendorUnauthorized,
            "the vendor refuses the key that the gateway is configured with, or the key lacks a permission",
        ),
        ProblemKind::NotFound => {
            Error::new(not_found, "the vendor answered that there is no such thing")
        }
        ProblemKind::RateLimited => Error::new(
            Code::VendorRateLimited,
            "the vendor takes no more calls for now",
        )
        .retry_after(wait(problem).unwrap_or(DEFAULT_WAIT)),
        ProblemKind::Conflict | ProblemKind::Rejected | ProblemKind::Failed => Error::new(
            Code::VendorRejected,
            format!(
                "the vendor refused the call with status {}",
                problem.status.as_u16()
            ),
        ),
    }
}

fn said(account: &Account, problem: &VendorProblem) -> VendorSaid {
    let silent = problem.kind == ProblemKind::Unauthorized;
    VendorSaid {
        name: account.adapter.vendor().name,
        status: problem.status.as_u16(),
        code: problem.code.as_deref().map(shown),
        // A vendor that refuses a key may repeat it.
        message: problem.message.as_deref().filter(|_| !silent).map(shown),
        request_id: problem.request_id.as_deref().map(shown),
    }
}

/// A vendor's words as they may be shown: short, without control characters and without credentials.
fn shown(text: &str) -> String {
    let hidden = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // A credential may only be one without what is hidden, and be cut by the limit.
    let plain: String = text.chars().filter(|c| !hidden(c)).collect();
    redact::text(&plain).chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_words_are_short_and_hold_no_credential() {
        redact::hide("a-vendors-own-key");
        for (said, told) in [
            ("bad key a-vendors-own-key.", "bad key [redacted]."),
            (
                "bad key a-vendors\u{0}-own\u{202e}-key.",
                "bad key [redacted].",
            ),
            ("YS12ZW5kb3JzLW93bi1rZXk=", "[redacted]="),
            ("a\r\nb\u{2066}c", "abc"),
        ] {
            assert_eq!(shown(said), told);
        }
        let long = format!("{}a-vendors-own-key", "x".repeat(MAX_MESSAGE - 5));
        assert_eq!(
            shown(&long),
            format!("{}[reda", "x".repeat(MAX_MESSAGE - 5))
        );
    }
}
