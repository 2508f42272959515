//! What a request's headers and query ask for.

use super::fields::Headers;
use crate::{
    error::{Code, Error},
    sequencer::IfMatch,
};
use http::{HeaderName, header};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the caller wants back (RFC 7240).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Prefer {
    /// Nothing said.
    #[default]
    Unsaid,
    /// `return=representation`
    Representation,
    /// `return=minimal`
    Minimal,
}

/// The query parameters of a request, each at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// Only plan.
    pub(super) dry_run: bool,
    /// Make unknown tags first; the route's setting where it is not said.
    pub(super) create_missing: Option<bool>,
    /// Longest page.
    pub(super) limit: Option<usize>,
    /// Where the page begins.
    pub(super) cursor: Option<String>,
    /// What the text form has to hold.
    pub(super) q: Option<String>,
}

/// Largest page of a list.
const MAX_LIMIT: usize = 1_000;

/// Longest search text, in characters.
const MAX_Q: usize = 256;

/// Longest cursor, in characters; those that are given out are far shorter than a tag's text can be.
const MAX_CURSOR: usize = 8_192;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const DEADLINE: HeaderName = HeaderName::from_static("tagway-deadline-ms");

/// Reads the query; only the `known` parameters are possible.
///
/// # Errors
/// Unknown and repeated parameters, and values that are out of range.
pub(super) fn query(text: Option<&str>, known: &[&str]) -> Result<Query, Error> {
    let mut query = Query::default();
    let mut seen = Vec::new();
    let refused = |name: &str, why: &str| {
        let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        Error::new(Code::InvalidQuery, "the query is not acceptable").at(name, why)
    };
    for pair in text
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !known.contains(&name) {
            return Err(refused(name, "there is no such parameter here"));
        }
        if seen.contains(&name) {
            return Err(refused(name, "it is given more than once"));
        }
        seen.push(name);
        let text = form_decoded(value).ok_or_else(|| refused(name, "it cannot be decoded"))?;
        let flag = || match text.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(refused(name, "it is `true` or `false`")),
        };
        let within = |most: usize| match text.chars().count() {
            length if length == 0 || length > most => {
                Err(refused(name, &format!("it has 1 to {most} characters")))
            }
            _ => Ok(Some(text.clone())),
        };
        match name {
            "dry_run" => query.dry_run = flag()?,
            "create_missing" => query.create_missing = Some(flag()?),
            "limit" => {
                let limit = text
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MAX_LIMIT).contains(limit));
                let plain = text.bytes().all(|byte| byte.is_ascii_digit());
                query.limit = Some(limit.filter(|_| plain).ok_or_else(|| {
                    refused(name, &format!("it is a whole number from 1 to {MAX_LIMIT}"))
                })?);
            }
            "cursor" => query.cursor = within(MAX_CURSOR)?,
            _ => query.q = within(MAX_Q)?,
        }
    }
    Ok(query)
}

/// A query value, `+` for a blank and percent escapes decoded; `None` for a broken escape or what is not UTF-8.
fn form_decoded(value: &str) -> Option<String> {
    let spaced = value.replace('+', " ");
    super::router::decode("", &spaced).ok()
}

/// Reads `Prefer`; unknown preferences are ignored.
pub(super) fn prefer(headers: &Headers) -> Prefer {
    if !headers.may_have(&PREFER) {
        return Prefer::Unsaid;
    }
    let values = headers
        .get_all(PREFER)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    for preference in values.flat_map(|value| value.split(',')) {
        let token = preference.split(';').next().unwrap_or_default();
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        if name.trim().eq_ignore_ascii_case("return") {
            match value.trim().trim_matches('"') {
                "representation" => return Prefer::Representation,
                "minimal" => return Prefer::Minimal,
                _ => {}
            }
        }
    }
    Prefer::Unsaid
}

