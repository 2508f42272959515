//! What the gateway does beyond one call for one request: many writers of one conversation, many conversations, large
//! answers, and what it takes to start and to rest.

use super::{
    Effort, Failure,
    duel::{measured, median, quietest, shown},
    load::{Load, Until},
    peers::{program, serve},
    process::{PEER, REST, Running, free, listening},
};
use std::{fs, net::SocketAddr, path::Path, process::Command, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

/// An id as Awardee gives them, with room for a number.
const NUMBERED: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a{n}";

/// Size of the large conversation.
const LARGE: usize = 50_000_000;

/// Calls to the vendor at once, where many conversations are changed.
const PLACES: usize = 64;

/// Measures and prints the lines.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn run(effort: Effort) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    println!("| what | figure |");
    println!("|---|---|");
    one_conversation(folder.path(), effort).await?;
    many_conversations(folder.path()).await?;
    large_answer(folder.path()).await?;
    start_and_rest(folder.path(), effort).await?;
    println!();
    Ok(())
}

/// A twin with this fault, if any; where it is.
fn twin(vendor: &str, more: &[&str]) -> Result<(Running, String), Failure> {
    let place = format!("{vendor}={}", free()?);
    let program = program()?;
    let mut twin = Running::start(REST, &[&[&*program, "mock", &place], more].concat(), &[])?;
    let line = twin.line()?;
    let url = line
        .split_whitespace()
        .last()
        .unwrap_or_default()
        .to_owned();
    Ok((twin, url))
}

fn awardee(url: &str, places: usize) -> String {
    format!(
        "max_in_flight = 2048\n[routes.team]\nvendor = \"awardee\"\nbase_url = \"{url}\"\nallow_any_host = true\n\
         secret = \"env:VENDOR_KEY\"\nrate = \"off\"\ncreate_missing = true\nmax_in_flight = {places}\n"
    )
}

/// Each client puts its own tag on and takes it off, so that every change has something to do.
fn changes(address: SocketAddr, connections: usize, together: usize, until: Until) -> Load {
    Load {
        address,
        method: "PATCH",
        path: format!("/v1/team/conversations/{NUMBERED}/tags"),
        body: "{\"{verb}\":[\"mine {own}\"]}".to_owned(),
        connections,
        together,
        until,
    }
}

async fn one_conversation(folder: &Path, effort: Effort) -> Result<(), Failure> {
    let (twin, url) = twin("awardee", &[])?;
    let (gateway, address, admin) = serve(folder, "one", &awardee(&url, 8)).await?;
    let load = |time| Load {
        path: format!(
            "/v1/team/conversations/{}/tags",
            NUMBERED.replace("{n}", "000000")
        ),
        ..changes(address, 64, 64, Until::Time(time))
    };
    measured(&gateway, &twin, &load(Duration::from_secs(1)))?;
    let before = (calls(admin).await?, answered(admin).await?);
    let mut costs = Vec::new();
    for _ in 0..effort.rounds {
        costs.push(quietest(&gateway, &twin, &load(effort.time))?.cost);
    }
    let calls = calls(admin).await? - before.0;
    let answered = answered(admin).await? - before.1;
    println!(
        "| 64 clients change one Awardee conversation: CPU µs per change | {} |",
        shown(median(costs.into_iter()))
    );
    println!("| – vendor calls per change | {:.3} |", calls / answered);
    Ok(())
}

async fn many_conversations(folder: &Path) -> Result<(), Failure> {
    let slow = ["--fault", "*:latency=20"];
    let (twin, url) = twin("awardee", &slow)?;
    let (gateway, address, admin) = serve(folder, "many", &awardee(&url, PLACES)).await?;
    // A hundred conversations at a time, each with ten changes that are there together.
    let load = changes(address, 1_000, 10, Until::Requests(100));
    let before = calls(admin).await?;
    let figures = measured(&gateway, &twin, &load)?;
    let calls = calls(admin).await? - before;
    let most = PLACES as f64 / 0.020 * figures.outcome.time.as_secs_f64();
    println!(
        "| 10,000 conversations × 10 changes, a vendor of 20 ms, {PLACES} calls at once: share of the calls that fit | {:.2} |",
        calls / most
    );
    println!(
        "| – vendor calls per conversation | {:.2} |",
        calls / 10_000.0
    );
    println!("| – CPU µs per change | {} |", shown(figures.cost));
    Ok(())
}

