//! What is sent satisfies the vendor's document exactly; what comes back is held against it and counted.

use super::{Account, CallError, watch::Watch};
use crate::{config::Responses, json, schema::Operation};
use adapters::{Answer, Call};
use bytes::Bytes;

impl Account {
    /// Nothing leaves that the vendor's document does not allow.
    pub(super) fn check_request(
        &self,
        operation: Option<&Operation>,
        call: &Call,
        body: Option<&Bytes>,
    ) -> Result<(), CallError> {
        let Some(operation) = operation else {
            return Err(CallError::Invalid(format!(
                "the vendor's document has no operation `{}`",
                call.operation
            )));
        };
        let Some(body) = body else {
            return match operation.request_required() {
                false => Ok(()),
                true => Err(CallError::Invalid(format!(
                    "`{}` needs a body",
                    call.operation
                ))),
            };
        };
        let Some(check) = operation.request() else {
            return Err(CallError::Invalid(format!(
                "`{}` takes no body",
                call.operation
            )));
        };
        let value = json::lenient(body).map_err(|error| CallError::Invalid(error.to_string()))?;
        if check.is_valid(&value) {
            return Ok(());
        }
        let violations = check.violations(&value);
        let told: Vec<String> = violations
            .iter()
            .map(|v| format!("`{}` {}", v.pointer, v.detail))
            .collect();
        Err(CallError::Invalid(told.join("; ")))
    }

    /// The texts in a body that the vendor's document does not allow where they stand; none if anything else is wrong
    /// with it.
    pub fn refused_texts(&self, call: &Call, body: &Bytes) -> Vec<String> {
        let operation = self.document.operation(call.operation);
        let (Some(check), Ok(value)) = (
            operation.and_then(|operation| operation.request()),
            json::lenient(body),
        ) else {
            return Vec::new();
        };
        let violations = check.violations(&value);
        let texts = violations.iter().map(|violation| {
            let text = value.pointer(&violation.pointer)?.as_str()?;
            Some(text.to_owned())
        });
        texts.collect::<Option<_>>().unwrap_or_default()
    }
}

/// Counts what the document does not allow in an answer, and refuses it where that is enforced.
pub(super) fn check_answer(
    watch: Option<&Watch<'_>>,
    answer: &Answer,
    responses: Responses,
) -> Result<(), CallError> {
    let Some(watch) = watch else {
        return Ok(());
    };
    let status = answer.status.as_u16();
    watch.status(status);
    let Some(check) = watch.check(status).filter(|_| !answer.body.is_empty()) else {
        return Ok(());
    };
    // A body that serde_json does not take was read whole all the same; the adapter judges it.
    let Ok(value) = json::lenient(&answer.body) else {
        return Ok(());
    };
    let violations = match check.is_valid(&value) {
        true => Vec::new(),
        false => check.violations(&value),
    };
    watch.answer(status, &value, &violations);
    let Some(first) = violations.first() else {
        return Ok(());
    };
    match responses {
        Responses::Enforce => Err(CallError::Body(format!(
            "the answer breaks the vendor's document: `{}` {}",
            first.pointer, first.detail
        ))),
        Responses::Report | Responses::Off => Ok(()),
    }
}
