//! One process at a vendor whose writes put single tags on or off, and that answers them with nothing.

use crate::{
    protocol::{AfterTimeout, Protocol, Restart, SeenEnds, Settles, Told},
    rows::{breaks_the_promise, different_tags, holds, loses, one_process, same_tag},
};

const fn look(seen_ends: SeenEnds) -> AfterTimeout {
    AfterTimeout::Look {
        seen_ends,
        else_tell: Told::Unknown,
    }
}

/// Writes about different tags commute, and so do a write and its repetition: nothing needs to wait.
#[test]
fn holds_with_an_immediate_retry_while_the_tags_differ() {
    holds(
        Protocol {
            settles: Settles::Never,
            ..Protocol::PER_TAG
        },
        different_tags(),
    );
}

/// The repetition is acknowledged, the tag is taken off, the first add lands: a removed tag is back.
#[test]
fn loses_when_the_same_tag_is_changed_again_at_once() {
    loses(
        Protocol {
            settles: Settles::Never,
            ..Protocol::PER_TAG
        },
        same_tag(),
        7,
    );
}

/// A caller who is told "unknown" must be able to know until when. If unknown changes were open for ever this would
/// be correct, and no removal could ever be relied on.
#[test]
fn breaks_the_promise_when_an_unknown_write_is_not_waited_for() {
    let protocol = Protocol {
        resends: 0,
        settles: Settles::Never,
        ..Protocol::PER_TAG
    };
    breaks_the_promise(protocol, same_tag(), 6);
}

/// Only what is about the same tag waits; the rest commutes with what may still land.
#[test]
fn holds_when_the_tag_settles() {
    holds(Protocol::PER_TAG, one_process());
}

/// An outside writer's tag is not in what is sent, so it survives.
#[test]
fn holds_beside_an_outside_writer_of_another_tag() {
    holds(
        Protocol {
            outside_writer: true,
            ..Protocol::PER_TAG
        },
        one_process(),
    );
}

/// The set was read before, and the change was not true then. One write was sent, and its effect is seen: it has
/// landed, so it may be called applied, and the next change need not wait.
#[test]
fn holds_when_seeing_a_change_that_was_not_there_before_ends_the_settling() {
    let protocol = Protocol {
        reads_first: true,
        resends: 0,
        after_timeout: look(SeenEnds::ItsOwnSettling),
        ..Protocol::PER_TAG
    };
    holds(protocol, one_process());
}

/// Without a read before, what is seen may have been so all along: the tag was on, the blind add is lost, the tag is
/// seen and the settling ends, a removal is acknowledged, and then the add lands.
#[test]
fn loses_when_seeing_a_change_that_could_have_been_there_before_ends_the_settling() {
    let protocol = Protocol {
        resends: 0,
        after_timeout: look(SeenEnds::ItsOwnSettling),
        ..Protocol::PER_TAG
    };
    loses(protocol, one_process(), 6);
}

/// What is seen may be called applied even so: it is true now, and later changes of the tag wait.
#[test]
fn holds_when_seeing_a_blind_change_acknowledges_it_but_does_not_end_the_settling() {
    let protocol = Protocol {
        resends: 0,
        after_timeout: look(SeenEnds::Nothing),
        ..Protocol::PER_TAG
    };
    holds(protocol, one_process());
}

/// Seeing the change proves that one of the writes has landed. The other one may still do so.
#[test]
fn loses_when_seeing_a_change_that_was_sent_twice_ends_the_settling() {
    let protocol = Protocol {
        reads_first: true,
        resends: 1,
        after_timeout: look(SeenEnds::ItsOwnSettling),
        ..Protocol::PER_TAG
    };
    loses(protocol, one_process(), 11);
}

/// Seeing one change says nothing about an earlier write of another tag.
#[test]
fn loses_when_seeing_a_change_ends_the_settling_of_other_tags() {
    let protocol = Protocol {
        reads_first: true,
        resends: 0,
        after_timeout: look(SeenEnds::AllSettling),
        ..Protocol::PER_TAG
    };
    breaks_the_promise(protocol, one_process(), 11);
}

/// A process that died may have left a write of any tag under way: it waits before its first write here, too.
#[test]
fn holds_when_a_process_that_is_back_waits_before_it_writes() {
    holds(
        Protocol {
            restart: Some(Restart::Waits),
            ..Protocol::PER_TAG
        },
        one_process(),
    );
}

/// A blind add was lost, the tag was seen, the change was acknowledged. What was to settle is forgotten when the
/// process dies; a removal is acknowledged, and the add lands.
#[test]
fn loses_when_a_process_that_is_back_writes_at_once() {
    let protocol = Protocol {
        resends: 0,
        after_timeout: look(SeenEnds::Nothing),
        restart: Some(Restart::GoesOn),
        ..Protocol::PER_TAG
    };
    loses(protocol, one_process(), 7);
}
