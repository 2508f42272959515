//! One conversation at the vendor, the processes that change it, and what is under way between them.

use crate::story::Story;
use std::fmt;

/// A set of tags; the first three letters are enough.
pub(crate) type Tags = u8;

pub(crate) const A: Tags = 1;
pub(crate) const B: Tags = 2;
pub(crate) const C: Tags = 4;
/// Put on by the outside writer only.
pub(crate) const OUTSIDE: Tags = 8;

/// What a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) add: Tags,
    pub(crate) remove: Tags,
}

impl Change {
    pub(crate) const fn add(tags: Tags) -> Self {
        Self {
            add: tags,
            remove: 0,
        }
    }

    pub(crate) const fn remove(tags: Tags) -> Self {
        Self {
            add: 0,
            remove: tags,
        }
    }

    pub(crate) const fn undone(self) -> Self {
        Self {
            add: self.remove,
            remove: self.add,
        }
    }

    pub(crate) const fn on(self, set: Tags) -> Tags {
        set & !self.remove | self.add
    }

    pub(crate) const fn is_true_of(self, set: Tags) -> bool {
        self.on(set) == set
    }

    pub(crate) const fn touches(self, other: Self) -> bool {
        (self.add | self.remove) & (other.add | other.remove) != 0
    }
}

/// What a write says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Body {
    Set(Tags),
    Change(Change),
}

impl Body {
    pub(crate) fn on(self, set: Tags) -> Tags {
        match self {
            Self::Set(new) => new,
            Self::Change(change) => change.on(set),
        }
    }
}

/// A write between its sender and the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Message {
    pub(crate) sender: usize,
    /// The change that it is for, by its number.
    pub(crate) change: usize,
    pub(crate) body: Body,
    pub(crate) sender_is: SenderIs,
}

/// What the sender of a write does about its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum SenderIs {
    Listening,
    /// It listens no more, and knows that the write may still land.
    Wary,
    /// It believes that the write cannot land any more.
    Unaware,
}

/// How far a process is with its present change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Idle,
    /// It has read.
    Ready {
        seen: Tags,
    },
    /// And has found that it still has the lease.
    Cleared {
        seen: Tags,
    },
    /// It has sent, this many times again.
    Sent {
        body: Body,
        resent: u8,
    },
    TimedOut {
        body: Body,
        resent: u8,
    },
    /// It has been answered and is about to read.
    Verifying,
    /// It has sent what takes the change back.
    Undoing,
}

/// A process that carries out its callers' changes one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    /// The number of its present or next change.
    pub(crate) change: usize,
    /// The number after its last change.
    pub(crate) end: usize,
    pub(crate) phase: Phase,
}

impl Process {
    pub(crate) fn idle(&self) -> bool {
        self.phase == Phase::Idle
    }
}

/// All that is so at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// What the vendor holds.
    pub(crate) set: Tags,
    pub(crate) processes: [Process; 2],
    /// Sorted, because the network keeps no order.
    pub(crate) in_flight: Vec<Message>,
    pub(crate) lease_holder: Option<usize>,
    /// What may still go wrong.
    pub(crate) timeouts_left: u8,
    pub(crate) expiries_left: u8,
    pub(crate) restarts_left: u8,
    pub(crate) outside_left: u8,
    /// What the callers asked and heard so far.
    pub(crate) story: Story,
}

impl State {
    pub(crate) fn at_rest(&self) -> bool {
        self.in_flight.is_empty() && self.processes.iter().all(Process::idle)
    }

    pub(crate) fn send(&mut self, sender: usize, change: usize, body: Body, sender_is: SenderIs) {
        self.in_flight.push(Message {
            sender,
            change,
            body,
            sender_is,
        });
        self.in_flight.sort_unstable();
    }

    /// Whether a write of the process that it still reckons with may land.
    pub(crate) fn wary(&self, sender: usize) -> bool {
        self.in_flight
            .iter()
            .any(|m| m.sender == sender && m.sender_is == SenderIs::Wary)
    }

    /// The senders of these writes listen no more, or forget them.
    pub(crate) fn turn(&mut self, sender_is: SenderIs, these: impl Fn(&Message) -> bool) {
        for message in self.in_flight.iter_mut().filter(|message| these(message)) {
            message.sender_is = sender_is;
        }
        self.in_flight.sort_unstable();
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Set(set) => write!(f, "the set {}", Named(set)),
            Self::Change(change) => write!(f, "{change}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.add != 0 {
            write!(f, "add {}", Named(self.add))?;
        }
        if self.remove != 0 {
            write!(f, "remove {}", Named(self.remove))?;
        }
        Ok(())
    }
}

/// A set of tags by their letters.
pub(crate) struct Named(pub(crate) Tags);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags = [(A, "a"), (B, "b"), (C, "c"), (OUTSIDE, "outside")];
        let on = tags.iter().filter(|(tag, _)| self.0 & tag != 0);
        let names: Vec<&str> = on.map(|(_, name)| *name).collect();
        write!(f, "{{{}}}", names.join(","))
    }
}
