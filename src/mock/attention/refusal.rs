//! The errors of Attention, in the form that a client in use decodes: `{code, title, detail}`.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::super::{answer, target::BodyFault};
use crate::schema::Violation;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Refusal {
    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "a valid API key is needed",
        )
    }

    /// Also what an object of another organisation answers.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    pub(super) fn other_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "the path does not take this method",
        )
    }

    pub(super) fn name_taken() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "conflict",
            "a label of this name exists already",
        )
    }

    pub(super) fn too_fast() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "too many requests",
        )
    }

    /// What a call meets that goes wrong for a reason that the twin has no state for.
    pub(super) fn failure(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
            StatusCode::REQUEST_TIMEOUT => "request_timeout",
            StatusCode::SERVICE_UNAVAILABLE => "service_unavailable",
            _ => "internal_error",
        };
        Self::new(status, code, "the call went wrong")
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    pub(super) fn bad_query(faults: &[(&str, Violation)]) -> Self {
        let faults: Vec<String> = faults
            .iter()
            .map(|(name, violation)| format!("{name}: {}", violation.detail))
            .collect();
        Self::invalid(faults.join("; "))
    }

    pub(super) fn answer(self) -> Response<Bytes> {
        let title = self.status.canonical_reason().unwrap_or_default();
        answer::json(
            self.status,
            &json!({ "code": self.code, "title": title, "detail": self.detail }),
        )
    }

    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::NotJson(reason) => Self::invalid(reason),
            BodyFault::Invalid(violations) => {
                let faults: Vec<String> = violations
                    .iter()
                    .map(|violation| format!("{}: {}", violation.pointer, violation.detail))
                    .collect();
                Self::invalid(faults.join("; "))
            }
        }
    }
}
