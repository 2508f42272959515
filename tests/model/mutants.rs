//! Protocols that look reasonable and are wrong in one place. Each must be found to lose.

use crate::{
    protocol::{Acknowledges, AfterTimeout, Apart, Check, Protocol, SeenEnds, Settles, Told},
    rows::{loses, one_process, same_tag, two_processes, without_timeouts},
};

/// Accepted is not applied: the write may vanish on its way.
#[test]
fn loses_when_a_change_is_acknowledged_as_it_is_sent() {
    let protocol = Protocol {
        acknowledges: Acknowledges::OnSend,
        ..Protocol::REPLACE
    };
    loses(protocol, without_timeouts(one_process()), 3);
}

/// A timeout is not a failure, however long the next change waits.
#[test]
fn loses_when_a_timeout_is_reported_as_not_applied() {
    let protocol = Protocol {
        after_timeout: AfterTimeout::Tell(Told::NotApplied),
        ..Protocol::REPLACE
    };
    loses(protocol, one_process(), 5);
}

/// A change that a read does not show yet may show later.
#[test]
fn loses_when_not_seen_is_reported_as_not_applied() {
    let protocol = Protocol {
        after_timeout: AfterTimeout::Look {
            seen_ends: SeenEnds::ItsOwnSettling,
            else_tell: Told::NotApplied,
        },
        ..Protocol::REPLACE
    };
    loses(protocol, one_process(), 5);
}

/// Every attempt is a write of its own, and each must settle.
#[test]
fn loses_when_only_the_first_attempt_settles() {
    let protocol = Protocol {
        resends: 1,
        settles: Settles::FirstAttempt,
        ..Protocol::REPLACE
    };
    loses(protocol, one_process(), 11);
}

/// Undoing is a write like any other: it can overtake what it is to undo.
#[test]
fn loses_when_an_unknown_change_is_taken_back() {
    let protocol = Protocol {
        resends: 0,
        after_timeout: AfterTimeout::Undo,
        ..Protocol::PER_TAG
    };
    loses(protocol, same_tag(), 5);
}

/// A read that was made before the lock was had is as old as the lock's last holder.
#[test]
fn loses_when_the_lock_covers_the_write_only() {
    let protocol = Protocol {
        apart: Apart::Lock {
            covers_read: false,
            kept_until_settled: true,
        },
        ..Protocol::REPLACE
    };
    loses(protocol, without_timeouts(two_processes()), 6);
}

/// Having a lease again is not having had it all the time: somebody else may have held it in between.
#[test]
fn loses_when_a_lost_lease_is_taken_again_within_a_change() {
    let protocol = Protocol {
        apart: Apart::Lease {
            check: Check::WithSend,
            successor_waits: true,
            renewed_in_change: true,
        },
        ..Protocol::REPLACE
    };
    loses(protocol, without_timeouts(two_processes()), 11);
}

/// Replacing the set touches every tag, so letting the changed tag settle is not enough.
#[test]
fn loses_when_only_the_tag_settles_although_the_set_is_replaced() {
    loses(
        Protocol {
            settles: Settles::Tag,
            ..Protocol::REPLACE
        },
        one_process(),
        8,
    );
}

/// Reading after the write does not help where the old write lands after that read.
#[test]
fn loses_when_verifying_stands_in_for_settling() {
    let protocol = Protocol {
        verifies: true,
        settles: Settles::Never,
        ..Protocol::REPLACE
    };
    loses(protocol, one_process(), 9);
}
