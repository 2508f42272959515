//! How many connections there are, and how old they grow.

use crate::support::{Gateway, Wire, open, route};

async fn gateway(server: &str) -> Gateway {
    open(server, &route("elevenlabs", "mock", "")).await
}

const ASK: &[u8] = b"GET /v1/routes HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Whether a new connection from an address is answered; one over a limit is closed instead.
async fn is_served(address: [u8; 4], gateway: &Gateway) -> Option<Wire> {
    let mut wire = Wire::from_address(address, gateway.at()).await;
    wire.send(ASK).await;
    let answer = wire.try_answer_to("GET").await?;
    answer.is(200);
    Some(wire)
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_gets_them_back() {
    let gateway = gateway("max_connections_per_address = 2").await;
    let (one, other) = ([127, 0, 0, 1], [127, 0, 0, 2]);
    let first = is_served(one, &gateway).await;
    let second = is_served(one, &gateway).await;
    assert!(first.is_some() && second.is_some());
    assert!(is_served(one, &gateway).await.is_none());
    assert!(is_served(other, &gateway).await.is_some());
    drop(first);
    // When the gateway notices that it is gone is its own affair.
    let mut again = is_served(one, &gateway).await;
    while again.is_none() {
        again = is_served(one, &gateway).await;
    }
    drop((second, again));
}

#[tokio::test]
async fn more_connections_than_there_may_be_are_closed_at_once() {
    let gateway = gateway("max_connections = 2").await;
    let first = is_served([127, 0, 0, 1], &gateway).await;
    let second = is_served([127, 0, 0, 2], &gateway).await;
    assert!(first.is_some() && second.is_some());
    assert!(is_served([127, 0, 0, 3], &gateway).await.is_none());
}

#[tokio::test]
async fn an_old_connection_ends_after_an_answer_and_not_within_one() {
    let gateway = gateway("connection_age_ms = 300").await;
    let mut wire = Wire::open(gateway.at()).await;
    let mut answers = 0;
    loop {
        // What has begun when the time comes is answered.
        let (begun, rest) = ASK.split_at(10);
        wire.send(begun).await;
        wire.send(rest).await;
        let Some(answer) = wire.try_answer_to("GET").await else {
            break;
        };
        let last = answer.is(200).header("connection") == Some("close");
        answers += 1;
        if last {
            assert!(wire.ends().await);
            break;
        }
    }
    assert!(answers > 0);
    // One that asks nothing is closed by its age as well, far earlier than by its idle time.
    let mut silent = Wire::open(gateway.at()).await;
    assert!(silent.ends().await);
}
