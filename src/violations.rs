//! What live answers hold that the vendors' documents do not: counted by place, told to the operator, bounded.
//!
//! A place is one of the document, not of an answer: positions in lists and names that the document does not give are
//! `*`. Nothing that is told is a value of a vendor: of a value only its type is kept, of an unknown member also its
//! name, where that looks like a name that a programmer gave.

use crate::clock;
use serde::Serialize;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Most places that are counted; what is found elsewhere is only counted as such.
const MAX_PLACES: usize = 1_000;

/// Most unknown members of one object that are counted by name; an object with more is a map by its own keys.
const MAX_NAMES: usize = 32;

/// Longest pointer, in bytes; a longer one is that of an ancestor.
const MAX_POINTER: usize = 256;

/// Longest name of an unknown member that is told, in bytes.
const MAX_NAME: usize = 40;

/// Most digits in such a name: ids, numbers and keys have more.
const MAX_DIGITS: usize = 3;

/// Counts, from the start of the process on; every clone counts in the same place. To count takes a lock that is held
/// for a look-up.
#[derive(Clone, Debug, Default)]
pub struct Violations(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    places: BTreeMap<Place, Seen>,
    beyond: u64,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The route that the call was made for.
    #[serde(serialize_with = "text")]
    pub route: Arc<str>,
    /// The operation's id in the vendor's document.
    pub operation: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// JSON pointer into the answer, as the document sees it.
    pub pointer: String,
    /// What was found.
    pub kind: Kind,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A member that the document does not name.
    UnknownField,
    /// A value that is none of those that the document lists.
    NewValue,
    /// Anything else that the document does not allow.
    Violation,
    /// A status of success that the document does not list.
    UnknownStatus,
}

/// How often, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// In how many answers.
    pub count: u64,
    /// What is wrong: limits of the document, kinds and sizes of the value.
    pub detail: String,
    /// The type of the first value that was found there; `nothing` where one is missing.
    pub found: &'static str,
    /// RFC 3339, UTC.
    #[serde(serialize_with = "time")]
    pub first_seen: u64,
    /// RFC 3339, UTC.
    #[serde(serialize_with = "time")]
    pub last_seen: u64,
}

/// One thing found in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// See [`Place::pointer`].
    pub pointer: String,
    /// See [`Place::kind`].
    pub kind: Kind,
    /// See [`Seen::detail`].
    pub detail: Cow<'static, str>,
    /// See [`Seen::found`].
    pub found: &'static str,
}

impl Seen {
    fn again(&mut self, now: u64) {
        self.count += 1;
        self.last_seen = now;
    }
}

impl Kind {
    /// Its name in JSON and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown-field",
            Self::NewValue => "new-value",
            Self::Violation => "violation",
            Self::UnknownStatus => "unknown-status",
        }
    }

    /// What it is that breaks a keyword of a schema.
    pub fn of_keyword(keyword: &str) -> Self {
        match keyword {
            "additionalProperties" | "unevaluatedProperties" => Self::UnknownField,
            "enum" | "const" => Self::NewValue,
            _ => Self::Violation,
        }
    }
}

impl Violations {
    /// Counts what one answer was found to hold, each place once.
    pub fn count(&self, route: &Arc<str>, operation: &'static str, status: u16, found: Vec<Found>) {
        let now = clock::unix_ms();
        let mut counted = self.counted();
        for found in found {
            let place = Place {
                route: route.clone(),
                operation,
                status,
                pointer: found.pointer,
                kind: found.kind,
            };
            if let Some(seen) = counted.places.get_mut(&place) {
                seen.again(now);
                continue;
            }
            let place = counted.placed(place);
            if let Some(seen) = counted.places.get_mut(&place) {
                seen.again(now);
            } else if counted.places.len() == MAX_PLACES {
                counted.beyond += 1;
            } else {
                tracing::warn!(
                    %route,
                    operation,
                    status,
                    pointer = %place.pointer,
                    kind = %place.kind,
                    "the vendor's answer is not what its document says: {}",
                    found.detail
                );
                let seen = Seen {
                    count: 1,
                    detail: found.detail.into_owned(),
                    found: found.found,
                    first_seen: now,
                    last_seen: now,
                };
                counted.places.insert(place, seen);
            }
        }
    }

