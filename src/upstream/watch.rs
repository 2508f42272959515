//! Holds the vendor's answers against its document, and counts what is not as it says. Nothing here refuses anything.

use super::{Account, CallContext};
use crate::{
    config::Responses,
    schema::{Against, Check, Known, Operation, Spot, Violation, type_of},
    violations::{Found, Kind, Violations, shortened, shown},
};
use adapters::{
    Call,
    reader::{LeftOut, Member},
};
use serde_json::Value;
use std::sync::Arc;

/// Most places of one answer that are counted.
const MAX_FOUND: usize = 64;

/// Where the answers of one call are counted.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    operation: Option<&'a Operation>,
    violations: &'a Violations,
    route: &'a Arc<str>,
    id: &'static str,
}

impl Account {
    /// Nothing is watched where answers are not to be looked at.
    pub(super) fn watch<'a>(
        &'a self,
        operation: Option<&'a Operation>,
        call: &Call,
        context: &'a CallContext,
    ) -> Option<Watch<'a>> {
        match context.responses {
            Responses::Off => None,
            Responses::Report | Responses::Enforce => Some(Watch {
                operation,
                violations: &self.violations,
                route: &context.route,
                id: call.operation,
            }),
        }
    }
}

impl Watch<'_> {
    /// Counts what an answer that tells success holds beside what is kept of it.
    pub(super) fn beside(&self, status: u16, left_out: &LeftOut) {
        let mut findings = Findings::default();
        if let Some(known) = self.known(status) {
            // Members of one object follow one another.
            let mut last: (&[&str], _) = (&[], Some(known.root()));
            for member in left_out.members() {
                if !std::ptr::eq(last.0, member.path) {
                    last = (member.path, known.place(member.path));
                }
                let Some(object) = last.1 else {
                    continue;
                };
                let Member {
                    value, is_whole, ..
                } = member;
                let passes = |name| known.passes(object, name, value, is_whole);
                if !member.plain_name().is_some_and(passes) {
                    findings.beside(known, object, &member);
                }
            }
        }
        self.count(status, findings);
    }

    /// Counts what an answer holds: its violations, and what its document does not name.
    pub(super) fn answer(&self, status: u16, value: &Value, violations: &[Violation]) {
        let mut findings = Findings::default();
        if let Some(known) = self.known(status) {
            findings.broken(known, value, violations);
            known.unknown(value, &mut |path, name, value| {
                findings.unknown(path.iter().copied(), name, type_of(value));
            });
        }
        self.count(status, findings);
    }

    /// Counts a status that the document does not list.
    pub(super) fn status(&self, status: u16) {
        let is_listed =
            |operation: &Operation| operation.lists(status) || operation.lists_class(status);
        if self
            .operation
            .is_some_and(|operation| !is_listed(operation))
        {
            let found = Found {
                pointer: String::new(),
                kind: Kind::UnknownStatus,
                detail: format!("the status {status} is not listed").into(),
                found: "nothing",
            };
            self.count(status, Findings(vec![found]));
        }
    }

    /// What an answer with this status must satisfy.
    pub(super) fn check(&self, status: u16) -> Option<&Check> {
        self.operation?.response(status)
    }

    fn known(&self, status: u16) -> Option<&Known> {
        self.operation?.known(status)
    }

    fn count(&self, status: u16, findings: Findings) {
        if !findings.0.is_empty() {
            self.violations
                .count(self.route, self.id, status, findings.0);
        }
    }
}

/// What was found in one answer, each place once.
#[derive(Default)]
struct Findings(Vec<Found>);

impl Findings {
    fn broken(&mut self, known: &Known, value: &Value, violations: &[Violation]) {
        for violation in violations {
            let there = value.pointer(&violation.pointer);
            let pointer = match Kind::of_keyword(&violation.keyword) {
                Kind::UnknownField => {
                    let (object, name) = violation.pointer.rsplit_once('/').unwrap_or_default();
                    format!("{}/{}", known.general(object), shown(name))
                }
                _ => known.general(&violation.pointer),
            };
            self.add(Found {
                pointer: shortened(pointer),
                kind: Kind::of_keyword(&violation.keyword),
                detail: violation.detail.clone().into(),
                found: there.map_or("nothing", type_of),
            });
        }
    }

    /// A member of an object on the way, of which a projection kept nothing.
    fn beside(&mut self, known: &Known, object: Spot, member: &Member<'_>) {
        let name = member.name();
        let Some(at) = known.member(object, &name) else {
            let found = type_of(&Self::value_of(member));
            self.unknown(member.path.iter().copied(), &name, found);
            return;
        };
        let value = Self::value_of(member);
        let (kind, detail) = match known.against(at, &value) {
            Against::Nothing => return,
            // A value that was cut is not known.
            Against::Value if !member.is_whole => return,
            Against::Value => (Kind::NewValue, "is none of the values that are listed"),
            Against::Type => (Kind::Violation, "is of another type"),
        };
        let path = member.path.iter().copied().chain([&*name]);
        self.add(Found {
            pointer: shortened(pointer_of(path)),
            kind,
            detail: detail.into(),
            found: type_of(&value),
        });
    }

    /// The value where it is a scalar that is not cut, else an empty one of its type.
    fn value_of(member: &Member<'_>) -> Value {
        match member.value.first() {
            Some(b'{') => Value::Object(serde_json::Map::new()),
            Some(b'[') => Value::Array(Vec::new()),
            Some(b'"') if !member.is_whole => Value::String(String::new()),
            // What serde_json cannot hold is a text with half a character or a number without end.
            first => serde_json::from_slice(member.value).unwrap_or(match first {
                Some(b'"') => Value::String(String::new()),
                _ => Value::from(0),
            }),
        }
    }

    fn unknown<'a>(
        &mut self,
        path: impl Iterator<Item = &'a str>,
        name: &'a str,
        found: &'static str,
    ) {
        let pointer = pointer_of(path.chain([shown(name)]));
        self.add(Found {
            pointer: shortened(pointer),
            kind: Kind::UnknownField,
            detail: "is not known here".into(),
            found,
        });
    }

    fn add(&mut self, found: Found) {
        let same = |known: &Found| known.pointer == found.pointer && known.kind == found.kind;
        if self.0.len() < MAX_FOUND && !self.0.iter().any(same) {
            self.0.push(found);
        }
    }
}

fn pointer_of<'a>(path: impl Iterator<Item = &'a str>) -> String {
    path.fold(String::with_capacity(64), |mut pointer, name| {
        pointer.push('/');
        match name.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
            true => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
            false => pointer.push_str(name),
        }
        pointer
    })
}
