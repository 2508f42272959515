//! Bodies: is all that can be sent still allowed?

use super::{
    Direction, Finding, Pair, Severity,
    schemas::{self, Difference, Place},
};
use serde_json::Value;

/// `emitted`: the schema of every body that the adapter can send, if it sends one.
pub(super) fn compare(pair: &Pair<'_>, emitted: Option<&Value>, findings: &mut Vec<Finding>) {
    let (old, new) = match (pair.before.body(), pair.after.body()) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => {
            let what = "no JSON body is described any more".to_owned();
            let severity = match emitted {
                Some(_) => Severity::Breaking,
                None => Severity::Harmless,
            };
            findings.push(pair.finding(severity, Direction::Sent, "", what));
            return;
        }
        (None, Some(_)) => {
            let what = "a JSON body is described now".to_owned();
            findings.push(pair.finding(Severity::Widening, Direction::Sent, "", what));
            return;
        }
        (None, None) => return,
    };
    let mut found: Vec<Finding> = schemas::differences(old, new)
        .iter()
        .map(|place| judged(pair, emitted, place))
        .collect();
    // Places are compared one by one; what only the whole shows is said of the whole.
    let is_seen = found
        .iter()
        .any(|finding| finding.severity <= Severity::Undecided);
    if let Some(emitted) = emitted
        && !is_seen
    {
        match schemas::beyond(emitted, &schemas::inlined(new)) {
            Ok(None) => {}
            Ok(values) => {
                let what = "bodies that are sent are not allowed any more".to_owned();
                let finding = pair.finding(Severity::Breaking, Direction::Sent, "", what);
                found.push(Finding { values, ..finding });
            }
            Err(why) => found.push(pair.finding(
                Severity::Undecided,
                Direction::Sent,
                "",
                format!("whether all that is sent is allowed cannot be decided: {why}"),
            )),
        }
    }
    findings.append(&mut found);
}

fn judged(pair: &Pair<'_>, emitted: Option<&Value>, place: &Place) -> Finding {
    let here = emitted.and_then(|emitted| schemas::at(emitted, &place.pointer));
    let always = emitted.is_some_and(|emitted| schemas::requires(emitted, &place.pointer));
    let say = |severity, what: &str| {
        pair.finding(severity, Direction::Sent, &place.pointer, what.to_owned())
    };
    match &place.difference {
        Difference::Removed if here.is_some() => {
            say(Severity::Breaking, "is sent and not described any more")
        }
        Difference::Removed => say(
            Severity::Harmless,
            "is not described any more, and never sent",
        ),
        Difference::Added { required: true } | Difference::NowRequired if !always => {
            let who = emitted.is_some();
            say(
                if who {
                    Severity::Breaking
                } else {
                    Severity::Harmless
                },
                "has to be sent now, and is not sent always",
            )
        }
        Difference::Added { required: false } => say(Severity::Widening, "can be sent"),
        Difference::Added { required: true } | Difference::NowRequired => {
            say(Severity::Harmless, "has to be sent now, and is sent always")
        }
        Difference::NowOptional => say(Severity::Widening, "need not be sent any more"),
        Difference::Undecided(why) => say(
            if here.is_some() {
                Severity::Undecided
            } else {
                Severity::Harmless
            },
            &format!("is described in another way: {why}"),
        ),
        Difference::Values { now, lost, gained } => {
            let beyond = match here {
                Some(here) => schemas::beyond(&own(here, now), now),
                None => Ok(None),
            };
            let finding = match (&beyond, lost, gained) {
                (Ok(Some(_)), ..) => say(
                    Severity::Breaking,
                    "values that are sent are not allowed any more",
                ),
                (Err(why), ..) => say(Severity::Undecided, &format!("cannot be decided: {why}")),
                (Ok(None), Some(_), _) => say(
                    Severity::Harmless,
                    "less is allowed, and what is sent still is",
                ),
                (Ok(None), None, _) => say(Severity::Widening, "more is allowed"),
            };
            let values = match beyond {
                Ok(Some(beyond)) => Some(beyond),
                _ => lost.clone().or_else(|| gained.clone()),
            };
            Finding { values, ..finding }
        }
    }
}

/// The part of `here` that `now` speaks of: `now` may lack the members or items, which are compared by themselves.
fn own(here: &Value, now: &Value) -> Value {
    let mut own = here.clone();
    if let Some(keywords) = own.as_object_mut() {
        keywords.retain(|name, _| {
            let apart = matches!(
                name.as_str(),
                "properties" | "required" | "items" | "additionalProperties"
            );
            !apart || now.get(name).is_some()
        });
    }
    own
}
