//! What can go wrong with one vendor call, and how often.

use super::vendor::Vendor;
use http::{Method, Request, StatusCode};
use std::{fmt, time::Duration};

/// What a vendor call is, in the words of the retry table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Read,
    Assign,
    Unassign,
    Replace,
    /// A create that the vendor knows by its key.
    KeyedCreate,
    /// A create that may make a second one.
    UnkeyedCreate,
    /// A label's options, replaced.
    Options,
}

impl Call {
    pub(crate) const ALL: [Self; 7] = [
        Self::Read,
        Self::Assign,
        Self::Unassign,
        Self::Replace,
        Self::KeyedCreate,
        Self::UnkeyedCreate,
        Self::Options,
    ];

    pub(crate) fn of<B>(vendor: Vendor, request: &Request<B>) -> Self {
        let on_a_conversation = request.uri().path().contains("/conversations/");
        match (request.method(), on_a_conversation, vendor) {
            (&Method::GET, ..) => Self::Read,
            (&Method::DELETE, ..) => Self::Unassign,
            (&Method::PUT, ..) => Self::Replace,
            (&Method::PATCH, ..) => Self::Options,
            (_, true, _) => Self::Assign,
            (_, false, Vendor::Awardee) => Self::KeyedCreate,
            (_, false, _) => Self::UnkeyedCreate,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Assign => "assign",
            Self::Unassign => "unassign",
            Self::Replace => "replace",
            Self::KeyedCreate => "keyed-create",
            Self::UnkeyedCreate => "unkeyed-create",
            Self::Options => "options",
        }
    }
}

/// Whether a call that brought no good answer takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    Never,
    /// Before the answer would have come.
    InTime,
    /// After the end of the attempt, at most the settle time later.
    Late,
}

/// How `Retry-After` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RetryAfter {
    Missing,
    Seconds,
    Date,
    Broken,
}

/// What is wrong with the body of a good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Body {
    /// The connection breaks in it.
    Cut,
    /// It ends too early, and cleanly.
    Truncated,
    /// A member stands twice in it.
    Duplicate,
    /// It counts more than it holds.
    Short,
    Html,
    /// It comes in pieces, with pauses.
    Slow,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    NotSent,
    Reset(Effect),
    Silent(Effect),
    Status(u16, Effect),
    TooMany(RetryAfter),
    Refused(u16),
    Body(Body),
}

use Effect::{InTime, Late, Never};

impl Fault {
    /// Every fault there is.
    pub(crate) const ALL: &[Self] = &[
        Self::NotSent,
        Self::Reset(Never),
        Self::Reset(InTime),
        Self::Reset(Late),
        Self::Silent(Never),
        Self::Silent(InTime),
        Self::Silent(Late),
        Self::Status(500, Never),
        Self::Status(500, InTime),
        Self::Status(502, Never),
        Self::Status(502, Late),
        Self::Status(503, Never),
        Self::Status(503, InTime),
        Self::Status(504, Never),
        Self::Status(504, Late),
        Self::Status(408, Never),
        Self::Status(408, Late),
        Self::Status(307, Never),
        Self::Status(307, InTime),
        Self::TooMany(RetryAfter::Missing),
        Self::TooMany(RetryAfter::Seconds),
        Self::TooMany(RetryAfter::Date),
        Self::TooMany(RetryAfter::Broken),
        Self::Refused(400),
        Self::Refused(401),
        Self::Refused(409),
        Self::Refused(422),
        Self::Body(Body::Cut),
        Self::Body(Body::Truncated),
        Self::Body(Body::Duplicate),
        Self::Body(Body::Short),
        Self::Body(Body::Html),
        Self::Body(Body::Slow),
    ];

    /// Why this cannot happen to such a call; `None` where it can.
    pub(crate) fn impossible(self, call: Call) -> Option<&'static str> {
        match (self, call) {
            (Self::Reset(Late) | Self::Silent(Late) | Self::Status(_, Late), Call::Read) => {
                Some("a read has no effect that could be late")
            }
            (Self::Reset(InTime) | Self::Silent(InTime) | Self::Status(_, InTime), Call::Read) => {
                Some("a read has no effect")
            }
            (Self::Body(_), Call::Assign | Call::Unassign) => Some("the answer has no body"),
            (Self::Body(Body::Short), call) if call != Call::Read => {
                Some("the answer to a write has no pages")
            }
            _ => None,
        }
    }

    /// Draws what goes wrong with a call that something goes wrong with.
    pub(crate) fn draw(call: Call, random: &mut fastrand::Rng) -> Self {
        loop {
            let fault = Self::ALL[random.usize(..Self::ALL.len())];
            // A key that is refused is refused for everybody: rarely, or nothing else is seen.
            let seldom = matches!(fault, Self::Refused(401)) && random.u8(..4) != 0;
            if fault.impossible(call).is_none() && !seldom {
                return fault;
            }
        }
    }

    /// The fault whose turn it is with such a call.
    pub(crate) fn turn(call: Call, turn: usize) -> Self {
        let possible = || {
            Self::ALL
                .iter()
                .filter(|fault| fault.impossible(call).is_none())
        };
        let mut all = possible().cycle();
        all.nth(turn % possible().count().max(1))
            .copied()
            .unwrap_or(Self::NotSent)
    }

    /// Whether the request takes effect, and when.
    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::NotSent | Self::TooMany(_) | Self::Refused(_) => Never,
            Self::Reset(effect) | Self::Silent(effect) | Self::Status(_, effect) => effect,
            Self::Body(_) => InTime,
        }
    }

    /// The status that stands in for the vendor's own.
    pub(crate) fn status(self) -> Option<StatusCode> {
        let code = match self {
            Self::Status(code, _) | Self::Refused(code) => code,
            Self::TooMany(_) => 429,
            Self::NotSent | Self::Reset(_) | Self::Silent(_) | Self::Body(_) => return None,
        };
        StatusCode::from_u16(code).ok()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = |effect: &Effect| match effect {
            Never => "lost",
            InTime => "applied",
            Late => "late",
        };
        match self {
            Self::NotSent => f.write_str("not-sent"),
            Self::Reset(after) => write!(f, "reset-{}", effect(after)),
            Self::Silent(after) => write!(f, "silent-{}", effect(after)),
            Self::Status(code, after) => write!(f, "{code}-{}", effect(after)),
            Self::TooMany(RetryAfter::Missing) => f.write_str("429"),
            Self::TooMany(RetryAfter::Seconds) => f.write_str("429-seconds"),
            Self::TooMany(RetryAfter::Date) => f.write_str("429-date"),
            Self::TooMany(RetryAfter::Broken) => f.write_str("429-broken"),
            Self::Refused(code) => write!(f, "{code}"),
            Self::Body(Body::Cut) => f.write_str("body-cut"),
            Self::Body(Body::Truncated) => f.write_str("body-truncated"),
            Self::Body(Body::Duplicate) => f.write_str("body-duplicate"),
            Self::Body(Body::Short) => f.write_str("body-short"),
            Self::Body(Body::Html) => f.write_str("body-html"),
            Self::Body(Body::Slow) => f.write_str("body-slow"),
        }
    }
}

/// How long a call is under way: mostly milliseconds, now and then as long as a caller waits, seldom far longer.
pub(crate) fn latency(random: &mut fastrand::Rng) -> Duration {
    let ms = match random.u8(..100) {
        0..70 => random.u64(1..80),
        70..92 => random.u64(80..1_500),
        92..98 => random.u64(1_500..7_000),
        _ => random.u64(7_000..40_000),
    };
    Duration::from_millis(ms)
}
