//! `tagway print-config`: the configuration in force, and where each value comes from.

use super::{FINE, USAGE, err, out, source::Source};
use crate::config::{Effective, EffectiveTable, Entry, Fault, Secrets};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use std::path::Path;

/// How it is printed.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Toml)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A configuration that can be loaded, with the origin of each value behind it
    Toml,
    /// An object with the value and the origin of each path
    Json,
}

/// Prints the configuration. No secret is fetched, so none can be printed.
pub(super) fn run(file: &Path, options: &Options) -> u8 {
    let loaded = Source::read(file)
        .map_err(|fault| vec![fault])
        .and_then(|source| source.load(Secrets::Skip));
    match loaded {
        Ok(loaded) => {
            print_faults(&loaded.warnings);
            out(match options.format {
                Format::Toml => toml(&loaded.effective),
                Format::Json => format!("{:#}", machine(&loaded.effective)),
            }
            .trim_end());
            FINE
        }
        Err(faults) => {
            print_faults(&faults);
            USAGE
        }
    }
}

fn print_faults(faults: &[Fault]) {
    for fault in faults {
        err(&fault.to_string());
    }
}

/// As TOML that loads to the same configuration.
fn toml(effective: &Effective) -> String {
    let tables: Vec<String> = effective.tables.iter().map(table).collect();
    tables.join("\n")
}

fn table(table: &EffectiveTable) -> String {
    let lines: Vec<(String, String)> = table.entries.iter().map(line).collect();
    let width = lines
        .iter()
        .map(|(value, _)| value.chars().count())
        .filter(|width| *width <= LONG);
    let width = width.max().unwrap_or_default();
    let mut text = format!("{}\n", table.header);
    for (value, comment) in lines {
        let line = format!("{value:width$}  # {comment}");
        text.push_str(line.trim_start());
        text.push('\n');
    }
    text
}

/// Values wider than this, in characters, do not move the comments of the others.
const LONG: usize = 48;

/// A key with its value, and what stands in the comment.
fn line(entry: &Entry) -> (String, String) {
    let key = entry.key;
    match &entry.value {
        Some(value) => (format!("{key} = {}", literal(value)), comment(entry)),
        None => (String::new(), format!("{key} is not set")),
    }
}

/// The origin, on one line whatever the file is called.
fn comment(entry: &Entry) -> String {
    let origin = entry.origin.to_string();
    let plain = |char: char| if char.is_control() { '\u{FFFD}' } else { char };
    origin.chars().map(plain).collect()
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(literal).collect();
            format!("[{}]", elements.join(", "))
        }
        // Whole numbers, `true` and `false` are written as in JSON.
        other => other.to_string(),
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            _ if char.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(char))),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn machine(effective: &Effective) -> Value {
    let entry = |table: &EffectiveTable, entry: &Entry| {
        let value = json!({ "value": entry.value, "origin": entry.origin.to_string() });
        (format!("{}.{}", table.path, entry.key), value)
    };
    let all = effective
        .tables
        .iter()
        .flat_map(|table| table.entries.iter().map(move |one| entry(table, one)));
    Value::Object(all.collect::<Map<String, Value>>())
}

#[cfg(test)]
#[path = "tests/print_config.rs"]
mod tests;
