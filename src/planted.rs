//! Known mistakes that the simulation has to find, so that it can be believed when it finds nothing.
//!
//! Without the feature `planted`, which only that run switches on, every question here is answered `false` while the
//! program is compiled, and nothing of a mistake is left in it.

/// A mistake that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Each change has a lane of its own.
    NoLane,
    /// A change is acknowledged although nobody has heard that it was done.
    AcknowledgeFirst,
    /// A replace whose answer was lost is sent again as it was.
    BlindResend,
    /// A write whose answer was lost leaves nothing open.
    NoSettling,
    /// What is open is waited for a quarter of the time.
    ShortSettling,
    /// What is seen is taken as proof that nothing is open any more.
    SightingSettles,
    /// A plan is made from the reading before the last.
    CachedRead,
    /// A replace leaves out what is no tag.
    DropUnnamed,
    /// The plan of a batch comes from another order than its answers.
    FoldOutOfOrder,
    /// Each member of a batch is given its neighbour's answer.
    AnotherAnswer,
    /// `If-Match` is held against what the batch found, not against what its place in the order finds.
    IfMatchOnFirst,
    /// A write whose answer was lost is said not to be applied.
    UnknownIsNot,
    /// Nothing keeps two creates of one name apart, or remembers one whose answer was lost.
    TwoCreates,
    /// A change passes an open one of the same name.
    Overtaking,
    /// A reading that breaks off is taken as far as it goes.
    HalfRead,
    /// A process that comes after a killed one writes at once.
    NoWaitAfterKill,
    /// A repeat under a key is carried out as if it were the first.
    ForgetsKeys,
}

impl Bug {
    /// Every one there is.
    pub const ALL: &'static [Self] = &[
        Self::NoLane,
        Self::AcknowledgeFirst,
        Self::BlindResend,
        Self::NoSettling,
        Self::ShortSettling,
        Self::SightingSettles,
        Self::CachedRead,
        Self::DropUnnamed,
        Self::FoldOutOfOrder,
        Self::AnotherAnswer,
        Self::IfMatchOnFirst,
        Self::UnknownIsNot,
        Self::TwoCreates,
        Self::Overtaking,
        Self::HalfRead,
        Self::NoWaitAfterKill,
        Self::ForgetsKeys,
    ];
}

#[cfg(feature = "planted")]
pub use planting::plant;
#[cfg(feature = "planted")]
pub(crate) use planting::{earlier, is, number};

/// Whether a mistake is planted.
#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}

/// What was given under the key the last time.
#[cfg(not(feature = "planted"))]
pub(crate) fn earlier<T>(_: &str, newest: T) -> T {
    newest
}

/// A number that was not given before.
#[cfg(not(feature = "planted"))]
pub(crate) const fn number() -> u64 {
    0
}

#[cfg(feature = "planted")]
mod planting {
    use super::Bug;
    use std::{
        any::Any,
        cell::{Cell, RefCell},
        collections::BTreeMap,
    };

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
        static NUMBER: Cell<u64> = const { Cell::new(0) };
        static EARLIER: RefCell<BTreeMap<String, Box<dyn Any>>> = const { RefCell::new(BTreeMap::new()) };
    }

    /// Plants one mistake, or none, for whatever runs on this thread from now on.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
        NUMBER.set(0);
        EARLIER.take();
    }

    pub(crate) fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    pub(crate) fn number() -> u64 {
        NUMBER.replace(NUMBER.get() + 1)
    }

    pub(crate) fn earlier<T: Clone + 'static>(key: &str, newest: T) -> T {
        let last =
            EARLIER.with_borrow_mut(|kept| kept.insert(key.to_owned(), Box::new(newest.clone())));
        last.and_then(|last| last.downcast_ref::<T>().cloned())
            .unwrap_or(newest)
    }
}
