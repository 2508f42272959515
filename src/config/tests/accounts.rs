//! Which routes are one account, and what they may not disagree about.

use super::{config, faults};

/// Two routes of one vendor with these further lines each.
fn two(one: &str, other: &str) -> String {
    format!("[routes.one]\nvendor = \"maple\"\n{one}\n[routes.two]\nvendor = \"maple\"\n{other}\n")
}

const ENVIRONMENT: &[(&str, &str)] = &[("A", "a"), ("B", "b")];

/// The keys of the accounts that the routes have, in the order of the routes.
fn keys(text: &str) -> Vec<String> {
    let config = config(text, ENVIRONMENT);
    let key = |index: usize| {
        config
            .accounts
            .get(index)
            .map(|account| account.key.clone())
    };
    config
        .routes
        .iter()
        .filter_map(|route| key(route.account))
        .collect()
}

#[test]
fn one_vendor_host_and_reference_are_one_account() {
    let same = two(
        "secret = \"env:A\"",
        "secret = \"env:A\"\nbase_url = \"https://api.maple.example/\"",
    );
    assert_eq!(keys(&same), ["maple/api.maple.example/env:A"; 2]);
    assert_eq!(config(&same, ENVIRONMENT).accounts.len(), 1);
}

#[test]
fn a_port_of_its_own_is_a_host_of_its_own() {
    let route = |port| {
        format!("secret = \"env:A\"\nallow_any_host = true\nbase_url = \"http://127.0.0.1:{port}\"")
    };
    let expected = ["maple/127.0.0.1:1/env:A", "maple/127.0.0.1:2/env:A"];
    assert_eq!(keys(&two(&route(1), &route(2))), expected);
}

#[test]
fn a_name_holds_for_every_route_with_the_same_credential() {
    assert_eq!(
        keys(&two(
            "secret = \"env:A\"",
            "secret = \"env:A\"\naccount = \"acme\""
        )),
        ["acme"; 2]
    );
}

#[test]
fn two_names_are_two_accounts() {
    let text = two(
        "secret = \"env:A\"\naccount = \"x\"",
        "secret = \"env:B\"\naccount = \"y\"",
    );
    assert_eq!(keys(&text), ["x", "y"]);
}

#[test]
fn every_mock_route_has_a_twin_of_its_own() {
    let text = two(
        "base_url = \"mock\"\nsecret = \"env:A\"",
        "base_url = \"mock\"\nsecret = \"env:A\"\nsettle_ms = 500",
    );
    assert_eq!(keys(&text), ["maple/mock/one", "maple/mock/two"]);
}

#[test]
fn mock_routes_of_one_name_share_a_twin() {
    let text = two(
        "base_url = \"mock\"\naccount = \"demo\"",
        "base_url = \"mock\"\naccount = \"demo\"\nsecret = \"env:B\"",
    );
    assert_eq!(keys(&text), ["demo"; 2]);
}

#[test]
fn two_references_at_one_host_need_names() {
    let text = two("secret = \"env:A\"", "secret = \"env:B\"");
    let expected = r#"gateway.toml:6:1: routes.two.secret: `one` (line 3) has another secret at the same host: one account or two?
  cure: `account = "…"` on both: two names for two accounts; one account has one secret
"#;
    assert_eq!(faults(&text, ENVIRONMENT), expected);
}

#[test]
fn one_name_beside_an_unnamed_route_is_not_enough() {
    let text = two("secret = \"env:A\"\naccount = \"x\"", "secret = \"env:B\"");
    let expected = r#"gateway.toml:7:1: routes.two.secret: `one` (line 3) has another secret at the same host: one account or two?
  cure: `account = "…"` on both: two names for two accounts; one account has one secret
"#;
    assert_eq!(faults(&text, ENVIRONMENT), expected);
}

#[test]
fn one_account_has_one_secret() {
    let text = two(
        "secret = \"env:A\"\naccount = \"x\"",
        "secret = \"env:B\"\naccount = \"x\"",
    );
    let expected = r#"gateway.toml:7:1: routes.two.secret: `env:B` differs from `env:A` of `one` (line 3), a route of the same account
"#;
    assert_eq!(faults(&text, ENVIRONMENT), expected);
}

