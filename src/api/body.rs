//! A request's body: its media type, its size, its time, its JSON.

use super::fields::Headers;
use crate::{
    error::{Code, Error},
    gateway::Gateway,
    json,
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::Value;
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Fewest bytes of a body in a second.
const SLOWEST: u64 = 1_024;

/// How long a body may lag behind that.
const LAG: Duration = Duration::from_secs(5);

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `application/json`
    Json,
    /// `application/merge-patch+json` (RFC 7396) as well.
    MergePatch,
}

/// Reads a body, and holds it against the schema of an operation.
///
/// # Errors
/// Everything that can be wrong with a body, in the order: media type, Accept, size and time, JSON, schema.
pub(super) async fn checked<B>(
    gateway: &Gateway,
    headers: &Headers,
    kind: Kind,
    operation: &str,
    content: B,
) -> Result<Value, Error>
where
    B: Body<Data = Bytes>,
{
    let received = received(gateway, headers, kind, content).await?;
    judged(gateway, operation, &received)
}

/// Reads a body.
///
/// # Errors
/// Media type, Accept, size and time.
pub(super) async fn received<B>(
    gateway: &Gateway,
    headers: &Headers,
    kind: Kind,
    content: B,
) -> Result<Bytes, Error>
where
    B: Body<Data = Bytes>,
{
    check_media_type(headers, kind)?;
    check_accept(headers)?;
    let limits = &gateway.limits;
    read(content, limits.max_body_bytes, limits.body_timeout).await
}

/// Holds a body against the schema of an operation.
///
/// # Errors
/// JSON and schema.
pub(super) fn judged(gateway: &Gateway, operation: &str, body: &[u8]) -> Result<Value, Error> {
    let value = parse(body)?;
    let check = gateway
        .document
        .operation(operation)
        .and_then(|operation| operation.request());
    let Some(check) = check else {
        return Err(Error::new(
            Code::Internal,
            "the API's document does not describe this body",
        ));
    };
    if check.is_valid(&value) {
        return Ok(value);
    }
    let error = Error::new(
        Code::InvalidRequest,
        "the body breaks the schema of this operation",
    );
    Err(check
        .violations(&value)
        .into_iter()
        .fold(error, |error, violation| {
            error.at(violation.pointer, violation.detail)
        }))
}

/// Whether there is no body.
pub(super) fn is_none<B: Body>(content: &B) -> bool {
    content.is_end_stream() || content.size_hint().exact() == Some(0)
}

/// A body that nobody will read would be mistaken for the next request, or be a change that is silently lost.
///
/// # Errors
/// `invalid-request` when there is one.
pub(super) fn none<B: Body>(content: &B) -> Result<(), Error> {
    match is_none(content) {
        true => Ok(()),
        false => Err(Error::new(Code::InvalidRequest, "this operation takes no body").close()),
    }
}

fn check_media_type(headers: &Headers, kind: Kind) -> Result<(), Error> {
    let refused = |detail: &str| Err(Error::new(Code::UnsupportedMediaType, detail));
    if headers.may_have(&header::CONTENT_ENCODING)
        && headers
            .get_all(header::CONTENT_ENCODING)
            .into_iter()
            .any(|encoding| encoding != "identity")
    {
        return refused("an encoded body is not read");
    }
    let mut values = headers.get_all(header::CONTENT_TYPE).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return refused("the header Content-Type has to say `application/json`");
    };
    if value == "application/json" {
        return Ok(());
    }
    let text = value.to_str().unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|media| {
        media.eq_ignore_ascii_case("application/json")
            || (kind == Kind::MergePatch
                && media.eq_ignore_ascii_case("application/merge-patch+json"))
    });
    let utf8 = parts
        .filter(|part| !part.is_empty())
        .all(|part| match part.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        });
    if json && utf8 {
        Ok(())
    } else {
        refused("the body has to be `application/json` in UTF-8")
    }
}

/// Refuses a caller that takes no JSON.
///
/// # Errors
/// `not-acceptable`.
pub(super) fn check_accept(headers: &HeaderMap) -> Result<(), Error> {
    let mut values = headers.get_all(header::ACCEPT).into_iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    let is_usual = |value: &&HeaderValue| *value == "*/*" || *value == "application/json";
    if values.peek().is_some_and(is_usual) {
        return Ok(());
    }
    let acceptable = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let refused = parts.any(|part| matches!(part.split_once('='), Some((q, v)) if q.trim() == "q" && v.trim().parse() == Ok(0.0)));
        let kinds = ["*/*", "application/*", "application/json", "application/problem+json"];
        !refused && kinds.iter().any(|known| kind.eq_ignore_ascii_case(known))
    });
    if acceptable {
        Ok(())
    } else {
        Err(Error::new(
            Code::NotAcceptable,
            "only `application/json` is offered",
        ))
    }
}

