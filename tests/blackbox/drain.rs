//! What a stop does to those who are connected: each request is answered, and its answer tells where nobody listens
//! any more.

use crate::support::{Faulty, Gateway, Wire, conversation, load, open, route, soon, tags_of};
use serde_json::json;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tagway::mock::Options;
use tokio::{net::TcpStream, task::JoinSet};

const ASK: &[u8] = b"GET /v1/routes HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Waits until nobody listens there.
async fn refused(at: SocketAddr) {
    soon("the end of the listener", async {
        while TcpStream::connect(at).await.is_ok() {}
    })
    .await;
}

#[tokio::test]
async fn a_request_on_a_connection_from_before_is_answered_and_is_its_last() {
    let gateway = open("", &route("elevenlabs", "mock", "")).await;
    let at = gateway.at();
    let mut used = Wire::open(at).await;
    used.send(ASK).await;
    let first = used.answer_to("GET").await.is(200);
    assert_eq!(first.header("connection"), None);
    let mut unused = Wire::open(at).await;
    let mut begun = Wire::open(at).await;
    begun.send(&ASK[..20]).await;
    let stopping = tokio::spawn(gateway.running.stop());
    refused(at).await;
    begun.send(&ASK[20..]).await;
    for wire in [&mut used, &mut unused] {
        wire.send(ASK).await;
    }
    for mut wire in [used, unused, begun] {
        let last = wire.answer_to("GET").await.is(200);
        assert_eq!(last.header("connection"), Some("close"));
        assert!(wire.ends().await);
    }
    assert_eq!(soon("the stop", stopping).await.unwrap(), 0);
}

#[tokio::test]
async fn a_connection_without_a_request_ends_by_itself_and_does_not_hold_up_the_stop() {
    let gateway = open("", &route("elevenlabs", "mock", "")).await;
    let mut used = Wire::open(gateway.at()).await;
    used.send(ASK).await;
    used.answer_to("GET").await.is(200);
    let mut unused = Wire::open(gateway.at()).await;
    assert_eq!(soon("the stop", gateway.running.stop()).await, 0);
    assert!(used.ends().await && unused.ends().await);
}

/// A replica takes the place of another so often, while clients ask without a pause over connections that they keep
/// until they are told otherwise. Answers how many changes were answered; each has to be, and has to be true.
async fn drains(count: usize) -> usize {
    const CLIENTS: usize = 6;
    let options = Options {
        tags: vec![json!("kept")],
        ..Options::default()
    };
    let vendor = Faulty::new("elevenlabs", options, |_| None).await;
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n{}",
        route("elevenlabs", &vendor.address.to_string(), "")
    );
    let replica = || Gateway::start(load(&text, &[]));
    let mut current = replica().await;
    let at = Arc::new(Mutex::new(Some(current.at())));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(client_of(at.clone(), client));
    }
    for _ in 0..count {
        let next = replica().await;
        *at.lock().unwrap() = Some(next.at());
        let last = std::mem::replace(&mut current, next);
        assert_eq!(soon("the stop", last.running.stop()).await, 0);
    }
    *at.lock().unwrap() = None;
    let mut answered = 0;
    for (client, count) in clients.join_all().await {
        answered += count;
        for number in 0..count {
            let id = id_of(client, number);
            let carried = vendor.served.twin(|twin| twin.conversation(&id));
            assert_eq!(carried.unwrap().as_array().unwrap().len(), 1, "{id}");
        }
    }
    answered
}

fn id_of(client: usize, number: usize) -> String {
    conversation(client << 32 | number)
}

/// Changes one conversation after another. Answers who it is and how many it has changed.
async fn client_of(at: Arc<Mutex<Option<SocketAddr>>>, client: usize) -> (usize, usize) {
    let mut wire = None;
    let mut number = 0;
    loop {
        let Some(to) = *at.lock().unwrap() else {
            return (client, number);
        };
        let mut kept = match wire.take() {
            Some(kept) => kept,
            None => match Wire::try_open(to).await {
                Some(opened) => opened,
                // It was another one's turn meanwhile.
                None => continue,
            },
        };
        let target = format!("{}/kept", tags_of("elevenlabs", &id_of(client, number)));
        let ask = format!("PUT {target} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        kept.send(ask.as_bytes()).await;
        let answer = kept.answer_to("PUT").await.is(200);
        number += 1;
        if answer.header("connection") != Some("close") {
            wire = Some(kept);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_dropped_over_eight_drains() {
    assert!(drains(8).await > 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute; for the figure"]
#[allow(clippy::print_stdout, reason = "the figure is what it is run for")]
async fn no_request_is_dropped_over_two_hundred_drains() {
    let answered = drains(200).await;
    println!("{{\"drain.count\":200,\"drain.failed\":0,\"drain.answered\":{answered}}}");
}
