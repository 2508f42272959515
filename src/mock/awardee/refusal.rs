//! The errors of Awardee: one flat envelope, whose `error` is a string.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::json;

use super::super::{answer, target::BodyFault};
use crate::schema::Violation;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Option<Box<Details>>,
    header: Option<(header::HeaderName, String)>,
}

/// What is wrong as a whole, and what is wrong with which field.
#[derive(Debug, Default)]
struct Details {
    form: Vec<String>,
    fields: BTreeMap<String, Vec<String>>,
}

impl Refusal {
    pub(super) fn missing_key() -> Self {
        Self::plain(
            StatusCode::UNAUTHORIZED,
            "missing_api_key",
            "an API key must be sent as a bearer token",
        )
    }

    pub(super) fn wrong_key() -> Self {
        Self::plain(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            "this API key is not known",
        )
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::plain(
            StatusCode::NOT_FOUND,
            "not_found",
            &format!("there is no such {what}"),
        )
    }

    pub(super) fn other_method(allowed: String) -> Self {
        let header = Some((header::ALLOW, allowed));
        let message = "the path does not take this method";
        Self {
            header,
            ..Self::plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                message,
            )
        }
    }

    /// The wait is told in whole seconds, never too few.
    pub(super) fn too_fast(wait_ms: u64) -> Self {
        let header = Some((
            header::RETRY_AFTER,
            wait_ms.div_ceil(1_000).max(1).to_string(),
        ));
        let message = "the organisation has used up its requests";
        Self {
            header,
            ..Self::plain(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
        }
    }

    /// What a call meets that goes wrong for a reason that the twin has no state for.
    pub(super) fn failure(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => "invalid_api_key",
            StatusCode::TOO_MANY_REQUESTS => "rate_limited",
            StatusCode::REQUEST_TIMEOUT => "request_timeout",
            StatusCode::SERVICE_UNAVAILABLE => "service_unavailable",
            _ => "internal_error",
        };
        Self::plain(status, code, "the call went wrong")
    }

    /// The id of the tag that has the name is not told.
    pub(super) fn name_taken() -> Self {
        Self::plain(
            StatusCode::CONFLICT,
            "conflict",
            "a tag of this name exists already",
        )
    }

    pub(super) fn key_reused() -> Self {
        let message = "the idempotency key was used with another body";
        Self::plain(StatusCode::CONFLICT, "idempotency_conflict", message)
    }

    /// A payload that is wrong as a whole.
    pub(super) fn bad_form(fault: &str) -> Self {
        let form = vec![fault.to_owned()];
        Self::payload(Details {
            form,
            ..Details::default()
        })
    }

    /// A payload whose `field` is wrong.
    pub(super) fn bad_field(field: &str, fault: &str) -> Self {
        Self::payload(Details::of(field, fault))
    }

    pub(super) fn bad_query(faults: &[(&str, Violation)]) -> Self {
        let mut details = Details::default();
        for (name, violation) in faults {
            details
                .fields
                .entry((*name).to_owned())
                .or_default()
                .push(violation.detail.clone());
        }
        Self::query(details)
    }

    pub(super) fn bad_cursor() -> Self {
        Self::query(Details::of("cursor", "is not one that was given out"))
    }

    pub(super) fn answer(self, request_id: &str) -> Response<Bytes> {
        let mut body =
            json!({ "error": self.code, "message": self.message, "request_id": request_id });
        if let Some(details) = self.details {
            body["details"] = json!({ "formErrors": details.form, "fieldErrors": details.fields });
        }
        let answer = answer::json(self.status, &body);
        match self.header {
            Some((name, value)) => answer::with(answer, name, &value),
            None => answer,
        }
    }

    fn query(details: Details) -> Self {
        let details = Some(Box::new(details));
        Self {
            details,
            ..Self::plain(
                StatusCode::BAD_REQUEST,
                "invalid_query",
                "the query is not valid",
            )
        }
    }

    fn payload(details: Details) -> Self {
        let message = "the payload is not valid";
        Self {
            details: Some(Box::new(details)),
            ..Self::plain(StatusCode::BAD_REQUEST, "invalid_payload", message)
        }
    }

    fn plain(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
            details: None,
            header: None,
        }
    }
}

impl Details {
    fn of(field: &str, fault: &str) -> Self {
        let fields = BTreeMap::from([(field.to_owned(), vec![fault.to_owned()])]);
        Self {
            form: Vec::new(),
            fields,
        }
    }

    /// What lies deeper than a field counts as the field's fault.
    fn add(&mut self, violation: &Violation) {
        match violation.pointer.split('/').nth(1) {
            Some(field) => self
                .fields
                .entry(field.to_owned())
                .or_default()
                .push(violation.detail.clone()),
            None => self.form.push(violation.detail.clone()),
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::NotJson(reason) => Self::bad_form(&reason),
            BodyFault::Invalid(violations) => {
                let mut details = Details::default();
                violations
                    .iter()
                    .for_each(|violation| details.add(violation));
                Self::payload(details)
            }
        }
    }
}
