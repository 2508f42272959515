//! The load itself, in a process of its own: so many connections, each with one request at a time.

use super::{
    Failure,
    load::{Load, Until},
    vendor::length,
};
use serde_json::json;
use std::{fs, rc::Rc, thread, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, unbounded_channel},
    },
    task::{JoinSet, LocalSet},
    time::{Instant, timeout},
};

/// After how long a load is given up.
const LONGEST: Duration = Duration::from_secs(180);

/// Makes the load and prints what came of it.
///
/// # Errors
/// Arguments that are none, nobody who listens, or answers that do not come.
pub(super) async fn run(arguments: &[String]) -> Result<(), Failure> {
    let load = Rc::new(Load::read(arguments).ok_or("no load")?);
    let mut streams = Vec::new();
    for _ in 0..load.connections {
        let stream = TcpStream::connect(load.address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let begun = Instant::now();
    let due = Rc::new(Mutex::new(match load.until {
        Until::Rate(rate, time) => Some(paced(begun, rate, time)),
        Until::Time(_) | Until::Requests(_) => None,
    }));
    let local = LocalSet::new();
    let mut tasks = JoinSet::new();
    for (at, stream) in streams.into_iter().enumerate() {
        let work = connection(load.clone(), at, stream, begun, due.clone());
        tasks.spawn_local_on(work, &local);
    }
    let mut times = Vec::new();
    let mut failed = 0_u64;
    let all = local.run_until(async {
        while let Some(Ok((own, failures))) = tasks.join_next().await {
            times.extend(own);
            failed += failures;
        }
    });
    timeout(LONGEST, all).await?;
    let time = begun.elapsed();
    times.sort_unstable();
    let at = |share: f64| {
        let at = (times.len() as f64 * share) as usize;
        times
            .get(at)
            .map_or(0.0, |time: &Duration| time.as_secs_f64() * 1e6)
    };
    println!(
        "{}",
        json!({
            "answered": times.len(), "failed": failed, "seconds": time.as_secs_f64(),
            "half": at(0.5), "nearly_all": at(0.99),
        })
    );
    Ok(())
}

/// The moments at which requests are due, each told when it has come. A thread waits for them: the runtime's own timers
/// are a millisecond coarse.
#[expect(
    clippy::disallowed_methods,
    reason = "it is the real time that counts here"
)]
fn paced(begun: Instant, rate: u32, time: Duration) -> UnboundedReceiver<Instant> {
    // The system may wake whoever sleeps 50 µs late unless it is told otherwise; where it cannot be, all peers suffer.
    let _ = fs::write("/proc/self/timerslack_ns", "1");
    let (tell, told) = unbounded_channel();
    thread::spawn(move || {
        let _ = fs::write("/proc/thread-self/timerslack_ns", "1");
        for number in 0.. {
            let after = Duration::from_secs(1) * number / rate;
            let moment = begun + after;
            thread::sleep(moment.saturating_duration_since(Instant::now()));
            if after >= time || tell.send(moment).is_err() {
                return;
            }
        }
    });
    told
}

/// The times of the answers of one connection, and how many were no success.
async fn connection(
    load: Rc<Load>,
    at: usize,
    mut stream: TcpStream,
    begun: Instant,
    due: Rc<Mutex<Option<UnboundedReceiver<Instant>>>>,
) -> (Vec<Duration>, u64) {
    let first = load.request(at, 0);
    let varies = load.path.contains("{n}") || load.body.contains("{verb}");
    let mut buffer = Vec::with_capacity(16_384);
    let (mut times, mut failed) = (Vec::new(), 0);
    loop {
        let asked = match load.until {
            Until::Time(time) if begun.elapsed() >= time => break,
            Until::Requests(count) if times.len() + failed as usize >= count => break,
            Until::Time(_) | Until::Requests(_) => Instant::now(),
            Until::Rate(..) => {
                let mut due = due.lock().await;
                match due.as_mut() {
                    Some(due) => match due.recv().await {
                        Some(moment) => moment,
                        None => break,
                    },
                    None => break,
                }
            }
        };
        let round = times.len() + failed as usize;
        let other = (varies && round > 0).then(|| load.request(at, round));
        let request = other.as_ref().unwrap_or(&first);
        match exchange(&mut stream, request, &mut buffer).await {
            Some(true) => times.push(asked.elapsed()),
            Some(false) => failed += 1,
            None => {
                failed += 1;
                break;
            }
        }
    }
    (times, failed)
}

/// Whether the answer is a success; nothing where the connection broke.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Option<bool> {
    stream.write_all(request).await.ok()?;
    buffer.clear();
    let mut looked = 0_usize;
    loop {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
        let from = looked.saturating_sub(3);
        looked = buffer.len();
        let end = buffer
            .get(from..)?
            .windows(4)
            .position(|four| four == b"\r\n\r\n");
        let Some(end) = end.map(|end| from + end + 4) else {
            continue;
        };
        let head = std::str::from_utf8(buffer.get(..end)?).ok()?;
        let success = head.as_bytes().get(9) == Some(&b'2');
        let whole = end + length(head);
        while buffer.len() < whole {
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
        return Some(success);
    }
}
