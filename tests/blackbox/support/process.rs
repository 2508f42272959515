//! The built program as a process, with its output line by line.

use super::{soon, until};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A process that ends with the test at the latest.
pub(crate) struct Process {
    child: Child,
    pub(crate) out: UnboundedReceiver<String>,
    pub(crate) err: UnboundedReceiver<String>,
}

/// The program, without whatever configuration the environment holds, and without a store in the working folder.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagway"));
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("TAGWAY_") || name == "RUST_LOG" {
            command.env_remove(&*name);
        }
    }
    command.env("TAGWAY_SERVER__STORE", "off");
    command
}

/// Runs a command that ends by itself.
pub(crate) fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// The system's id of it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        let mut ended = None;
        until("the end of the process", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next line that has what is looked for.
pub(crate) async fn line_with(lines: &mut UnboundedReceiver<String>, part: &str) -> String {
    soon(part, async {
        loop {
            let line = lines.recv().await.expect("more output");
            if line.contains(part) {
                return line;
            }
        }
    })
    .await
}

fn lines(from: impl Read + Send + 'static) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Nobody may be listening any more.
            let _ = sender.send(line);
        }
    });
    receiver
}
