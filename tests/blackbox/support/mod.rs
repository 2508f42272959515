//! What the tests share: a gateway, vendors to talk to, and a client.

mod client;
mod faulty;
mod gateway;
mod process;
mod twin;

pub(crate) use client::{Answer, Ask, Wire, document};
pub(crate) use faulty::{Fault, Faulty, Seen, refusing};
pub(crate) use gateway::{Gateway, load, open, route};
pub(crate) use process::{Process, line_with, program, run};
pub(crate) use twin::{OnSocket, labels, twin};

use serde_json::Value;
use std::{future::Future, time::Duration};

/// The vendors under test, which are all there are.
pub(crate) const VENDORS: [&str; 3] = ["elevenlabs", "awardee", "attention"];

/// How long anything may take that is waited for; a test that needs it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An id of a conversation that all vendors take.
pub(crate) fn conversation(number: usize) -> String {
    format!("8f3a9d2e-1b4c-4f5d-9e8a-{number:012x}")
}

/// The path of a conversation's tags; every route in these tests is called like its vendor.
pub(crate) fn tags_of(route: &str, conversation: &str) -> String {
    format!("/v1/{route}/conversations/{conversation}/tags")
}

/// The text forms in an array of tags.
pub(crate) fn texts(tags: &Value) -> Vec<String> {
    let tags = tags.as_array().expect("an array of tags");
    tags.iter()
        .map(|tag| tag["tag"].as_str().unwrap_or("(unknown)").to_owned())
        .collect()
}

/// Waits for what has to come.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits until a condition holds that nothing announces.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    soon(what, async {
        while !holds() {
            tick.tick().await;
        }
    })
    .await;
}
