//! Files that are fine, some with a warning.

use adapters::settings::SettingValue;

use super::super::{RateWindow, Upstream};
use super::{MOCK, VENDORS, config, warnings};

#[test]
fn a_setting_that_is_not_written_has_its_default() {
    let config = config(
        "[routes.sales]\nvendor = \"maple\"\nbase_url = \"mock\"\n",
        &[],
    );
    let settings = [
        ("flag", SettingValue::Text("true".into())),
        ("scheme", SettingValue::Text("bearer".into())),
        ("skip", SettingValue::Bool(true)),
    ];
    assert_eq!(
        config
            .accounts
            .first()
            .map(|account| account.settings.clone()),
        Some(settings.into())
    );
}

#[test]
fn a_quota_is_the_vendors_unless_it_is_written_or_off() {
    for (written, expected) in [
        ("", "60/min 1000/h"),
        ("rate = []", "60/min 1000/h"),
        ("rate = \"off\"", ""),
        ("rate = [\"5/s\"]", "5/s"),
    ] {
        let config = config(
            &format!("[routes.desk]\nvendor = \"cedar\"\nbase_url = \"mock\"\n{written}\n"),
            &[],
        );
        let rates: Vec<String> = config
            .accounts
            .iter()
            .flat_map(|account| &account.rate)
            .map(ToString::to_string)
            .collect();
        assert_eq!(rates.join(" "), expected, "{written}");
    }
}

#[test]
fn hosts_and_addresses_that_may_be_used() {
    for (url, any, warns) in [
        ("https://api.birch.example", false, false),
        ("https://API.EU.birch.example/prefix/", false, false),
        ("https://api.birch.example:443", false, false),
        ("https://proxy.example:8443/birch", true, true),
        ("https://10.0.0.7", true, true),
        ("http://127.0.0.1:9000", true, true),
        ("http://[::1]:9000", true, true),
        ("http://[::ffff:127.0.0.1]:9000", true, true),
        ("http://localhost:9000", true, true),
    ] {
        let text = format!(
            "[routes.desk]\nvendor = \"birch\"\nbase_url = \"{url}\"\nallow_any_host = {any}\nsecret = \"env:K\"\n"
        );
        assert_eq!(!warnings(&text, &[("K", "k")]).is_empty(), warns, "{url}");
        let config = config(&text, &[("K", "k")]);
        assert!(
            config
                .accounts
                .iter()
                .all(|account| account.upstream != Upstream::Mock),
            "{url}"
        );
    }
}

#[test]
fn routes_keep_the_order_of_the_file() {
    let text = format!(
        "{MOCK}[routes.zoo]\nvendor = \"birch\"\nbase_url = \"mock\"\n[routes.ant]\nvendor = \"birch\"\nbase_url = \"mock\"\n"
    );
    let config = config(
        &text,
        &[
            ("TAGWAY_ROUTES__APE__VENDOR", "cedar"),
            ("TAGWAY_ROUTES__APE__BASE_URL", "mock"),
        ],
    );
    let names: Vec<&str> = config
        .routes
        .iter()
        .map(|route| route.name.as_str())
        .collect();
    assert_eq!(names, ["desk", "zoo", "ant", "ape"]);
    for (place, route) in config.routes.iter().enumerate() {
        assert_eq!(route.account, place);
        assert_eq!(
            config.accounts.get(place).map(|account| account.vendor),
            Some(route.vendor)
        );
    }
}

#[test]
fn warnings_leave_the_configuration_usable() {
    let text = format!(
        "{MOCK}[routes.far]\nvendor = \"birch\"\nsecret = \"env:K\"\nbase_url = \"https://10.0.0.7\"\nallow_any_host = true\n"
    );
    let expected = "gateway.toml:3:1: warning: routes.desk.base_url: the embedded mock answers for `desk`; nothing reaches a vendor\n\
        gateway.toml:7:1: warning: routes.far.base_url: `10.0.0.7` is a private address, no host that `birch` publishes; the vendor's credential is sent there\n";
    assert_eq!(warnings(&text, &[("K", "k")]), expected);
}

#[test]
fn listeners_on_fresh_ports_do_not_clash() {
    let config = config(
        &format!("[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n{MOCK}"),
        &[],
    );
    assert_eq!(config.server.listen, config.server.admin);
}

#[test]
fn published_quotas_of_the_vendors_can_be_read() {
    for window in VENDORS.iter().flat_map(|vendor| vendor.rate) {
        assert_eq!(
            RateWindow::read(window)
                .map(|window| window.to_string())
                .as_deref(),
            Some(*window)
        );
    }
}

#[test]
fn the_ends_of_ranges_are_in_them() {
    let long = "a".repeat(32);
    let text = format!(
        "[server]\ndeadline_ms = 600_000\ndrain_ms = 100\ndrain_accept_ms = 100\n[routes.{long}]\nvendor = \"birch\"\nbase_url = \"mock\"\nattempt_timeout_ms = 600_000\nattempts = 1\n"
    );
    let config = config(&text, &[]);
    let timeouts = config
        .accounts
        .iter()
        .map(|account| (account.attempt_timeout, account.attempts));
    assert_eq!(timeouts.collect::<Vec<_>>(), [(config.server.deadline, 1)]);
}

#[test]
fn a_base_url_ends_without_a_slash_after_a_path() {
    for (written, url) in [("/x/", "/x"), ("/x//", "/x"), ("", "/"), ("/", "/")] {
        let text = format!(
            "[routes.desk]\nvendor = \"birch\"\nbase_url = \"https://api.birch.example{written}\"\nsecret = \"env:K\"\n"
        );
        let config = config(&text, &[("K", "k")]);
        let shown = config
            .accounts
            .first()
            .map(|account| account.upstream.to_string());
        assert_eq!(shown, Some(format!("`https://api.birch.example{url}`")));
    }
}

#[test]
fn a_mock_may_be_public_where_that_is_meant() {
    let hash = "0".repeat(64);
    let text = format!(
        "[server]\nlisten = \"0.0.0.0:1\"\nallow_mock = true\n{MOCK}[[clients]]\nname = \"crm\"\nkey_sha256 = [\"{hash}\"]\nroutes = [\"desk\"]\nscopes = [\"tag\"]\n"
    );
    assert!(warnings(&text, &[]).contains("the embedded mock answers for `desk`"));
}
