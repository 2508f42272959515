//! Who is answered: this machine, and no page of another site.

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};

use super::super::control::fault;

/// Refuses what a page of another site could make a browser send.
pub(super) fn refuse_foreign<B>(request: &Request<B>) -> Option<Response<Bytes>> {
    let given = |name| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or(given(header::HOST));
    if !host.is_some_and(is_loopback) {
        return Some(fault(
            StatusCode::MISDIRECTED_REQUEST,
            "a twin answers only to a loopback host",
        ));
    }
    let foreign = given(header::ORIGIN).is_some_and(|origin| !is_loopback(origin));
    foreign.then(|| {
        fault(
            StatusCode::FORBIDDEN,
            "a twin does not answer to other origins",
        )
    })
}

/// Whether an authority or an origin names this machine.
fn is_loopback(place: &str) -> bool {
    let Ok(place) = place.parse::<Uri>() else {
        return false;
    };
    let host = place.host().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
