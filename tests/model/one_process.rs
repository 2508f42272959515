//! One process that changes one conversation, one change at a time, at a vendor whose writes replace the set.

use crate::{
    protocol::{AfterTimeout, Protocol, Restart, SeenEnds, Settles, Told, When},
    rows::{holds, loses, one_process, without_timeouts},
};

/// Every write is answered before the next read, so no write carries away another.
#[test]
fn holds_while_every_answer_comes() {
    holds(
        Protocol {
            settles: Settles::Never,
            ..Protocol::REPLACE
        },
        without_timeouts(one_process()),
    );
}

/// The old write lands after the next one, and takes its tag off again. Eight steps: each of the two changes is read
/// and sent, the first times out and is given up, the second lands, the first lands.
#[test]
fn loses_when_the_next_change_does_not_wait_for_an_unknown_write() {
    loses(
        Protocol {
            settles: Settles::Never,
            ..Protocol::REPLACE
        },
        one_process(),
        8,
    );
}

/// The second sending is acknowledged, the first still lands: after a later change, which it takes away.
#[test]
fn loses_when_the_same_bytes_are_sent_again() {
    let protocol = Protocol {
        resends: 2,
        settles: Settles::Never,
        ..Protocol::REPLACE
    };
    loses(protocol, one_process(), 9);
}

/// It is not the repetition that loses but the next change that does not wait: all attempts say the same set, so they
/// settle together. Only one who writes alone may rely on that; each attempt takes an outside writer's tags off again.
#[test]
fn holds_when_the_same_bytes_are_sent_again_and_the_next_change_waits_for_all_of_them() {
    holds(
        Protocol {
            resends: 2,
            ..Protocol::REPLACE
        },
        one_process(),
    );
}

/// A read at once sees nothing of a write that is still under way, so it proves nothing about later.
#[test]
fn loses_when_it_is_read_again_and_sent_again_at_once() {
    let protocol = Protocol {
        after_timeout: AfterTimeout::Recompute { when: When::AtOnce },
        settles: Settles::Never,
        ..Protocol::REPLACE
    };
    loses(protocol, one_process(), 10);
}

/// When the next change reads, the old write is in what it reads, or nowhere.
#[test]
fn holds_when_the_next_change_waits_until_the_unknown_write_has_settled() {
    holds(Protocol::REPLACE, one_process());
}

/// After the settling a read tells the truth about the unknown write, so the caller can be told it too.
#[test]
fn holds_when_it_settles_and_is_read_and_planned_again() {
    let protocol = Protocol {
        after_timeout: AfterTimeout::Recompute {
            when: When::Settled,
        },
        ..Protocol::REPLACE
    };
    holds(protocol, one_process());
}

/// The set was read before the write, and it was another one: seeing the change proves that the write landed, and a
/// write lands once. There is nothing left to settle.
#[test]
fn holds_when_seeing_a_change_that_was_not_there_before_ends_the_settling() {
    let protocol = Protocol {
        after_timeout: AfterTimeout::Look {
            seen_ends: SeenEnds::ItsOwnSettling,
            else_tell: Told::Unknown,
        },
        ..Protocol::REPLACE
    };
    holds(protocol, one_process());
}

/// A process that died may have left a write under way. It keeps no note of it, so it waits as if there were one.
#[test]
fn holds_when_a_process_that_is_back_waits_before_it_writes() {
    holds(
        Protocol {
            restart: Some(Restart::Waits),
            ..Protocol::REPLACE
        },
        one_process(),
    );
}

/// What was under way when it died lands on top of what it writes when it is back.
#[test]
fn loses_when_a_process_that_is_back_writes_at_once() {
    let protocol = Protocol {
        restart: Some(Restart::GoesOn),
        ..Protocol::REPLACE
    };
    loses(protocol, without_timeouts(one_process()), 7);
}

/// Somebody's tag comes on between the read and the write, and the write takes it off. The gateway reads after its
/// write and finds what it wrote: it reports no conflict, because its own change is there.
#[test]
fn loses_an_outside_writers_tag_and_does_not_see_it_when_it_verifies() {
    let protocol = Protocol {
        outside_writer: true,
        verifies: true,
        ..Protocol::REPLACE
    };
    let wrong = loses(protocol, without_timeouts(one_process()), 5);
    let complaints = wrong.steps.iter().filter(|step| step.contains("tells"));
    assert_eq!(complaints.count(), 0, "{wrong}");
}
