//! The gateway as a system to search: all that a protocol, a vendor and a network may do next.

mod around;
mod process;

use crate::{
    protocol::{Apart, Protocol},
    search::System,
    state::{Change, Phase, Process, State, Tags},
    step::Step,
    story::{Judge, Story, UnknownMayLand},
};

/// How many times a lease may expire.
const EXPIRIES: u8 = 2;

/// Where the search of a row begins.
#[derive(Clone, Debug)]
pub(crate) struct Cases {
    /// What the vendor holds at first.
    pub(crate) initial: Vec<Tags>,
    /// What is asked, in each process's order.
    pub(crate) changes: Vec<[Change; 3]>,
    /// How many of the changes the first process gets; the second one gets the others.
    pub(crate) first_process: usize,
    pub(crate) timeouts: u8,
}

/// A protocol with its cases, and what its search met.
pub(crate) struct Gateway {
    protocol: Protocol,
    cases: Cases,
    judge: Judge,
    /// States at rest in which nothing is left to ask, all timeouts have happened, and some change was acknowledged.
    pub(crate) served_through_faults: usize,
}

impl Gateway {
    pub(crate) fn new(protocol: Protocol, cases: Cases, unknown: UnknownMayLand) -> Self {
        Self {
            protocol,
            cases,
            judge: Judge::new(unknown),
            served_through_faults: 0,
        }
    }
}

impl System for Gateway {
    type State = State;
    type Step = Step;

    fn starts(&self) -> Vec<State> {
        let process = |change, end| Process {
            change,
            end,
            phase: Phase::Idle,
        };
        let split = self.cases.first_process;
        let leased = matches!(self.protocol.apart, Apart::Lease { .. });
        let mut starts = Vec::new();
        for &initial in &self.cases.initial {
            for &changes in &self.cases.changes {
                starts.push(State {
                    set: initial,
                    processes: [process(0, split), process(split, 3)],
                    in_flight: Vec::new(),
                    lease_holder: None,
                    timeouts_left: self.cases.timeouts,
                    expiries_left: if leased { EXPIRIES } else { 0 },
                    restarts_left: u8::from(self.protocol.restart.is_some()),
                    outside_left: u8::from(self.protocol.outside_writer),
                    story: Story::new(initial, changes),
                });
            }
        }
        starts
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut moves = Moves {
            protocol: &self.protocol,
            from: state,
            to: Vec::new(),
        };
        for process in 0..state.processes.len() {
            moves.of_process(process);
            moves.of_lease(process);
            moves.of_restart(process);
        }
        moves.of_network();
        moves.of_surroundings();
        moves.to
    }

    fn fault(&mut self, state: &State) -> Option<String> {
        if !state.at_rest() {
            return None;
        }
        let served = state
            .processes
            .iter()
            .all(|process| process.change == process.end);
        if served && state.timeouts_left == 0 && state.story.any_acknowledged() {
            self.served_through_faults += 1;
        }
        self.judge.fault(&state.story, state.set)
    }
}

/// Gathers what may happen next.
struct Moves<'a> {
    protocol: &'a Protocol,
    from: &'a State,
    to: Vec<(Step, State)>,
}

impl Moves<'_> {
    fn add(&mut self, step: Step, change: impl FnOnce(&mut State)) {
        let mut state = self.from.clone();
        change(&mut state);
        self.to.push((step, state));
    }
}

fn next_change(state: &mut State, process: usize) {
    state.processes[process].phase = Phase::Idle;
    state.processes[process].change += 1;
}
