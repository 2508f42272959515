//! The finished URL of a vendor call: its host, base path and segment count cannot be changed by an id.

use adapters::Call;
use http::{
    Uri,
    uri::{self, Authority, PathAndQuery, Scheme},
};

/// A vendor's base URL.
#[derive(Clone, Debug)]
pub struct Base {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end; empty for none.
    path: String,
    segments: usize,
}

/// A base URL, or a call's URL on it, that is not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL is not one of the vendor's")]
pub struct BadUrl;

impl Base {
    /// Reads a base URL.
    ///
    /// # Errors
    /// Not an absolute http or https URL.
    pub fn parse(url: &str) -> Result<Self, BadUrl> {
        let parts = url.parse::<Uri>().map_err(|_| BadUrl)?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(BadUrl);
        };
        let path = parts
            .path_and_query
            .map(|path| path.path().trim_end_matches('/').to_owned())
            .unwrap_or_default();
        let segments = path.matches('/').count();
        Ok(Self {
            scheme,
            authority,
            path,
            segments,
        })
    }

    /// The host, with its port where one is written.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether calls go over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The path and query of a call, as it is sent and as a dry run shows it.
    pub fn target(&self, call: &Call) -> String {
        let mut target = String::with_capacity(
            self.path.len() + call.path.as_str().len() + call.query.len() + 1,
        );
        target.push_str(&self.path);
        target.push_str(call.path.as_str());
        if !call.query.is_empty() {
            target.push('?');
            target.push_str(&call.query);
        }
        target
    }

    /// The URL of a call.
    ///
    /// # Errors
    /// When the finished URL leaves the base or has other segments than the call asked for.
    pub fn url(&self, call: &Call) -> Result<Uri, BadUrl> {
        let target: PathAndQuery = self.target(call).parse().map_err(|_| BadUrl)?;
        let path = target.path();
        let inside = path
            .strip_prefix(&self.path)
            .is_some_and(|rest| rest.starts_with('/'));
        let mut segments = 0;
        for segment in path.as_bytes().split(|byte| *byte == b'/').skip(1) {
            if matches!(segment, b"" | b"." | b"..") {
                return Err(BadUrl);
            }
            segments += 1;
        }
        if !inside || segments != self.segments + call.path.segments() {
            return Err(BadUrl);
        }
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target);
        Uri::from_parts(parts).map_err(|_| BadUrl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::{Path, Repeat, reader::Keep};

    fn call(path: Path, query: &str) -> Call {
        Call {
            operation: "x",
            method: http::Method::GET,
            path,
            query: query.to_owned(),
            body: None,
            keep: Keep::Everything,
            repeat: Repeat::Read,
            why: "",
        }
    }

    #[test]
    fn a_call_stays_below_its_base() -> Result<(), Box<dyn std::error::Error>> {
        let base = Base::parse("https://api.example.com:8443/pre/v1/")?;
        let path = Path::new()
            .fixed("conversations")
            .id("a b;é")?
            .fixed("tags");
        assert_eq!(
            base.url(&call(path, "page=1"))?.to_string(),
            "https://api.example.com:8443/pre/v1/conversations/a%20b%3B%C3%A9/tags?page=1"
        );
        assert!(Base::parse("/v1").is_err());
        assert_eq!(
            Base::parse("http://127.0.0.1:9")?
                .url(&call(Path::new().fixed("v1"), ""))?
                .path(),
            "/v1"
        );
        Ok(())
    }
}
