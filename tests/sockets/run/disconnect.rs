//! Clients that leave: within their request, while they wait, and within the answer.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
};

use super::{
    Settings, client,
    ledger::{Evidence, Known, Ledger, Tag, certain},
    place,
};

/// How many leave at the same time, at each vendor.
const AT_ONCE: usize = 16;

/// The name of the tag that a client uses who comes as the `round`th to its conversation.
pub(crate) fn name(round: usize) -> String {
    format!("d{round}")
}

/// How many come to each conversation.
pub(crate) fn rounds(settings: &Settings) -> usize {
    share(settings).div_ceil(settings.conversations.max(1))
}

fn share(settings: &Settings) -> usize {
    settings.disconnects.div_ceil(3)
}

pub(crate) async fn run(gateway: SocketAddr, vendor: &'static str, settings: Settings) -> Ledger {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut random = fastrand::Rng::with_seed(settings.seed ^ 0xd15c ^ vendor.len() as u64);
    let mut tasks = JoinSet::new();
    let mut ledger = Ledger::default();
    for number in 0..share(&settings) {
        let tag = Tag {
            vendor,
            conversation: number % settings.conversations,
            name: name(number / settings.conversations),
        };
        let target = place::tags_of(vendor, tag.conversation);
        let body = json!({ "add": [tag.name] }).to_string();
        let bytes = client::request(gateway, "PATCH", &target, &body);
        let leaves = Leaves::drawn(&mut random, bytes.len());
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            break;
        };
        ledger.count("disconnects");
        let known = match leaves {
            Leaves::InRequest { .. } => {
                ledger.count("cut_requests");
                certain(false, Evidence::Cut)
            }
            Leaves::Waiting { .. } | Leaves::InAnswer => Known::Unsure,
        };
        ledger.set(tag, known);
        tasks.spawn(async move {
            // A gateway that closes first does what is asked here too.
            let _ = leave(gateway, &bytes, leaves).await;
            drop(slot);
        });
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
    ledger
}

/// When a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    /// After so many bytes of its request, which are not all.
    InRequest { sent: usize, reset: bool },
    /// So long after its request.
    Waiting { after: Duration, reset: bool },
    /// With the first byte of the answer.
    InAnswer,
}

impl Leaves {
    fn drawn(random: &mut fastrand::Rng, length: usize) -> Self {
        let reset = random.bool();
        match random.u8(0..10) {
            0..4 => Self::InRequest {
                sent: random.usize(0..length),
                reset,
            },
            4..9 => Self::Waiting {
                after: Duration::from_micros(random.u64(0..30_000)),
                reset,
            },
            _ => Self::InAnswer,
        }
    }
}

async fn leave(gateway: SocketAddr, bytes: &[u8], leaves: Leaves) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(gateway).await?;
    let reset = match leaves {
        Leaves::InRequest { sent, reset } => {
            stream.write_all(&bytes[..sent]).await?;
            reset
        }
        Leaves::Waiting { after, reset } => {
            stream.write_all(bytes).await?;
            tokio::time::sleep(after).await;
            reset
        }
        Leaves::InAnswer => {
            stream.write_all(bytes).await?;
            stream.read_u8().await?;
            true
        }
    };
    if reset {
        stream.set_zero_linger()?;
    }
    Ok(())
}
