//! What a gateway may do about one conversation, as choices. A row of the table is one choice of each.

/// What the vendor's writes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vendor {
    /// The whole set: a write takes with it whatever it does not name.
    ReplacesSet,
    /// One tag on or off.
    ChangesTags,
}

/// How a gateway carries out changes to one conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocol {
    pub(crate) vendor: Vendor,
    /// Reads before it writes, and writes nothing when the change is true already. A set cannot be replaced without.
    pub(crate) reads_first: bool,
    /// Waits for the answer and then reads; only what it sees makes the change acknowledged.
    pub(crate) verifies: bool,
    pub(crate) acknowledges: Acknowledges,
    /// How many times one change's write is sent again, the same bytes, at once after a timeout.
    pub(crate) resends: u8,
    pub(crate) after_timeout: AfterTimeout,
    pub(crate) settles: Settles,
    pub(crate) apart: Apart,
    /// A process may die once, at any time, and what it does when it is back.
    pub(crate) restart: Option<Restart>,
    /// Somebody who is not a gateway puts one tag on, once, at any time.
    pub(crate) outside_writer: bool,
}

/// When a change is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledges {
    /// When the vendor says that the write took effect.
    OnAnswer,
    /// When the write has left.
    OnSend,
}

/// What happens to a change whose write was not answered, after the last resend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterTimeout {
    /// The caller is told.
    Tell(Told),
    /// Reads again, plans again, writes again.
    Recompute { when: When },
    /// Reads once: if the change is true now it is acknowledged, else the caller is told.
    Look {
        seen_ends: SeenEnds,
        else_tell: Told,
    },
    /// Takes the change back, and tells the caller that it was not applied.
    Undo,
}

/// Which writes are reckoned with no longer when the change that an unknown one was for is seen to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeenEnds {
    Nothing,
    /// Those for this change.
    ItsOwnSettling,
    /// All.
    AllSettling,
}

/// What a caller may be told instead of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Unknown,
    NotApplied,
}

/// When a change is planned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    AtOnce,
    Settled,
}

/// What a change waits for before it begins, of the same process's writes that were not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settles {
    /// Nothing.
    Never,
    /// Those about the same tag can no longer land.
    Tag,
    /// None can land any more.
    Conversation,
    /// The first attempt of each can no longer land; its resends are forgotten.
    FirstAttempt,
}

/// What keeps two processes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apart {
    /// Nothing. Also for one process.
    Nothing,
    /// A lock that no failure takes away.
    Lock {
        covers_read: bool,
        kept_until_settled: bool,
    },
    /// A lock that ends by itself, without a word to its holder.
    Lease {
        check: Check,
        /// The next holder waits until what the last one noted as sent can no longer land.
        successor_waits: bool,
        /// A holder that lost it may take it again in the middle of a change.
        renewed_in_change: bool,
    },
}

/// When a process looks whether it still has its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Only before it begins a change.
    AtBegin,
    /// Also before it sends, but something may happen in between.
    BeforeSend,
    /// Also with sending, as one.
    WithSend,
}

/// What a process knows after it died and came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    /// Nothing: it goes on at once.
    GoesOn,
    /// That it must wait the settle time before its first write.
    Waits,
}

impl Protocol {
    /// One process, a vendor that replaces the set, the promise kept: an unknown write settles first.
    pub(crate) const REPLACE: Self = Self {
        vendor: Vendor::ReplacesSet,
        reads_first: true,
        verifies: false,
        acknowledges: Acknowledges::OnAnswer,
        resends: 0,
        after_timeout: AfterTimeout::Tell(Told::Unknown),
        settles: Settles::Conversation,
        apart: Apart::Nothing,
        restart: None,
        outside_writer: false,
    };

    /// One process, a vendor that changes single tags, the promise kept: sent again at once, the tag settles.
    pub(crate) const PER_TAG: Self = Self {
        vendor: Vendor::ChangesTags,
        reads_first: false,
        resends: 2,
        settles: Settles::Tag,
        ..Self::REPLACE
    };
}
