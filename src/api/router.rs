//! From a request's path to what it asks for. Nothing is decoded twice, nothing is normalised.

use crate::error::{Code, Error};
use http::Method;
use std::borrow::Cow;

/// What a path and a method ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The API's own document.
    OpenApi,
    /// The page of an error, by its code as sent.
    Problem(String),
    /// What every route can do.
    Routes,
    /// What one route can do.
    RouteInfo(String),
    /// Something of a route.
    Route {
        /// The route's name as sent.
        route: String,
        /// What of it.
        operation: Operation,
    },
}

/// An operation of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The tags that a conversation carries.
    Read {
        /// The vendor's id.
        conversation: String,
    },
    /// A change of them.
    Change {
        /// The vendor's id.
        conversation: String,
        /// Which kind of change.
        kind: ChangeKind,
    },
    /// The catalogue.
    List,
    /// A new tag of it.
    Create,
    /// One tag of it; its name stands in the path.
    One(String, OneKind),
}

/// What is asked of one tag of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneKind {
    /// To show it.
    Get,
    /// To make sure of it.
    Ensure,
    /// To change it.
    Update,
    /// To delete it.
    Delete,
}

/// The kinds of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The wanted set stands in the body.
    Replace,
    /// The lists stand in the body.
    Patch,
    /// Everything off.
    Clear,
    /// One tag on; its name stands in the path.
    AddOne(String),
    /// One tag off; its name stands in the path.
    RemoveOne(String),
}

/// Every path that is served, as a template, with its methods: held against the API's own document.
pub const PATHS: &[(&str, &str)] = &[
    ("/openapi.json", "GET, HEAD"),
    (PROBLEM, "GET, HEAD"),
    (ROUTES, "GET, HEAD"),
    (ROUTE, "GET, HEAD"),
    (TAGS, "GET, HEAD, POST"),
    (TAG, "GET, HEAD, PUT, PATCH, DELETE"),
    (SET, "GET, HEAD, PUT, PATCH, DELETE"),
    (ONE, "PUT, DELETE"),
];

/// Most segments of them.
const MOST: usize = 6;

const PROBLEM: &str = "/problems/{code}";
const ROUTES: &str = "/v1/routes";
const ROUTE: &str = "/v1/routes/{route}";
const TAGS: &str = "/v1/{route}/tags";
const TAG: &str = "/v1/{route}/tags/{tag}";
const SET: &str = "/v1/{route}/conversations/{conversation_id}/tags";
const ONE: &str = "/v1/{route}/conversations/{conversation_id}/tags/{tag}";

/// Finds what a path and a method ask for.
///
/// # Errors
/// `not-found`, `method-not-allowed` with the methods, `invalid-path` for a segment that cannot be decoded.
pub fn route(method: &Method, path: &str) -> Result<Endpoint, Error> {
    if method == Method::CONNECT {
        return Err(Error::new(Code::MethodNotAllowed, "the gateway is not a proxy").allow(""));
    }
    let Some(rest) = path.strip_prefix('/') else {
        return Err(not_found());
    };
    let mut segments = [""; MOST];
    let Some(segments) = split(rest, &mut segments) else {
        return Err(not_found());
    };
    match *segments {
        ["openapi.json"] => match *method {
            Method::GET | Method::HEAD => Ok(Endpoint::OpenApi),
            _ => Err(not_allowed("/openapi.json")),
        },
        ["problems", code] if !code.is_empty() => {
            only_get(method, PROBLEM)?;
            Ok(Endpoint::Problem(decode("code", code)?))
        }
        ["v1", "routes"] => {
            only_get(method, ROUTES)?;
            Ok(Endpoint::Routes)
        }
        ["v1", "routes", route] if !route.is_empty() => {
            only_get(method, ROUTE)?;
            Ok(Endpoint::RouteInfo(decode("route", route)?))
        }
        ["v1", route, "tags"] if !route.is_empty() => {
            let operation = match *method {
                Method::GET | Method::HEAD => Operation::List,
                Method::POST => Operation::Create,
                _ => return Err(not_allowed(TAGS)),
            };
            Ok(Endpoint::Route {
                route: decode("route", route)?,
                operation,
            })
        }
        ["v1", route, "tags", tag] if !route.is_empty() && !tag.is_empty() => {
            let kind = match *method {
                Method::GET | Method::HEAD => OneKind::Get,
                Method::PUT => OneKind::Ensure,
                Method::PATCH => OneKind::Update,
                Method::DELETE => OneKind::Delete,
                _ => return Err(not_allowed(TAG)),
            };
            let operation = Operation::One(decode("tag", tag)?, kind);
            Ok(Endpoint::Route {
                route: decode("route", route)?,
                operation,
            })
        }
        ["v1", route, "conversations", conversation, "tags"]
            if !route.is_empty() && !conversation.is_empty() =>
        {
            let kind = match *method {
                Method::GET | Method::HEAD => None,
                Method::PUT => Some(ChangeKind::Replace),
                Method::PATCH => Some(ChangeKind::Patch),
                Method::DELETE => Some(ChangeKind::Clear),
                _ => return Err(not_allowed(SET)),
            };
            let (route, conversation) = (
                decode("route", route)?,
                decode("conversation_id", conversation)?,
            );
            let operation = match kind {
                None => Operation::Read { conversation },
                Some(kind) => Operation::Change { conversation, kind },
            };
            Ok(Endpoint::Route { route, operation })
        }
        ["v1", route, "conversations", conversation, "tags", tag]
            if !route.is_empty() && !conversation.is_empty() && !tag.is_empty() =>
        {
            let kind = match *method {
                Method::PUT => ChangeKind::AddOne,
                Method::DELETE => ChangeKind::RemoveOne,
                _ => return Err(not_allowed(ONE)),
            };
            let (route, conversation) = (
                decode("route", route)?,
                decode("conversation_id", conversation)?,
            );
            let kind = kind(decode("tag", tag)?);
            Ok(Endpoint::Route {
                route,
                operation: Operation::Change { conversation, kind },
            })
        }
        _ => Err(not_found()),
    }
}

