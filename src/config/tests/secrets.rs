//! Secrets: fetched, refused with a reason, and never shown.

use std::io::Write as _;

use super::super::{Secrets, load};
use super::{MOCK, VENDORS, config, faults, load_with, rendered, variables, warnings};

const CANARY: &str = "hunter2-canary-9f8e7d";

fn with_secret(reference: &str) -> String {
    format!("[routes.desk]\nvendor = \"birch\"\nsecret = \"{reference}\"\n")
}

/// The text of the one account's secret.
fn exposed(text: &str, environment: &[(&str, &str)]) -> Option<String> {
    let config = config(text, environment);
    config
        .accounts
        .first()?
        .secret
        .as_ref()
        .map(|secret| secret.expose().to_owned())
}

/// A file with these bytes and this mode, and the reference to it.
fn file(bytes: &[u8], mode: u32) -> std::io::Result<(tempfile::NamedTempFile, String)> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    std::fs::set_permissions(
        file.path(),
        std::os::unix::fs::PermissionsExt::from_mode(mode),
    )?;
    let reference = format!("file:{}", file.path().display());
    Ok((file, reference))
}

#[test]
fn a_secret_comes_from_a_variable_or_a_file_without_its_line_end() -> std::io::Result<()> {
    assert_eq!(
        exposed(&with_secret("env:K"), &[("K", CANARY)]).as_deref(),
        Some(CANARY)
    );
    let (_kept, reference) = file(format!("{CANARY}\r\n").as_bytes(), 0o600)?;
    assert_eq!(
        exposed(&with_secret(&reference), &[]).as_deref(),
        Some(CANARY)
    );
    assert_eq!(warnings(&with_secret(&reference), &[]), "");
    Ok(())
}

/// The way out of every fault about what a reference points at.
const CURE: &str =
    "  cure: put the credential there; `tagway check --no-secrets` checks the rest without it\n";

#[test]
fn a_secret_that_cannot_stand_in_a_header_is_refused_unseen() {
    let long = "x".repeat(8_193);
    for (value, reason) in [
        ("", "is empty"),
        ("\n", "is empty"),
        (
            "hunter2\nX-Evil: 1",
            "holds a byte that cannot stand in a header",
        ),
        ("hunter2\u{0}", "holds a byte that cannot stand in a header"),
        ("hünter2", "holds a byte that cannot stand in a header"),
        (" hunter2", "begins or ends with a blank"),
        (long.as_str(), "holds more than 8192 bytes"),
    ] {
        let expected = format!(
            "gateway.toml:3:1: routes.desk.secret: the environment variable `K` {reason}\n{CURE}"
        );
        assert_eq!(faults(&with_secret("env:K"), &[("K", value)]), expected);
    }
}

