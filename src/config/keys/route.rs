//! Keys of `[routes.NAME]`, those of its account included.

use super::{Form, Key, Kind, account, choice, count, ms, route, text};

pub(in crate::config) const VENDOR: Key = route(
    "vendor",
    text(true, Form::Vendor),
    "Whose API the route speaks.",
);
pub(in crate::config) const ACCOUNT: Key = route(
    "account",
    text(false, Form::Account),
    "The name of the vendor account; by default one for each vendor, host and secret reference.",
);
pub(in crate::config) const BASE_URL: Key = account(
    "base_url",
    text(false, Form::BaseUrl),
    "`mock` for the embedded twin, or the vendor's https URL; by default the one that the vendor publishes.",
);
pub(in crate::config) const ALLOW_ANY_HOST: Key = account(
    "allow_any_host",
    Kind::Switch { default: false },
    "Lets `base_url` name a host that the vendor does not publish, a private address included.",
);
pub(in crate::config) const SECRET: Key = account(
    "secret",
    text(false, Form::Reference),
    "Where the vendor's credential is kept: `env:NAME` or `file:PATH`; required unless `base_url` is `mock`.",
);
pub(in crate::config) const CREATE_MISSING: Key = route(
    "create_missing",
    Kind::Switch { default: false },
    "Creates a tag that the catalogue does not know, instead of refusing the change.",
);
pub(in crate::config) const ON_LOSS: Key = route(
    "on_loss",
    choice("refuse", &["refuse", "report"]),
    "What becomes of an attribute that the vendor cannot hold.",
);
pub(in crate::config) const RESPONSES: Key = route(
    "responses",
    choice("report", &["report", "enforce", "off"]),
    "What becomes of a vendor's answer that its document does not allow: `report` counts it, `enforce` also refuses it, \
     `off` does not look. Unknown fields are counted by the first two and refused by none.",
);
pub(in crate::config) const CATALOGUE: Key = route(
    "catalogue",
    choice("read-write", &["read-write", "no-delete", "read-only"]),
    "What clients may do to the catalogue.",
);
pub(in crate::config) const CATALOGUE_TTL_MS: Key = account(
    "catalogue_ttl_ms",
    ms(60_000, 100, 86_400_000),
    "How long a catalogue is used after it was read.",
);
pub(in crate::config) const DOCUMENT: Key = account(
    "document",
    text(false, Form::Path),
    "A newer OpenAPI document of the vendor, as JSON; by default the one that the program was built with.",
);
pub(in crate::config) const CA_FILE: Key = account(
    "ca_file",
    text(false, Form::Path),
    "Certificates (PEM) of authorities that are trusted for this account besides those of the system, such as a private proxy's.",
);
pub(in crate::config) const CATALOGUE_MAX_TAGS: Key = account(
    "catalogue_max_tags",
    count(20_000, 1, 1_000_000),
    "The largest catalogue that is read; a larger one is an error.",
);
pub(in crate::config) const WRITERS: Key = account(
    "writers",
    choice("shared", &["shared", "exclusive"]),
    "Who else writes to the account's conversations: with `shared` others may, so every set is read before it is replaced; with `exclusive` nobody does, and a set that is known from a certain success saves the read.",
);
pub(in crate::config) const FOREIGN_WRITERS: Key = account(
    "foreign_writers",
    choice("off", &["off", "detect", "strict"]),
    "What is done about other writers: `off` does nothing; `detect` reads the set after each write, one call more, and counts what is not so any more; `strict` also makes the change again, at most twice, and then answers `foreign-write`. A set that we overwrite is never noticed.",
);
pub(in crate::config) const SETTLE_MS: Key = account(
    "settle_ms",
    ms(30_000, 100, 600_000),
    "How long after an attempt's end a write with an unknown outcome may still take effect.",
);
pub(in crate::config) const ATTEMPTS: Key = account(
    "attempts",
    count(3, 1, 10),
    "How often a call that is safe to repeat is sent at most.",
);
pub(in crate::config) const ATTEMPT_TIMEOUT_MS: Key = account(
    "attempt_timeout_ms",
    ms(5_000, 50, 600_000),
    "How long one attempt of a read may take; a sent write is not cut.",
);
pub(in crate::config) const CALLS_IN_FLIGHT: Key = account(
    "max_in_flight",
    count(8, 1, 1_024),
    "How many calls the account's vendor sees at once.",
);
pub(in crate::config) const RATE: Key = account(
    "rate",
    Kind::Windows,
    "The account's quota, such as `60/min`; by default what the vendor publishes. Calls wait for their share of it, and one that cannot have it in time is refused before it is sent; where the vendor turns one away nevertheless, calls go more slowly for a while. With `off` they only wait for as long as the vendor asks.",
);
pub(in crate::config) const BREAKER_FAILURES: Key = account(
    "breaker_failures",
    count(5, 0, 1_000),
    "After how many failed calls in a row the account's vendor is left alone for a while; with any but 0, also when more than half of the last ten seconds' calls failed (of 20 at least), and at once when the vendor refuses the credential; 0 for never.",
);
pub(in crate::config) const BREAKER_MAX_OPEN_MS: Key = account(
    "breaker_max_open_ms",
    ms(60_000, 100, 3_600_000),
    "How long the vendor is left alone at most before one call goes as a probe; the first time it is a second or so, and twice as long after each probe that fails.",
);
