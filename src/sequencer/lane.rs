//! One conversation's lane: a queue, and what is open.

use super::{
    NameLocks,
    census::Counts,
    cycle::run,
    foreign::Foreign,
    key::{ByLane, LaneKey},
    known::KnownSets,
    pending::{Open, Pending},
    restart::{NotedLane, Notes, Restored},
    unsettled::{Touch, Unsettled},
    waiting::{BoxedMember, Member, Progress},
};
use crate::{
    error::{Code, Error, Outcome},
    planted::{self, Bug},
    sync::lock,
};
use std::{
    collections::{VecDeque, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// Most changes that wait in one lane.
const MAX_WAITING: usize = 1_024;

/// Most changes that are folded into one plan.
const MAX_BATCH: usize = 128;

/// Most lanes at once.
const MAX_LANES: usize = 100_000;

/// How long to wait when a limit is reached.
const OVERLOADED_WAIT: Duration = Duration::from_secs(1);

/// Lanes are looked up in parts, so that conversations do not wait for one another.
const SHARDS: usize = 16;

/// A part of the lanes.
type Shard = Mutex<ByLane<Arc<Lane>>>;

/// What the lanes have in common.
pub(super) struct Shared {
    pub(super) shards: [Shard; SHARDS],
    pub(super) lanes: AtomicUsize,
    pub(super) writing: AtomicUsize,
    pub(super) idle: Notify,
    pub(super) names: NameLocks,
    pub(super) known: KnownSets,
    pub(super) foreign: Foreign,
    pub(super) restored: Restored,
    pub(super) counts: Counts,
}

/// The changes of one conversation.
pub(super) struct Lane {
    pub(super) key: LaneKey,
    standing: Mutex<Standing>,
    pub(super) arrived: Notify,
}

/// How a lane stands.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) queue: VecDeque<BoxedMember>,
    /// What an earlier write may still change.
    pub(super) unsettled: Unsettled,
    /// Keyed changes whose outcome is to be looked up.
    pub(super) open: Open,
}

impl Lane {
    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        lock(&self.standing)
    }

    /// Until when a change has to wait that stands in the queue, if it does; `None` when it need not.
    pub(super) fn holds_up_queued(&self, progress: &Arc<Progress>) -> Option<Instant> {
        let standing = self.standing();
        let mut queue = standing.queue.iter();
        let member = queue.find(|member| Arc::ptr_eq(&member.progress, progress))?;
        standing.holds_up(member)
    }
}

impl Standing {
    /// Until when a change has to wait; `None` when it need not.
    fn holds_up(&self, member: &Member) -> Option<Instant> {
        if self.unsettled.is_settled() && self.open.is_empty() {
            return None;
        }
        let touch = member.touch();
        self.unsettled
            .holds_up(touch)
            .max(self.open.holds_up(touch))
    }
}

