//! From what the API says to an HTTP answer, and to a line of the access log.

use crate::{
    api::{Notes, Reply},
    digits,
    error::{Code, Error},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use std::time::Duration;

/// Longest request id that is taken from a caller.
const MAX_REQUEST_ID: usize = 128;

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const VENDOR_CALLS: HeaderName = HeaderName::from_static("tagway-vendor-calls");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const MOCK: HeaderName = HeaderName::from_static("tagway-mock");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The caller's id of the request, if it is sane, else a new one. It is text.
pub(super) fn request_id(headers: &HeaderMap, random: impl FnOnce() -> u64) -> HeaderValue {
    let sane = |id: &&HeaderValue| {
        !id.is_empty()
            && id.len() <= MAX_REQUEST_ID
            && id.as_bytes().iter().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=')
            })
    };
    let mut values = headers.get_all(X_REQUEST_ID).into_iter();
    match (values.next().filter(sane), values.next()) {
        (Some(id), None) => id.clone(),
        _ => new_request_id(random()),
    }
}

fn new_request_id(random: u64) -> HeaderValue {
    let mut text = [b'0'; 16];
    for (at, digit) in text.iter_mut().rev().enumerate() {
        let half = (random >> (4 * at) & 15) as u8;
        *digit = half + if half < 10 { b'0' } else { b'a' - 10 };
    }
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("-"))
}

/// A request id as text.
pub(super) fn text(request_id: &HeaderValue) -> &str {
    request_id.to_str().unwrap_or("-")
}

/// The whole answer; `time` is how long it took.
pub(super) fn response(
    request_id: HeaderValue,
    mut notes: Notes,
    result: Result<Reply, Error>,
    time: Duration,
) -> Response<Full<Bytes>> {
    let room = std::mem::take(&mut notes.room);
    let mut response = match result {
        Ok(reply) => success(reply, room),
        Err(error) => problem(&error, text(&request_id)),
    };
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, request_id);
    insert(headers, SERVER_TIMING, &timing(&notes, time));
    headers.insert(VENDOR_CALLS, HeaderValue::from(notes.meter.calls()));
    rate_limits(headers, &notes);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if notes.mock {
        headers.insert(MOCK, HeaderValue::from_static("true"));
    }
    response
}

/// The status of an answer, and its problem's code; `-` without one.
pub(super) fn told(result: &Result<Reply, Error>) -> (StatusCode, &'static str) {
    match result {
        Ok(reply) => (reply.status, "-"),
        Err(error) => (error.code().status(), error.code().as_str()),
    }
}

/// One line for the access log; without a method if what came was not a request.
pub(super) fn log(
    method: Option<&Method>,
    request_id: &HeaderValue,
    notes: &Notes,
    result: &Result<Reply, Error>,
    time: Duration,
) {
    let (status, code) = told(result);
    let request_id = text(request_id);
    tracing::info!(
        target: "access",
        method = method.map_or("-", Method::as_str),
        operation = notes.operation,
        route = notes.route.as_deref().unwrap_or("-"),
        client = notes.client.as_deref().unwrap_or("-"),
        status = status.as_u16(),
        code,
        ms = digits::micros(time) as f64 / 1e3,
        vendor_calls = notes.meter.calls(),
        request_id,
    );
    if let Err(error) = result
        && status.is_server_error()
    {
        tracing::warn!(target: "access", request_id, code, detail = error.detail(), "answered with an error");
    }
}

/// `room` is the table of the request's headers: the HTTP library takes that of an answer for the next request, so that
/// one table serves a connection.
fn success(reply: Reply, mut room: HeaderMap) -> Response<Full<Bytes>> {
    room.clear();
    let has_body = reply.body.is_some();
    let mut response = Response::new(Full::new(reply.body.unwrap_or_default()));
    *response.status_mut() = reply.status;
    *response.headers_mut() = room;
    let headers = response.headers_mut();
    // For all that a usual answer has.
    headers.reserve(12);
    if has_body {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(reply.content_type),
        );
    }
    if let Some(location) = &reply.location {
        insert(headers, header::LOCATION, location);
    }
    if let Some(policy) = reply.content_security_policy {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy),
        );
    }
    if let Some(etag) = &reply.etag {
        insert(headers, header::ETAG, etag);
    }
    if let Some(applied) = reply.preference_applied {
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(applied));
    }
    if reply.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

#[cold]
pub(super) fn problem(error: &Error, request_id: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(error.body(request_id).into()));
    *response.status_mut() = error.code().status();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(methods) = error.allowed() {
        headers.insert(header::ALLOW, HeaderValue::from_static(methods));
    }
    if error.code() == Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(wait) = wait(error) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    if error.is_replayed() {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if error.closes() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whole seconds, rounded up: a caller that waits them is never early.
fn wait(error: &Error) -> Option<u64> {
    let status = error.code().status();
    let demanded = matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    let wait = error
        .wait()
        .or(demanded.then_some(Duration::from_secs(1)))?;
    Some(whole_seconds(wait))
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The windows of the client and of the route's account at its vendor, as list fields; named by whose they are and by
/// their lengths.
fn rate_limits(headers: &mut HeaderMap, notes: &Notes) {
    let (mut policies, mut left) = (String::new(), String::new());
    let mut add = |whose, length: Duration, most: u32, remaining, more_in| {
        let window = length.as_secs();
        let item = |list: &mut String, parts: [(&str, u64); 2]| {
            list.push_str(if list.is_empty() { "\"" } else { ", \"" });
            list.push_str(whose);
            list.push('-');
            digits::push(list, window);
            list.push_str("s\"");
            for (name, number) in parts {
                list.push_str(name);
                digits::push(list, number);
            }
        };
        item(&mut policies, [(";q=", most.into()), (";w=", window)]);
        item(
            &mut left,
            [(";r=", remaining), (";t=", whole_seconds(more_in))],
        );
    };
    for quota in &notes.quotas {
        let crate::config::RateWindow { requests, length } = quota.window;
        add("client", length, requests, quota.remaining, quota.full_in);
    }
    let windows = notes.account.as_ref().map(|account| account.line().windows);
    for window in windows.unwrap_or_default() {
        add(
            "vendor",
            window.length,
            window.limit,
            window.remaining.into(),
            window.more_in,
        );
    }
    if !policies.is_empty() {
        insert(headers, RATE_LIMIT_POLICY, &policies);
        insert(headers, RATE_LIMIT, &left);
    }
}

fn timing(notes: &Notes, time: Duration) -> String {
    let (queue, vendor) = (notes.meter.queue_time(), notes.meter.vendor_time());
    let gateway = time.saturating_sub(queue).saturating_sub(vendor);
    let mut text = String::with_capacity(80);
    for (name, time) in [
        ("queue;dur=", queue),
        (", vendor;dur=", vendor),
        (", gateway;dur=", gateway),
    ] {
        text.push_str(name);
        digits::push_thousandths(&mut text, digits::micros(time));
    }
    text
}

pub(super) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // What is inserted here is made of printable ASCII; a value that is not has no place in a header.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
