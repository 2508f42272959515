//! What a key may hold: the vocabulary of the table of keys.

use std::fmt;

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `[server]`
    Server,
    /// `[[clients]]`
    Client,
    /// `[routes.NAME]`
    Route,
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch {
        /// Where it is not written.
        default: bool,
    },
    /// A whole number.
    Number {
        /// Where it is not written.
        default: u64,
        /// The smallest allowed.
        least: u64,
        /// The largest allowed.
        most: u64,
        /// What it counts.
        unit: Unit,
    },
    /// One of a few words.
    Choice {
        /// Where it is not written; one of `of`.
        default: &'static str,
        /// Every word it may be.
        of: &'static [&'static str],
    },
    /// An IP address with a port.
    Address {
        /// Where it is not written.
        default: &'static str,
    },
    /// Text with rules of its own, which stand in the key's sentence.
    Text {
        /// Whether it has to be written.
        required: bool,
        /// What it looks like.
        form: Form,
    },
    /// A list of text, required and not empty.
    Texts {
        /// What each element looks like.
        form: Form,
    },
    /// A list of quota windows such as `60/min`, or the word `off`; the default stands in the key's sentence.
    Windows,
}

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The name of a client.
    Client,
    /// The SHA-256 of a key.
    Hash,
    /// The name of a route.
    Route,
    /// One of [`SCOPES`].
    Scope,
    /// The name of a vendor.
    Vendor,
    /// The name of an account.
    Account,
    /// `mock`, or a URL.
    BaseUrl,
    /// `env:NAME` or `file:PATH`.
    Reference,
    /// The path of a file.
    Path,
}

/// What a client may be allowed to do.
pub const SCOPES: [&str; 4] = ["read", "tag", "catalogue", "admin"];

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "[server]",
            Self::Client => "[[clients]]",
            Self::Route => "[routes.NAME]",
        })
    }
}

impl Unit {
    /// The number as an operator reads it.
    pub(super) fn show(self, number: u64) -> String {
        match self {
            Self::Count => number.to_string(),
            Self::Milliseconds => format!("{number} ms"),
            Self::Bytes => format!("{number} bytes"),
        }
    }
}
