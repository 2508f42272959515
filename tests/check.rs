//! `tagway check` on files that are broken in many ways: its whole output is kept beside each file, and no output
//! may hold what could be a secret.

#![expect(clippy::expect_used, reason = "a test says what it expected")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What stands in the files wherever somebody could have put a secret.
const SECRET: &str = "hunter2";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check")
}

/// Runs the program in the folder of the files, with no variables but these.
fn tagway(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tagway"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(folder())
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// The names of the files, in order.
fn files() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_output_for_each_file_is_the_one_kept_beside_it() {
    let mut different = Vec::new();
    for name in files() {
        let output = tagway(&["check", "--config", &name], &[("KEY", SECRET)]);
        let code = output.status.code().expect("an exit code");
        // Without faults the summary is the answer; all else is for the person in front of the command.
        let (told, answer) = (text(&output.stderr), text(&output.stdout));
        assert_eq!(answer.is_empty(), code == 2, "{name}");
        let found = format!("{told}{answer}exit code: {code}\n");
        let kept = folder().join(&name).with_extension("txt");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&kept, &found).expect("the output can be kept");
        }
        let expected = fs::read_to_string(&kept).unwrap_or_default();
        if found != expected {
            different.push(format!("--- {name}, kept\n{expected}--- found\n{found}"));
        }
    }
    assert!(
        different.is_empty(),
        "{}\nif that is meant: UPDATE_SNAPSHOTS=1 cargo test --test check",
        different.join("\n")
    );
}

#[test]
fn twenty_files_are_broken_and_the_others_are_fine() {
    let codes: Vec<i32> = files()
        .iter()
        .map(|name| tagway(&["check", "--config", name], &[("KEY", SECRET)]))
        .filter_map(|output| output.status.code())
        .collect();
    let count = |code| codes.iter().filter(|other| **other == code).count();
    assert_eq!((count(2), count(0), codes.len()), (20, 2, 22));
}

#[test]
fn no_output_holds_what_could_be_a_secret() {
    for name in files() {
        let variables = [("KEY", SECRET), ("TAGWAY_SERVER__TOKEN", SECRET)];
        for format in ["human", "json"] {
            let arguments = ["check", "--config", &name, "--format", format];
            let output = tagway(&arguments, &variables);
            let all = text(&output.stdout) + &text(&output.stderr);
            assert!(!all.contains(SECRET), "{name}, {format}:\n{all}");
        }
        let output = tagway(&["print-config", "--config", &name], &[("KEY", SECRET)]);
        let all = text(&output.stderr);
        assert!(!all.contains(SECRET), "{name}, print-config:\n{all}");
    }
}

#[test]
fn json_names_the_same_faults_as_the_text() {
    for name in files() {
        let human = text(&tagway(&["check", "--config", &name], &[("KEY", SECRET)]).stderr);
        let output = tagway(
            &["check", "--config", &name, "--format", "json"],
            &[("KEY", SECRET)],
        );
        let faults: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("an array of faults");
        let faults = faults.as_array().expect("an array");
        for fault in faults {
            let text = |key: &str| fault.get(key).and_then(|value| value.as_str());
            let number = |key: &str| fault.get(key).and_then(serde_json::Value::as_u64);
            let (Some(line), Some(column)) = (number("line"), number("column")) else {
                panic!("{name}: no place in {fault}")
            };
            let warning = match text("severity") {
                Some("warning") => "warning: ",
                _ => "",
            };
            let path = match text("path") {
                Some("") | None => String::new(),
                Some(path) => format!("{path}: "),
            };
            let detail = text("detail").expect("a detail");
            let line = format!("{name}:{line}:{column}: {warning}{path}{detail}\n");
            assert!(human.contains(&line), "{line}\n{human}");
            if let Some(cure) = text("cure") {
                assert!(
                    human.contains(&format!("help: {cure}\n")),
                    "{cure}\n{human}"
                );
            }
        }
        let heads = human.lines().filter(|line| {
            line.starts_with(&format!("{name}:")) && !line.starts_with(&format!("{name}: "))
        });
        assert_eq!(heads.count(), faults.len(), "{human}");
    }
}

#[test]
fn variables_are_judged_like_the_file() {
    let variables = [
        ("KEY", SECRET),
        ("TAGWAY_SERVER__LOG", "jsn"),
        ("TAGWAY_ROUTES__SUPPORT__ATEMPTS", SECRET),
    ];
    let output = tagway(&["check", "--config", "22-fine.toml"], &variables);
    let expected = "\
TAGWAY_ROUTES__SUPPORT__ATEMPTS: routes.support.atempts: no such key; did you mean `TAGWAY_ROUTES__SUPPORT__ATTEMPTS`?
help: `attempts`: How often a call that is safe to repeat is sent at most. From 1 to 10, by default 3

TAGWAY_SERVER__LOG: server.log: expects `human` or `json`, not `jsn`; did you mean `json`?
help: `log`: The form of the log. `human` or `json`; by default `human`

22-fine.toml: 2 faults, no warnings
";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn secrets_need_not_be_there_on_a_build_machine() {
    let arguments = ["check", "--config", "22-fine.toml"];
    assert_eq!(tagway(&arguments, &[]).status.code(), Some(2));
    let output = tagway(&[&arguments[..], &["--no-secrets"]].concat(), &[]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault_like_any_other() {
    let output = tagway(&["check", "--config", "no-such-file.toml"], &[]);
    let shown = text(&output.stderr);
    assert!(
        shown.starts_with("no-such-file.toml: cannot be read: "),
        "{shown}"
    );
    assert!(
        shown.ends_with("no-such-file.toml: 1 fault, no warnings\n"),
        "{shown}"
    );
    assert_eq!(output.status.code(), Some(2));

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("latin.toml");
    fs::write(&file, b"[server]\n# \xc3\xa4 \xe4\n").expect("a file");
    let name = file.to_str().expect("a name");
    let shown = text(&tagway(&["check", "--config", name], &[]).stderr);
    assert!(
        shown.starts_with(&format!("{name}:2:5: this byte is not UTF-8\n")),
        "{shown}"
    );
}
