//! What is sent satisfies the vendor's document exactly; what comes back is held against it and counted.

use super::{Account, CallContext, CallError};
use crate::{config::Responses, json};
use adapters::{Answer, Call};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

/// How often live answers broke the vendor's document, by route, operation and pointer.
pub type Violations = BTreeMap<(Arc<str>, &'static str, String), u64>;

/// Most places that violations are counted at.
const MAX_PLACES: usize = 1_000;

impl Account {
    /// Nothing leaves that the vendor's document does not allow.
    pub(super) fn check_request(&self, call: &Call, body: Option<&Bytes>) -> Result<(), CallError> {
        let Some(operation) = self.document.operation(call.operation) else {
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

    /// Counts what the document does not allow in an answer, and refuses it where that is enforced.
    pub(super) fn check_answer(
        &self,
        call: &Call,
        answer: Answer,
        context: &CallContext,
    ) -> Result<Answer, CallError> {
        if context.responses == Responses::Off {
            return Ok(answer);
        }
        let documented = self
            .document
            .operation(call.operation)
            .and_then(|op| op.response(answer.status.as_u16()));
        let Some(check) = documented else {
            return Ok(answer);
        };
        if answer.body.is_empty() {
            return Ok(answer);
        }
        let violations = match json::lenient(&answer.body) {
            Ok(value) if check.is_valid(&value) => return Ok(answer),
            Ok(value) => check.violations(&value),
            Err(_) => return Ok(answer),
        };
        let mut counts = self
            .violations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for violation in &violations {
            // Positions in a list are one place in the document.
            let pointer = json::without_indices(&violation.pointer);
            if counts.len() >= MAX_PLACES
                && !counts.contains_key(&(context.route.clone(), call.operation, pointer.clone()))
            {
                continue;
            }
            let count = counts
                .entry((context.route.clone(), call.operation, pointer))
                .or_insert(0);
            *count += 1;
            if *count == 1 {
                tracing::warn!(
                    route = %context.route,
                    operation = call.operation,
                    pointer = %violation.pointer,
                    "the vendor's answer is not what its document says: {}",
                    violation.detail
                );
            }
        }
        match context.responses {
            Responses::Enforce => {
                let first = violations
                    .first()
                    .map(|v| format!("`{}` {}", v.pointer, v.detail))
                    .unwrap_or_default();
                Err(CallError::Body(format!(
                    "the answer breaks the vendor's document: {first}"
                )))
            }
            Responses::Report | Responses::Off => Ok(answer),
        }
    }
}
