//! What is fuzzed: each target takes any bytes and panics if a promise is broken. The same functions run under
//! libFuzzer (`cargo +nightly fuzz run --fuzz-dir tests/fuzz TARGET`) and, over the kept corpora, as normal tests.

mod configuration;
mod ids;
mod reader;
mod redact;
mod requests;
mod text;
mod vendors;
mod waits;

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 10] = [
    ("attention", vendors::attention),
    ("awardee", vendors::awardee),
    ("configuration", configuration::run),
    ("elevenlabs", vendors::elevenlabs),
    ("ids", ids::run),
    ("reader", reader::run),
    ("redact", redact::run),
    ("requests", requests::run),
    ("text", text::run),
    ("waits", waits::run),
];

/// Runs a target by its name.
///
/// # Panics
/// When there is no such target, and when it finds something.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, run) = target.expect("a target of this name");
    run(data);
}
