//! What may happen around the processes: leases come and go, processes die, writes land or vanish, others write.

use super::{Moves, next_change};
use crate::{
    protocol::{Apart, Restart, Told},
    state::{OUTSIDE, Phase, Process, SenderIs},
    step::Step,
};

impl Moves<'_> {
    pub(super) fn of_lease(&mut self, process: usize) {
        let Apart::Lease {
            renewed_in_change, ..
        } = self.protocol.apart
        else {
            return;
        };
        let Process { change, end, .. } = self.from.processes[process];
        let idle = self.from.processes[process].idle();
        let needs_it = if idle {
            change < end
        } else {
            renewed_in_change
        };
        if self.from.lease_holder.is_none() && needs_it {
            self.add(Step::TakesLease { process }, |state| {
                state.lease_holder = Some(process);
            });
        }
        if self.from.lease_holder == Some(process) && idle && !self.from.wary(process) {
            self.add(Step::ReleasesLease { process }, |state| {
                state.lease_holder = None
            });
        }
    }

    pub(super) fn of_restart(&mut self, process: usize) {
        let Some(restart) = self.protocol.restart else {
            return;
        };
        let Process { change, .. } = self.from.processes[process];
        let idle = self.from.processes[process].idle();
        if self.from.restarts_left == 0 || (idle && !self.from.wary(process)) {
            return;
        }
        self.add(Step::Restarts { process }, |state| {
            state.restarts_left -= 1;
            let sender_is = match restart {
                Restart::GoesOn => SenderIs::Unaware,
                Restart::Waits => SenderIs::Wary,
            };
            state.turn(sender_is, |message| message.sender == process);
            if !idle {
                state.story.tell(change, Told::Unknown);
                next_change(state, process);
            }
        });
    }

    pub(super) fn of_network(&mut self) {
        let verifies = self.protocol.verifies;
        for (at, &message) in self.from.in_flight.iter().enumerate() {
            let (change, body) = (message.change, message.body);
            let heard = message.sender_is == SenderIs::Listening;
            self.add(
                Step::Lands {
                    change,
                    body,
                    heard,
                },
                |state| {
                    state.in_flight.remove(at);
                    state.set = body.on(state.set);
                    if !heard {
                        return;
                    }
                    let sender = message.sender;
                    match state.processes[sender].phase {
                        Phase::Undoing => state.story.tell(change, Told::NotApplied),
                        _ if verifies => {
                            state.processes[sender].phase = Phase::Verifying;
                            return;
                        }
                        _ => state.story.acknowledge(change),
                    }
                    next_change(state, sender);
                },
            );
            if !heard {
                self.add(Step::Vanishes { change, body }, |state| {
                    state.in_flight.remove(at);
                });
            }
        }
    }

    pub(super) fn of_surroundings(&mut self) {
        if self.from.lease_holder.is_some() && self.from.expiries_left > 0 {
            self.add(Step::LeaseExpires, |state| {
                state.lease_holder = None;
                state.expiries_left -= 1;
            });
        }
        if self.from.outside_left > 0 {
            self.add(Step::OutsiderAdds, |state| {
                state.outside_left -= 1;
                state.set |= OUTSIDE;
                state.story.outsider_adds();
            });
        }
    }
}
