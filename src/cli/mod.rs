//! The commands.

mod check;
mod contract;
mod drift;
mod key;
mod memory;
mod mock;
mod print_config;
mod replay;
mod schema;
mod serve;
mod source;
mod with;

pub use serve::{Running, Start, StartError, start};

use crate::redact;
use clap::{Args, Parser, Subcommand};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Everything is fine.
pub const FINE: u8 = 0;
/// Something was found that has to be looked at.
pub const FINDINGS: u8 = 1;
/// The command line or the configuration cannot be used.
pub const USAGE: u8 = 2;
/// A vendor does not answer.
pub const UNREACHABLE: u8 = 3;
/// A vendor's write was cut when the gateway stopped.
pub const WRITE_CUT: u8 = 4;

#[derive(Debug, Parser)]
#[command(
    name = "tagway",
    version,
    about = "One conversation-tag API in front of vendors that tag in different ways",
    after_help = "Without a command the gateway serves.\n\nExample: tagway --config gateway.toml\n\n\
        Exit codes: 0 fine, 1 findings, 2 usage or configuration, 3 a vendor does not answer, \
        4 a write was cut at the stop."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args, Clone, Debug)]
struct ConfigFile {
    /// The configuration
    #[arg(
        long,
        value_name = "FILE",
        default_value = "gateway.toml",
        global = true
    )]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (the default)
    #[command(after_help = "Example: tagway serve --config gateway.toml")]
    Serve(serve::Options),
    /// Find every fault of the configuration; opens no connection
    #[command(
        after_help = "Example: tagway check --config gateway.toml --no-secrets\n\n\
        Exit codes: 0 without faults, be there warnings or not; 2 with faults."
    )]
    Check(check::Options),
    /// Print the configuration in force, with the origin of every value; secrets stay references
    #[command(after_help = "Example: tagway print-config --config gateway.toml --format toml")]
    PrintConfig(print_config::Options),
    /// Print the JSON Schema of the configuration
    #[command(after_help = "Example: tagway schema\n\n\
        An editor finds a copy by the file's first line: #:schema schemas/config.json")]
    Schema,
    /// Serve the vendors' twins alone, each on an address of its own
    #[command(after_help = "Example: tagway mock --seed 7 --conversation conv_1\n\n\
        Example: tagway mock --fault writes:late-apply=2000@0.2\n\n\
        What a twin received: GET /_twin/calls; all that steers it: GET /_twin/openapi.json. Without VENDOR=ADDRESS \
        every twin is served on a free port. A rule without @, # and * strikes every call of its operation, which is \
        `any`, `reads`, `writes` or an id of the vendor's document; the number is milliseconds, or bytes for each \
        second.")]
    Mock(mock::Options),
    /// Put to the test what is assumed of the vendors, on the twins or on a live account
    #[command(after_help = "Example: tagway contract --format json\n\n\
        On a live account: tagway contract --route support --conversation ID. The conversation should be one of no \
        worth: it is tagged, and gets its tags back at the end.\n\n\
        Exit codes: 0 all is as assumed, 1 something is not or is left behind, 2 usage or configuration, 3 a vendor \
        does not answer.")]
    Contract(contract::Options),
    /// Say what a newer document of a vendor changes for us
    #[command(
        after_help = "Example: tagway drift --vendor elevenlabs --document schemas/elevenlabs.json\n\n\
        Exit codes: 0 nothing that breaks, 1 something that does or has to be looked at, 2 usage."
    )]
    Drift(drift::Options),
    /// Run a command with a gateway and its mocks on free ports
    #[command(after_help = "Example: tagway with -- env\n\n\
        The command finds the gateway at TAGWAY_URL and TAGWAY_ADMIN_URL, and the mock of each route at \
        TAGWAY_MOCK_ROUTE_URL, where it is steered below /_twin/. Every route is on its mock, whatever the \
        configuration says; without a configuration there are the three of the shipped one.\n\n\
        Exit codes: the command's own; 2 usage or configuration.")]
    With(with::Options),
    /// Make a client key and the hash that stands in the configuration
    #[command(after_help = "Example: tagway key")]
    Key,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    redact::tell_panics();
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { FINE };
            // Nobody reads what cannot be written.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let file = line.config.config;
    let serve = Command::Serve(serve::Options::default());
    let code = match line.command.unwrap_or(serve) {
        Command::Serve(options) => serve::run(&file, &options),
        Command::Check(options) => check::run(&file, &options),
        Command::PrintConfig(options) => print_config::run(&file, &options),
        Command::Schema => schema::run(),
        Command::Mock(options) => mock::run(&options),
        Command::Contract(options) => contract::run(&file, &options),
        Command::Drift(options) => drift::run(&file, &options),
        Command::With(options) => with::run(&file, &options),
        Command::Key => key::run(),
    };
    ExitCode::from(code)
}

/// Writes a line for the caller of the command.
fn out(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Writes a line for the person in front of the command, without the credentials that were loaded.
fn err(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", redact::text(text));
}

/// A runtime with a worker for each core; on one core a worker that never hands over is cheaper by a sixth.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = if cores == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    builder.enable_all().build()
}
