//! The errors of ElevenLabs, in the four forms in which its `detail` is known to come.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::super::{answer, target::BodyFault};
use crate::schema::Violation;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// `[{loc, msg, type}]`: what a schema rejects.
    List(Vec<Value>),
    /// `{type, code, message, status, request_id, param?}`: today's errors.
    Problem {
        kind: &'static str,
        code: &'static str,
        legacy: &'static str,
        message: String,
        param: Option<&'static str>,
    },
    /// `{status, message}`: the errors of old.
    Legacy(&'static str, &'static str),
    /// A text: what the framework itself answers.
    Text(&'static str),
}

impl Refusal {
    pub(super) fn text(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            form: Form::Text(text),
        }
    }

    pub(super) fn missing_key() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            form: Form::Legacy("invalid_api_key", "no API key was given"),
        }
    }

    pub(super) fn wrong_key() -> Self {
        Self::problem(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "invalid_api_key",
            "this API key is not valid",
        )
    }

    pub(super) fn too_fast() -> Self {
        let message = "too many requests, wait a moment";
        Self::problem(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "rate_limit_exceeded",
            message,
        )
    }

    /// What a call meets that goes wrong for a reason that the twin has no state for.
    pub(super) fn failure(status: StatusCode) -> Self {
        let (kind, code) = match status {
            StatusCode::UNAUTHORIZED => ("authentication_error", "invalid_api_key"),
            StatusCode::TOO_MANY_REQUESTS => ("rate_limit_error", "rate_limit_exceeded"),
            StatusCode::REQUEST_TIMEOUT => ("timeout_error", "request_timeout"),
            StatusCode::SERVICE_UNAVAILABLE => ("internal_error", "system_busy"),
            _ => ("internal_error", "internal_error"),
        };
        Self::problem(status, kind, code, "the call went wrong")
    }

    /// Also what a deleted tag answers.
    pub(super) fn no_tag(id: &str) -> Self {
        Self::not_found(format!("there is no conversation tag {id}"))
    }

    pub(super) fn no_conversation(id: &str) -> Self {
        Self::not_found(format!("there is no conversation {id}"))
    }

    pub(super) fn full() -> Self {
        let message = "the workspace holds as many tags as it can";
        Self::problem(
            StatusCode::BAD_REQUEST,
            "validation_error",
            "limit_exceeded",
            message,
        )
    }

    pub(super) fn bad_cursor() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            form: Form::Problem {
                kind: "validation_error",
                code: "invalid_parameters",
                legacy: "invalid_parameters",
                message: "the cursor is not one that was given out".to_owned(),
                param: Some("cursor"),
            },
        }
    }

    pub(super) fn bad_query(faults: &[(&str, Violation)]) -> Self {
        let items = faults
            .iter()
            .map(|(name, violation)| violated(&["query", name], violation));
        Self::list(items.collect())
    }

    /// `request_id` goes into the form that has a place for it.
    pub(super) fn answer(self, request_id: &str) -> Response<Bytes> {
        let detail = match self.form {
            Form::List(items) => Value::Array(items),
            Form::Problem {
                kind,
                code,
                legacy,
                message,
                param,
            } => {
                let mut detail = json!({
                    "type": kind, "code": code, "message": message, "status": legacy, "request_id": request_id,
                });
                if let Some(param) = param {
                    detail["param"] = param.into();
                }
                detail
            }
            Form::Legacy(status, message) => json!({"status": status, "message": message}),
            Form::Text(text) => text.into(),
        };
        answer::json(self.status, &json!({ "detail": detail }))
    }

    fn not_found(message: String) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            form: Form::Problem {
                kind: "not_found",
                code: "not_found",
                legacy: "not_found_error",
                message,
                param: None,
            },
        }
    }

    fn problem(status: StatusCode, kind: &'static str, code: &'static str, message: &str) -> Self {
        let form = Form::Problem {
            kind,
            code,
            legacy: code,
            message: message.to_owned(),
            param: None,
        };
        Self { status, form }
    }

    fn list(items: Vec<Value>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            form: Form::List(items),
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::NotJson(reason) => {
                Self::list(vec![item(json!(["body"]), &reason, "json_invalid")])
            }
            BodyFault::Invalid(violations) => Self::list(
                violations
                    .iter()
                    .map(|violation| violated(&["body"], violation))
                    .collect(),
            ),
        }
    }
}

fn violated(place: &[&str], violation: &Violation) -> Value {
    let kind = match violation.keyword.as_str() {
        "required" => "missing",
        "minLength" => "string_too_short",
        "maxLength" => "string_too_long",
        "minItems" => "too_short",
        "maxItems" => "too_long",
        "minimum" => "greater_than_equal",
        "maximum" => "less_than_equal",
        "enum" => "enum",
        "type" | "anyOf" => "type_error",
        _ => "value_error",
    };
    let steps = violation.pointer.split('/').skip(1).map(|step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        step.parse::<u64>()
            .map_or_else(|_| Value::from(step), Value::from)
    });
    let place = place
        .iter()
        .map(|step| Value::from(*step))
        .chain(steps)
        .collect();
    item(Value::Array(place), &violation.detail, kind)
}

fn item(place: Value, message: &str, kind: &str) -> Value {
    json!({"loc": place, "msg": message, "type": kind})
}