/// The segments of a path behind its first slash; nothing if there are more than any path has.
fn split<'s, 'a>(path: &'a str, segments: &'s mut [&'a str; MOST]) -> Option<&'s [&'a str]> {
    let mut rest = path;
    for count in 1..=MOST {
        let end = rest.bytes().position(|byte| byte == b'/');
        let (segment, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        *segments.get_mut(count - 1)? = segment;
        if end.is_none() {
            return segments.get(..count);
        }
        rest = behind.get(1..)?;
    }
    None
}

/// Decodes a path segment once.
///
/// # Errors
/// A `%` that is not followed by two hexadecimal digits, and bytes that are not UTF-8.
pub fn decode(name: &str, segment: &str) -> Result<String, Error> {
    let invalid = |why: &str| {
        Error::new(Code::InvalidPath, "a part of the path cannot be decoded").at(name, why)
    };
    if !segment.bytes().any(|byte| byte == b'%') {
        return Ok(segment.to_owned());
    }
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        if byte == b'%' && !(hex(bytes.next()) && hex(bytes.next())) {
            return Err(invalid("a `%` must be followed by two hexadecimal digits"));
        }
    }
    match percent_encoding::percent_decode_str(segment).decode_utf8() {
        Ok(text) => Ok(Cow::into_owned(text)),
        Err(_) => Err(invalid("it is not UTF-8")),
    }
}

fn only_get(method: &Method, path: &str) -> Result<(), Error> {
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(not_allowed(path)),
    }
}

fn not_found() -> Error {
    Error::new(Code::NotFound, "there is no such path")
}

fn not_allowed(path: &str) -> Error {
    let methods = PATHS
        .iter()
        .find(|(template, _)| *template == path)
        .map_or("", |(_, methods)| methods);
    Error::new(
        Code::MethodNotAllowed,
        format!("the methods here are {methods}"),
    )
    .allow(methods)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(method: Method, path: &str) -> Result<Endpoint, Code> {
        route(&method, path).map_err(|error| error.code())
    }

    #[test]
    fn paths_lead_where_they_say() {
        let read = Operation::Read {
            conversation: "c 1".into(),
        };
        assert_eq!(
            code(Method::GET, "/v1/support/conversations/c%201/tags"),
            Ok(Endpoint::Route {
                route: "support".into(),
                operation: read
            })
        );
        let add = Operation::Change {
            conversation: "c".into(),
            kind: ChangeKind::AddOne("a/b=%".into()),
        };
        assert_eq!(
            code(Method::PUT, "/v1/r/conversations/c/tags/a%2Fb%3D%25"),
            Ok(Endpoint::Route {
                route: "r".into(),
                operation: add
            })
        );
        for lost in [
            "",
            "/",
            "//",
            "/v1",
            "/v1/r/conversations/c/tags/",
            "/v1/r/conversations//tags",
            "/V1/r/conversations/c/tags",
            "/openapi.json/",
            "/v1/r/conversations/c/tags/x/y",
        ] {
            assert_eq!(code(Method::GET, lost), Err(Code::NotFound), "{lost}");
        }
        for bad in ["%", "%zz", "%f", "a%ff", "%c3%28"] {
            let path = format!("/v1/r/conversations/{bad}/tags");
            assert_eq!(code(Method::GET, &path), Err(Code::InvalidPath), "{bad}");
        }
        assert_eq!(
            code(Method::POST, "/v1/r/conversations/c/tags"),
            Err(Code::MethodNotAllowed)
        );
        assert_eq!(
            code(Method::GET, "/v1/r/conversations/c/tags/x"),
            Err(Code::MethodNotAllowed)
        );
        assert_eq!(
            code(Method::TRACE, "/openapi.json"),
            Err(Code::MethodNotAllowed)
        );
    }
}