    /// Everything that was counted, by place, and how much was found elsewhere once there were no more places.
    pub fn all(&self) -> (BTreeMap<Place, Seen>, u64) {
        let counted = self.counted();
        (counted.places.clone(), counted.beyond)
    }

    /// What the operator is shown.
    pub fn json(&self) -> serde_json::Value {
        #[derive(Serialize)]
        struct Line {
            #[serde(flatten)]
            place: Place,
            #[serde(flatten)]
            seen: Seen,
        }
        let (places, beyond) = self.all();
        let lines = places.into_iter().map(|(place, seen)| Line { place, seen });
        serde_json::json!({
            "violations": lines.collect::<Vec<_>>(),
            "limit": MAX_PLACES,
            "beyond_limit": beyond,
        })
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// A place that is new, or the one that stands for all others of its object where that has too many.
    fn placed(&self, place: Place) -> Place {
        let (Kind::UnknownField, Some((object, _))) = (place.kind, place.pointer.rsplit_once('/'))
        else {
            return place;
        };
        let siblings = self.places.keys().filter(|known| {
            let parent = known.pointer.rsplit_once('/').map(|(parent, _)| parent);
            let same = (&known.route, known.operation, known.status, known.kind)
                == (&place.route, place.operation, place.status, place.kind);
            same && parent == Some(object)
        });
        match siblings.count() < MAX_NAMES {
            true => place,
            false => Place {
                pointer: format!("{object}/*"),
                ..place
            },
        }
    }
}

/// The pointer, or that of its nearest ancestor that is short enough.
pub fn shortened(mut pointer: String) -> String {
    while pointer.len() > MAX_POINTER {
        let end = pointer.rfind('/').unwrap_or_default();
        pointer.truncate(end);
    }
    pointer
}

/// The name of a member that the document does not name, or `*` where it may be data: names of programmers are short
/// and have few digits.
pub fn shown(name: &str) -> &str {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b':');
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    match (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_plain) && digits <= MAX_DIGITS
    {
        true => name,
        false => "*",
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn time<S: serde::Serializer>(unix_ms: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&clock::rfc3339(clock::instant_at(*unix_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pointer: &str, kind: Kind) -> Found {
        Found {
            pointer: pointer.to_owned(),
            kind,
            detail: "is not known here".into(),
            found: "string",
        }
    }

    #[test]
    fn places_are_bounded_and_what_is_beyond_them_is_counted() {
        let violations = Violations::default();
        let route: Arc<str> = "support".into();
        for at in 0..2_000 {
            let pointer = format!("/x/{at}/y");
            violations.count(&route, "read", 200, vec![found(&pointer, Kind::Violation)]);
        }
        let (places, beyond) = violations.all();
        assert_eq!((places.len(), beyond), (MAX_PLACES, 1_000));
        violations.count(&route, "read", 200, vec![found("/x/0/y", Kind::Violation)]);
        let (places, beyond) = violations.all();
        assert_eq!((places.len(), beyond), (MAX_PLACES, 1_000));
        assert_eq!(places.values().map(|seen| seen.count).max(), Some(2));
    }

    #[test]
    fn an_object_with_very_many_unknown_names_is_one_place() {
        let violations = Violations::default();
        let route: Arc<str> = "support".into();
        for first in 'a'..='z' {
            for second in 'a'..='z' {
                let one = vec![found(
                    &format!("/data/*/{first}{second}"),
                    Kind::UnknownField,
                )];
                violations.count(&route, "list", 200, one);
            }
        }
        let (places, beyond) = violations.all();
        assert_eq!((places.len(), beyond), (MAX_NAMES + 1, 0));
        let rest = places
            .iter()
            .find(|(place, _)| place.pointer == "/data/*/*");
        assert_eq!(
            rest.map(|(_, seen)| seen.count),
            Some(26 * 26 - MAX_NAMES as u64)
        );
    }

    #[test]
    fn a_name_that_may_be_data_is_not_told() {
        for name in [
            "priority",
            "created_at",
            "x-kind",
            "$schema",
            "line2",
            "oauth2.0",
        ] {
            assert_eq!(shown(name), name);
        }
        for data in [
            "",
            "bob@example.com",
            "Bob Miller",
            "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e",
            "aw_live_0123456789abcdef0123456789abcdef",
            "+49 30 123456",
            "0049301234",
            "vendor\u{e9}",
            &"x".repeat(41),
        ] {
            assert_eq!(shown(data), "*", "{data}");
        }
    }
}