async fn large_answer(folder: &Path) -> Result<(), Failure> {
    let size = LARGE.to_string();
    let (twin, url) = twin("elevenlabs", &["--transcript", &size])?;
    let route = format!(
        "[routes.desk]\nvendor = \"elevenlabs\"\nbase_url = \"{url}\"\nallow_any_host = true\n\
         secret = \"env:VENDOR_KEY\"\nattempt_timeout_ms = 14_000\n"
    );
    let (gateway, address, _) = serve(folder, "large", &route).await?;
    let load = Load {
        address,
        method: "GET",
        path: "/v1/desk/conversations/conv_1/tags".to_owned(),
        body: String::new(),
        connections: 1,
        together: 1,
        until: Until::Requests(1),
    };
    measured(&gateway, &twin, &load)?;
    let before = gateway.memory();
    let mut rates = Vec::new();
    for _ in 0..5 {
        rates.push(LARGE as f64 / quietest(&gateway, &twin, &load)?.cost);
    }
    println!(
        "| a conversation of 50 MB: MB read in a second of CPU, sockets included | {} |",
        shown(median(rates.into_iter()))
    );
    let more = gateway.memory() - before;
    println!("| – memory that the next five of them add, MiB | {more:.1} |");
    Ok(())
}

async fn start_and_rest(folder: &Path, effort: Effort) -> Result<(), Failure> {
    let three = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/gateway.toml"))?;
    let file = folder.join("three.toml");
    fs::write(&file, three)?;
    let program = program()?;
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..effort.rounds.max(5) {
        let (address, admin, store) = (free()?, free()?, folder.join("three.redb"));
        let variables = [
            ("TAGWAY_SERVER__LISTEN", address.to_string()),
            ("TAGWAY_SERVER__ADMIN", admin.to_string()),
            ("TAGWAY_SERVER__STORE", store.display().to_string()),
        ];
        let variables: Vec<(&str, &str)> = variables.iter().map(|(n, v)| (*n, &**v)).collect();
        let file = file.to_str().ok_or("the folder's path is no text")?;
        let begun = Instant::now();
        let gateway = Running::start(PEER, &[&program, "serve", "--config", file], &variables)?;
        listening(address).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        sleep(Duration::from_secs(1)).await;
        memory.push(gateway.memory());
    }
    let three = "three routes, as shipped";
    println!(
        "| {three}: ms from exec to the first connection | {} |",
        shown(median(times.into_iter()))
    );
    println!(
        "| – memory at rest, MiB | {} |",
        shown(median(memory.into_iter()))
    );
    println!(
        "| the program, stripped, MB | {:.1} |",
        stripped(folder, &program)?
    );
    Ok(())
}

fn stripped(folder: &Path, program: &str) -> Result<f64, Failure> {
    let copy = folder.join("stripped");
    fs::copy(program, &copy)?;
    let _ = Command::new("strip").arg(&copy).status();
    Ok(fs::metadata(&copy)?.len() as f64 / 1e6)
}

/// Vendor calls so far.
async fn calls(admin: SocketAddr) -> Result<f64, Failure> {
    sum(admin, "tagway_vendor_calls_total").await
}

/// Requests so far.
async fn answered(admin: SocketAddr) -> Result<f64, Failure> {
    sum(admin, "tagway_requests_total").await
}

async fn sum(admin: SocketAddr, name: &str) -> Result<f64, Failure> {
    let mut stream = TcpStream::connect(admin).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let lines = text.lines().filter(|line| line.starts_with(name));
    Ok(lines
        .filter_map(|line| line.split_whitespace().last()?.parse::<f64>().ok())
        .sum())
}
