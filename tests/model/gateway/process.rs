//! What a process may do next about its present change.

use super::{Moves, next_change};
use crate::{
    protocol::{Acknowledges, AfterTimeout, Apart, Check, SeenEnds, Settles, Told, Vendor, When},
    state::{Body, Phase, Process, SenderIs, State},
    step::Step,
};

impl Moves<'_> {
    pub(super) fn of_process(&mut self, process: usize) {
        let Process { change, end, phase } = self.from.processes[process];
        match phase {
            Phase::Idle if change == end => {}
            Phase::Idle if !self.may_begin(process, change) => {}
            Phase::Idle if self.protocol.reads_first => self.read(process, change, true),
            Phase::Idle => {
                let body = Body::Change(self.from.story.changes[change]);
                self.send(process, change, body, true);
            }
            Phase::Ready { seen } if self.checks(Check::BeforeSend) => {
                if self.from.lease_holder == Some(process) {
                    self.add(Step::ChecksLease { process }, |state| {
                        state.processes[process].phase = Phase::Cleared { seen };
                    });
                } else {
                    self.tell(process, change, Told::NotApplied);
                }
            }
            Phase::Ready { .. }
                if self.checks(Check::WithSend) && self.from.lease_holder != Some(process) =>
            {
                self.tell(process, change, Told::NotApplied);
            }
            Phase::Ready { seen } | Phase::Cleared { seen } => {
                if self.may_send(process) {
                    let asked = self.from.story.changes[change];
                    let body = match self.protocol.vendor {
                        Vendor::ReplacesSet => Body::Set(asked.on(seen)),
                        Vendor::ChangesTags => Body::Change(asked),
                    };
                    self.send(process, change, body, false);
                }
            }
            Phase::Sent { body, resent } => self.time_out(process, change, body, resent),
            Phase::TimedOut { body, resent } if resent < self.protocol.resends => {
                self.add(
                    Step::SendsAgain {
                        process,
                        change,
                        body,
                    },
                    |state| {
                        state.send(process, change, body, SenderIs::Listening);
                        state.processes[process].phase = Phase::Sent {
                            body,
                            resent: resent + 1,
                        };
                    },
                );
            }
            Phase::TimedOut { .. } => self.after_timeout(process, change),
            Phase::Verifying => {
                if self.from.story.changes[change].is_true_of(self.from.set) {
                    self.acknowledge(process, change, SeenEnds::Nothing);
                } else {
                    self.tell(process, change, Told::Unknown);
                }
            }
            Phase::Undoing => {}
        }
    }

    fn after_timeout(&mut self, process: usize, change: usize) {
        match self.protocol.after_timeout {
            AfterTimeout::Tell(told) => self.tell(process, change, told),
            AfterTimeout::Recompute { when } => {
                if when == When::AtOnce || !self.from.wary(process) {
                    self.read(process, change, false);
                }
            }
            AfterTimeout::Look {
                seen_ends,
                else_tell,
            } => {
                if self.from.story.changes[change].is_true_of(self.from.set) {
                    self.acknowledge(process, change, seen_ends);
                } else {
                    self.tell(process, change, else_tell);
                }
            }
            AfterTimeout::Undo => {
                let undone = Body::Change(self.from.story.changes[change].undone());
                self.add(Step::TakesBack { process, change }, |state| {
                    state.send(process, change, undone, SenderIs::Listening);
                    state.processes[process].phase = Phase::Undoing;
                });
            }
        }
    }

    fn read(&mut self, process: usize, change: usize, begins: bool) {
        let sees = self.from.set;
        let begin = |state: &mut State| {
            if begins {
                state.story.begin(change);
            }
        };
        if self.from.story.changes[change].is_true_of(sees) {
            self.add(Step::FindsTrue { process, change }, |state| {
                begin(state);
                state.story.acknowledge(change);
                next_change(state, process);
            });
        } else {
            self.add(
                Step::Reads {
                    process,
                    change,
                    sees,
                },
                |state| {
                    begin(state);
                    state.processes[process].phase = Phase::Ready { seen: sees };
                },
            );
        }
    }

    fn send(&mut self, process: usize, change: usize, body: Body, begins: bool) {
        let acknowledges = self.protocol.acknowledges;
        self.add(
            Step::Sends {
                process,
                change,
                body,
            },
            |state| {
                if begins {
                    state.story.begin(change);
                }
                if acknowledges == Acknowledges::OnSend {
                    state.send(process, change, body, SenderIs::Unaware);
                    state.story.acknowledge(change);
                    next_change(state, process);
                } else {
                    state.send(process, change, body, SenderIs::Listening);
                    state.processes[process].phase = Phase::Sent { body, resent: 0 };
                }
            },
        );
    }

    fn time_out(&mut self, process: usize, change: usize, body: Body, resent: u8) {
        if self.from.timeouts_left == 0 {
            return;
        }
        let forgets = self.protocol.settles == Settles::FirstAttempt && resent > 0;
        self.add(Step::TimesOut { process, change }, |state| {
            state.timeouts_left -= 1;
            let sender_is = if forgets {
                SenderIs::Unaware
            } else {
                SenderIs::Wary
            };
            state.turn(sender_is, |message| {
                message.sender == process && message.sender_is == SenderIs::Listening
            });
            state.processes[process].phase = Phase::TimedOut { body, resent };
        });
    }

    fn tell(&mut self, process: usize, change: usize, told: Told) {
        self.add(
            Step::Tells {
                process,
                change,
                told,
            },
            |state| {
                state.story.tell(change, told);
                next_change(state, process);
            },
        );
    }

    fn acknowledge(&mut self, process: usize, change: usize, ends: SeenEnds) {
        self.add(Step::Acknowledges { process, change }, |state| {
            state.story.acknowledge(change);
            next_change(state, process);
            state.turn(SenderIs::Unaware, |message| {
                message.sender == process
                    && match ends {
                        SeenEnds::Nothing => false,
                        SeenEnds::ItsOwnSettling => message.change == change,
                        SeenEnds::AllSettling => true,
                    }
            });
        });
    }

    fn may_begin(&self, process: usize, change: usize) -> bool {
        let asked = self.from.story.changes[change];
        let settled = match self.protocol.settles {
            Settles::Never => true,
            Settles::Conversation | Settles::FirstAttempt => !self.from.wary(process),
            Settles::Tag => !self.from.in_flight.iter().any(|message| {
                message.sender == process
                    && message.sender_is == SenderIs::Wary
                    && self.from.story.changes[message.change].touches(asked)
            }),
        };
        let other = 1 - process;
        settled
            && match self.protocol.apart {
                Apart::Nothing
                | Apart::Lock {
                    covers_read: false, ..
                } => true,
                Apart::Lock {
                    kept_until_settled, ..
                } => {
                    self.from.processes[other].idle()
                        && !(kept_until_settled && self.from.wary(other))
                }
                Apart::Lease {
                    successor_waits, ..
                } => {
                    let noted = self.from.in_flight.iter().any(|m| m.sender == other);
                    self.from.lease_holder == Some(process) && !(successor_waits && noted)
                }
            }
    }

    /// Whether the other process leaves the way free to send, where only sending is under the lock.
    fn may_send(&self, process: usize) -> bool {
        let Apart::Lock {
            covers_read: false,
            kept_until_settled,
        } = self.protocol.apart
        else {
            return true;
        };
        let other = 1 - process;
        let sending = !matches!(
            self.from.processes[other].phase,
            Phase::Idle | Phase::Ready { .. }
        );
        let unsettled = kept_until_settled && self.from.wary(other);
        !sending && !unsettled
    }

    fn checks(&self, check: Check) -> bool {
        matches!(self.protocol.apart, Apart::Lease { check: chosen, .. } if chosen == check)
    }
}
