//! `tagway with` and `tagway contract` as a user runs them.

#![expect(clippy::expect_used, reason = "a test says what it expected")]

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

/// The program in a folder, with no variables but these.
fn tagway(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tagway"))
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs(variables.iter().copied())
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

#[test]
fn a_command_gets_the_urls_and_its_code_is_passed_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "env | grep ^TAGWAY_ | cut -d= -f1 | sort; exit 7";
    let output = tagway(folder.path(), &["with", "--", "sh", "-c", script], &[]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let wanted = "TAGWAY_ADMIN_URL\nTAGWAY_MOCK_HELPDESK_URL\nTAGWAY_MOCK_SALES_URL\nTAGWAY_MOCK_SUPPORT_URL\nTAGWAY_URL\n";
    assert_eq!(text(&output.stdout), wanted);
    let killed = tagway(
        folder.path(),
        &["with", "--", "sh", "-c", "kill -9 $$"],
        &[],
    );
    assert_eq!(killed.status.code(), Some(137));
}

#[test]
fn a_route_to_a_vendor_is_on_its_mock_and_needs_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "[routes.live]\nvendor = \"awardee\"\nsecret = \"env:NOT_THERE\"\n";
    std::fs::write(folder.path().join("gateway.toml"), file).expect("the file");
    // The program itself is such a command: it knows the variables and leaves them alone.
    let program = env!("CARGO_BIN_EXE_tagway");
    let arguments = ["with", "--", program, "check", "--no-secrets"];
    let output = tagway(folder.path(), &arguments, &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("1 route"));
}

#[test]
fn a_command_that_is_not_there_is_a_mistake_of_the_caller() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["with", "--", "no-such-command"][..], &["with"]] {
        let output = tagway(folder.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

#[test]
fn a_vendor_that_does_not_answer_ends_the_contract_with_3() {
    let folder = tempfile::tempdir().expect("a folder");
    // A port on which nobody listens any more.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let file = format!(
        "[routes.live]\nvendor = \"awardee\"\nsecret = \"env:KEY\"\nbase_url = \"http://{address}\"\nallow_any_host = true\n"
    );
    std::fs::write(folder.path().join("gateway.toml"), file).expect("the file");
    let id = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";
    let run = |arguments: &[&str]| tagway(folder.path(), arguments, &[("KEY", "hunter2")]);
    let live = run(&["contract", "--route", "live", "--conversation", id]);
    assert_eq!(live.status.code(), Some(3), "{live:?}");
    assert!(!text(&live.stderr).contains("hunter2"));
    for misused in [
        &["contract", "--route", "live"][..],
        &["contract", "--route", "none", "--conversation", id],
        &["contract", "--prefix", "a"],
    ] {
        assert_eq!(run(misused).status.code(), Some(2), "{misused:?}");
    }
}
