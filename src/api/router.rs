//! From a request's path to what it asks for. Nothing is decoded twice, nothing is normalised.

use crate::error::{Code, Error};
use http::Method;
use std::borrow::Cow;

/// What a path and a method ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The API's own document.
    OpenApi,
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
    (SET, "GET, HEAD, PUT, PATCH, DELETE"),
    (ONE, "PUT, DELETE"),
];

const SET: &str = "/v1/{route}/conversations/{conversation_id}/tags";
const ONE: &str = "/v1/{route}/conversations/{conversation_id}/tags/{tag}";

/// Finds what a path and a method ask for.
///
/// # Errors
/// `not-found`, `method-not-allowed` with the methods, `invalid-path` for a segment that cannot be decoded.
pub fn route(method: &Method, path: &str) -> Result<Endpoint, Error> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(not_found());
    };
    let segments: Vec<&str> = rest.split('/').collect();
    match *segments.as_slice() {
        ["openapi.json"] => match *method {
            Method::GET | Method::HEAD => Ok(Endpoint::OpenApi),
            _ => Err(not_allowed("/openapi.json")),
        },
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

/// Decodes a path segment once.
///
/// # Errors
/// A `%` that is not followed by two hexadecimal digits, and bytes that are not UTF-8.
pub fn decode(name: &str, segment: &str) -> Result<String, Error> {
    let invalid = |why: &str| {
        Error::new(Code::InvalidPath, "a part of the path cannot be decoded").at(name, why)
    };
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        if byte == b'%' && !(hex(bytes.next()) && hex(bytes.next())) {
            return Err(invalid("a `%` stands before two hexadecimal digits"));
        }
    }
    match percent_encoding::percent_decode_str(segment).decode_utf8() {
        Ok(text) => Ok(Cow::into_owned(text)),
        Err(_) => Err(invalid("it is not UTF-8")),
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