/// Reads `Tagway-Deadline-Ms`; it can only shorten the operator's deadline.
///
/// # Errors
/// Anything but a whole number from 1.
pub(super) fn deadline(headers: &Headers, limit: Duration) -> Result<Duration, Error> {
    let Some(value) = single(headers, &DEADLINE)? else {
        return Ok(limit);
    };
    match value.parse::<u64>() {
        Ok(ms) if ms > 0 && value.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(limit.min(Duration::from_millis(ms)))
        }
        _ => Err(bad(
            &DEADLINE,
            "it is a whole number of milliseconds from 1",
        )),
    }
}

/// Reads `If-Match`.
///
/// # Errors
/// Not a list of entity tags, or `*` among others.
pub(super) fn if_match(headers: &Headers) -> Result<Option<IfMatch>, Error> {
    match entity_tags(headers, &header::IF_MATCH)? {
        None => Ok(None),
        Some(tags) if tags == ["*"] => Ok(Some(IfMatch::Exists)),
        // A weak tag never matches in this comparison, so it is left out.
        Some(tags) => Ok(Some(IfMatch::OneOf(
            tags.into_iter()
                .filter(|tag| !tag.starts_with("W/"))
                .collect(),
        ))),
    }
}

/// Whether `If-None-Match` names this entity tag.
///
/// # Errors
/// Not a list of entity tags, or `*` among others.
pub(super) fn none_match(headers: &Headers, etag: &str) -> Result<bool, Error> {
    let tags = entity_tags(headers, &header::IF_NONE_MATCH)?.unwrap_or_default();
    Ok(tags
        .iter()
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag))
}

/// Refuses headers that ask for something that this operation does not do: ignoring them would be worse.
///
/// # Errors
/// The first that is there.
pub(super) fn refuse(headers: &Headers, is_read: bool) -> Result<(), Error> {
    let (name, why) = if is_read {
        (
            header::IF_MATCH,
            "it is possible on changes of a conversation's tags only",
        )
    } else {
        (
            header::IF_NONE_MATCH,
            "it is possible on reads of a conversation's tags only",
        )
    };
    if headers.has(&name) {
        Err(bad(&name, why))
    } else {
        Ok(())
    }
}

/// Refuses headers that are possible on a conversation's tags only.
///
/// # Errors
/// The first that is there.
pub(super) fn refuse_conditional(headers: &Headers) -> Result<(), Error> {
    refuse(headers, true)?;
    if headers.has(&header::IF_NONE_MATCH) {
        return Err(bad(
            &header::IF_NONE_MATCH,
            "it is possible on a conversation's tags only",
        ));
    }
    Ok(())
}

fn entity_tags(headers: &Headers, name: &HeaderName) -> Result<Option<Vec<String>>, Error> {
    if !headers.may_have(name) {
        return Ok(None);
    }
    let malformed = || bad(name, "it is `*` or a list of quoted entity tags");
    let mut tags = Vec::new();
    let mut present = false;
    for value in headers.get_all(name) {
        present = true;
        let mut rest = value.to_str().map_err(|_| malformed())?.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('*') {
                tags.push("*".to_owned());
                rest = after;
            } else {
                let weak = rest.starts_with("W/");
                let opaque = rest.strip_prefix("W/").unwrap_or(rest);
                let inner = opaque.strip_prefix('"').ok_or_else(malformed)?;
                let end = inner.find('"').ok_or_else(malformed)?;
                tags.push(format!(
                    "{}\"{}\"",
                    if weak { "W/" } else { "" },
                    &inner[..end]
                ));
                rest = &inner[end + 1..];
            }
            rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start(),
                None if rest.is_empty() => {}
                None => return Err(malformed()),
            }
        }
    }
    if present && (tags.is_empty() || (tags.len() > 1 && tags.iter().any(|tag| tag == "*"))) {
        return Err(malformed());
    }
    Ok(present.then_some(tags))
}

