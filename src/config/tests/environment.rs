//! Variables over the file: what they set, and where their faults are said to be.

use std::time::Duration;

use adapters::settings::SettingValue;

use super::super::Log;
use super::{MOCK, config, faults};

#[test]
fn a_variable_overrides_the_file() {
    let text = format!("[server]\nlog = \"json\"\ndeadline_ms = 10_000\nmax_in_flight = 7\n{MOCK}");
    let environment = [
        ("TAGWAY_SERVER__LOG", "human"),
        ("TAGWAY_SERVER__DEADLINE_MS", "12000"),
        ("TAGWAY_SERVER__LISTEN", "127.0.0.1:0"),
        ("TAGWAY_ROUTES__DESK__CREATE_MISSING", "true"),
        ("TAGWAY_ROUTES__DESK__RATE", "[\"5/s\", \"60/min\"]"),
    ];
    let config = config(&text, &environment);
    assert_eq!(
        (config.server.log, config.server.deadline),
        (Log::Human, Duration::from_secs(12))
    );
    assert_eq!(
        (config.server.listen.port(), config.server.max_in_flight),
        (0, 7)
    );
    assert!(config.routes.iter().all(|route| route.create_missing));
    assert!(
        config
            .accounts
            .iter()
            .all(|account| account.rate.len() == 2)
    );
}

#[test]
fn a_configuration_can_be_made_of_variables_alone() {
    let hash = "7".repeat(64);
    let clients = format!(
        "[{{name=\"crm\", key_sha256=[\"{hash}\"], routes=[\"desk\"], scopes=[\"read\"]}}]"
    );
    let environment = [
        ("TAGWAY_ROUTES__DESK__VENDOR", "birch"),
        ("TAGWAY_ROUTES__DESK__SECRET", "env:TAGWAY_DESK_KEY"),
        ("TAGWAY_DESK_KEY", "hunter2"),
        ("TAGWAY_SERVER__LISTEN", "0.0.0.0:80"),
        ("TAGWAY_CLIENTS", &clients),
    ];
    let config = config("", &environment);
    assert_eq!(
        config
            .clients
            .first()
            .map(|client| client.key_sha256.as_slice()),
        Some([[0x77; 32]].as_slice())
    );
    assert!(
        config
            .accounts
            .iter()
            .all(|account| account.secret.is_some())
    );
}

#[test]
fn text_in_a_variable_stays_text_whatever_it_looks_like() {
    let text = "[routes.sales]\nvendor = \"maple\"\nbase_url = \"mock\"\n";
    for (raw, expected) in [
        ("true", "true"),
        ("1", "1"),
        (" 1.50 ", "1.50"),
        ("\"a b\"", "a b"),
        ("[x]", "[x]"),
    ] {
        let config = config(text, &[("TAGWAY_ROUTES__SALES__MAPLE__FLAG", raw)]);
        let flag = config
            .accounts
            .first()
            .and_then(|account| account.settings.get("flag"));
        assert_eq!(flag, Some(&SettingValue::Text(expected.into())), "{raw}");
    }
}

#[test]
fn other_variables_do_not_configure() {
    assert_eq!(
        config(
            MOCK,
            &[
                ("SERVER__LOG", "x"),
                ("tagway_server__log", "x"),
                ("TAGWAYS_X", "x")
            ]
        )
        .routes
        .len(),
        1
    );
}

