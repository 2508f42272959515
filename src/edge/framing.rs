//! What a request has to be before anything looks at what it says.

use super::gate::MAX_TARGET;
use crate::error::{Code, Error};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version, header, uri::Authority};
use std::net::IpAddr;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is looked at besides the host. Few requests have any of them, which one pass over their names tells.
const ASKED: [HeaderName; 4] = [
    header::TRANSFER_ENCODING,
    header::ORIGIN,
    SEC_FETCH_SITE,
    header::EXPECT,
];

/// Who can reach a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposure {
    /// Programs on this machine, and every web page that its browser shows: a page can name any host, so only
    /// a loopback `Host` and no foreign origin is answered.
    ThisMachine,
    /// Whoever has a key.
    Anybody,
}

/// Checks target, Host, Origin, transfer coding and expectation.
///
/// # Errors
/// `target-too-long`, `invalid-framing`, `misdirected-request`, `forbidden`, `expectation-failed`.
pub(super) fn check<B>(request: &Request<B>, exposure: Exposure) -> Result<(), Error> {
    let headers = request.headers();
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        return Err(Error::new(
            Code::TargetTooLong,
            format!("a request target has at most {MAX_TARGET} bytes"),
        )
        .close());
    }
    let is_asked = |name: &HeaderName| ASKED.contains(name);
    let has_asked = headers.keys().any(is_asked);
    if has_asked {
        transfer_coding(headers)?;
    }
    let host = host(request)?;
    if exposure == Exposure::ThisMachine {
        if !host.as_ref().is_some_and(|host| is_loopback(host.name())) {
            return Err(Error::new(
                Code::MisdirectedRequest,
                "only a loopback Host is answered here",
            ));
        }
        if has_asked {
            origin(headers)?;
        }
    }
    match has_asked {
        true => expectation(headers),
        false => Ok(()),
    }
}

fn expectation(headers: &HeaderMap) -> Result<(), Error> {
    let foreign =
        |expected: &HeaderValue| !expected.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(header::EXPECT).into_iter().any(foreign) {
        let detail = "only `100-continue` can be expected";
        return Err(Error::new(Code::ExpectationFailed, detail).close());
    }
    Ok(())
}

fn framing(detail: &str) -> Error {
    Error::new(Code::InvalidFraming, detail).close()
}

fn transfer_coding(headers: &HeaderMap) -> Result<(), Error> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).into_iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(framing("the only transfer coding is `chunked`, once")),
    }
}

/// Whom a request is for.
enum Host<'a> {
    /// A name or an address of characters that are never anything else.
    Plain(&'a str),
    Other(Authority),
}

impl Host<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Plain(name) => name,
            Self::Other(authority) => authority.host(),
        }
    }
}

/// The host of the usual header, which has to be no more than looked at.
fn plain(host: &HeaderValue) -> Option<&str> {
    let host = host.to_str().ok()?;
    let end = host.bytes().position(|byte| byte == b':');
    let (name, port) = host.split_at_checked(end.unwrap_or(host.len()))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let digits = port.get(1..).unwrap_or_default();
    let port = digits.is_empty()
        || digits.parse::<u16>().is_ok() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (port && !name.is_empty() && name.bytes().all(is_plain)).then_some(name)
}

fn host<B>(request: &Request<B>) -> Result<Option<Host<'_>>, Error> {
    let mut values = request.headers().get_all(header::HOST).into_iter();
    let host = match (values.next(), values.next()) {
        (None, _) if request.version() == Version::HTTP_10 => return Ok(None),
        (None, _) => return Err(framing("the header Host is missing")),
        (Some(_), Some(_)) => return Err(framing("the header Host is given more than once")),
        (Some(host), None) => host,
    };
    if request.uri().authority().is_none()
        && let Some(name) = plain(host)
    {
        return Ok(Some(Host::Plain(name)));
    }
    let host = host
        .to_str()
        .ok()
        .filter(|host| !host.contains([',', '@']))
        .and_then(|host| host.parse().ok());
    let Some(host): Option<Authority> = host.filter(has_proper_port) else {
        return Err(framing("the header Host names no host"));
    };
    match request.uri().authority() {
        Some(named) if named != &host => Err(Error::new(
            Code::MisdirectedRequest,
            "the request target names another host than the header Host",
        )
        .close()),
        _ => Ok(Some(Host::Other(host))),
    }
}

