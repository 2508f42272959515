//! Broken routes, each with exactly the faults that an operator is shown.

use super::broken::beside_a_route;
use super::faults;

#[test]
fn an_unknown_vendor() {
    let text = r#"[routes.other]
vendor = "cedr"
base_url = "mock"
[routes.third]
vendor = "zzz"
"#;
    let expected = r#"gateway.toml:6:1: routes.other.vendor: no vendor is called `cedr`; did you mean `cedar`?
gateway.toml:9:1: routes.third.vendor: no vendor is called `zzz`
  cure: use `birch`, `cedar` or `maple`
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_route_without_a_vendor() {
    let text = r#"[routes.other]
base_url = "mock"
"#;
    let expected = r#"gateway.toml:5:9: routes.other.vendor: this key is required
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn route_names() {
    let text = r#"[routes.routes]
vendor = "birch"
base_url = "mock"
[routes.Desk-2]
vendor = "birch"
base_url = "mock"
[routes.a__b]
vendor = "birch"
base_url = "mock"
[routes."x.y"]
vendor = "birch"
base_url = "mock"
"#;
    let expected = r#"gateway.toml:5:9: routes.routes: the name `routes` is reserved
gateway.toml:7:1: warning: routes.routes.base_url: the embedded mock answers for `routes`, `Desk-2`, `a__b` and `x.y`; nothing reaches a vendor
gateway.toml:8:9: routes.Desk-2: a route's name is 1 to 32 of a-z, 0-9 and `_`, the first a letter, and no `__`
gateway.toml:11:9: routes.a__b: a route's name is 1 to 32 of a-z, 0-9 and `_`, the first a letter, and no `__`
gateway.toml:14:9: routes."x.y": a route's name is 1 to 32 of a-z, 0-9 and `_`, the first a letter, and no `__`
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_route_that_is_no_table() {
    let text = r#"[routes]
other = "birch"
third = 1979-05-27
"#;
    let expected = r#"gateway.toml:2:1: routes.other: expects a table, not text
gateway.toml:3:1: routes.third: expects a table, not a date
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn base_urls_that_are_none() {
    let text = r#"[routes.a]
vendor = "birch"
secret = "env:K"
base_url = "api.birch.example"
[routes.b]
vendor = "birch"
secret = "env:K"
base_url = "mok"
[routes.c]
vendor = "birch"
secret = "env:K"
base_url = "ftp://api.birch.example"
[routes.d]
vendor = "birch"
secret = "env:K"
base_url = "https://me:hunter2@api.birch.example"
[routes.e]
vendor = "birch"
secret = "env:K"
base_url = "https://api.birch.example/?key=hunter2"
[routes.f]
vendor = "birch"
secret = "env:K"
base_url = "https://api.birch.example/#hunter2"
"#;
    let expected = r#"gateway.toml:4:1: routes.a.base_url: expects `mock` or an https URL
gateway.toml:8:1: routes.b.base_url: expects `mock` or an https URL; did you mean `mock`?
gateway.toml:12:1: routes.c.base_url: expects `mock` or an https URL
gateway.toml:16:1: routes.d.base_url: a URL must not hold credentials
  cure: keep the credential where `secret` points
gateway.toml:20:1: routes.e.base_url: a base URL has no query and no fragment
gateway.toml:24:1: routes.f.base_url: a base URL has no query and no fragment
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn hosts_that_the_vendor_does_not_publish() {
    let text = r#"[routes.a]
vendor = "birch"
secret = "env:K"
base_url = "https://api.birhc.example"
[routes.b]
vendor = "birch"
secret = "env:K"
base_url = "https://api.birch.example:8443"
[routes.c]
vendor = "birch"
secret = "env:K"
base_url = "http://api.birch.example"
[routes.d]
vendor = "birch"
secret = "env:K"
base_url = "https://10.0.0.7"
[routes.e]
vendor = "birch"
secret = "env:K"
base_url = "https://169.254.169.254"
[routes.f]
vendor = "birch"
secret = "env:K"
base_url = "http://localhost:9000"
[routes.g]
vendor = "birch"
secret = "env:K"
base_url = "https://[fd00::1]/x"
[routes.h]
vendor = "birch"
secret = "env:K"
base_url = "http://192.168.0.1"
allow_any_host = true
[routes.i]
vendor = "birch"
secret = "env:K"
base_url = "https://2130706433"
"#;
    let expected = r#"gateway.toml:4:1: routes.a.base_url: `api.birhc.example` is no host that `birch` publishes; did you mean `api.birch.example`?
  cure: `allow_any_host = true` on this route, if that is meant
gateway.toml:8:1: routes.b.base_url: `api.birch.example:8443` is no host that `birch` publishes
  cure: `allow_any_host = true` on this route, if that is meant
gateway.toml:12:1: routes.c.base_url: plain http is for loopback only
  cure: use https
gateway.toml:16:1: routes.d.base_url: `10.0.0.7` is a private address, no host that `birch` publishes
  cure: `allow_any_host = true` on this route, if that is meant
gateway.toml:20:1: routes.e.base_url: `169.254.169.254` is a link-local address, no host that `birch` publishes
  cure: `allow_any_host = true` on this route, if that is meant
gateway.toml:24:1: routes.f.base_url: `localhost:9000` is a loopback address, no host that `birch` publishes
  cure: `allow_any_host = true` on this route, if that is meant
gateway.toml:28:1: routes.g.base_url: `[fd00::1]` is a private address, no host that `birch` publishes
  cure: `allow_any_host = true` on this route, if that is meant
gateway.toml:32:1: routes.h.base_url: plain http is for loopback only
  cure: use https
gateway.toml:37:1: routes.i.base_url: `127.0.0.1` is a loopback address, no host that `birch` publishes
  cure: `allow_any_host = true` on this route, if that is meant
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn references_to_secrets() {
    let text = r#"[routes.a]
vendor = "birch"
secret = "hunter2"
[routes.b]
vendor = "birch"
secret = "env:hunter-2"
[routes.c]
vendor = "cedar"
secret = "file:"
[routes.d]
vendor = "cedar"
secret = 7
[routes.e]
vendor = "cedar"
[routes.f]
vendor = "cedar"
secret = "env:MISSING"
[routes.g]
vendor = "cedar"
secret = "hunter2"
base_url = "mock"
"#;
    let expected = r#"gateway.toml:3:1: routes.a.secret: expects `env:NAME` or `file:PATH`, never the secret itself
gateway.toml:6:1: routes.b.secret: expects `env:NAME` or `file:PATH`, never the secret itself
gateway.toml:9:1: routes.c.secret: expects `env:NAME` or `file:PATH`, never the secret itself
gateway.toml:12:1: routes.d.secret: expects text, not a whole number
gateway.toml:13:9: routes.e.secret: this key is required unless `base_url` is `mock`
  cure: `secret = "env:NAME"` or `secret = "file:PATH"`
gateway.toml:17:1: routes.f.secret: the environment variable `MISSING` is not set
  cure: put the credential there; `tagway check --no-secrets` checks the rest without it
gateway.toml:20:1: routes.g.secret: expects `env:NAME` or `file:PATH`, never the secret itself
gateway.toml:21:1: warning: routes.g.base_url: the embedded mock answers for `g`; nothing reaches a vendor
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn a_table_of_another_vendor() {
    let text = r#"[routes.other]
vendor = "maple"
base_url = "mock"
cedar = { x = 1 }
[routes.other.birch]
skip = true
[routes.other.mapel]
skip = true
"#;
    let expected = r#"gateway.toml:7:1: warning: routes.other.base_url: the embedded mock answers for `other`; nothing reaches a vendor
gateway.toml:8:1: routes.other.cedar: settings of `cedar` in a route of `maple`
gateway.toml:9:15: routes.other.birch: settings of `birch` in a route of `maple`
gateway.toml:11:15: routes.other.mapel: no such key; did you mean `maple`?
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn vendor_settings() {
    let text = r#"[routes.other]
vendor = "maple"
base_url = "mock"
[routes.other.maple]
skip = "no"
flag = "far too long"
scheme = "basic"
schema = "raw"
"#;
    let expected = r#"gateway.toml:7:1: warning: routes.other.base_url: the embedded mock answers for `other`; nothing reaches a vendor
gateway.toml:9:1: routes.other.maple.skip: expects true or false, not text
gateway.toml:10:1: routes.other.maple.flag: 12 characters are more than the 8 allowed
gateway.toml:11:1: routes.other.maple.scheme: expects `bearer` or `raw`, not `basic`
gateway.toml:12:1: routes.other.maple.schema: no such key; did you mean `scheme`?
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn rates() {
    let text = r#"[routes.a]
vendor = "birch"
base_url = "mock"
rate = "60/min"
[routes.b]
vendor = "birch"
base_url = "mock"
rate = ["60/m", "0/s", "+5/s", 60, "10/h", "20/h", "99999999999/s"]
[routes.c]
vendor = "birch"
base_url = "mock"
rate = 60
"#;
    let expected = r#"gateway.toml:3:1: warning: routes.a.base_url: the embedded mock answers for `a`, `b` and `c`; nothing reaches a vendor
gateway.toml:4:1: routes.a.rate: expects a list such as ["60/min", "1000/h"], or "off", not text
gateway.toml:8:9: routes.b.rate[0]: expects calls per `s`, `min` or `h`, such as "60/min", not `60/m`
gateway.toml:8:17: routes.b.rate[1]: expects calls per `s`, `min` or `h`, such as "60/min", not `0/s`
gateway.toml:8:24: routes.b.rate[2]: expects calls per `s`, `min` or `h`, such as "60/min", not `+5/s`
gateway.toml:8:32: routes.b.rate[3]: expects calls per `s`, `min` or `h`, such as "60/min", not a whole number
gateway.toml:8:44: routes.b.rate[5]: a second window of the same length
gateway.toml:8:52: routes.b.rate[6]: expects calls per `s`, `min` or `h`, such as "60/min", not `99999999999/s`
gateway.toml:12:1: routes.c.rate: expects a list such as ["60/min", "1000/h"], or "off", not a whole number
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn an_attempt_longer_than_the_deadline() {
    let text = r#"[routes.other]
vendor = "birch"
base_url = "mock"
attempt_timeout_ms = 20000
"#;
    let expected = r#"gateway.toml:7:1: warning: routes.other.base_url: the embedded mock answers for `other`; nothing reaches a vendor
gateway.toml:8:1: routes.other.attempt_timeout_ms: 20000 ms is longer than the whole deadline, 15000 ms
  cure: shorten it, or raise `server.deadline_ms`
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_deadline_shorter_than_the_default_attempt() {
    let text = r#"[server]
deadline_ms = 3000
[routes.other]
vendor = "birch"
base_url = "mock"
"#;
    let expected = r#"gateway.toml:6:1: server.deadline_ms: 3000 ms is shorter than one attempt of `desk` and `other`, by default 5000 ms
  cure: raise it, or set `attempt_timeout_ms` on the routes
gateway.toml:9:1: warning: routes.other.base_url: the embedded mock answers for `other`; nothing reaches a vendor
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn names_and_addresses_just_past_the_limit() {
    let long = "a".repeat(33);
    let text = format!(
        r#"[routes.{long}]
vendor = "birch"
secret = "env:K"
base_url = "https://:hunter2@api.birch.example"
[routes.b]
vendor = "birch"
secret = "env:K"
base_url = "https://100.64.0.1"
"#
    );
    let expected = format!("gateway.toml:5:9: routes.{long}: a route's name is 1 to 32 of a-z, 0-9 and `_`, the first a letter, and no `__`
gateway.toml:8:1: routes.{long}.base_url: a URL must not hold credentials
  cure: keep the credential where `secret` points
gateway.toml:12:1: routes.b.base_url: `100.64.0.1` is a private address, no host that `birch` publishes
  cure: `allow_any_host = true` on this route, if that is meant
");
    assert_eq!(beside_a_route(&text), expected);
}

#[test]
fn creation_in_a_catalogue_that_is_only_read() {
    let text = r#"[routes.other]
vendor = "birch"
base_url = "mock"
catalogue = "read-only"
create_missing = true
"#;
    let expected = r#"gateway.toml:7:1: warning: routes.other.base_url: the embedded mock answers for `other`; nothing reaches a vendor
gateway.toml:9:1: routes.other.create_missing: a catalogue that is `read-only` takes no new tag
  cure: `create_missing = false`, or `catalogue = "no-delete"`
"#;
    assert_eq!(beside_a_route(text), expected);
}
