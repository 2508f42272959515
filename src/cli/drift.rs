//! `tagway drift`: what a newer document of a vendor changes for us.

use super::{FINDINGS, FINE, USAGE, err, out, source::Source};
use crate::{
    config::Secrets,
    drift::{Described, Finding, Ignore, Severity, compare},
    gateway,
};
use adapters::{
    Vendor,
    settings::{Settings, defaults},
};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Which documents are compared, and how it is told.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// The newer document, OpenAPI 3.0 or 3.1 as JSON
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    /// The vendor whose vendored document it is held against
    #[arg(
        long,
        value_name = "VENDOR",
        conflicts_with = "route",
        required_unless_present = "route"
    )]
    vendor: Option<String>,
    /// A route of the configuration: its vendor, its settings and the document that it uses
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
    /// Findings that are accepted: lines `OPERATION sent|received POINTER`, with `*` for any text
    #[arg(long, value_name = "FILE")]
    ignore: Option<PathBuf>,
    /// Print an object instead of lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(file: &Path, options: &Options) -> u8 {
    match look(file, options) {
        Ok(code) => code,
        Err(why) => {
            err(&why);
            USAGE
        }
    }
}

fn look(file: &Path, options: &Options) -> Result<u8, String> {
    let used = match (&options.vendor, &options.route) {
        (Some(name), _) => Used::of_vendor(name)?,
        (None, route) => Used::of_route(file, route.as_deref().unwrap_or_default())?,
    };
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
    };
    let described =
        |text: &str, name: &str| Described::read(text).map_err(|error| format!("`{name}` {error}"));
    let old = match &used.document {
        Some(path) => described(&read(path)?, &path.display().to_string())?,
        None => described(used.vendor.document, used.vendor.name)?,
    };
    let new = described(
        &read(&options.document)?,
        &options.document.display().to_string(),
    )?;
    let ignore = match &options.ignore {
        Some(path) => {
            Ignore::read(&read(path)?).map_err(|error| format!("`{}`, {error}", path.display()))?
        }
        None => Ignore::default(),
    };
    let mut findings = compare(used.vendor, &used.settings, &old, &new)?;
    let (ignored, stale) = ignore.apply(&mut findings);
    if options.json {
        let all = json!({
            "vendor": used.vendor.name,
            "findings": findings,
            "ignored": ignored,
            "stale_ignores": stale,
        });
        out(&format!("{all:#}"));
    } else {
        findings.iter().for_each(|finding| out(&line(finding)));
        for line in stale {
            err(&format!("nothing is ignored by `{line}`"));
        }
        out(&summary(used.vendor, &findings, ignored));
    }
    let calls_for_a_look = findings
        .iter()
        .any(|finding| finding.severity <= Severity::Undecided);
    Ok(if calls_for_a_look { FINDINGS } else { FINE })
}

/// What is in use now.
struct Used {
    vendor: &'static Vendor,
    settings: Settings,
    /// A newer document than the vendored one.
    document: Option<PathBuf>,
}

impl Used {
    fn of_vendor(name: &str) -> Result<Self, String> {
        let vendor = gateway::vendor(name).ok_or_else(|| {
            let known: Vec<_> = adapters::VENDORS.iter().map(|vendor| vendor.name).collect();
            format!(
                "no vendor is called `{name}`; there are {}",
                known.join(", ")
            )
        })?;
        Ok(Self {
            vendor,
            settings: defaults(vendor.settings),
            document: None,
        })
    }

    fn of_route(file: &Path, name: &str) -> Result<Self, String> {
        let told = |faults: Vec<crate::config::Fault>| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            lines.join("\n")
        };
        let source = Source::read(file).map_err(|fault| told(vec![fault]))?;
        let config = source.load(Secrets::Skip).map_err(told)?.config;
        let route = config.routes.iter().find(|route| route.name == name);
        let account = route.and_then(|route| config.accounts.get(route.account));
        let account = account.ok_or_else(|| format!("no route is called `{name}`"))?;
        let used = Self::of_vendor(account.vendor)?;
        Ok(Self {
            settings: account.settings.clone(),
            document: account.document.clone(),
            ..used
        })
    }
}

fn line(finding: &Finding) -> String {
    let Finding {
        severity,
        operation,
        direction,
        pointer,
        what,
        values,
    } = finding;
    let severity = format!("{severity:?}").to_lowercase();
    let direction = format!("{direction:?}").to_lowercase();
    let pointer = if pointer.is_empty() { "-" } else { pointer };
    let values = match values {
        Some(values) => format!(": {values}"),
        None => String::new(),
    };
    format!("{severity:<9}  {operation} {direction} {pointer}  {what}{values}")
}

fn summary(vendor: &Vendor, findings: &[Finding], ignored: usize) -> String {
    let count = |severity| {
        let of = findings
            .iter()
            .filter(|finding| finding.severity == severity);
        of.count()
    };
    format!(
        "{}: {} breaking, {} undecided, {} widening, {} harmless, {ignored} ignored",
        vendor.name,
        count(Severity::Breaking),
        count(Severity::Undecided),
        count(Severity::Widening),
        count(Severity::Harmless),
    )
}
