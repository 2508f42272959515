//! `tagway contract`: what is assumed of the vendors, put to the test.

use super::{
    FINDINGS, FINE, UNREACHABLE, USAGE, err, out, runtime, serve::stop_signal, source::Source,
};
use crate::{
    config::{AccountConfig, Fault, Secrets, Upstream},
    contract::{self, ContractError, Report, Scope, Session},
    gateway,
    mock::{Options as TwinOptions, Served, TWINS},
    schema::Document,
    tls,
    upstream::{Base, credential, embedded, network},
};
use adapters::{VENDORS, Vendor};
use clap::{Args, ValueEnum};
use futures_util::FutureExt;
use std::{collections::BTreeSet, path::Path, sync::Arc};

/// The conversation of a twin.
const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

/// Whose contract it is, and how it is told.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// A route of the configuration, with the account behind it; without it, the embedded twins
    #[arg(long, value_name = "ROUTE", requires = "conversation")]
    route: Option<String>,
    /// A conversation that may be tagged
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    /// What the names of scratch tags begin with; whatever begins so is deleted at the end
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Write nothing: ask only what reading answers
    #[arg(long)]
    read_only: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each probe, and more where one differs
    Text,
    /// An object
    Json,
    /// A suite for each vendor, a case for each probe
    Junit,
}

pub(super) fn run(file: &Path, options: &Options) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            err(&format!("the runtime does not start: {error}"));
            return USAGE;
        }
    };
    match runtime.block_on(examine(file, options)) {
        Ok(reports) => {
            match options.format {
                Format::Text => reports
                    .iter()
                    .for_each(|report| out(&contract::text(report))),
                Format::Json => out(&format!("{:#}", contract::json(&reports))),
                Format::Junit => out(&contract::junit(&reports)),
            }
            if reports.iter().all(Report::is_fine) {
                FINE
            } else {
                FINDINGS
            }
        }
        Err(Failure::Usage(why)) => {
            err(&why);
            USAGE
        }
        Err(Failure::Contract(error)) => {
            err(&error.to_string());
            match error {
                ContractError::Unreachable(_) => UNREACHABLE,
                ContractError::Conversation { .. } => FINDINGS,
                ContractError::Probes { .. } => USAGE,
            }
        }
    }
}

enum Failure {
    Usage(String),
    Contract(ContractError),
}

async fn examine(file: &Path, options: &Options) -> Result<Vec<Report>, Failure> {
    let prefix = match &options.prefix {
        Some(prefix) if prefix.trim().len() < 3 => {
            let why = "the prefix has at least three characters: whatever begins so is deleted";
            return Err(Failure::Usage(why.to_owned()));
        }
        Some(prefix) => prefix.clone(),
        None => drawn_prefix(),
    };
    let conversation = options.conversation.clone();
    let scope = Scope {
        conversation: conversation.unwrap_or_else(|| CONVERSATION.to_owned()),
        prefix,
        read_only: options.read_only,
    };
    let targets = match &options.route {
        Some(route) => vec![live(file, route)?],
        None => twins(&scope.conversation)?,
    };
    let stop = stop_signal().shared();
    let mut reports = Vec::new();
    for (session, target) in targets {
        let report = contract::examine(&session, &scope, target, stop.clone()).await;
        let report = report.map_err(Failure::Contract)?;
        let stopped = report.stopped;
        reports.push(report);
        if stopped {
            break;
        }
    }
    Ok(reports)
}

/// Another one for each run, so that two runs do not delete each other's tags.
fn drawn_prefix() -> String {
    format!("tagway-{:08x}-", fastrand::u32(..))
}

fn twins(conversation: &str) -> Result<Vec<(Session, String)>, Failure> {
    let session = |vendor: &&'static Vendor| {
        let session = twin(vendor, Some(conversation))?;
        Ok((session, "the embedded twin".to_owned()))
    };
    let sessions: Result<Vec<_>, String> = VENDORS.iter().map(session).collect();
    sessions.map_err(Failure::Usage)
}

fn live(file: &Path, name: &str) -> Result<(Session, String), Failure> {
    let told = |faults: Vec<Fault>| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::Usage(lines.join("\n"))
    };
    let source = Source::read(file).map_err(|fault| told(vec![fault]))?;
    let config = source.load(Secrets::Check).map_err(told)?.config;
    let unknown = || Failure::Usage(format!("no route is called `{name}`"));
    let route = config.routes.iter().find(|route| route.name == name);
    let account = route.and_then(|route| config.accounts.get(route.account));
    let account = account.ok_or_else(unknown)?;
    let session = session(account).map_err(Failure::Usage)?;
    Ok((session, format!("the route {name}")))
}

/// A session with an account, as its routes would have it.
fn session(account: &AccountConfig) -> Result<Session, String> {
    let vendor = gateway::vendor(account.vendor).ok_or("the vendor is not known")?;
    let text = match &account.document {
        None => vendor.document.to_owned(),
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?,
    };
    let Upstream::Url(url) = &account.upstream else {
        return twin(vendor, None);
    };
    // Answers are judged whole, so nothing is left out of the document's checks.
    let document =
        Document::compile(vendor.name, &text, &|_| None).map_err(|error| error.to_string())?;
    let adapter = (vendor.build)(&account.settings, document.value());
    let header = |secret| {
        let (name, _) = adapter.credential("");
        credential(name, |secret| adapter.credential(secret).1, secret)
    };
    let credential = account.secret.as_ref().map(header).transpose();
    let credential = credential.map_err(|error| error.to_string())?;
    let authorities = match &account.ca_file {
        Some(file) => tls::certificates(file)?,
        None => Vec::new(),
    };
    let base = Base::parse(url.as_str()).map_err(|error| error.to_string())?;
    let transport =
        network(&base, account.allow_any_host, &authorities).map_err(|error| error.to_string())?;
    Ok(Session::new(
        adapter,
        Arc::new(document),
        url.as_str(),
        credential,
        transport,
    ))
}

/// The embedded twin, which has one conversation or all of them.
fn twin(vendor: &'static Vendor, conversation: Option<&str>) -> Result<Session, String> {
    let kind = TWINS.iter().find(|kind| kind.name == vendor.name);
    let kind = kind.ok_or_else(|| format!("{} has no twin", vendor.name))?;
    let options = TwinOptions {
        conversations: conversation.map(|id| BTreeSet::from([id.to_owned()])),
        ..TwinOptions::default()
    };
    let served = Served::new(kind, options).map_err(|error| error.to_string())?;
    Session::of_vendor(vendor, embedded(served))
}
