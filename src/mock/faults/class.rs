//! What can go wrong with a call: the one table of fault classes.

use std::fmt;

use crate::mock::reading::meant;

/// What can go wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A late answer, otherwise as it is.
    Latency,
    /// No answer, and the write lands later.
    LateApply,
    /// The process is gone for a while.
    Refuse,
    /// Silence.
    Blackhole,
    /// What a server says that could not agree on TLS.
    TlsFailure,
    /// Reset, no byte of an answer.
    ResetBeforeHeaders,
    /// Reset within the head.
    ResetInHeaders,
    /// Reset after the head, no byte of the body.
    ResetAfterHeaders,
    /// Reset within the body.
    ResetInBody,
    /// The sending side is closed without an answer, the receiving side stays open.
    HalfClose,
    /// The answer in very small pieces.
    Slicer,
    /// The answer byte by byte, slowly.
    Trickle,
    /// A head without an end.
    EndlessHeaders,
    /// A body without an end.
    EndlessBody,
    /// Interim answers without an end.
    ContinueStorm,
    /// A body shorter than its length says.
    WrongLength,
    /// A JSON text whose string is not UTF-8.
    InvalidUtf8,
    /// A web page in place of JSON.
    Html,
    /// A small body that unpacks to a large one.
    GzipBomb,
    /// 204 with a body behind it.
    NoContentWithBody,
    /// 307 to another host.
    Redirect,
    /// 401.
    Unauthorized,
    /// 429 that says no time.
    RateLimited,
    /// 429 with seconds.
    RateLimitedSeconds,
    /// 429 with a date.
    RateLimitedDate,
    /// 429 with milliseconds.
    RateLimitedMs,
    /// 408.
    RequestTimeout,
    /// 500.
    InternalError,
    /// 502.
    BadGateway,
    /// 503.
    Unavailable,
    /// 504.
    GatewayTimeout,
}

/// What the call does to the twin's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing: the twin does not see it.
    None,
    /// All that it asks for, before anything of the answer goes out.
    Applied,
    /// All that it asks for, some time after the client heard (or did not hear) the answer.
    Late,
}

/// The setting that a class hangs on most; a short form sets it with `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Main {
    Nothing,
    LateMs,
    LatencyMs,
    HoldMs,
    RetryAfterMs,
    BytesPerSecond,
}

/// A class as plans write it and as the shells carry it out.
pub(in crate::mock) struct Described {
    pub(in crate::mock) class: Class,
    pub(in crate::mock) name: &'static str,
    /// Those that make sense, the usual one first: what sends a success cannot go with a call that did nothing, and
    /// what refuses for certain cannot go with one that did something.
    pub(in crate::mock) effects: &'static [Effect],
    pub(in crate::mock) main: Main,
    /// Whether it needs the bytes of the connection; the others are answers like any.
    pub(in crate::mock) wire: bool,
}

const NOTHING: &[Effect] = &[Effect::None];
const APPLIED: &[Effect] = &[Effect::Applied];
const LATE: &[Effect] = &[Effect::Late];
const ANY: &[Effect] = &[Effect::None, Effect::Applied, Effect::Late];

