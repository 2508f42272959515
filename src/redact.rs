//! The last line before an output: credentials that were loaded are blotted out of every line that is logged.
//!
//! Nothing above it is meant to write a credential. It is here for what was not thought of: a library's own log line,
//! an error that holds a header, a vendor that repeats the key in its message.

mod forms;
mod lines;
mod log;

pub use lines::Lines;
pub use log::{Log, flush, flush_soon};

use forms::{Begins, Forms, Id, Pattern};
use std::{
    borrow::Cow,
    collections::VecDeque,
    io::{self, Stderr, Write},
    sync::{PoisonError, RwLock},
};

/// What stands where a credential was.
const BLOT: &str = "[redacted]";

/// Most credentials that are looked for. When there are more, the one goes that was loaded the longest time ago; what
/// a reload loads again counts as new, so those in use stay as long as there are not more of them at once.
const MAX_KNOWN: usize = 4_096;

/// All that is looked for in this process. Calls that began before a reload still hold the earlier credentials, so
/// they stay in it after they were replaced.
static KNOWN: RwLock<Known> = RwLock::new(Known::new());

/// Blots this credential out from now on, in all forms: as it is, escaped, percent-encoded, hexadecimal, base64, and
/// its SHA-256. Forms shorter than 6 bytes are not looked for: they stand in any text, and to blot them out would
/// tell what they are.
pub fn hide(secret: &str) {
    hide_bytes(secret.as_bytes());
}

/// The same for a credential that is no text; it is also found as a list of numbers, as `Debug` writes it.
pub fn hide_bytes(secret: &[u8]) {
    known_mut(|known| known.add(Forms::of_secret(secret)));
}

/// Blots out the SHA-256 of a credential that is not known itself.
pub fn hide_digest(digest: &[u8; 32]) {
    known_mut(|known| known.add(Forms::of_digest(digest)));
}

/// The text without credentials.
pub fn text(text: &str) -> Cow<'_, str> {
    match bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.blotted(bytes)
}

fn known_mut(change: impl FnOnce(&mut Known)) {
    change(&mut KNOWN.write().unwrap_or_else(PoisonError::into_inner));
}

/// The writer of the log: the error output, each write without credentials. A line has to come in one write, as
/// those of `tracing_subscriber` do.
#[derive(Debug)]
pub struct Redacted(Stderr);

/// Makes the writer of the log.
pub fn stderr() -> Redacted {
    Redacted(io::stderr())
}

impl Write for Redacted {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().write_all(&bytes(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Lets a panic be told through the log, once there is one, and without credentials in any case.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let why = panic.payload_as_str().unwrap_or("(not a text)");
        let place = panic.location().map(ToString::to_string);
        let place = place.as_deref().unwrap_or("an unknown place");
        let trace = std::backtrace::Backtrace::capture();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(target: "panic", place, trace = %trace, "{why}");
        } else {
            // Nobody reads what cannot be written.
            let _ = writeln!(stderr(), "panic at {place}: {why}\n{trace}");
        }
    }));
}

/// The patterns that are looked for.
struct Known {
    /// In the order in which they were loaded.
    order: VecDeque<Id>,
    /// By the folded first byte; empty, or one for each byte.
    patterns: Vec<Vec<Pattern>>,
    /// Where a form may begin. It does at nearly no place of a line, and without asking this first the search was the
    /// dearest part of a request's own work. Every place of an access line took 4,900 instructions, every fifth takes
    /// 1,200 (by callgrind).
    begins: Begins,
}

impl Known {
    const fn new() -> Self {
        Self {
            order: VecDeque::new(),
            patterns: Vec::new(),
            begins: Begins::new(),
        }
    }

    fn add(&mut self, forms: Forms) {
        if let Some(at) = self.order.iter().position(|id| *id == forms.id) {
            self.order.remove(at);
            self.order.push_back(forms.id);
            return;
        }
        if self.order.len() == MAX_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            for patterns in &mut self.patterns {
                patterns.retain(|pattern| pattern.of != oldest);
            }
        }
        self.order.push_back(forms.id);
        self.patterns
            .resize_with(usize::from(u8::MAX) + 1, Vec::new);
        for pattern in forms.patterns {
            self.begins.add(&pattern);
            if let Some(patterns) = self.patterns.get_mut(usize::from(pattern.first())) {
                patterns.push(pattern);
            }
        }
    }

    fn blotted<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        if self.order.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = Vec::new();
        let (mut at, mut written) = (0, 0);
        let plain = !forms::has_escapes(text);
        while at < text.len() {
            if plain {
                at = self.begins.next(text, at);
            }
            if !self.begins.may_begin(text, at) {
                at += 1;
                continue;
            }
            match self.ends(text, at) {
                Some(end) => {
                    out.extend_from_slice(text.get(written..at).unwrap_or_default());
                    out.extend_from_slice(BLOT.as_bytes());
                    (at, written) = (end, end);
                }
                None => at += 1,
            }
        }
        if written == 0 {
            return Cow::Borrowed(text);
        }
        out.extend_from_slice(text.get(written..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Where the longest form ends that begins at `at`.
    fn ends(&self, text: &[u8], at: usize) -> Option<usize> {
        let firsts = forms::firsts(text, at);
        let patterns = firsts
            .into_iter()
            .flatten()
            .filter_map(|first| self.patterns.get(usize::from(first)));
        patterns
            .flatten()
            .filter_map(|pattern| pattern.ends(text, at))
            .max()
    }
}

#[cfg(test)]
mod tests;
