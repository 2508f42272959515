//! Broken servers, clients and files, each with exactly the faults that an operator is shown.

use super::faults;

/// Faults of `text` below a sound route, so that only `text` can be wrong; its first line is line 5.
pub(super) fn beside_a_route(text: &str) -> String {
    let route = "[routes.desk]\nvendor = \"birch\"\nsecret = \"env:K\"\n";
    faults(&format!("{route}\n{text}"), &[("K", "hunter2")])
}

#[test]
fn an_empty_file_has_no_route() {
    let text = r#""#;
    let expected = r#"gateway.toml:1:1: routes: there is no route
  cure: add a table `[routes.NAME]` with a `vendor`
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn an_empty_table_of_routes_has_no_route() {
    let text = r#"[routes]
"#;
    let expected = r#"gateway.toml:1:2: routes: there is no route
  cure: add a table `[routes.NAME]` with a `vendor`
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn a_syntax_error_is_reported_alone() {
    let text = r#"[server
listen = 5
[[clients]]
naem = 1
"#;
    let expected = r#"gateway.toml:1:8: invalid table header: expected `.`, `]`
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn a_key_written_twice() {
    let text = r#"[server]
log = "json"
log = "human"
"#;
    let expected = r#"gateway.toml:3:1: duplicate key `log` in table `server`
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn an_unknown_table() {
    let text = r#"[sever]
log = "json"
"#;
    let expected = r#"gateway.toml:5:2: sever: no such key; did you mean `server`?
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let text = r#"[server]
deadlin_ms = 10_000
qqqq = 1
"#;
    let expected = r#"gateway.toml:6:1: server.deadlin_ms: no such key; did you mean `deadline_ms`?
gateway.toml:7:1: server.qqqq: no such key
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_key_in_the_wrong_table() {
    let text = r#"deadline_ms = 10_000
[server]
attempts = 2
"#;
    let expected = r#"gateway.toml:1:1: deadline_ms: no such key in this table
  cure: `deadline_ms` belongs in [server]
gateway.toml:1:1: routes: there is no route
  cure: add a table `[routes.NAME]` with a `vendor`
gateway.toml:3:1: server.attempts: no such key in this table
  cure: `attempts` belongs in [routes.NAME]
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn wrong_types() {
    let text = r#"[server]
listen = 8080
deadline_ms = "15s"
max_in_flight = 1.5
allow_mock = "yes"
log = ["json"]
drain_ms = 1979-05-27
"#;
    let expected = r#"gateway.toml:6:1: server.listen: expects an IP address with a port, such as "127.0.0.1:8080", not a whole number
gateway.toml:7:1: server.deadline_ms: expects a whole number, not text
gateway.toml:8:1: server.max_in_flight: expects a whole number, not a number with a fraction
gateway.toml:9:1: server.allow_mock: expects true or false, not text
gateway.toml:10:1: server.log: expects text, not a list
gateway.toml:11:1: server.drain_ms: expects a whole number, not a date
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn numbers_out_of_range() {
    let text = r#"[server]
deadline_ms = 99
max_body_bytes = 16_777_217
max_connections = 0
drain_ms = -1
"#;
    let expected = r#"gateway.toml:6:1: server.deadline_ms: 99 is not in the range 100 to 600000 ms
gateway.toml:7:1: server.max_body_bytes: 16777217 is not in the range 1024 to 16777216 bytes
gateway.toml:8:1: server.max_connections: 0 is not in the range 1 to 1000000
gateway.toml:9:1: server.drain_ms: -1 is not in the range 0 to 600000 ms
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn an_address_without_a_port() {
    let text = r#"[server]
listen = "localhost"
"#;
    let expected = r#"gateway.toml:6:1: server.listen: expects an IP address with a port, such as "127.0.0.1:8080", not `localhost`
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn an_unknown_word() {
    let text = r#"[server]
log = "jsonl"
"#;
    let expected = r#"gateway.toml:6:1: server.log: expects `human` or `json`, not `jsonl`; did you mean `json`?
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_server_that_is_no_table() {
    let text = r#"server = 5
[routes.desk]
vendor = "birch"
base_url = "mock"
"#;
    let expected = r#"gateway.toml:1:1: server: expects a table, not a whole number
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn a_drain_that_accepts_longer_than_it_lasts() {
    let text = r#"[server]
drain_ms = 1000
drain_accept_ms = 2000
"#;
    let expected = r#"gateway.toml:7:1: server.drain_accept_ms: 2000 ms is longer than the whole drain, 1000 ms
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_public_listener_without_clients() {
    let text = r#"[server]
listen = "0.0.0.0:8080"
"#;
    let expected = r#"gateway.toml:6:1: server.listen: 0.0.0.0:8080 is not a loopback address, and there are no clients
  cure: add `[[clients]]`, or listen on 127.0.0.1
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_public_admin() {
    let text = r#"[server]
admin = "0.0.0.0:9901"
"#;
    let expected = r#"gateway.toml:6:1: server.admin: 0.0.0.0:9901 is not a loopback address; health and readiness are not for the public
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn one_address_for_both_listeners() {
    let text = r#"[server]
listen = "127.0.0.1:9901"
"#;
    let expected = r#"gateway.toml:6:1: server.listen: 127.0.0.1:9901 is taken by `admin`, by default 127.0.0.1:9901
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_wildcard_over_the_admin_listener() {
    let text = r#"[server]
listen = "[::]:9901"
allow_mock = true
"#;
    let expected = r#"gateway.toml:6:1: server.listen: [::]:9901 is taken by `admin`, by default 127.0.0.1:9901
gateway.toml:6:1: server.listen: [::]:9901 is not a loopback address, and there are no clients
  cure: add `[[clients]]`, or listen on 127.0.0.1
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn clients() {
    let text = r#"[[clients]]
name = "crm"
key_sha256 = ["abababababababababababababababababababababababababababababababab"]
routes = ["desk"]
scopes = ["read"]

[[clients]]
name = "crm"
key_sha256 = ["hunter2", "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"]
routes = ["desc", "zzzzzz"]
scopes = ["raed", "write"]

[[clients]]
name = "a b"
key_sha256 = []
routes = []
scopes = []
extra = 1

[[clients]]
key_sha256 = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
"#;
    let expected = r#"gateway.toml:12:1: clients[1].name: another client is called `crm` as well
gateway.toml:13:15: clients[1].key_sha256[0]: expects the SHA-256 of a key: 64 hexadecimal digits
  cure: `tagway key` makes a key and its hash
gateway.toml:13:26: clients[1].key_sha256[1]: the same hash stands at gateway.toml:7:15 already
gateway.toml:14:11: clients[1].routes[0]: no route is called `desc`; did you mean `desk`?
gateway.toml:14:19: clients[1].routes[1]: no route is called `zzzzzz`
gateway.toml:15:11: clients[1].scopes[0]: expects `read`, `tag`, `catalogue` or `admin`, not `raed`; did you mean `read`?
gateway.toml:15:19: clients[1].scopes[1]: expects `read`, `tag`, `catalogue` or `admin`, not `write`
gateway.toml:18:1: clients[2].name: a client's name is 1 to 64 letters, digits, `_`, `-` and `.`
gateway.toml:19:1: clients[2].key_sha256: the list is empty
gateway.toml:20:1: clients[2].routes: the list is empty
gateway.toml:21:1: clients[2].scopes: the list is empty
gateway.toml:22:1: clients[2].extra: no such key
gateway.toml:24:1: clients[3].name: this key is required
gateway.toml:24:1: clients[3].routes: this key is required
gateway.toml:24:1: clients[3].scopes: this key is required
gateway.toml:25:1: clients[3].key_sha256: expects a list of text, not text
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn clients_that_are_one_table() {
    let text = r#"[clients]
name = "crm"
"#;
    let expected = r#"gateway.toml:5:2: clients: expects a list of tables, not a table
  cure: write each client under `[[clients]]`
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn clients_that_are_no_tables() {
    let text = r#"clients = ["crm"]
[routes.desk]
vendor = "birch"
base_url = "mock"
"#;
    let expected = r#"gateway.toml:1:12: clients[0]: expects a table, not text
gateway.toml:4:1: warning: routes.desk.base_url: the embedded mock answers for `desk`; nothing reaches a vendor
"#;
    assert_eq!(faults(text, &[]), expected);
}

#[test]
fn both_listeners_written_at_one_address() {
    let text = r#"[server]
listen = "127.0.0.1:7000"
admin = "127.0.0.1:7000"
"#;
    let expected = r#"gateway.toml:7:1: server.admin: 127.0.0.1:7000 is taken by `listen`, 127.0.0.1:7000
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn a_mock_on_a_public_listener() {
    let text = r#"[server]
listen = "192.0.2.1:8080"
[routes.other]
vendor = "cedar"
base_url = "mock"
[[clients]]
name = "crm"
key_sha256 = ["0000000000000000000000000000000000000000000000000000000000000000"]
routes = ["other"]
scopes = ["admin"]
"#;
    let expected = r#"gateway.toml:9:1: routes.other.base_url: the mock is not served on 192.0.2.1:8080, which is not a loopback address
  cure: `allow_mock = true` in [server], if that is meant
"#;
    assert_eq!(beside_a_route(text), expected);
}

#[test]
fn one_file_with_every_sort_of_fault_reports_all_of_them() {
    let text = r#"[server]
listen = "0.0.0.0"
dead_line_ms = 1
admin = "10.0.0.1:80"
[routes.sales]
vendor = "maple"
secret = "env:NOT_SET"
attempt_timeout_ms = 20_000
rate = ["x"]
[routes.sales.maple]
scheme = "row"
[routes.help]
vendor = "ceder"
[[clients]]
name = "crm"
key_sha256 = ["zz"]
routes = ["sale"]
scopes = ["tags"]
"#;
    let expected = r#"gateway.toml:6:1: server.listen: expects an IP address with a port, such as "127.0.0.1:8080", not `0.0.0.0`
gateway.toml:7:1: server.dead_line_ms: no such key; did you mean `deadline_ms`?
gateway.toml:8:1: server.admin: 10.0.0.1:80 is not a loopback address; health and readiness are not for the public
gateway.toml:11:1: routes.sales.secret: the environment variable `NOT_SET` is not set
  cure: put the credential there; `tagway check --no-secrets` checks the rest without it
gateway.toml:12:1: routes.sales.attempt_timeout_ms: 20000 ms is longer than the whole deadline, 15000 ms
  cure: shorten it, or raise `server.deadline_ms`
gateway.toml:13:9: routes.sales.rate[0]: expects calls per `s`, `min` or `h`, such as "60/min", not `x`
gateway.toml:15:1: routes.sales.maple.scheme: expects `bearer` or `raw`, not `row`; did you mean `raw`?
gateway.toml:17:1: routes.help.vendor: no vendor is called `ceder`; did you mean `cedar`?
gateway.toml:20:15: clients[0].key_sha256[0]: expects the SHA-256 of a key: 64 hexadecimal digits
  cure: `tagway key` makes a key and its hash
gateway.toml:21:11: clients[0].routes[0]: no route is called `sale`; did you mean `sales`?
gateway.toml:22:11: clients[0].scopes[0]: expects `read`, `tag`, `catalogue` or `admin`, not `tags`; did you mean `tag`?
"#;
    assert_eq!(beside_a_route(text), expected);
}
