//! A writer: changes conversations in turn, and waits for each answer.

use std::{io, net::SocketAddr};

use super::{
    Settings,
    client::Client,
    ledger::{Evidence, Ledger, Tag, certain},
    place,
};

/// The name of the tag that a writer uses in a round; the same on every conversation.
pub(crate) fn name(writer: usize, round: usize) -> String {
    format!("w{writer}-{round}")
}

/// How many rounds each writer makes.
pub(crate) fn rounds(settings: &Settings) -> usize {
    settings.mutations.ceil() as usize
}

pub(crate) async fn run(
    gateway: SocketAddr,
    vendor: &'static str,
    number: usize,
    settings: Settings,
) -> Ledger {
    let mut ledger = Ledger::default();
    let mut client = Client::new(gateway);
    let seed = settings.seed ^ ((number as u64 + 1) << 20) ^ vendor.len() as u64;
    let mut random = fastrand::Rng::with_seed(seed);
    let changes = (settings.mutations * settings.conversations as f64).round() as usize;
    let mut order: Vec<usize> = (0..settings.conversations).collect();
    for change in 0..changes {
        let (round, at) = (change / order.len(), change % order.len());
        if at == 0 {
            random.shuffle(&mut order);
        }
        let conversation = order[at];
        let tag = |round: usize| Tag {
            vendor,
            conversation,
            name: name(number, round),
        };
        // Some of what is there is taken off again, so that sets stay small and a loss in between shows.
        let earlier = round.checked_sub(1).map(tag);
        let removed = earlier.filter(|earlier| {
            ledger.known(earlier) == Some(certain(true, Evidence::Success)) && random.bool()
        });
        let (tag, there) = match removed {
            Some(earlier) => (earlier, false),
            None => (tag(round), true),
        };
        let target = format!("{}/{}", place::tags_of(vendor, conversation), tag.name);
        let method = if there { "PUT" } else { "DELETE" };
        match client.ask(method, &target, "").await {
            Ok(answer) => ledger.heard(tag, there, &answer),
            Err(error) => {
                let name = match error.kind() {
                    io::ErrorKind::TimedOut => "hangs",
                    _ => "unexpected_answers",
                };
                ledger.finding(name, format!("{method} {target}: {error}"));
                ledger.set(tag, super::ledger::Known::Unsure);
            }
        }
    }
    ledger
}
