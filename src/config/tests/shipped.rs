//! The file that is shipped.

use adapters::settings::{SettingKind, SettingValue};

use super::super::{Fault, Loaded, RateWindow, Secrets, Upstream, load};
use super::{rendered, variables};
use crate::gateway::vendor_keys;

pub(super) const SHIPPED: &str = include_str!("../../../gateway.toml");

/// What becomes of the text, with secrets checked and no variables.
fn loaded(text: &str) -> Result<Loaded, Vec<Fault>> {
    load(
        text,
        "gateway.toml",
        &variables(&[]),
        &vendor_keys(),
        Secrets::Check,
    )
}

#[test]
fn the_shipped_file_serves_three_routes_on_the_mocks() {
    let loaded = match loaded(SHIPPED) {
        Ok(loaded) => loaded,
        Err(faults) => panic!("refused:\n{}", rendered(&faults)),
    };
    let config = loaded.config;
    let routes: Vec<_> = config
        .routes
        .iter()
        .map(|route| (route.name.as_str(), route.vendor, route.create_missing))
        .collect();
    assert_eq!(
        routes,
        [
            ("support", "elevenlabs", true),
            ("helpdesk", "awardee", true),
            ("sales", "attention", true)
        ]
    );

    assert!(
        config
            .accounts
            .iter()
            .all(|account| account.upstream == Upstream::Mock && account.rate.is_empty())
    );
    let references: Vec<_> = config
        .accounts
        .iter()
        .filter_map(|account| account.secret_reference.as_deref())
        .collect();
    assert_eq!(
        references,
        [
            "env:ELEVENLABS_API_KEY",
            "env:AWARDEE_API_KEY",
            "env:ATTENTION_API_KEY"
        ]
    );
    let flag = config
        .accounts
        .last()
        .and_then(|account| account.settings.get("flag_value"));
    assert_eq!(flag, Some(&SettingValue::Text("true".into())));
    assert_eq!(loaded.warnings.len(), 1);
}

#[test]
fn the_shipped_file_writes_defaults_as_they_are() {
    let plain = loaded(SHIPPED);
    let without: String = SHIPPED
        .split_once("[server]")
        .map_or("", |(_, rest)| rest)
        .to_owned();
    let without = without
        .split_once("# Without clients")
        .map_or("", |(_, rest)| rest);
    let bare = loaded(&format!("# {without}"));
    let server = |loaded: Result<Loaded, _>| loaded.ok().map(|loaded| loaded.config.server);
    assert!(server(plain).is_some_and(|written| Some(written) == server(bare)));
}

#[test]
fn without_the_mock_the_shipped_file_asks_for_its_secrets() {
    let text = SHIPPED.replace("base_url = \"mock\"\n", "");
    let faults = loaded(&text).err().unwrap_or_default();
    let missing: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
    let variable = |name| format!("the environment variable `{name}_API_KEY` is not set");
    assert_eq!(
        missing,
        ["ELEVENLABS", "AWARDEE", "ATTENTION"].map(variable)
    );
}

#[test]
fn what_the_vendors_declare_is_sound() {
    for vendor in vendor_keys() {
        let name = vendor.name;
        let text = format!("[routes.x]\nvendor = \"{name}\"\nsecret = \"env:K\"\n");
        let loaded = load(
            &text,
            "f",
            &variables(&[("K", "k")]),
            &vendor_keys(),
            Secrets::Check,
        );
        assert!(
            loaded.is_ok_and(|loaded| loaded.warnings.is_empty()),
            "{name}: base_url"
        );
        assert!(
            vendor.hosts.iter().all(|host| *host == host.to_lowercase()),
            "{name}: hosts"
        );
        assert!(
            vendor
                .rate
                .iter()
                .all(|window| RateWindow::read(window).is_some()),
            "{name}: rate"
        );
        for setting in vendor.settings {
            let sound = match setting.kind {
                SettingKind::Bool { .. } => true,
                SettingKind::Text { default, max_chars } => default.chars().count() <= max_chars,
                SettingKind::Choice { default, of } => of.contains(&default),
            };
            assert!(sound, "{name}: {}", setting.name);
        }
    }
}
