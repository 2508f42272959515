//! Every command's help shows an example, and every example works.

#![expect(clippy::expect_used, reason = "a test says what it expected")]

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Commands that go on until they are stopped, with what they print once they serve.
const SERVING: [(&str, &str); 3] = [
    ("", "tagway serves"),
    ("serve", "tagway serves"),
    ("mock", " http://"),
];

/// The program with these arguments, beside the shipped configuration, its listeners on free ports.
fn tagway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagway"));
    command
        .args(arguments)
        .env_clear()
        .env("TAGWAY_SERVER__LISTEN", "127.0.0.1:0")
        .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0")
        .env("TAGWAY_SERVER__STORE", "off")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn help(arguments: &[&str]) -> String {
    let output = tagway(arguments).arg("--help").output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("help is UTF-8")
}

/// Every command that the help lists; the empty name is the program without a command.
fn commands() -> Vec<String> {
    let help = help(&[]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    std::iter::once("")
        .chain(names)
        .map(str::to_owned)
        .collect()
}

/// The arguments of the examples in a command's help.
fn examples(command: &str) -> Vec<Vec<String>> {
    let arguments: Vec<&str> = command.split_whitespace().collect();
    help(&arguments)
        .lines()
        .filter_map(|line| line.strip_prefix("Example: tagway"))
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

/// Reads what a serving command prints until the line that says so, and stops it.
fn serves(mut child: Child, sign: &str) -> bool {
    let stdout = child.stdout.take().expect("its output");
    let stderr = child.stderr.take().expect("its log");
    // Logs go to one stream, addresses to the other: the sign is looked for where it belongs.
    let stream: Box<dyn Read> = if sign == " http://" {
        Box::new(stdout)
    } else {
        Box::new(stderr)
    };
    let found = BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains(sign));
    child.kill().expect("it can be stopped");
    child.wait().expect("it ends");
    found
}

#[test]
fn every_example_works() {
    let commands = commands();
    assert!(
        commands.iter().any(|name| name == "print-config"),
        "{commands:?}"
    );
    for command in &commands {
        let examples = examples(command);
        assert!(!examples.is_empty(), "`{command}` shows no example");
        for example in examples {
            let begins = example.first().filter(|word| !word.starts_with('-'));
            assert_eq!(begins.map_or("", String::as_str), command, "{example:?}");
            let arguments: Vec<&str> = example.iter().map(String::as_str).collect();
            let mut program = tagway(&arguments);
            match SERVING.iter().find(|(name, _)| name == command) {
                Some((_, sign)) => {
                    let child = program.spawn().expect("the program starts");
                    assert!(serves(child, sign), "{example:?}");
                }
                None => {
                    let output = program.output().expect("the program starts");
                    assert!(output.status.success(), "{example:?}: {output:?}");
                    assert!(!output.stdout.is_empty(), "{example:?}");
                }
            }
        }
    }
}

#[test]
fn a_command_line_that_cannot_be_used_ends_with_2() {
    for arguments in [
        &["chek"][..],
        &["check", "--formt", "json"],
        &["print-config", "--format", "yaml"],
    ] {
        let output = tagway(arguments).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
}
