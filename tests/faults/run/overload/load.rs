//! Two kinds of load: callers that wait for each answer, and requests that come whether or not others were answered.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, interval},
};

use super::super::{
    client::{Ask, Client},
    paused::conversation,
};

/// All that came of a load.
#[derive(Default)]
pub(super) struct Got {
    pub(super) all: Vec<One>,
    /// Requests that were not made because too many were without an answer.
    pub(super) not_offered: usize,
}

/// What came of one request.
pub(super) struct One {
    /// 0 where there was no answer.
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) took: Duration,
    /// Since the beginning of the load.
    pub(super) at: Duration,
}

/// How long a caller waits.
const DEADLINE_MS: u64 = 1_000;

/// Most requests without an answer: each has a connection.
const MOST_OPEN: usize = 6_000;

impl One {
    /// Whether it was turned away.
    pub(super) fn is_shed(&self) -> bool {
        self.code == "overloaded"
    }
}

impl Got {
    /// How many answers of each kind.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for one in &self.all {
            let kind = format!("{} {}", one.status, one.code);
            *counts.entry(kind.trim_end().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Answers that overload does not explain: whoever finds no place hears so, and whoever has waited too long too,
    /// be it in the line or for the vendor.
    pub(super) fn wrong(&self) -> u64 {
        let explained = |one: &&One| {
            one.status == 200
                || one.is_shed()
                || matches!(one.code.as_str(), "deadline" | "vendor-timeout")
        };
        self.all.iter().filter(|one| !explained(one)).count() as u64
    }
}

/// So many callers, each of whom waits for its answer.
pub(super) async fn closed(to: SocketAddr, callers: usize, time: Duration) -> Got {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..callers {
        tasks.spawn(async move {
            let (mut all, mut client) = (Vec::new(), Client::new(to));
            while began.elapsed() < time {
                all.push(one(&mut client, number, began).await);
            }
            all
        });
    }
    Got {
        all: tasks.join_all().await.into_iter().flatten().collect(),
        not_offered: 0,
    }
}

/// So many requests a second.
pub(super) async fn open(to: SocketAddr, per_second: f64, time: Duration) -> Got {
    let began = Instant::now();
    let idle: Arc<Mutex<Vec<Client>>> = Arc::default();
    let under_way = Arc::new(AtomicUsize::new(0));
    let (mut tasks, mut got) = (JoinSet::new(), Got::default());
    let mut tick = interval(Duration::from_millis(1));
    let mut made = 0_usize;
    while began.elapsed() < time {
        let due = (began.elapsed().as_secs_f64() * per_second) as usize;
        for number in made..due {
            if under_way.load(Ordering::Relaxed) >= MOST_OPEN {
                got.not_offered += 1;
                continue;
            }
            under_way.fetch_add(1, Ordering::Relaxed);
            let (idle, under_way) = (Arc::clone(&idle), Arc::clone(&under_way));
            tasks.spawn(async move {
                let held = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut client = held.unwrap_or_else(|| Client::new(to));
                let one = one(&mut client, number % 10_000, began).await;
                idle.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(client);
                under_way.fetch_sub(1, Ordering::Relaxed);
                one
            });
        }
        made = made.max(due);
        tick.tick().await;
    }
    got.all = tasks.join_all().await;
    got
}

async fn one(client: &mut Client, number: usize, began: Instant) -> One {
    let id = conversation(number);
    let ask = Ask {
        headers: format!("tagway-deadline-ms: {DEADLINE_MS}\r\n"),
        ..Ask::new("GET", format!("/v1/attention/conversations/{id}/tags"))
    };
    let sent = Instant::now();
    let answer = client.ask(&ask).await;
    let (status, code) = match answer {
        Ok(answer) => {
            let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
            (answer.status, code)
        }
        Err(error) => (0, error.kind().to_string()),
    };
    One {
        status,
        code,
        took: sent.elapsed(),
        at: began.elapsed(),
    }
}
