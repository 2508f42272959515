//! What a vendor answered, and what that says about the call.

mod wait;

pub use wait::Wait;

use http::{HeaderMap, StatusCode};
use std::time::Duration;

/// A vendor's answer, its body read to the end through the reader.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The kept parts of a 2xx body; the raw start of any other.
    pub body: Vec<u8>,
}

/// How far a call got, as its answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It took effect.
    Applied,
    /// The vendor refused it, so nothing happened.
    Refused,
    /// It may or may not have taken effect.
    Unclear,
}

impl Verdict {
    /// By the status alone: a complete 2xx status line means that it took effect, even if the body is lost.
    pub fn by_status(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Applied,
            408 => Self::Unclear,
            400..=499 => Self::Refused,
            _ => Self::Unclear,
        }
    }
}

/// What kind of trouble a vendor reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The key is missing, wrong, expired or lacks a permission.
    Unauthorized,
    /// There is no such thing.
    NotFound,
    /// It exists already.
    Conflict,
    /// Too many calls.
    RateLimited,
    /// The call was understood and refused.
    Rejected,
    /// The vendor failed, or what answered was not the vendor.
    Failed,
}

/// How one of the vendor's rate windows stands, as an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSeen {
    /// Its length.
    pub length: Duration,
    /// Calls that fit in it.
    pub limit: u32,
    /// Calls that are left in it.
    pub remaining: u32,
    /// When it begins anew.
    pub resets: Wait,
}

/// What a vendor said when it did not do what it was asked.
#[derive(Clone, Debug)]
pub struct VendorProblem {
    /// The kind.
    pub kind: ProblemKind,
    /// The status of the answer.
    pub status: StatusCode,
    /// The vendor's own stable code.
    pub code: Option<String>,
    /// The vendor's own words, untrusted.
    pub message: Option<String>,
    /// The vendor's id of the request.
    pub request_id: Option<String>,
    /// How long to wait, where the vendor said so.
    pub retry_after: Option<Wait>,
    /// Whether the key itself is refused, so that no call with it will be taken: neither a right that it lacks for
    /// one operation nor a thing that is somebody else's.
    pub refuses_key: bool,
}

impl VendorProblem {
    /// By the status; an adapter adds what the body says.
    pub fn by_status(answer: &Answer) -> Self {
        let kind = match answer.status.as_u16() {
            401 | 403 => ProblemKind::Unauthorized,
            404 => ProblemKind::NotFound,
            409 => ProblemKind::Conflict,
            429 => ProblemKind::RateLimited,
            400..=499 if answer.status != StatusCode::REQUEST_TIMEOUT => ProblemKind::Rejected,
            _ => ProblemKind::Failed,
        };
        Self {
            kind,
            status: answer.status,
            code: None,
            message: None,
            request_id: None,
            retry_after: Wait::asked(&answer.headers),
            refuses_key: answer.status == StatusCode::UNAUTHORIZED,
        }
    }
}

/// A 2xx answer that does not say what the adapter relies on. Nothing read from it may feed a write.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    /// From anything that tells why.
    pub fn because(why: impl ToString) -> Self {
        Self(why.to_string())
    }
}
