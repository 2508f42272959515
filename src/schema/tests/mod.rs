mod document;
mod excerpt;
mod known;
mod projection;
mod requests;
mod responses;

use super::{Check, Document, KeptPaths, Operation, Violation};
use serde_json::Value;

const ELEVENLABS: &str = include_str!("../../../schemas/elevenlabs.json");
const AWARDEE: &str = include_str!("../../../schemas/awardee.json");
const ATTENTION: &str = include_str!("../../../schemas/attention.json");

fn whole(_: &str) -> Option<KeptPaths> {
    None
}

fn vendor(name: &str) -> Document {
    let text = match name {
        "elevenlabs" => ELEVENLABS,
        "awardee" => AWARDEE,
        _ => ATTENTION,
    };
    Document::compile(name, text, &whole).unwrap()
}

fn operation<'d>(document: &'d Document, id: &str) -> &'d Operation {
    document.operation(id).unwrap()
}

/// Pointer and keyword of each violation, sorted.
fn faults(check: &Check, value: &Value) -> Vec<(String, String)> {
    let mut found: Vec<_> = check
        .violations(value)
        .into_iter()
        .map(
            |Violation {
                 pointer, keyword, ..
             }| (pointer, keyword),
        )
        .collect();
    assert_eq!(found.is_empty(), check.is_valid(value), "{value}");
    found.sort();
    found
}

fn fault(pointer: &str, keyword: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), keyword.to_owned())]
}
