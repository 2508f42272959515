//! The program under a supervisor such as systemd: what it says of itself, and sockets that it is handed.

use crate::support::{Ask, Process, Wire, line_with, program, route, soon};
use serde_json::Value;
use std::{
    fs,
    net::TcpListener,
    os::fd::OwnedFd,
    path::PathBuf,
    process::{Command, Stdio},
};
use tempfile::TempDir;
use tokio::net::UnixDatagram;

/// A configuration in a folder of its own, on ports of the system's choice.
fn configured() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    let text = route("elevenlabs", "mock", "");
    let server = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\n";
    fs::write(&file, format!("{server}{text}")).unwrap();
    (folder, file)
}

/// The next message to the supervisor, without the time that a reload carries.
async fn told(supervisor: &UnixDatagram) -> String {
    let mut message = [0; 1024];
    let length = soon("a message", supervisor.recv(&mut message))
        .await
        .unwrap();
    let text = String::from_utf8(message[..length].to_vec()).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("MONOTONIC_USEC="));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_supervisor_is_told_of_start_reload_and_stop() {
    let (folder, file) = configured();
    let socket = folder.path().join("notify");
    let supervisor = UnixDatagram::bind(&socket).unwrap();
    let mut command = program(&["serve", "--config", file.to_str().unwrap()]);
    let mut process = Process::start(command.env("NOTIFY_SOCKET", &socket));
    assert_eq!(told(&supervisor).await, "READY=1");
    for (text, line) in [
        (fs::read_to_string(&file).unwrap(), "configuration reloaded"),
        (
            "[server]\nlisten = 5\n".to_owned(),
            "what ran before goes on",
        ),
    ] {
        fs::write(&file, text).unwrap();
        process.signal("HUP");
        line_with(&mut process.err, line).await;
        assert_eq!(told(&supervisor).await, "RELOADING=1");
        assert_eq!(told(&supervisor).await, "READY=1");
    }
    process.signal("TERM");
    assert_eq!(told(&supervisor).await, "STOPPING=1");
    assert_eq!(process.end().await.code(), Some(0));
}

/// The program with this socket as its third descriptor, as a supervisor hands it over.
fn handed(socket: &TcpListener, arguments: &[&str]) -> Command {
    let plain = program(arguments);
    let mut shell = Command::new("sh");
    let script = "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
    shell.args(["-c", script]).arg(plain.get_program());
    shell.args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())));
    shell
}

#[tokio::test]
async fn a_socket_that_is_handed_over_is_served_and_outlives_the_process() {
    let (_folder, file) = configured();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // Two processes in turn, as over an update of the program.
    for _ in 0..2 {
        let mut command = handed(&socket, &["serve", "--config", file.to_str().unwrap()]);
        let mut process = Process::start(&mut command);
        let line = line_with(&mut process.err, "tagway serves").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["public"], address.to_string());
        Ask::new(address, "GET", "/v1/routes").send().await.is(200);
        process.signal("TERM");
        assert_eq!(process.end().await.code(), Some(0));
        // Whoever connects now waits for the next process.
        tokio::net::TcpStream::connect(address).await.unwrap();
    }
}

#[tokio::test]
async fn a_socket_that_is_not_where_the_configuration_says_is_refused() {
    let (_folder, file) = configured();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("127.0.0.1:0", "127.0.0.2:0", 1)).unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = handed(&socket, &["serve", "--config", file.to_str().unwrap()]);
    let mut process = Process::start(&mut command);
    line_with(&mut process.err, "handed over").await;
    assert_eq!(process.end().await.code(), Some(2));
}

#[tokio::test]
async fn no_more_connections_are_taken_than_there_are_descriptors_for() {
    let (_folder, file) = configured();
    let plain = program(&["serve", "--config", file.to_str().unwrap()]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.env("TAGWAY_SERVER__STORE", "off");
    let mut process = Process::start(&mut command);
    // In whichever order.
    let (mut at, mut warned) = (None, false);
    while at.is_none() || !warned {
        let line = soon("a line", process.err.recv()).await.unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        let message = line["message"].as_str().unwrap();
        warned |= message.contains("only 32 connections");
        at = at.or_else(|| line["public"].as_str()?.parse().ok());
    }
    let at = at.unwrap();
    let mut open = Vec::new();
    for number in 0..33 {
        let mut wire = Wire::open(at).await;
        wire.send(b"GET /v1/routes HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
        let answer = wire.try_answer_to("GET").await;
        assert_eq!(answer.is_some(), number < 32, "{number}");
        open.push(wire);
    }
    process.signal("TERM");
    assert_eq!(process.end().await.code(), Some(0));
}
