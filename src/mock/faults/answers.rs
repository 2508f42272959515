//! Faults that are answers like any other, only wrong ones.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER},
};

use super::{Class, Struck, gzip};
use crate::mock::{Twin, answer, time};

/// Where a redirect leads: a name that never resolves (RFC 2606).
pub(in crate::mock) const ELSEWHERE: &str = "https://elsewhere.invalid/";

/// What a client without a time zone reads as milliseconds; some vendors' clients know it.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// The answer that goes out, or from which what goes out is cut. `own` is the twin's answer, where it saw the call.
pub(in crate::mock) fn deform(
    fault: &Struck,
    own: Option<Response<Bytes>>,
    twin: &mut dyn Twin,
    now_unix_ms: u64,
) -> Option<Response<Bytes>> {
    let status = match fault.class {
        Class::Unauthorized => StatusCode::UNAUTHORIZED,
        Class::RateLimited
        | Class::RateLimitedSeconds
        | Class::RateLimitedDate
        | Class::RateLimitedMs => StatusCode::TOO_MANY_REQUESTS,
        Class::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Class::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        Class::BadGateway => StatusCode::BAD_GATEWAY,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        Class::Redirect => return Some(redirect()),
        Class::Html => return Some(other_body(own?, "text/html", PAGE)),
        Class::InvalidUtf8 => return Some(other_body(own?, "application/json", NOT_UTF8)),
        Class::GzipBomb => return Some(bomb(own?)),
        Class::Latency
        | Class::LateApply
        | Class::Refuse
        | Class::Blackhole
        | Class::TlsFailure
        | Class::ResetBeforeHeaders
        | Class::ResetInHeaders
        | Class::ResetAfterHeaders
        | Class::ResetInBody
        | Class::HalfClose
        | Class::Slicer
        | Class::Trickle
        | Class::EndlessHeaders
        | Class::EndlessBody
        | Class::ContinueStorm
        | Class::WrongLength
        | Class::NoContentWithBody => return own,
    };
    let mut refused = twin.failure(status, now_unix_ms);
    refused.headers_mut().remove(RETRY_AFTER);
    let wait = wait(fault, now_unix_ms);
    Some(match wait {
        Some((name, value)) => answer::with(refused, name, &value),
        None => refused,
    })
}

fn wait(fault: &Struck, now_unix_ms: u64) -> Option<(HeaderName, String)> {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let wait = ms(fault.retry_after);
    match fault.class {
        // Never too few, as whole seconds are all that these two forms can say.
        Class::RateLimitedSeconds => Some((RETRY_AFTER, wait.div_ceil(1_000).to_string())),
        Class::RateLimitedDate => {
            let at = now_unix_ms.saturating_add(wait).div_ceil(1_000);
            Some((RETRY_AFTER, time::http_date(at.saturating_mul(1_000))))
        }
        Class::RateLimitedMs => Some((RETRY_AFTER_MS, wait.to_string())),
        _ => None,
    }
}

const PAGE: &[u8] =
    b"<!doctype html><html><head><title>Welcome</title></head><body>Sign in</body></html>";
const NOT_UTF8: &[u8] = b"{\"data\":\"\xff\xfe\x80\"}";

fn redirect() -> Response<Bytes> {
    let moved = answer::empty(StatusCode::TEMPORARY_REDIRECT);
    answer::with(moved, LOCATION, ELSEWHERE)
}

/// The answer with another body. One that has no place for a body becomes a 200.
fn other_body(
    mut own: Response<Bytes>,
    kind: &'static str,
    body: &'static [u8],
) -> Response<Bytes> {
    if own.status() == StatusCode::NO_CONTENT {
        *own.status_mut() = StatusCode::OK;
    }
    own.headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    *own.body_mut() = Bytes::from_static(body);
    own
}

fn bomb(own: Response<Bytes>) -> Response<Bytes> {
    let mut packed = other_body(own, "application/json", b"");
    *packed.body_mut() = gzip::bomb();
    packed
        .headers_mut()
        .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    packed
}