/// A refusal of a change that has to wait until then.
pub(super) fn settling(until: Instant) -> Error {
    Error::new(
        Code::ConversationSettling,
        "an earlier write to this conversation may still take effect",
    )
    .retry_after(until.saturating_duration_since(Instant::now()))
    .outcome(Outcome::NotApplied)
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            shards: Default::default(),
            lanes: AtomicUsize::new(0),
            writing: AtomicUsize::new(0),
            idle: Notify::new(),
            names: NameLocks::default(),
            known: KnownSets::default(),
            foreign: Foreign::default(),
            restored: Restored::default(),
            counts: Counts::default(),
        }
    }

    fn shard(&self, key: &LaneKey) -> &Shard {
        let [first, ..] = &self.shards;
        self.shards.get(key.part(SHARDS)).unwrap_or(first)
    }

    /// Puts a change into its lane.
    ///
    /// # Errors
    /// `overloaded` past a limit; `conversation-settling` for one that cannot outlast what is open, with the
    /// true wait.
    pub(super) fn enqueue(self: &Arc<Self>, member: BoxedMember) -> Result<Arc<Lane>, Error> {
        let account = member.job.route.account.order_key();
        let key = match planted::is(Bug::NoLane) {
            true => {
                let apart = format!("{}/{}", member.job.conversation, planted::number());
                LaneKey::new(account, &apart)
            }
            false => LaneKey::new(account, &member.job.conversation),
        };
        let deadline = member.job.deadline;
        let cannot_outlast = |held_up: Option<Instant>| match held_up {
            Some(until) if until >= deadline => Err(settling(until)),
            _ => Ok(()),
        };
        let mut shard = lock(self.shard(&key));
        match shard.entry(key) {
            Entry::Occupied(lane) => {
                let lane = lane.get().clone();
                let mut standing = lane.standing();
                cannot_outlast(standing.holds_up(&member))?;
                let queue = &mut standing.queue;
                if queue.len() >= MAX_WAITING {
                    queue.retain(|waiting| !waiting.progress.is_called_off());
                }
                if queue.len() >= MAX_WAITING {
                    return Err(overloaded("too many changes wait for this conversation"));
                }
                queue.push_back(member);
                drop(standing);
                lane.arrived.notify_one();
                Ok(lane)
            }
            Entry::Vacant(place) => {
                let mut standing = Standing::default();
                if self.restored.is_any() {
                    standing.unsettled = self.restored.unsettled(place.key());
                    cannot_outlast(standing.holds_up(&member))?;
                }
                if self.lanes.fetch_add(1, Ordering::AcqRel) >= MAX_LANES {
                    self.lanes.fetch_sub(1, Ordering::AcqRel);
                    return Err(overloaded("too many conversations are being changed"));
                }
                if self.restored.is_any() {
                    let left = self.restored.take(place.key());
                    standing.unsettled = left.unsettled;
                    for dormant in left.open {
                        let route = member.job.route.clone();
                        standing.open.push(Pending::dormant(dormant, route));
                    }
                }
                standing.queue.push_back(member);
                let lane = Arc::new(Lane {
                    key: place.key().clone(),
                    standing: Mutex::new(standing),
                    arrived: Notify::new(),
                });
                place.insert(lane.clone());
                // Boxed, since what is spawned is copied on its way into the task and out of it again.
                tokio::spawn(Box::pin(run(self.clone(), lane.clone())));
                Ok(lane)
            }
        }
    }

    /// What may still land at the vendors.
    pub(super) fn notes(&self) -> Notes {
        let mut notes = Notes::default();
        for shard in &self.shards {
            for (key, lane) in lock(shard).iter() {
                let mut standing = lane.standing();
                standing.unsettled.settle(Instant::now());
                notes.lanes.extend(NotedLane::of(key, &standing.unsettled));
            }
        }
        self.names.note(&mut notes);
        self.restored.note(&mut notes);
        notes
    }

    /// What the lane has to do next.
    pub(super) fn next(&self, lane: &Lane) -> Next {
        let mut shard = lock(self.shard(&lane.key));
        let mut standing = lane.standing();
        if standing.unsettled.is_settled() && standing.open.is_empty() {
            let batch = take(&mut standing);
            if batch.is_empty() {
                return self.done(&mut shard, lane);
            }
            return Next::Batch(batch);
        }
        let now = Instant::now();
        standing.unsettled.settle(now);
        let Standing {
            unsettled, open, ..
        } = &mut *standing;
        let due = open.take_due(now, |touch| unsettled.holds_up(touch).is_some());
        if !due.is_empty() {
            return Next::Resolve(due);
        }
        let batch = take(&mut standing);
        if !batch.is_empty() {
            return Next::Batch(batch);
        }
        match (standing.unsettled.next(), standing.open.next()) {
            (None, None) => self.done(&mut shard, lane),
            // What is due and held up all the same waits for what holds it up.
            (Some(until), open) => {
                Next::Rest(open.filter(|at| *at > now).unwrap_or(until).min(until))
            }
            (None, Some(until)) => Next::Rest(until),
        }
    }

    fn done(&self, shard: &mut ByLane<Arc<Lane>>, lane: &Lane) -> Next {
        shard.remove(&lane.key);
        self.lanes.fetch_sub(1, Ordering::AcqRel);
        Next::Done
    }
}

/// What a lane has to do.
pub(super) enum Next {
    /// Changes whose outcome can be looked up.
    Resolve(Vec<Pending>),
    /// Changes to be carried out, in order.
    Batch(Vec<BoxedMember>),
    /// Nothing can be done before then, unless something arrives.
    Rest(Instant),
    /// The lane is gone.
    Done,
}

/// Takes the changes that nothing holds up. A change that has to wait holds up later ones about the same.
///
/// What is folded goes to one vendor by one dialect: after a reload, changes that came before it and after it wait in
/// one lane, and each is carried out with the settings that it came by.
fn take(standing: &mut Standing) -> Vec<BoxedMember> {
    let queue = std::mem::take(&mut standing.queue);
    let mut batch: Vec<BoxedMember> = Vec::with_capacity(queue.len().min(MAX_BATCH));
    let mut waiting: VecDeque<BoxedMember> = VecDeque::new();
    for member in queue {
        let waits = standing.holds_up(&member).is_some()
            || waiting.iter().any(|earlier| {
                // A whole set that waits lets single names pass: they come before it.
                *earlier.touch() != Touch::Whole && earlier.touch().meets(member.touch())
            });
        let apart = batch
            .first()
            .is_some_and(|first| !Arc::ptr_eq(&first.job.route.account, &member.job.route.account));
        if waits || apart || batch.len() >= MAX_BATCH {
            waiting.push_back(member);
        } else if member.progress.begin() {
            batch.push(member);
        }
    }
    standing.queue = waiting;
    batch
}

fn overloaded(detail: &str) -> Error {
    Error::new(Code::Overloaded, detail)
        .retry_after(OVERLOADED_WAIT)
        .outcome(Outcome::NotApplied)
}
