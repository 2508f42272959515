//! Ids in paths: what a caller or a vendor sends as one never changes where a call goes. The bytes are an id.

use adapters::{Call, Path, Repeat, path::check_id, reader::Keep};
use http::Method;
use tagway::{
    api::router::{Endpoint, Operation, decode, route},
    upstream::Base,
};

pub(super) fn run(data: &[u8]) {
    as_received(data);
    let Ok(id) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(path) = Path::new().fixed("conversations").id(id) else {
        assert!(check_id(id).is_err());
        return;
    };
    assert!(check_id(id).is_ok());
    let path = path.fixed("tags");
    let segment = path
        .as_str()
        .split('/')
        .nth(2)
        .unwrap_or_default()
        .to_owned();
    assert_eq!(decode("id", &segment).ok().as_deref(), Some(id));
    let mut query = String::new();
    adapters::path::query(&mut query, "cursor", id);
    let call = Call {
        operation: "x",
        method: Method::GET,
        path,
        query,
        body: None,
        keep: Keep::Everything,
        repeat: Repeat::Read,
        why: "",
    };
    for base in ["https://api.example.com/v1", "http://127.0.0.1:9"] {
        let known = Base::parse(base).expect("a base URL");
        let url = known.url(&call).expect("an accepted id stands in a URL");
        let (scheme, rest) = base.split_once("://").expect("a scheme");
        let (host, before) = rest.split_once('/').unwrap_or((rest, ""));
        assert_eq!(url.scheme_str(), Some(scheme));
        assert_eq!(url.authority().map(|host| host.as_str()), Some(host));
        let segments: Vec<&str> = url
            .path()
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let below = segments.strip_prefix(&[before][usize::from(before.is_empty())..]);
        assert_eq!(below, Some(&["conversations", &*segment, "tags"][..]));
    }
}

/// The bytes as a segment of a request's path.
fn as_received(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let path = format!("/v1/r/conversations/{text}/tags");
    match route(&Method::GET, &path) {
        Ok(Endpoint::Route {
            operation: Operation::Read { conversation },
            ..
        }) => {
            assert!(!text.contains('/'));
            assert_eq!(decode("id", text).ok(), Some(conversation));
        }
        Ok(other) => assert!(text.contains('/'), "{other:?}"),
        Err(error) => assert!(error.code().status().is_client_error()),
    }
}
