//! One conversation at a time: every change goes through the lane of its (account, conversation).
//!
//! What is judged, planned and sent lives in the files beside this one; who owns a lane is behind
//! [`Sequencer`], so that another owner than this process can be put there.

mod batch;
mod catalogue;
mod census;
mod conclude;
mod creating;
mod cycle;
mod evidence;
mod execute;
mod folded;
mod foreign;
mod judging;
mod key;
mod known;
mod lane;
mod lanes;
mod members;
mod names;
mod once;
mod pending;
mod prepare;
mod refusal;
mod restart;
mod taken;
#[cfg(test)]
mod tests;
mod unsettled;
mod waiting;

pub(crate) use catalogue::lookup;
pub use catalogue::{Action, EditJob, Edited, TagUpdate};
pub use census::LaneStanding;
pub use foreign::ForeignCounts;
pub use lanes::Lanes;
pub use names::NameLocks;
pub use once::{Intent, Landed, Noted, Once, TakeUp, Wish};
pub use prepare::{Prepared, prepare, preview};
pub use restart::{Dormant, Notes};

use crate::{
    error::Error,
    gateway::Route,
    upstream::{CallContext, Meter, Priority},
};
use adapters::{Carried, Change, Element};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::time::Instant;

/// Carries out changes, one at a time for each conversation.
pub trait Sequencer: Send + Sync {
    /// Takes a change into its conversation's order and answers when its fate is known, or when its deadline
    /// passes. The vendor's write is not the caller's: dropping the future ends the waiting only.
    fn submit(&self, job: Job) -> BoxFuture<'static, Result<Changed, Error>>;

    /// Edits the catalogue, one edit at a time for each name; the vendor's write is not the caller's here too.
    fn edit(&self, job: EditJob) -> BoxFuture<'static, Result<Edited, Error>>;
}

/// A change on its way.
#[derive(Clone, Debug)]
pub struct Job {
    /// The route it came by.
    pub route: Arc<Route>,
    /// The vendor's id of the conversation.
    pub conversation: String,
    /// What is asked.
    pub change: Change,
    /// Whether unknown tags are made first.
    pub create_missing: bool,
    /// What the set has to be.
    pub if_match: Option<IfMatch>,
    /// Whether the set after the change is asked for.
    pub representation: bool,
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// Counts what is spent.
    pub meter: Arc<Meter>,
    /// Remembers it under the caller's key.
    pub once: Option<Arc<dyn Once>>,
}

impl Job {
    /// The context of the vendor calls that are made while nothing has been written.
    pub fn context(&self) -> CallContext {
        self.context_until(self.deadline)
    }

    /// The context of the vendor calls from the first write on: the caller's time no longer counts.
    fn context_beyond_the_caller(&self) -> CallContext {
        let settled = Instant::now() + self.route.account.limits.settle;
        self.context_until(self.deadline.max(settled))
    }

    fn context_until(&self, deadline: Instant) -> CallContext {
        CallContext {
            route: self.route.name.clone(),
            responses: self.route.responses,
            deadline,
            due: self.deadline,
            committed: false,
            changes: true,
            priority: Priority::Interactive,
            meter: self.meter.clone(),
            seed: self.once.as_ref().map(|once| once.seed()),
        }
    }
}

/// What `If-Match` asks of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// That the conversation exists.
    Exists,
    /// That it is one of these, each with its quotes.
    OneOf(Vec<String>),
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Carried after and not before; where `assumed`, what was asked.
    pub added: Vec<Element>,
    /// Carried before and not after; where `assumed`, what was asked.
    pub removed: Vec<Element>,
    /// Whether nothing was read, so that the effect is what was asked.
    pub assumed: bool,
    /// The set after the change, where it was asked for and is known.
    pub set: Option<Carried>,
}