#[test]
fn a_twin_and_the_vendor_are_not_one_account() {
    let text = two(
        "base_url = \"mock\"\naccount = \"x\"",
        "secret = \"env:B\"\naccount = \"x\"",
    );
    let expected = r#"gateway.toml:3:1: warning: routes.one.base_url: the embedded mock answers for `one`; nothing reaches a vendor
gateway.toml:5:9: routes.two.base_url: `https://api.maple.example/` differs from `mock` of `one` (line 3), a route of the same account
"#;
    assert_eq!(faults(&text, ENVIRONMENT), expected);
}

#[test]
fn one_credential_has_one_name() {
    let text = two(
        "secret = \"env:A\"\naccount = \"x\"",
        "secret = \"env:A\"\naccount = \"y\"",
    );
    let expected = r#"gateway.toml:8:1: routes.two.account: `one` (line 4) has the same secret and calls the account `x`
"#;
    assert_eq!(faults(&text, ENVIRONMENT), expected);
}

#[test]
fn one_name_is_of_one_vendor() {
    let text = "[routes.one]\nvendor = \"birch\"\nbase_url = \"mock\"\naccount = \"x\"\n\
        [routes.two]\nvendor = \"cedar\"\nbase_url = \"mock\"\naccount = \"x\"\n\
        [routes.three]\nvendor = \"cedar\"\nbase_url = \"mock\"\naccount = \"Not OK\"\n";
    let expected = r#"gateway.toml:3:1: warning: routes.one.base_url: the embedded mock answers for `one`, `two` and `three`; nothing reaches a vendor
gateway.toml:8:1: routes.two.account: `one` (line 4) gives this name to an account of `birch`
gateway.toml:12:1: routes.three.account: an account's name is 1 to 32 of a-z, 0-9 and `_`, the first a letter, and no `__`
"#;
    assert_eq!(faults(text, ENVIRONMENT), expected);
}

#[test]
fn routes_of_one_account_agree_in_every_key_of_the_account() {
    let text = two(
        "secret = \"env:A\"\nsettle_ms = 60_000\nattempts = 2",
        "secret = \"env:A\"\nbase_url = \"https://api.maple.example/v9\"\nallow_any_host = true\n\
         catalogue_ttl_ms = 5_000\ncatalogue_max_tags = 5\n\
         attempts = 4\nattempt_timeout_ms = 4_000\nmax_in_flight = 2\nrate = [\"5/s\"]\n\
         create_missing = true\non_loss = \"report\"\nresponses = \"off\"\ncatalogue = \"no-delete\"\n\
         [routes.two.maple]\nflag = \"yes\"",
    );
    let expected = r#"gateway.toml:6:9: routes.two.settle_ms: 30000 ms differs from 60000 ms of `one` (line 4), a route of the same account
gateway.toml:9:1: routes.two.base_url: `https://api.maple.example/v9` differs from `https://api.maple.example/` of `one` (line 1), a route of the same account
gateway.toml:10:1: routes.two.allow_any_host: true differs from false of `one` (line 1), a route of the same account
gateway.toml:11:1: routes.two.catalogue_ttl_ms: 5000 ms differs from 60000 ms of `one` (line 1), a route of the same account
gateway.toml:12:1: routes.two.catalogue_max_tags: 5 differs from 20000 of `one` (line 1), a route of the same account
gateway.toml:13:1: routes.two.attempts: 4 differs from 2 of `one` (line 5), a route of the same account
gateway.toml:14:1: routes.two.attempt_timeout_ms: 4000 ms differs from 5000 ms of `one` (line 1), a route of the same account
gateway.toml:15:1: routes.two.max_in_flight: 2 differs from 8 of `one` (line 1), a route of the same account
gateway.toml:16:1: routes.two.rate: 5/s differs from off of `one` (line 1), a route of the same account
gateway.toml:22:1: routes.two.maple.flag: differs from `one` (line 1), a route of the same account
"#;
    assert_eq!(faults(&text, ENVIRONMENT), expected);
}

#[test]
fn the_later_route_is_the_later_in_the_file() {
    let text = "[routes.zoo]\nvendor = \"birch\"\nsecret = \"env:A\"\nattempts = 1\n\
        [routes.ant]\nvendor = \"birch\"\nsecret = \"env:A\"\nattempts = 2\n";
    let expected = r#"gateway.toml:8:1: routes.ant.attempts: 2 differs from 1 of `zoo` (line 4), a route of the same account
"#;
    assert_eq!(faults(text, ENVIRONMENT), expected);
}
