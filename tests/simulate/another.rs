//! Somebody else who writes straight at the vendor.

use super::{
    history::{Asked, History, Record, Told},
    universe::Mask,
    world::World,
};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

/// A write of somebody else's, straight at the vendor.
pub(super) fn write(world: &World, history: &History, conversation: usize, text: &str, on: bool) {
    let universe = &world.universe;
    let mask = universe.text(text);
    let id = &world.conversations[conversation];
    let before = world.network.content(conversation);
    let after = if on { before | mask } else { before & !mask };
    let tag = universe.id_of(mask).unwrap_or_default();
    let (method, path, body) = match (universe.vendor.name(), on) {
        ("elevenlabs", true) => (
            Method::POST,
            format!("/v1/convai/conversations/{id}/tags"),
            json!({"tag_ids": [tag]}),
        ),
        ("elevenlabs", false) => (
            Method::DELETE,
            format!("/v1/convai/conversations/{id}/tags/{tag}"),
            Value::Null,
        ),
        ("awardee", _) => {
            let ids: Value = serde_json::from_str(&universe.as_content(after)).unwrap_or_default();
            (
                Method::PUT,
                format!("/v1/conversations/{id}/tags"),
                json!({"tag_ids": ids}),
            )
        }
        _ => {
            let body = format!(
                "{{\"labels\":{},\"skip_analysis\":true}}",
                universe.as_content(after)
            );
            return send(
                world,
                history,
                conversation,
                (mask, on),
                Method::PUT,
                format!("/v2/conversations/{id}/labels"),
                body,
            );
        }
    };
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(world, history, conversation, (mask, on), method, path, body);
}

fn send(
    world: &World,
    history: &History,
    conversation: usize,
    (mask, on): (Mask, bool),
    method: Method,
    path: String,
    body: String,
) {
    let (name, value) = world.gateway().routes[0].account.adapter.credential("key");
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(name, value)
        .header("content-type", "application/json")
        .body(Bytes::from(body))
        .expect("a request");
    let at = world.network.write_as_another(&request);
    let (on, off) = if on { (mask, 0) } else { (0, mask) };
    let asked = Asked::Another { on, off };
    history.push(Record {
        conversation,
        begun: at,
        at,
        asked,
        told: Told::Done,
    });
}
