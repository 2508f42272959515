//! How the lines of the log look: access lines are written in one pass, all others by the formatter of the library.
//!
//! An access line is written for every request. With the library's formatters it took 16,000 instructions, most of them
//! for single fields and their colours; in one pass it takes 4,000 (by callgrind, with the same bytes written).

use super::log::is_access;
use crate::{clock, config::Log as Form, digits};
use std::fmt::{self, Debug, Write};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Room for the line of a usual request.
const USUAL: usize = 384;

/// Largest number of thousandths that a floating-point number holds exactly.
const EXACT: u64 = 1_000_000_000_000_000;

/// Formats access lines itself and leaves the others to `F`, in the same form.
#[derive(Debug)]
pub struct Lines<F> {
    form: Form,
    others: F,
}

impl<F> Lines<F> {
    /// Lines of a form; `others` writes them too.
    pub fn new(form: Form, others: F) -> Self {
        Self { form, others }
    }
}

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        // Colours, and the names of spans, are for people who look on: no line that has them is one of many.
        if !is_access(about) || writer.has_ansi_escapes() || context.lookup_current().is_some() {
            return self.others.format_event(context, writer, event);
        }
        let mut text = String::with_capacity(USUAL);
        match self.form {
            Form::Human => {
                clock::push_now(&mut text);
                let level = about.level().as_str();
                for _ in level.len()..=5 {
                    text.push(' ');
                }
                text.push_str(level);
                text.push(' ');
                text.push_str(about.target());
                text.push(':');
            }
            Form::Json => {
                text.push_str("{\"timestamp\":\"");
                clock::push_now(&mut text);
                text.push_str("\",\"level\":\"");
                text.push_str(about.level().as_str());
                text.push('"');
            }
        }
        let mut fields = Fields {
            form: self.form,
            text,
        };
        event.record(&mut fields);
        let mut text = fields.text;
        match self.form {
            Form::Human => text.push('\n'),
            Form::Json => {
                text.push_str(",\"target\":\"");
                text.push_str(about.target());
                text.push_str("\"}\n");
            }
        }
        writer.write_str(&text)
    }
}

struct Fields {
    form: Form,
    text: String,
}

impl Fields {
    fn name(&mut self, field: &Field) {
        match self.form {
            Form::Human => {
                self.text.push(' ');
                self.text.push_str(field.name());
                self.text.push('=');
            }
            Form::Json => {
                self.text.push_str(",\"");
                self.text.push_str(field.name());
                self.text.push_str("\":");
            }
        }
    }

    /// A value that is the same in both forms.
    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        // Writing to a text does not fail.
        let _ = write!(self.text, "{value}");
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        // Without an end in the middle, so that many bytes are looked at in one step.
        if value
            .bytes()
            .fold(true, |plain, byte| plain & is_plain(byte))
        {
            self.text.push('"');
            self.text.push_str(value);
            self.text.push('"');
            return;
        }
        match self.form {
            Form::Human => {
                let _ = write!(self.text, "{value:?}");
            }
            Form::Json => {
                let written = serde_json::to_string(value).unwrap_or_default();
                self.text.push_str(&written);
            }
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        digits::push(&mut self.text, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // What is not a whole number of them, or below zero, differs from what this makes of it.
        let thousandths = (value * 1e3 + 0.5) as u64;
        if thousandths >= EXACT || thousandths as f64 / 1e3 != value {
            let written = match self.form {
                Form::Human => format!("{value:?}"),
                Form::Json => serde_json::to_string(&value).unwrap_or_default(),
            };
            return self.bare(field, written);
        }
        self.name(field);
        digits::push_thousandths(&mut self.text, thousandths);
        if thousandths.is_multiple_of(1_000) {
            self.text.push_str(".0");
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match self.form {
            Form::Human => self.bare(field, format_args!("{value:?}")),
            Form::Json => self.record_str(field, &format!("{value:?}")),
        }
    }
}

/// Whether a byte stands for itself in both forms.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io,
        sync::{Arc, Mutex},
    };
    use tracing_subscriber::fmt::{SubscriberBuilder, time::FormatTime};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a text").extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A time that has the width of one, so that lines differ in nothing else.
    struct Now;

    impl FormatTime for Now {
        fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
            writer.write_str("2000-01-01T00:00:00.000000Z")
        }
    }

    fn log(ms: f64, text: &str) {
        tracing::info!(target: "access", method = "GET", status = 200_u16, code = "-", ms, vendor_calls = 3_u32, negative = -1_i64, yes = true, debug = ?Some(text), request_id = text);
        tracing::info!(target: "other", ms, "told");
        tracing::warn!(target: "access", ms, "told");
    }

    /// What is written without and with lines of our own, the time of each line left out.
    fn both(form: Form, log: impl Fn()) -> [String; 2] {
        let base = || SubscriberBuilder::default().with_ansi(false);
        let [library, own] = [Written::default(), Written::default()];
        let (to_library, to_own) = (library.clone(), own.clone());
        match form {
            Form::Human => {
                let plain = base().with_writer(move || to_library.clone());
                tracing::subscriber::with_default(plain.with_timer(Now).finish(), &log);
                let plain = base().with_writer(move || to_own.clone());
                let lines = plain
                    .with_timer(Now)
                    .map_event_format(|others| Lines::new(form, others));
                tracing::subscriber::with_default(lines.finish(), &log);
            }
            Form::Json => {
                let plain = base().json().flatten_event(true).with_current_span(false);
                let plain = plain.with_writer(move || to_library.clone());
                tracing::subscriber::with_default(plain.with_timer(Now).finish(), &log);
                let plain = base().json().flatten_event(true).with_current_span(false);
                let plain = plain.with_writer(move || to_own.clone());
                let lines = plain
                    .with_timer(Now)
                    .map_event_format(|others| Lines::new(form, others));
                tracing::subscriber::with_default(lines.finish(), &log);
            }
        }
        [library, own].map(|written| {
            let text = String::from_utf8(written.0.lock().expect("a text").clone()).expect("UTF-8");
            let time = "2000-01-01T00:00:00.000000Z".len();
            let begin = if form == Form::Json {
                "{\"timestamp\":\"".len()
            } else {
                0
            };
            let lines = text.lines().map(|line| {
                let (time, rest) = line[begin..].split_at(time);
                assert!(time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
                format!("{}{rest}\n", &line[..begin])
            });
            lines.collect()
        })
    }

    #[test]
    fn a_line_has_the_bytes_that_the_library_writes() {
        for form in [Form::Human, Form::Json] {
            for text in [
                "plain-1/2:x",
                "",
                "a\"b\\c",
                "\u{1b}[31m\n\u{7f}",
                "é\u{202e}\u{301}日",
            ] {
                for ms in [
                    0.0,
                    1.0,
                    0.001,
                    12.34,
                    999.999,
                    15_000.5,
                    1e15,
                    1.000_05,
                    -2.5,
                    f64::NAN,
                    1e300,
                ] {
                    let [library, own] = both(form, || log(ms, text));
                    assert_eq!(own, library, "{form:?} {ms} {text:?}");
                    assert_eq!(own.lines().count(), 3);
                }
            }
        }
    }
}