#[test]
fn variables_that_an_orchestrator_or_a_shell_sets_do_not_keep_it_from_starting() {
    let environment = [
        ("TAGWAY_SERVICE_HOST", "10.0.0.1"),
        ("TAGWAY_SERVICE_PORT", "8080"),
        ("TAGWAY_PORT", "tcp://10.0.0.1:8080"),
        ("TAGWAY_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("TAGWAY_BIN", "/usr/bin/tagway"),
    ];
    assert_eq!(config(MOCK, &environment).routes.len(), 1);
}

#[test]
fn a_fault_of_a_variable_is_at_the_variable() {
    let text = format!("[server]\nlog = \"json\"\n{MOCK}");
    let environment = [
        ("TAGWAY_SERVER__LOG", "jsn"),
        ("TAGWAY_SERVER__IDLE_TIMEOUT_MS", "soon"),
        ("TAGWAY_ROUTES__DESK__ATTEMPT_TIMEOUT_MS", "20000"),
        ("TAGWAY_ROUTES__DESK__CREATE_MISSING", "maybe"),
        ("TAGWAY_ROUTES__DESK__RATE", "[\"5/d\"]"),
        ("TAGWAY_ROUTES__DESK__SECRET", "hunter2"),
    ];
    let expected = r#"gateway.toml:5:1: warning: routes.desk.base_url: the embedded mock answers for `desk`; nothing reaches a vendor
TAGWAY_ROUTES__DESK__ATTEMPT_TIMEOUT_MS: routes.desk.attempt_timeout_ms: 20000 ms is longer than the whole deadline, 15000 ms
  cure: shorten it, or raise `server.deadline_ms`
TAGWAY_ROUTES__DESK__CREATE_MISSING: routes.desk.create_missing: expects true or false, not text
TAGWAY_ROUTES__DESK__RATE: routes.desk.rate[0]: expects calls per `s`, `min` or `h`, such as "60/min", not `5/d`
TAGWAY_ROUTES__DESK__SECRET: routes.desk.secret: expects `env:NAME` or `file:PATH`, never the secret itself
TAGWAY_SERVER__IDLE_TIMEOUT_MS: server.idle_timeout_ms: expects a whole number, not text
TAGWAY_SERVER__LOG: server.log: expects `human` or `json`, not `jsn`; did you mean `json`?
"#;
    assert_eq!(faults(&text, &environment), expected);
}

#[test]
fn an_unknown_variable_names_the_one_that_was_meant() {
    let environment = [
        ("TAGWAY_SERVR__LOG", "json"),
        ("TAGWAY_SERVER__LISTN", "127.0.0.1:1"),
        ("TAGWAY_LOG", "json"),
        ("TAGWAY_ROUTES__DESC__SECRET", "env:K"),
        ("TAGWAY_ROUTES__DESK__VENDR", "hunter2"),
        ("TAGWAY_ZZZZZZ", "hunter2"),
        ("TAGWAY_YYYYYY__LOG", "hunter2"),
    ];
    let expected = r#"gateway.toml:3:1: warning: routes.desk.base_url: the embedded mock answers for `desk`; nothing reaches a vendor
TAGWAY_LOG: log: no such key in this table
  cure: `log` belongs in [server]
TAGWAY_ROUTES__DESC__SECRET: routes.desc: the file has no such route, and a new one needs `vendor`; did you mean `desk`?
TAGWAY_ROUTES__DESK__VENDR: routes.desk.vendr: no such key; did you mean `TAGWAY_ROUTES__DESK__VENDOR`?
TAGWAY_SERVER__LISTN: server.listn: no such key; did you mean `TAGWAY_SERVER__LISTEN`?
TAGWAY_SERVR__LOG: servr: no such key; did you mean `TAGWAY_SERVER__LOG`?
TAGWAY_YYYYYY__LOG: yyyyyy: no such key
TAGWAY_ZZZZZZ: warning: zzzzzz: no such key; the variable configures nothing
"#;
    assert_eq!(faults(MOCK, &environment), expected);
}

#[test]
fn a_variable_cannot_replace_a_table() {
    let environment = [
        ("TAGWAY_ROUTES__DESK", "birch"),
        ("TAGWAY_ROUTES__DESK__VENDOR__NAME", "birch"),
        ("TAGWAY_ROUTES__DESK__BASE_URL", "{a=1}"),
        ("TAGWAY_SERVER__LOG", "json"),
        ("TAGWAY_SERVER__log", "human"),
    ];
    let expected = r#"gateway.toml:3:1: warning: routes.desk.base_url: the embedded mock answers for `desk`; nothing reaches a vendor
TAGWAY_ROUTES__DESK: routes.desk: `desk` is a table, which a variable cannot replace
TAGWAY_ROUTES__DESK__BASE_URL: routes.desk.base_url: `base_url` is not a table
TAGWAY_ROUTES__DESK__VENDOR__NAME: routes.desk.vendor.name: `vendor` is not a table
TAGWAY_SERVER__log: server.log: `TAGWAY_SERVER__LOG` sets the same key
"#;
    assert_eq!(faults(MOCK, &environment), expected);
}

#[test]
fn what_a_route_of_the_environment_lacks_is_said_at_its_variables() {
    let environment = [
        ("TAGWAY_ROUTES__NEW__VENDOR", "birch"),
        ("TAGWAY_ROUTES__NEW__ATTEMPTS", "0"),
    ];
    let expected = r#"gateway.toml:3:1: warning: routes.desk.base_url: the embedded mock answers for `desk`; nothing reaches a vendor
TAGWAY_ROUTES__NEW__ATTEMPTS: routes.new.attempts: 0 is not in the range 1 to 10
TAGWAY_ROUTES__NEW__VENDOR: routes.new.secret: this key is required unless `base_url` is `mock`
  cure: `secret = "env:NAME"` or `secret = "file:PATH"`
"#;
    assert_eq!(faults(MOCK, &environment), expected);
}

#[test]
fn an_escape_behind_a_wide_character_is_refused_and_not_misread() {
    for value in ["\"éé\\t\"", "{list = \"é\\u0041\"}", "[\"漢\", \"\\\\\"]"] {
        let told = faults(MOCK, &[("TAGWAY_SERVER__LOG", value)]);
        let expected = "server.log: a text in quotes that has an escape may hold only ASCII\n  \
                        cure: write the other characters as `\\u` and four hexadecimal digits\n";
        assert!(told.contains(expected), "{value}: {told}");
    }
    let told = faults(MOCK, &[("TAGWAY_SERVER__LOG", "\"\\u0065\\u00e9\"")]);
    assert!(told.contains("eé"), "{told}");
}