#[test]
fn a_file_that_is_no_secret_is_refused_with_its_reason() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let missing = folder.path().join("missing");
    for (path, reason) in [
        (
            missing.as_path(),
            "cannot be read: No such file or directory (os error 2)",
        ),
        (folder.path(), "cannot be read: it is not a regular file"),
    ] {
        let expected = format!(
            "gateway.toml:3:1: routes.desk.secret: the file `{}` {reason}\n{CURE}",
            path.display()
        );
        assert_eq!(
            faults(&with_secret(&format!("file:{}", path.display())), &[]),
            expected
        );
    }
    for (bytes, reason) in [
        (b"".as_slice(), "is empty"),
        (b"\xff\xfe", "holds a byte that cannot stand in a header"),
    ] {
        let (kept, reference) = file(bytes, 0o600)?;
        let expected = format!(
            "gateway.toml:3:1: routes.desk.secret: the file `{}` {reason}\n{CURE}",
            kept.path().display()
        );
        assert_eq!(faults(&with_secret(&reference), &[]), expected);
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_file_that_everybody_may_read_earns_a_warning() -> std::io::Result<()> {
    let (_kept, reference) = file(CANARY.as_bytes(), 0o644)?;
    let expected = "gateway.toml:3:1: warning: routes.desk.secret: every user of this machine may read the file\n  cure: chmod o-r on it\n";
    assert_eq!(warnings(&with_secret(&reference), &[]), expected);
    let (_kept, reference) = file(CANARY.as_bytes(), 0o640)?;
    assert_eq!(warnings(&with_secret(&reference), &[]), "");
    Ok(())
}

#[test]
fn a_build_machine_needs_no_secrets_but_their_references() {
    let skip = |text: &str| {
        load(
            text,
            "gateway.toml",
            &variables(&[]),
            VENDORS,
            Secrets::Skip,
        )
    };
    let loaded = skip(&with_secret("env:NOT_SET"));
    assert!(loaded.is_ok_and(|loaded| {
        loaded
            .config
            .accounts
            .iter()
            .all(|account| account.secret.is_none())
    }));
    let without = skip("[routes.desk]\nvendor = \"birch\"\n").err();
    assert_eq!(without.map(|faults| faults.len()), Some(1));
}

#[test]
fn the_mock_does_not_look_at_the_secret() {
    let text = format!("{MOCK}secret = \"env:K\"\n");
    assert_eq!(exposed(&text, &[]), None);
    assert_eq!(exposed(&text, &[("K", "not\nfit")]), None);
}

#[test]
fn a_loaded_secret_is_never_printed() {
    let Ok(loaded) = load_with(&with_secret("env:K"), &[("K", CANARY)]) else {
        panic!("refused")
    };
    let debug = format!("{loaded:?} {loaded:#?}");
    assert!(
        debug.contains("[redacted]") && !debug.contains("canary"),
        "{debug}"
    );
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let hash = "0".repeat(64);
    let texts = [
        with_secret(CANARY),
        with_secret(&format!("env:{CANARY}")),
        format!("[routes.desk]\nvendor = \"birch\"\nsecret = [\"{CANARY}\"]\n"),
        format!("[routes.desk]\nvendor = \"birch\"\nsecret = {{ value = \"{CANARY}\" }}\n"),
        format!("[routes.desk]\nvendor = \"birch\"\nsecret = \"{CANARY}\n"),
        format!("[routes.desk]\nvendor = \"birch\"\nsecret = {CANARY}\n"),
        format!("[routes.desk]\nvendor = \"birch\"\nsecret = \"\"\"{CANARY}\\q\"\"\"\n"),
        format!("{MOCK}api_key = \"{CANARY}\"\n"),
        format!("{MOCK}secret = \"{CANARY}\"\n"),
        format!(
            "{MOCK}[[clients]]\nname = \"crm\"\nroutes = [\"desk\"]\nscopes = [\"read\"]\nkey_sha256 = [\"{CANARY}\", \"{hash}\"]\n"
        ),
        format!(
            "{MOCK}[[clients]]\nname = \"crm\"\nroutes = [\"desk\"]\nscopes = [\"read\"]\nkey_sha256 = \"{CANARY}\"\n"
        ),
        format!(
            "[routes.desk]\nvendor = \"birch\"\nsecret = \"env:K\"\nbase_url = \"https://me:{CANARY}@api.birch.example\"\n"
        ),
        format!(
            "[routes.desk]\nvendor = \"birch\"\nsecret = \"env:K\"\nbase_url = \"https://api.birch.example?k={CANARY}\"\n"
        ),
        format!(
            "[routes.desk]\nvendor = \"birch\"\nsecret = \"env:K\"\nbase_url = \"https://other.example/{CANARY}\"\n"
        ),
    ];
    for text in texts {
        let Err(faults) = load_with(
            &text,
            &[("K", CANARY), ("TAGWAY_ROUTES__DESK__APIKEY", CANARY)],
        ) else {
            panic!("accepted: {text}");
        };
        let shown = format!("{}{faults:?}", rendered(&faults));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
