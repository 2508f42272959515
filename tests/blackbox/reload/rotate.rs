//! A vendor's key that is replaced again and again while calls go on: none of them is dropped, and soon after each
//! replacement none is made with the key before.

use super::Reloading;
use crate::support::{Faulty, Wire, conversation, route, tags_of, until};
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tagway::mock::Options;
use tokio::{task::JoinSet, time::Instant};

/// When a call came to the vendor, and with which key.
type Sent = Arc<Mutex<Vec<(Instant, usize)>>>;

/// Puts a key where the configuration looks for it, as a volume of secrets is laid out and updated: by a swapped link.
fn place(volume: &Path, number: usize) {
    let version = format!("..{number}");
    fs::create_dir_all(volume.join(&version)).unwrap();
    fs::write(
        volume.join(&version).join("key"),
        format!("key-{number:06}"),
    )
    .unwrap();
    symlink(&version, volume.join("..new")).unwrap();
    fs::rename(volume.join("..new"), volume.join("..data")).unwrap();
    if let Some(before) = number.checked_sub(1) {
        let _ = fs::remove_dir_all(volume.join(format!("..{before}")));
    }
}

/// A vendor that notes the key of every call.
async fn noting(sent: Sent) -> Faulty {
    Faulty::new("awardee", Options::default(), move |seen| {
        let (_, key) = seen.head.split_once("key-").unwrap();
        let number = key[..6].parse().unwrap();
        sent.lock().unwrap().push((Instant::now(), number));
        None
    })
    .await
}

/// Replaces the key so often. Answers how many calls were answered, and how many came with an old key later than
/// `most` after its replacement.
async fn rotations(count: usize, most: Duration) -> (usize, usize) {
    let sent = Sent::default();
    let vendor = noting(sent.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), 0);
    symlink("..data/key", folder.path().join("key")).unwrap();
    let reference = format!("file:{}", folder.path().join("key").display());
    let routes = route("awardee", &vendor.address.to_string(), "");
    let at = Reloading::start(&routes.replace("env:VENDOR_KEY", &reference)).await;
    let (address, done) = (at.gateway.at(), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for client in 0..4 {
        let done = done.clone();
        clients.spawn(async move {
            let target = tags_of("awardee", &conversation(client));
            let ask = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            let mut wire = Wire::open(address).await;
            let mut answered = 0;
            while !done.load(Ordering::Relaxed) {
                wire.send(ask.as_bytes()).await;
                wire.answer_to("GET").await.is(200);
                answered += 1;
            }
            answered
        });
    }
    let mut replaced = Vec::new();
    for number in 1..=count {
        place(folder.path(), number);
        replaced.push(Instant::now());
        until("a call with the new key", || {
            let sent = sent.lock().unwrap();
            sent.last().is_some_and(|(_, key)| *key == number)
        })
        .await;
    }
    done.store(true, Ordering::Relaxed);
    let answered = clients.join_all().await.iter().sum();
    let sent = sent.lock().unwrap();
    let is_late = |(at, key): &&(Instant, usize)| {
        let replaced = replaced.get(*key);
        replaced.is_some_and(|replaced| at.saturating_duration_since(*replaced) > most)
    };
    (answered, sent.iter().filter(is_late).count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_dropped_or_made_with_an_old_key_over_six_rotations() {
    // On a machine that does nothing else it is a second.
    let (answered, late) = rotations(6, Duration::from_secs(4)).await;
    assert!(answered > 6);
    assert_eq!(late, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes about half a minute; for the figure"]
#[allow(clippy::print_stdout, reason = "the figure is what it is run for")]
async fn no_call_is_dropped_or_made_with_an_old_key_over_a_hundred_rotations() {
    let (answered, late) = rotations(100, Duration::from_secs(1)).await;
    println!(
        "{{\"rotate.count\":100,\"rotate.dropped\":0,\"rotate.old_key_uses\":{late},\"rotate.answered\":{answered}}}"
    );
    assert_eq!(late, 0);
}
