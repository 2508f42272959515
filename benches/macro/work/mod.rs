//! What the gateway does beyond one call for one request: many writers of one conversation, many conversations, more
//! and more of everything, large answers, and what it takes to start and to rest.

mod awardee;
mod growth;
mod large;
mod rest;

use super::{
    Effort, Failure,
    peers::program,
    process::{REST, Running, free},
    table::line,
};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Measures and prints the lines.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn run(effort: Effort) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    line("what", "measured", "wanted");
    line("---", "---", "---");
    awardee::one_conversation(folder.path(), effort).await?;
    awardee::many_conversations(folder.path()).await?;
    growth::lanes(folder.path(), effort).await?;
    growth::catalogue(folder.path(), effort).await?;
    growth::tags(folder.path(), effort).await?;
    large::run(folder.path()).await?;
    rest::run(folder.path(), effort).await?;
    println!();
    Ok(())
}

/// A twin of a vendor as a process of its own; where it is.
fn twin(vendor: &str, more: &[&str]) -> Result<(Running, String), Failure> {
    let place = format!("{vendor}={}", free()?);
    let program = program();
    let command = [&[&*program, "mock", &place], more].concat();
    let mut twin = Running::start(REST, &command, &[], None)?;
    let told = twin.line()?;
    let url = told.split_whitespace().last();
    let url = url.ok_or_else(|| format!("{} does not start", command.join(" ")))?;
    Ok((twin, url.to_owned()))
}

/// The sum of a metric over its labels.
async fn sum(admin: SocketAddr, name: &str) -> Result<f64, Failure> {
    let mut stream = TcpStream::connect(admin).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = rest.starts_with(['{', ' ']).then_some(rest)?;
        value.split_whitespace().last()?.parse::<f64>().ok()
    });
    Ok(values.sum())
}
