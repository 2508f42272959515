//! Where a route's calls go: the rules for `base_url`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

use super::VendorKeys;
use super::fault::{did_you_mean, nearest, quoted};

/// Where an account's calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// To the embedded twin of the vendor.
    Mock,
    /// To this base: http only to loopback; without credentials, query, fragment and a `/` at the end of a path.
    Url(Url),
}

/// A `base_url` that can be used, with what the operator should know about it.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) upstream: Upstream,
    pub(super) warning: Option<String>,
}

/// Why a `base_url` cannot be used, and the way out where there is one. Never repeats the URL: it may hold a credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) detail: String,
    pub(super) cure: Option<&'static str>,
}

impl Upstream {
    /// The host, with its port where that is not the scheme's own; `mock` for the twin.
    pub fn host(&self) -> String {
        match self {
            Self::Mock => "mock".to_owned(),
            Self::Url(url) => {
                let host = url.host_str().unwrap_or_default();
                url.port()
                    .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
            }
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mock => f.write_str("`mock`"),
            Self::Url(url) => write!(f, "{}", quoted(url.as_str())),
        }
    }
}

/// Judges `text` for a route of `vendor`.
///
/// # Errors
/// The first rule that it breaks.
pub(super) fn read(
    text: &str,
    vendor: &VendorKeys,
    allow_any_host: bool,
) -> Result<Accepted, Refused> {
    if text == "mock" {
        return Ok(Accepted {
            upstream: Upstream::Mock,
            warning: None,
        });
    }
    let mut url = Url::parse(text).map_err(|_| {
        let meant = did_you_mean(nearest(text, ["mock"]));
        refused(format!("expects `mock` or an https URL{meant}"))
    })?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(refused("expects `mock` or an https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("a URL must not hold credentials")
            .cure("keep the credential where `secret` points"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("a base URL has no query and no fragment"));
    }
    // One form, so that routes of one account can be compared, and paths appended.
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    let host = url.host_str().unwrap_or_default().to_owned();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let reach = address.map_or_else(|| reach_of_name(&host), reach_of);
    if url.scheme() == "http" && reach != Some("a loopback address") {
        return Err(refused("plain http is for loopback only").cure("use https"));
    }
    let published =
        url.scheme() == "https" && url.port().is_none() && vendor.hosts.contains(&host.as_str());
    if published {
        return Ok(Accepted {
            upstream: Upstream::Url(url),
            warning: None,
        });
    }
    let shown = quoted(&Upstream::Url(url.clone()).host());
    let what = match reach {
        Some(reach) => format!(
            "{shown} is {reach}, no host that `{}` publishes",
            vendor.name
        ),
        None => format!("{shown} is no host that `{}` publishes", vendor.name),
    };
    if allow_any_host {
        let warning = Some(format!("{what}; the vendor's credential is sent there"));
        return Ok(Accepted {
            upstream: Upstream::Url(url),
            warning,
        });
    }
    let meant =
        did_you_mean(nearest(&host, vendor.hosts.iter().copied()).filter(|meant| *meant != host));
    Err(refused(format!("{what}{meant}"))
        .cure("`allow_any_host = true` on this route, if that is meant"))
}

fn refused(detail: impl Into<String>) -> Refused {
    Refused {
        detail: detail.into(),
        cure: None,
    }
}

impl Refused {
    fn cure(self, cure: &'static str) -> Self {
        Self {
            cure: Some(cure),
            ..self
        }
    }
}

/// What kind of address it is, if it is not one of the public internet.
fn reach_of(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(v4) => reach_of_v4(v4),
        IpAddr::V6(v6) => reach_of_v6(v6),
    }
}

fn reach_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [first, second, ..] = address.octets();
    // Addresses that carriers share among customers (RFC 6598).
    let shared = first == 100 && second & 0b1100_0000 == 0b0100_0000;
    match () {
        () if address.is_loopback() => Some("a loopback address"),
        () if address.is_private() || shared => Some("a private address"),
        () if address.is_link_local() => Some("a link-local address"),
        () if first == 0 || address.is_multicast() || address.is_broadcast() => {
            Some("no address of one host")
        }
        () => None,
    }
}

fn reach_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    match () {
        () if address.is_loopback() => Some("a loopback address"),
        () if address.is_unique_local() => Some("a private address"),
        () if address.is_unicast_link_local() => Some("a link-local address"),
        () if address.is_unspecified() || address.is_multicast() => Some("no address of one host"),
        () => None,
    }
}

/// `localhost` is loopback by definition (RFC 6761); every other name is judged when it has been resolved.
fn reach_of_name(name: &str) -> Option<&'static str> {
    let local = name == "localhost" || name.ends_with(".localhost");
    local.then_some("a loopback address")
}
