//! What a request asks for: its operation in the vendored document, its query, its body.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, header::AUTHORIZATION};
use percent_encoding::percent_decode_str;
use serde_json::{Value, value::RawValue};

use crate::schema::{Document, Found, Operation, Place, Violation};

/// Where a request leads by the vendored document.
pub(super) enum Route<'d> {
    /// An operation, and the decoded values of its path parameters in the order they stand in the path.
    Operation(&'d Operation, Vec<String>),
    /// The path exists, for these methods (as `Allow` lists them).
    OtherMethod(String),
    /// There is no such path.
    Nothing,
}

/// The query of a request, decoded.
#[derive(Clone, Debug)]
pub(super) struct Query(Vec<(String, String)>);

/// Why a body is not taken.
#[derive(Debug)]
pub(super) enum BodyFault {
    /// Not JSON, or JSON that nests deeper than any vendor's body; with the reason.
    NotJson(String),
    /// What the vendored schema finds.
    Invalid(Vec<Violation>),
}

/// How deep a value may nest in [`value_of`].
const DEEPEST: usize = 128;

/// Looks the request up; its path must begin with the document's base path.
pub(super) fn route<'d>(document: &'d Document, request: &'d Request<Bytes>) -> Route<'d> {
    let base = document.base_path().trim_end_matches('/');
    let Some(below) = request.uri().path().strip_prefix(base) else {
        return Route::Nothing;
    };
    match document.find(request.method(), below) {
        Found::Operation(operation, values) => Route::Operation(
            operation,
            values.iter().map(|(_, raw)| decoded(raw)).collect(),
        ),
        Found::OtherMethod(methods) => {
            let methods: Vec<&str> = methods.iter().map(http::Method::as_str).collect();
            Route::OtherMethod(methods.join(", "))
        }
        Found::Nothing => Route::Nothing,
    }
}

/// What the request carries as `Authorization`.
pub(super) fn authorization(request: &Request<Bytes>) -> Option<&str> {
    request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
}

/// The token behind the scheme `Bearer`, which is written in any case (RFC 9110); `None` without that scheme.
pub(super) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

impl Query {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let plain = |text: &str| decoded(&text.replace('+', " "));
        let pairs = request
            .uri()
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let named = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(
            named
                .map(|(name, value)| (plain(name), plain(value)))
                .collect(),
        )
    }

    /// The last value given under the name.
    pub(super) fn last(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rfind(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value given under the name, in order.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// A whole number of a query that was checked; beyond 64 bits the nearest that fits.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let text = self.last(name)?;
        // A float saturates when it is cast; `1.0` is whole to a schema.
        Some(
            text.parse()
                .unwrap_or_else(|_| text.parse::<f64>().map_or(0, |number| number as u64)),
        )
    }

    /// What the vendored document finds wrong: the parameter, and why.
    pub(super) fn faults<'d>(&self, operation: &'d Operation) -> Vec<(&'d str, Violation)> {
        let parameters = operation
            .parameters()
            .iter()
            .filter(|parameter| parameter.place() == Place::Query);
        let judged = parameters.map(|parameter| {
            let name = parameter.name();
            parameter
                .violations(&self.all(name))
                .into_iter()
                .map(move |violation| (name, violation))
        });
        judged.flatten().collect()
    }
}

/// The body as JSON text, however large its numbers are.
pub(super) fn raw_body(request: &Request<Bytes>) -> Result<&RawValue, BodyFault> {
    serde_json::from_slice(request.body()).map_err(|error| BodyFault::NotJson(error.to_string()))
}

/// The body as a schema sees it, see [`value_of`].
pub(super) fn body(request: &Request<Bytes>) -> Result<Value, BodyFault> {
    let deep = || BodyFault::NotJson("not a JSON value that can be read".to_owned());
    value_of(raw_body(request)?).ok_or_else(deep)
}

/// Judges a body by the vendored schema of the operation's request.
pub(super) fn check(operation: &Operation, body: &Value) -> Result<(), BodyFault> {
    let violations = operation
        .request()
        .map(|check| check.violations(body))
        .unwrap_or_default();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(BodyFault::Invalid(violations))
    }
}

/// A value as a schema sees it. Unlike plain parsing it takes numbers beyond what a double holds, as zero: a foreign
/// value is judged by its kind only and kept as it was written. `None` for what nests too deep.
pub(super) fn value_of(raw: &RawValue) -> Option<Value> {
    lenient(raw, DEEPEST)
}

fn lenient(raw: &RawValue, depth: usize) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(raw.get()) {
        return Some(value);
    }
    let depth = depth.checked_sub(1)?;
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()) {
        let fields = fields
            .into_iter()
            .map(|(name, raw)| Some((name, lenient(raw, depth)?)));
        return fields.collect::<Option<_>>().map(Value::Object);
    }
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        return items
            .into_iter()
            .map(|raw| lenient(raw, depth))
            .collect::<Option<_>>()
            .map(Value::Array);
    }
    let number = raw
        .get()
        .starts_with(|first: char| first == '-' || first.is_ascii_digit());
    number.then(|| Value::from(0))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query(uri: &str) -> Query {
        Query::of(&Request::get(uri).body(Bytes::new()).unwrap())
    }

    #[test]
    fn a_repeated_parameter_keeps_all_its_values() {
        let query = query("/?tag_ids=a&page_size=5&tag_ids=b+c%26&&flag");
        assert_eq!(query.all("tag_ids"), ["a", "b c&"]);
        assert_eq!(query.last("tag_ids"), Some("b c&"));
        assert_eq!(query.last("flag"), Some(""));
        assert_eq!(query.last("none"), None);
    }

    #[test]
    fn numbers_saturate() {
        let number = |text: &str| query(&format!("/?n={text}")).number("n");
        assert_eq!(number("17"), Some(17));
        assert_eq!(number("2.0"), Some(2));
        assert_eq!(number("-5"), Some(0));
        assert_eq!(number("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(query("/").number("n"), None);
    }

    #[test]
    fn huge_numbers_do_not_stop_a_check() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(
            value_of(&raw(r#"{"a":[1e999,"x"],"b":true}"#)),
            Some(json!({"a": [0, "x"], "b": true}))
        );
        assert_eq!(
            value_of(&raw(&format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)))),
            None
        );
        assert_eq!(value_of(&raw(r#""\ud800""#)), None);
    }
}
