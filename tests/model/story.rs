//! What the callers asked and heard, and whether what is so at rest agrees with it.

use crate::{
    linearizable::{Call, End, Specification, Verdict, check},
    protocol::Told,
    state::{Change, Named, OUTSIDE, Tags},
};
use std::{collections::HashMap, fmt::Write};

/// The number of the outside writer's change.
const OUTSIDER: usize = 3;

/// A history, as small as a state that is kept a million times should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Story {
    pub(crate) initial: Tags,
    /// Three changes of the gateway's callers.
    pub(crate) changes: [Change; 3],
    /// A byte for each event, the first one lowest; zero is none. Each change has at most two.
    events: u64,
    length: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Begun,
    Acknowledged,
    Told(Told),
}

impl Story {
    pub(crate) fn new(initial: Tags, changes: [Change; 3]) -> Self {
        Self {
            initial,
            changes,
            events: 0,
            length: 0,
        }
    }

    pub(crate) fn begin(&mut self, change: usize) {
        self.note(1, change);
    }

    pub(crate) fn acknowledge(&mut self, change: usize) {
        self.note(2, change);
    }

    pub(crate) fn tell(&mut self, change: usize, told: Told) {
        let kind = match told {
            Told::Unknown => 3,
            Told::NotApplied => 4,
        };
        self.note(kind, change);
    }

    /// The outside writer's add, which is its own acknowledgement.
    pub(crate) fn outsider_adds(&mut self) {
        self.begin(OUTSIDER);
        self.acknowledge(OUTSIDER);
    }

    /// Whether some change of a gateway's caller was acknowledged.
    pub(crate) fn any_acknowledged(&self) -> bool {
        self.events()
            .any(|(event, of)| event == Event::Acknowledged && of != OUTSIDER)
    }

    fn note(&mut self, kind: u64, change: usize) {
        self.events |= (kind * 4 + change as u64) << (8 * self.length);
        self.length += 1;
    }

    fn events(&self) -> impl Iterator<Item = (Event, usize)> + '_ {
        (0..self.length).map(|at| {
            let byte = self.events >> (8 * at) & 0xff;
            let event = match byte / 4 {
                1 => Event::Begun,
                2 => Event::Acknowledged,
                3 => Event::Told(Told::Unknown),
                _ => Event::Told(Told::NotApplied),
            };
            (event, (byte % 4) as usize)
        })
    }

    fn change(&self, number: usize) -> Change {
        self.changes
            .get(number)
            .copied()
            .unwrap_or(Change::add(OUTSIDE))
    }
}

/// Until when a change may take effect whose caller was told that its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownMayLand {
    /// Before any change that begins later: the promise. What must hold is held against this.
    BeforeTheNextBegins,
    /// For ever: the least that linearizability asks. What must lose loses even against this.
    AtAnyTime,
}

/// Judges states at rest; the same story with the same end only once.
pub(crate) struct Judge {
    unknown: UnknownMayLand,
    known: HashMap<(Story, Tags), bool>,
}

impl Judge {
    pub(crate) fn new(unknown: UnknownMayLand) -> Self {
        Self {
            unknown,
            known: HashMap::new(),
        }
    }

    /// What is wrong if this is what the vendor holds when nothing is under way any more.
    pub(crate) fn fault(&mut self, story: &Story, set: Tags) -> Option<String> {
        let unknown = self.unknown;
        let holds = *self
            .known
            .entry((*story, set))
            .or_insert_with(|| explained(story, set, unknown));
        (!holds).then(|| told(story, set))
    }
}

/// Changes, and reads of the whole set.
struct TagSet;

enum Asked {
    Change(Change),
    Read,
}

impl Specification for TagSet {
    type State = Tags;
    type Operation = Asked;
    /// The set, for a read.
    type Answer = Option<Tags>;

    fn apply(&self, set: &Tags, asked: &Asked) -> Vec<(Option<Tags>, Tags)> {
        match asked {
            Asked::Change(change) => vec![(None, change.on(*set))],
            Asked::Read => vec![(Some(*set), *set)],
        }
    }

    fn only_reads(&self, asked: &Asked) -> bool {
        matches!(asked, Asked::Read)
    }
}

fn explained(story: &Story, set: Tags, unknown: UnknownMayLand) -> bool {
    let mut calls: Vec<Call<Asked, Option<Tags>>> = Vec::new();
    let timed = || story.events().zip(1..);
    for ((_, number), begun) in timed().filter(|((event, _), _)| *event == Event::Begun) {
        let ended = timed().find(|((event, of), _)| *event != Event::Begun && *of == number);
        let end = match ended {
            Some(((Event::Told(Told::NotApplied), _), _)) => continue,
            Some(((Event::Acknowledged, _), at)) => End::Answered { at, answer: None },
            Some((_, at)) if unknown == UnknownMayLand::BeforeTheNextBegins => {
                End::Unknown { over: Some(at) }
            }
            _ => End::Unknown { over: None },
        };
        let operation = Asked::Change(story.change(number));
        calls.push(Call {
            operation,
            begun,
            end,
        });
    }
    calls.push(Call {
        operation: Asked::Read,
        begun: u64::MAX,
        end: End::Answered {
            at: u64::MAX,
            answer: Some(set),
        },
    });
    match check(&TagSet, story.initial, &calls, 10_000) {
        Verdict::Linearizable { .. } => true,
        Verdict::Broken { .. } => false,
        Verdict::Undecided => unreachable!("five calls have fewer pairs"),
    }
}

fn told(story: &Story, set: Tags) -> String {
    let mut text = format!("at rest {}, first {}", Named(set), Named(story.initial));
    for (event, number) in story.events() {
        let change = story.change(number);
        write!(text, "; {change} (change {number}) {event:?}").expect("a string takes all");
    }
    text
}