/// The one value of a header.
///
/// # Errors
/// More than one, and what is not text.
pub(super) fn single<'a>(
    headers: &'a Headers,
    name: &HeaderName,
) -> Result<Option<&'a str>, Error> {
    if !headers.may_have(name) {
        return Ok(None);
    }
    let mut values = headers.get_all(name).into_iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(bad(name, "it is given more than once"));
    }
    first
        .map(|value| {
            value
                .to_str()
                .map_err(|_| bad(name, "it is not plain text"))
        })
        .transpose()
}

/// A refusal of a header.
pub(super) fn bad(name: &HeaderName, why: &str) -> Error {
    Error::new(Code::InvalidHeader, "a header is not acceptable").at(name.as_str(), why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue};

    fn with(name: HeaderName, values: &[&'static str]) -> Headers {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_static(value));
        }
        headers.into()
    }

    #[test]
    fn if_match_is_strict_and_strong() {
        let of = |values: &[&'static str]| {
            if_match(&with(header::IF_MATCH, values)).map_err(|error| error.code())
        };
        let one = |tag: &str| Ok(Some(IfMatch::OneOf(vec![tag.to_owned()])));
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["*"]), Ok(Some(IfMatch::Exists)));
        assert_eq!(of(&["\"a\""]), one("\"a\""));
        assert_eq!(of(&["W/\"a\", \"b,c\""]), one("\"b,c\""));
        assert_eq!(of(&["W/\"a\""]), Ok(Some(IfMatch::OneOf(vec![]))));
        for bad in ["a", "\"a", "*, \"a\"", "\"a\" \"b\"", ""] {
            assert_eq!(
                if_match(&with(header::IF_MATCH, &[bad])).map_err(|e| e.code()),
                Err(Code::InvalidHeader),
                "{bad}"
            );
        }
        assert_eq!(
            none_match(&with(header::IF_NONE_MATCH, &["W/\"x\""]), "\"x\"").ok(),
            Some(true)
        );
    }

    #[test]
    fn the_query_is_closed() {
        let known = ["dry_run", "create_missing"];
        let asked = Query {
            dry_run: true,
            create_missing: Some(false),
            ..Query::default()
        };
        assert_eq!(
            query(Some("dry_run=true&create_missing=false"), &known).ok(),
            Some(asked)
        );
        let list = ["limit", "cursor", "q"];
        let asked = Query {
            limit: Some(7),
            q: Some("a b=\u{e9}".into()),
            ..Query::default()
        };
        assert_eq!(
            query(Some("q=a+b%3D%C3%A9&limit=7"), &list).ok(),
            Some(asked)
        );
        for bad in [
            "limit=0",
            "limit=1001",
            "limit=%2B5",
            "limit=-1",
            "q=",
            "q=%zz",
            "q=%ff",
            "cursor=",
        ] {
            assert!(query(Some(bad), &list).is_err(), "{bad}");
        }
        for bad in [
            "dry_run",
            "dry_run=1",
            "dry_run=true&dry_run=true",
            "x=1",
            "dry_run=true&x",
        ] {
            assert!(query(Some(bad), &known).is_err(), "{bad}");
        }
        assert!(query(Some("dry_run=true"), &[]).is_err());
    }

    #[test]
    fn deadlines_only_shorten() {
        let limit = Duration::from_secs(15);
        let of = |values: &[&'static str]| deadline(&with(DEADLINE, values), limit).ok();
        assert_eq!(of(&[]), Some(limit));
        assert_eq!(of(&["200"]), Some(Duration::from_millis(200)));
        assert_eq!(of(&["99999999"]), Some(limit));
        for bad in ["0", "-1", "+5", "1.5", "", "99999999999999999999"] {
            assert_eq!(of(&[bad]), None, "{bad}");
        }
        assert_eq!(of(&["5", "6"]), None);
        assert_eq!(
            prefer(&with(PREFER, &["handling=lenient, return=minimal;x"])),
            Prefer::Minimal
        );
        assert_eq!(prefer(&with(PREFER, &["return=other"])), Prefer::Unsaid);
    }
}
