//! `tagway check`: every fault of the configuration, and nothing started.

use super::{FINE, USAGE, err, out, source::Source};
use crate::{
    config::{self, Fault, Place, Secrets, Severity},
    gateway::{Gateway, vendor_keys},
    reload::Places,
    sequencer::Lanes,
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// How far it looks, and how it tells.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Do not look whether the secrets are there: for a machine that has none
    #[arg(long)]
    no_secrets: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Each fault with its line and what mends it, and a summary
    Human,
    /// An array with an object for each fault
    Json,
}

pub(super) fn run(file: &Path, options: &Options) -> u8 {
    let secrets = if options.no_secrets {
        Secrets::Skip
    } else {
        Secrets::Check
    };
    let (text, found) = match Source::read(file) {
        Ok(source) => {
            let found = look(&source, secrets);
            (source.text, found)
        }
        Err(fault) => (String::new(), Found::refused(vec![fault])),
    };
    let sound = !found.faults.iter().any(is_error);
    match options.format {
        Format::Human => {
            for fault in &found.faults {
                err(&human(fault, &text));
            }
            let summary = summary(file, &found);
            if sound { out(&summary) } else { err(&summary) }
        }
        Format::Json => {
            let faults: Value = found.faults.iter().map(machine).collect();
            out(&format!("{faults:#}"));
        }
    }
    if sound { FINE } else { USAGE }
}

/// What a look at the configuration brought.
struct Found {
    /// What is wrong, or worth a warning.
    faults: Vec<Fault>,
    /// How many routes there are, if that can be said.
    routes: Option<usize>,
}

impl Found {
    fn refused(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            routes: None,
        }
    }
}

/// Checks everything, and builds what serving would build, short of opening connections.
fn look(source: &Source, secrets: Secrets) -> Found {
    match source.load(secrets) {
        Ok(loaded) => {
            let routes = Some(loaded.config.routes.len());
            let places = Places::of(&loaded);
            let mut faults = loaded.warnings;
            let built = Gateway::build(loaded.config, Arc::new(Lanes::new()), None, 0);
            faults.extend(built.err().map(|error| places.fault(&error)));
            Found { faults, routes }
        }
        Err(faults) => Found::refused(faults),
    }
}

fn is_error(fault: &Fault) -> bool {
    fault.severity == Severity::Error
}

fn human(fault: &Fault, text: &str) -> String {
    let vendors = vendor_keys();
    let head = Fault {
        cure: None,
        ..fault.clone()
    };
    let mut shown = head.to_string();
    if let Some(snippet) = config::snippet(text, fault, &vendors) {
        shown = format!("{shown}\n{snippet}");
    }
    if let Some(help) = fault.help(&vendors) {
        shown = format!("{shown}\nhelp: {help}");
    }
    shown.push('\n');
    shown
}

fn machine(fault: &Fault) -> Value {
    let (file, line, column, variable) = match &fault.place {
        Place::File { file, line, column } => (Some(file), Some(line), Some(column), None),
        Place::Variable(name) => (None, None, None, Some(name)),
        Place::Nowhere => (None, None, None, None),
    };
    json!({
        "file": file,
        "line": line,
        "column": column,
        "variable": variable,
        "path": fault.path,
        "severity": match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "detail": fault.detail,
        "cure": fault.help(&vendor_keys()),
    })
}

fn summary(file: &Path, found: &Found) -> String {
    let errors = found.faults.iter().filter(|fault| is_error(fault)).count();
    let count = |number: usize, what: &str| match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let routes = found.routes.map(|routes| count(routes, "route"));
    let counts = [
        Some(count(errors, "fault")),
        Some(count(found.faults.len() - errors, "warning")),
        routes,
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    format!("{}: {}", file.display(), counts.join(", "))
}