/// Every class; the order is that of [`Class`].
pub(in crate::mock) const CLASSES: &[Described] = &[
    answer(Class::Latency, "latency", APPLIED, Main::LatencyMs),
    wire(Class::LateApply, "late-apply", LATE, Main::LateMs),
    wire(Class::Refuse, "refuse", NOTHING, Main::HoldMs),
    wire(Class::Blackhole, "blackhole", ANY, Main::HoldMs),
    wire(Class::TlsFailure, "tls-failure", NOTHING, Main::Nothing),
    wire(
        Class::ResetBeforeHeaders,
        "reset-before-headers",
        ANY,
        Main::Nothing,
    ),
    wire(
        Class::ResetInHeaders,
        "reset-in-headers",
        APPLIED,
        Main::Nothing,
    ),
    wire(
        Class::ResetAfterHeaders,
        "reset-after-headers",
        APPLIED,
        Main::Nothing,
    ),
    wire(Class::ResetInBody, "reset-in-body", APPLIED, Main::Nothing),
    wire(Class::HalfClose, "half-close", ANY, Main::HoldMs),
    wire(Class::Slicer, "slicer", APPLIED, Main::Nothing),
    wire(Class::Trickle, "trickle", APPLIED, Main::BytesPerSecond),
    wire(
        Class::EndlessHeaders,
        "endless-headers",
        APPLIED,
        Main::HoldMs,
    ),
    wire(Class::EndlessBody, "endless-body", APPLIED, Main::HoldMs),
    wire(Class::ContinueStorm, "continue-storm", ANY, Main::HoldMs),
    wire(Class::WrongLength, "wrong-length", APPLIED, Main::Nothing),
    answer(Class::InvalidUtf8, "invalid-utf8", APPLIED, Main::Nothing),
    answer(Class::Html, "html", APPLIED, Main::Nothing),
    answer(Class::GzipBomb, "gzip-bomb", APPLIED, Main::Nothing),
    wire(
        Class::NoContentWithBody,
        "no-content-with-body",
        APPLIED,
        Main::Nothing,
    ),
    answer(Class::Redirect, "redirect", ANY, Main::Nothing),
    answer(Class::Unauthorized, "unauthorized", NOTHING, Main::Nothing),
    answer(Class::RateLimited, "rate-limited", NOTHING, Main::Nothing),
    answer(
        Class::RateLimitedSeconds,
        "rate-limited-seconds",
        NOTHING,
        Main::RetryAfterMs,
    ),
    answer(
        Class::RateLimitedDate,
        "rate-limited-date",
        NOTHING,
        Main::RetryAfterMs,
    ),
    answer(
        Class::RateLimitedMs,
        "rate-limited-ms",
        NOTHING,
        Main::RetryAfterMs,
    ),
    answer(Class::RequestTimeout, "408", ANY, Main::Nothing),
    answer(Class::InternalError, "500", ANY, Main::Nothing),
    answer(Class::BadGateway, "502", ANY, Main::Nothing),
    answer(Class::Unavailable, "503", ANY, Main::Nothing),
    answer(Class::GatewayTimeout, "504", ANY, Main::Nothing),
];

const fn wire(
    class: Class,
    name: &'static str,
    effects: &'static [Effect],
    main: Main,
) -> Described {
    Described {
        class,
        name,
        effects,
        main,
        wire: true,
    }
}

const fn answer(
    class: Class,
    name: &'static str,
    effects: &'static [Effect],
    main: Main,
) -> Described {
    Described {
        wire: false,
        ..wire(class, name, effects, main)
    }
}

impl Class {
    /// Every class.
    pub fn all() -> impl Iterator<Item = Self> {
        CLASSES.iter().map(|described| described.class)
    }

    /// The class of a name.
    ///
    /// # Errors
    /// That there is none, in a sentence without its beginning, with the name that was meant or with all names.
    pub(in crate::mock) fn read(name: &str) -> Result<Self, String> {
        Self::named(name).ok_or_else(|| {
            let known = CLASSES.iter().map(|described| described.name);
            let near = meant(name, known.clone());
            if near.is_empty() {
                let known: Vec<&str> = known.collect();
                format!("there is no class `{name}`; there are {}", known.join(", "))
            } else {
                format!("there is no class `{name}`{near}")
            }
        })
    }

    /// The class of a name.
    pub fn named(name: &str) -> Option<Self> {
        CLASSES
            .iter()
            .find(|described| described.name == name)
            .map(|described| described.class)
    }

    /// The name that plans use.
    pub fn name(self) -> &'static str {
        self.described().name
    }

    /// The effects that the class can have, the usual one first.
    pub fn effects(self) -> &'static [Effect] {
        self.described().effects
    }

    pub(in crate::mock) fn described(self) -> &'static Described {
        &CLASSES[self as usize]
    }
}

impl Effect {
    /// The name that plans use.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Applied => "applied",
            Self::Late => "late",
        }
    }

    pub(in crate::mock) fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Applied, Self::Late]
            .into_iter()
            .find(|effect| effect.name() == name)
    }
}

impl Main {
    /// The member of a rule that it is.
    pub(in crate::mock) fn member(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::LateMs => Some("late_ms"),
            Self::LatencyMs => Some("latency_ms"),
            Self::HoldMs => Some("hold_ms"),
            Self::RetryAfterMs => Some("retry_after_ms"),
            Self::BytesPerSecond => Some("bytes_per_second"),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_classes_and_no_name_stands_twice() {
        for (place, described) in CLASSES.iter().enumerate() {
            assert_eq!(described.class as usize, place, "{}", described.name);
            assert_eq!(Class::named(described.name), Some(described.class));
            assert!(!described.effects.is_empty());
        }
        let names: BTreeSet<&str> = CLASSES.iter().map(|described| described.name).collect();
        assert_eq!(names.len(), CLASSES.len());
        assert!(names.len() >= 24 + 4);
    }
}
