//! Two processes that change one conversation at a vendor whose writes replace the set. Each lets its own unknown
//! writes settle; the rows differ in what keeps them apart.

use crate::{
    protocol::{Apart, Check, Protocol},
    rows::{holds, loses, two_processes, without_timeouts},
};

const fn apart(apart: Apart) -> Protocol {
    Protocol {
        apart,
        ..Protocol::REPLACE
    }
}

const fn lock(kept_until_settled: bool) -> Protocol {
    apart(Apart::Lock {
        covers_read: true,
        kept_until_settled,
    })
}

const fn lease(check: Check, successor_waits: bool) -> Protocol {
    apart(Apart::Lease {
        check,
        successor_waits,
        renewed_in_change: false,
    })
}

/// Both read, both write: the later write has not seen the earlier one. Six steps, and nothing has failed.
#[test]
fn loses_when_nothing_is_shared() {
    loses(apart(Apart::Nothing), without_timeouts(two_processes()), 6);
}

/// One reads and writes while the other waits.
#[test]
fn holds_with_a_lock_while_every_answer_comes() {
    holds(lock(false), without_timeouts(two_processes()));
}

/// The other process reads and writes while the unanswered write is still under way.
#[test]
fn loses_when_the_lock_is_released_on_a_timeout() {
    loses(lock(false), two_processes(), 8);
}

/// The lock covers the write for as long as it may land, not for as long as somebody listens.
#[test]
fn holds_when_the_lock_is_kept_until_the_write_has_settled() {
    holds(lock(true), two_processes());
}

/// The holder reads, the lease expires, the other one reads and writes, and then the holder sends.
#[test]
fn loses_with_a_lease_and_no_fencing() {
    loses(
        lease(Check::AtBegin, false),
        without_timeouts(two_processes()),
        9,
    );
}

/// Waiting for what was noted does not help against what is sent later, by a holder that has not noticed.
#[test]
fn loses_when_the_next_holder_waits_but_the_last_one_does_not_check() {
    loses(
        lease(Check::AtBegin, true),
        without_timeouts(two_processes()),
        9,
    );
}

/// What was sent in time lands late, after the next holder's write.
#[test]
fn loses_when_the_last_holder_checks_but_the_next_one_does_not_wait() {
    loses(
        lease(Check::WithSend, false),
        without_timeouts(two_processes()),
        9,
    );
}

/// Nothing is sent after the lease, and what was sent before has landed when the next holder reads.
#[test]
fn holds_when_the_last_holder_checks_and_the_next_one_waits() {
    holds(lease(Check::WithSend, true), two_processes());
}

/// A pause between the check and the sending is as bad as no check. That there is none is an assumption.
#[test]
fn loses_when_there_is_a_pause_between_check_and_sending() {
    loses(
        lease(Check::BeforeSend, true),
        without_timeouts(two_processes()),
        11,
    );
}
