//! What `print-config` prints: it loads again, and every value has its origin.

use super::*;
use crate::{config, gateway::vendor_keys};
use std::collections::BTreeMap;

const RICH: &str = r#"
clients = [{ name = "crm", key_sha256 = ["00000000000000000000000000000000000000000000000000000000000000aB"], routes = ["sales", "far"], scopes = ["tag", "read"] }]
[server]
listen = "[::1]:0"
deadline_ms = 15_001
[routes.sales]
vendor = "attention"
base_url = "mock"
rate = ["1000/h", "5/s"]
attention = { flag_value = "a \"q\" \\ \u0007 é", skip_analysis = false }
[routes.far]
vendor = "awardee"
secret = "env:SOME_KEY"
account = "acme"
[routes.near]
vendor = "awardee"
secret = "file:/run/secrets/awardee \"x\""
account = "other"
rate = "off"
"#;

fn load(text: &str, variables: &[(&str, &str)]) -> config::Loaded {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    match config::load(
        text,
        "tagway.toml",
        &variables,
        &vendor_keys(),
        Secrets::Skip,
    ) {
        Ok(loaded) => loaded,
        Err(faults) => panic!("{faults:?}\n{text}"),
    }
}

#[test]
fn what_is_printed_loads_to_the_same_configuration() {
    let shipped = include_str!("../../../gateway.toml");
    let variables = [
        ("TAGWAY_SERVER__LOG", "json"),
        ("TAGWAY_ROUTES__EXTRA__VENDOR", "awardee"),
        ("TAGWAY_ROUTES__EXTRA__BASE_URL", "mock"),
        ("SOME_KEY", "hunter2"),
    ];
    for text in [shipped, RICH] {
        let first = load(text, &variables);
        let printed = toml(&first.effective);
        let second = load(&printed, &[]);
        assert_eq!(
            format!("{:?}", first.config),
            format!("{:?}", second.config),
            "{printed}"
        );
        assert!(!printed.contains("hunter2"));
    }
}

#[test]
fn every_key_is_printed_once_with_its_origin() {
    let loaded = load(
        RICH,
        &[
            ("TAGWAY_ROUTES__SALES__ATTEMPTS", "7"),
            ("TAGWAY_SERVER__ADMIN", "[::1]:0"),
        ],
    );
    let all = machine(&loaded.effective);
    for (path, value, origin) in [
        ("server.listen", json!("[::1]:0"), "tagway.toml:4"),
        ("server.admin", json!("[::1]:0"), "TAGWAY_SERVER__ADMIN"),
        ("server.log", json!("human"), "default"),
        ("clients[0].scopes", json!(["tag", "read"]), "tagway.toml:2"),
        (
            "routes.sales.attempts",
            json!(7),
            "TAGWAY_ROUTES__SALES__ATTEMPTS",
        ),
        (
            "routes.sales.rate",
            json!(["5/s", "1000/h"]),
            "tagway.toml:9",
        ),
        ("routes.sales.secret", Value::Null, "default"),
        (
            "routes.sales.attention.skip_analysis",
            json!(false),
            "tagway.toml:10",
        ),
        (
            "routes.sales.attention.auth_scheme",
            json!("bearer"),
            "default",
        ),
        ("routes.far.rate", json!(["60/min", "1000/h"]), "default"),
        ("routes.far.secret", json!("env:SOME_KEY"), "tagway.toml:13"),
        ("routes.near.rate", json!("off"), "tagway.toml:19"),
    ] {
        let expected = json!({ "value": value, "origin": origin });
        assert_eq!(all.get(path), Some(&expected), "{path}");
    }
    let keys = |table| config::keys::of(table).count();
    use config::keys::Table;
    let settings: usize = adapters::VENDORS
        .iter()
        .map(|vendor| vendor.settings.len())
        .sum();
    let expected = keys(Table::Server) + keys(Table::Client) + 3 * keys(Table::Route) + settings;
    assert_eq!(all.as_object().map(Map::len), Some(expected));
    let lines = toml(&loaded.effective);
    assert_eq!(
        lines
            .lines()
            .filter(|line| line.contains("  # ") || line.starts_with("# "))
            .count(),
        expected
    );
}