/// A port is a number or left out; the parser takes anything behind the colon.
fn has_proper_port(host: &Authority) -> bool {
    match host.as_str().get(host.host().len()..) {
        None | Some("" | ":") => true,
        Some(_) => host.port_u16().is_some(),
    }
}

fn origin(headers: &HeaderMap) -> Result<(), Error> {
    let foreign = || {
        Err(Error::new(
            Code::Forbidden,
            "web pages of other sites may not ask",
        ))
    };
    for origin in headers.get_all(header::ORIGIN) {
        let host = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"))
            .map(|(_, host)| host.parse::<Authority>());
        if !matches!(host, Some(Ok(host)) if is_loopback(host.host())) {
            return foreign();
        }
    }
    let own = |site: &HeaderValue| {
        ["same-origin", "same-site", "none"]
            .iter()
            .any(|own| site == own)
    };
    if headers.get_all(SEC_FETCH_SITE).into_iter().all(own) {
        Ok(())
    } else {
        foreign()
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // The first two are what nearly all say.
    host == "127.0.0.1"
        || host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(exposure: Exposure, uri: &str, headers: &[(&str, &str)]) -> Option<Code> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        check(&request, exposure).err().map(|error| error.code())
    }

    #[test]
    fn a_host_is_named_once_and_is_ours() {
        use Exposure::{Anybody, ThisMachine};
        assert_eq!(code(Anybody, "/x", &[("host", "api.example.com:80")]), None);
        assert_eq!(code(Anybody, "/x", &[]), Some(Code::InvalidFraming));
        assert_eq!(
            code(Anybody, "/x", &[("host", "a"), ("host", "a")]),
            Some(Code::InvalidFraming)
        );
        assert_eq!(
            code(Anybody, "/x", &[("host", "a, b")]),
            Some(Code::InvalidFraming)
        );
        assert_eq!(
            code(Anybody, "/x", &[("host", "u@a")]),
            Some(Code::InvalidFraming)
        );
        assert_eq!(
            code(Anybody, "http://other/x", &[("host", "a")]),
            Some(Code::MisdirectedRequest)
        );
        for ours in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8080",
        ] {
            assert_eq!(code(ThisMachine, "/x", &[("host", ours)]), None, "{ours}");
        }
        for theirs in [
            "example.com",
            "localhost.example.com",
            "10.0.0.1",
            "128.0.0.1",
        ] {
            assert_eq!(
                code(ThisMachine, "/x", &[("host", theirs)]),
                Some(Code::MisdirectedRequest),
                "{theirs}"
            );
        }
    }

    #[test]
    fn pages_of_other_sites_may_not_ask() {
        let with = |name, value| {
            code(
                Exposure::ThisMachine,
                "/x",
                &[("host", "localhost"), (name, value)],
            )
        };
        assert_eq!(with("origin", "http://localhost:3000"), None);
        for foreign in [
            "https://example.com",
            "null",
            "http://localhost.example.com",
        ] {
            assert_eq!(with("origin", foreign), Some(Code::Forbidden), "{foreign}");
        }
        assert_eq!(with("sec-fetch-site", "cross-site"), Some(Code::Forbidden));
        assert_eq!(with("expect", "a-miracle"), Some(Code::ExpectationFailed));
        assert_eq!(with("expect", "100-Continue"), None);
        assert_eq!(
            with("transfer-encoding", "gzip, chunked"),
            Some(Code::InvalidFraming)
        );
        let long = format!("/{}", "x".repeat(MAX_TARGET));
        assert_eq!(
            code(Exposure::ThisMachine, &long, &[("host", "localhost")]),
            Some(Code::TargetTooLong)
        );
    }
}
