//! What Awardee says when it does not do what it was asked (error guide).

use super::{json, rates};
use crate::{Answer, ProblemKind, VendorProblem, parse};

/// The problem by its status, with what its flat body and the headers add.
pub(super) fn problem(answer: &Answer) -> VendorProblem {
    let mut problem = VendorProblem::by_status(answer);
    if let Ok(said) = parse::<json::Problem>(answer) {
        // Documented with 403; any other 403 is about one thing.
        if said.error.as_deref() == Some("api_key_paused") {
            problem.refuses_key = true;
        }
        problem.code = said.error;
        problem.message = said.message;
        problem.request_id = said.request_id;
    }
    if problem.request_id.is_none() {
        problem.request_id = answer
            .headers
            .get("x-request-id")
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned);
    }
    if problem.kind == ProblemKind::RateLimited && problem.retry_after.is_none() {
        problem.retry_after = rates::used_up_until(&answer.headers);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_key_refuses_the_key() {
        let refuses = |status, code: &str| {
            let body = format!(r#"{{"error":"{code}","message":"x","request_id":"r"}}"#);
            let answer = Answer {
                status: http::StatusCode::from_u16(status).unwrap(),
                headers: http::HeaderMap::new(),
                body: body.into_bytes(),
            };
            problem(&answer).refuses_key
        };
        for code in [
            "missing_api_key",
            "invalid_api_key",
            "api_key_revoked",
            "api_key_expired",
        ] {
            assert!(refuses(401, code), "{code}");
        }
        assert!(refuses(403, "api_key_paused"));
        assert!(!refuses(403, "forbidden"));
    }
}
