//! A page for each kind of problem: what it means, how it may look, and what can be done about it.
//!
//! Nothing of a request gets into a page. The example is made by the same code that makes the real problems.

mod examples;
mod html;
#[cfg(test)]
mod tests;
mod texts;

use crate::error::{Code, Error};
use bytes::Bytes;
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) use html::CONTENT_SECURITY_POLICY;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Stands in the examples where a real problem names its request.
const REQUEST_ID: &str = "7f3c9a52e1d04b68";

/// Whether the page is wanted as HTML: only where `Accept` likes that better than JSON.
///
/// # Errors
/// `not-acceptable` where neither is wanted.
pub(crate) fn wants_html(headers: &HeaderMap) -> Result<bool, Error> {
    let (html, json) = (
        weight(headers, "text", "html"),
        weight(headers, "application", "json"),
    );
    if html == 0 && json == 0 {
        return Err(Error::new(
            Code::NotAcceptable,
            "only `application/json` and `text/html` are offered",
        ));
    }
    Ok(html > json)
}

/// The page about a code, with its media type.
pub(crate) fn page(code: Code, html: bool) -> (&'static str, Bytes) {
    let text = texts::of(code);
    let example = examples::of(code);
    let body = example.body(REQUEST_ID);
    if html {
        let page = html::page(code, &text, &example, &String::from_utf8_lossy(&body));
        return (HTML, page.into());
    }
    let page = Page {
        code: code.as_str(),
        status: code.status().as_u16(),
        title: code.title(),
        meaning: text.meaning,
        example: serde_json::from_slice(&body).unwrap_or(RawValue::NULL),
        cure: text.cure,
    };
    (JSON, serde_json::to_vec(&page).unwrap_or_default().into())
}

#[derive(Serialize)]
struct Page<'a> {
    code: &'a str,
    status: u16,
    title: &'a str,
    meaning: &'a str,
    example: &'a RawValue,
    cure: &'a str,
}

/// How much `Accept` likes a media type, in thousandths: the most exact range that covers it decides
/// (RFC 9110, 12.5.1). Without the header everything is liked.
fn weight(headers: &HeaderMap, kind: &str, subkind: &str) -> u16 {
    let mut values = headers.get_all(header::ACCEPT).into_iter().peekable();
    if values.peek().is_none() {
        return 1000;
    }
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut best = (0, 0);
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let (ranged, sub) = parts
            .next()
            .and_then(|essence| essence.split_once('/'))
            .unwrap_or_default();
        let exactness = match (ranged, sub) {
            ("*", "*") => 1,
            (ranged, "*") if ranged.eq_ignore_ascii_case(kind) => 2,
            (ranged, sub)
                if ranged.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subkind) =>
            {
                3
            }
            _ => continue,
        };
        best = best.max((exactness, quality(parts)));
    }
    best.1
}

/// The `q` among a range's parameters, in thousandths; 1000 where there is none, 0 where it is no number.
fn quality<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    let mut named = parameters.filter_map(|part| part.split_once('='));
    named
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(1000, |(_, value)| {
            let value: f32 = value.trim().parse().unwrap_or_default();
            (value.clamp(0.0, 1.0) * 1000.0) as u16
        })
}