/// Reads a body of at most `limit` bytes within `time`, and not slower than [`SLOWEST`].
///
/// # Errors
/// `body-too-large`, before reading where the length is declared; `request-timeout`; `invalid-framing` when the
/// connection breaks off. After each of them the connection is of no more use.
pub(crate) async fn read<B>(body: B, limit: usize, time: Duration) -> Result<Bytes, Error>
where
    B: Body<Data = Bytes>,
{
    let too_large = || {
        Error::new(
            Code::BodyTooLarge,
            format!("a body has at most {limit} bytes"),
        )
        .close()
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    let mut begun = None;
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    // To ask for what is behind the end would be to wait for another turn.
    while !body.is_end_stream() {
        let received = first.len() + all.len();
        // Nearly every body has arrived with its head: only who waits needs a clock, and the room for it.
        let here = poll_fn(|context| Poll::Ready(body.as_mut().poll_frame(context))).await;
        let frame = match here {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let paced = LAG + Duration::from_millis(received as u64 * 1_000 / SLOWEST);
                let until = *begun.get_or_insert_with(Instant::now) + time.min(paced);
                let waiting = Box::pin(timeout_at(until, body.frame()));
                waiting.await.map_err(|_| {
                    let detail = "the body took too long to arrive";
                    Error::new(Code::RequestTimeout, detail).close()
                })?
            }
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| {
            let detail = "the body is malformed or ended before its end";
            Error::new(Code::InvalidFraming, detail).close()
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if received + data.len() > limit {
            return Err(too_large());
        }
        if received == 0 {
            first = data;
        } else {
            if all.is_empty() {
                all.reserve(announced.max(received + data.len()));
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Parses strict JSON.
///
/// # Errors
/// `invalid-json`, with the line and column.
fn parse(bytes: &[u8]) -> Result<Value, Error> {
    json::parse(bytes).map_err(|error| {
        let detail = if bytes.is_empty() {
            "the body is empty".to_owned()
        } else {
            said(&error)
        };
        Error::new(Code::InvalidJson, detail)
    })
}

/// What the parser says, unless it repeats the input.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("invalid type") || text.starts_with("invalid value") || text.len() > 200 {
        format!(
            "not JSON at line {} column {}",
            error.line(),
            error.column()
        )
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &'static str) -> Headers {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))]).into()
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json;",
        ] {
            assert!(
                check_media_type(&with(header::CONTENT_TYPE, good), Kind::Json).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "text/plain",
            "application/json; charset=utf-16",
            "application/jsonx",
            "",
        ] {
            assert!(
                check_media_type(&with(header::CONTENT_TYPE, bad), Kind::Json).is_err(),
                "{bad}"
            );
        }
        assert!(check_media_type(&HeaderMap::new().into(), Kind::Json).is_err());
        let mut encoded = with(header::CONTENT_TYPE, "application/json").into_table();
        encoded.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(check_media_type(&encoded.into(), Kind::Json).is_err());
    }

    /// A body of one byte a second.
    struct Trickle(usize, tokio::time::Interval);

    impl Body for Trickle {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::ready!(self.1.poll_tick(context));
            let Some(left) = self.0.checked_sub(1) else {
                return std::task::Poll::Ready(None);
            };
            self.0 = left;
            let byte = http_body::Frame::data(Bytes::from_static(b"x"));
            std::task::Poll::Ready(Some(Ok(byte)))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_lag_for_a_while_and_not_for_its_whole_time() {
        let trickle = |bytes| Trickle(bytes, tokio::time::interval(Duration::from_secs(1)));
        let read = |bytes| read(trickle(bytes), 1_024, Duration::from_secs(60));
        assert_eq!(read(5).await.expect("a body").len(), 5);
        let begun = Instant::now();
        let error = read(30).await.expect_err("too slow");
        assert_eq!(error.code(), Code::RequestTimeout);
        assert!(
            begun.elapsed() < Duration::from_secs(6),
            "{:?}",
            begun.elapsed()
        );
    }

    #[test]
    fn accept_has_to_leave_room_for_json() {
        for good in [
            "*/*",
            "text/html, application/*;q=0.5",
            "application/problem+json",
            "application/json; q=1",
        ] {
            assert!(check_accept(&with(header::ACCEPT, good)).is_ok(), "{good}");
        }
        for bad in [
            "text/html",
            "application/json;q=0",
            "application/xml, text/*",
        ] {
            assert!(check_accept(&with(header::ACCEPT, bad)).is_err(), "{bad}");
        }
    }
}
