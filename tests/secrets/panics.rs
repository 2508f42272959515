//! A panic whose message holds a credential. It happens in a process of its own, because it is told on the error
//! output of the whole process.

use crate::{canaries, canaries::Output};
use std::process::Command;
use tagway::redact;

const ROLE: &str = "TAGWAY_TEST_PANICS";

/// Both what is told and the exit come from here when the role says so.
fn panicking(role: &str) {
    redact::tell_panics();
    for key in canaries::vendor_keys() {
        redact::hide(&key.value);
    }
    if role == "logged" {
        tracing_subscriber::fmt()
            .with_writer(redact::stderr)
            .json()
            .init();
    }
    let keys = canaries::vendor_keys();
    panic!(
        "unexpected header: {:?}, {:?}",
        keys[0].value,
        keys[1].forms()
    );
}

#[test]
fn a_panic_is_told_without_the_credentials_in_it() {
    if let Ok(role) = std::env::var(ROLE) {
        return panicking(&role);
    }
    for role in ["logged", "alone"] {
        let this = std::env::current_exe().unwrap();
        let mut command = Command::new(this);
        command
            .args([
                "--exact",
                "panics::a_panic_is_told_without_the_credentials_in_it",
                "--nocapture",
            ])
            .env(ROLE, role)
            .env("RUST_BACKTRACE", "1");
        let output = command.output().unwrap();
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            told.contains("unexpected header: ") && told.contains("tests/secrets/panics.rs"),
            "{told}"
        );
        assert!(told.matches("[redacted]").count() > 10, "{told}");
        let mut all = Output::default();
        all.add("stdout", output.stdout);
        all.add("stderr", told);
        all.is_clean(&canaries::all());
    }
}
