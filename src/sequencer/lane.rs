//! One conversation's lane: a queue, what is open, and the task that works it off.

use super::{
    NameLocks,
    census::Counts,
    foreign::Foreign,
    known::KnownSets,
    once::TakeUp,
    pending::{Open, Pending, resolve},
    restart::{NotedLane, Notes, Restored},
    taken::{BatchConcluded, Taken},
    unsettled::{Touch, Unsettled},
    waiting::{CallOff, Member},
};
use crate::{
    config::ForeignWriters,
    error::{Code, Error, Outcome},
    planted::{self, Bug},
    sync::lock,
};
use futures_util::FutureExt;
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

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

/// What the account is ordered as, and the conversation's id.
pub(super) type LaneKey = (String, String);

/// A part of the lanes.
type Shard = Mutex<HashMap<LaneKey, Arc<Lane>>>;

/// What the lanes have in common.
pub(super) struct Shared {
    pub(super) shards: [Shard; SHARDS],
    hasher: RandomState,
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
#[derive(Default)]
pub(super) struct Lane {
    pub(super) queue: Mutex<VecDeque<Member>>,
    /// What an earlier write may still change.
    pub(super) unsettled: Mutex<Unsettled>,
    /// Keyed changes whose outcome is to be looked up.
    open: Mutex<Open>,
    arrived: Notify,
}

impl Lane {
    /// Until when a change has to wait; `None` when it need not.
    pub(super) fn holds_up(&self, touch: &Touch) -> Option<Instant> {
        let unsettled = lock(&self.unsettled).holds_up(touch);
        unsettled.max(lock(&self.open).holds_up(touch))
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
            hasher: RandomState::new(),
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
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.shards[hash % SHARDS]
    }

    /// Puts a change into its lane.
    ///
    /// # Errors
    /// `overloaded` past a limit; `conversation-settling` for one that cannot outlast what is open, with the
    /// true wait.
    pub(super) fn enqueue(self: &Arc<Self>, member: Member) -> Result<Arc<Lane>, Error> {
        let key = (
            member.job.route.account.order_key().to_owned(),
            member.job.conversation.clone(),
        );
        let key = match planted::is(Bug::NoLane) {
            true => (key.0, format!("{}/{}", key.1, planted::number())),
            false => key,
        };
        let cannot_outlast = |held_up: Option<Instant>| match held_up {
            Some(until) if until >= member.job.deadline => Err(settling(until)),
            _ => Ok(()),
        };
        let mut shard = lock(self.shard(&key));
        let lane = match shard.entry(key.clone()) {
            Entry::Occupied(lane) => {
                let lane = lane.get().clone();
                cannot_outlast(lane.holds_up(&member.touch))?;
                let mut queue = lock(&lane.queue);
                if queue.len() >= MAX_WAITING {
                    queue.retain(|waiting| !waiting.progress.is_called_off());
                }
                if queue.len() >= MAX_WAITING {
                    return Err(overloaded("too many changes wait for this conversation"));
                }
                queue.push_back(member);
                drop(queue);
                lane.arrived.notify_one();
                lane
            }
            Entry::Vacant(place) => {
                cannot_outlast(self.restored.unsettled(&key).holds_up(&member.touch))?;
                if self.lanes.fetch_add(1, Ordering::AcqRel) >= MAX_LANES {
                    self.lanes.fetch_sub(1, Ordering::AcqRel);
                    return Err(overloaded("too many conversations are being changed"));
                }
                let lane = place.insert(Arc::default()).clone();
                let left = self.restored.take(&key);
                *lock(&lane.unsettled) = left.unsettled;
                for dormant in left.open {
                    let route = member.job.route.clone();
                    lock(&lane.open).push(Pending::dormant(dormant, route));
                }
                lock(&lane.queue).push_back(member);
                tokio::spawn(run(self.clone(), key, lane.clone()));
                lane
            }
        };
        Ok(lane)
    }

    /// What may still land at the vendors.
    pub(super) fn notes(&self) -> Notes {
        let mut notes = Notes::default();
        for shard in &self.shards {
            for (key, lane) in lock(shard).iter() {
                let mut unsettled = lock(&lane.unsettled);
                unsettled.settle(Instant::now());
                notes.lanes.extend(NotedLane::of(key, &unsettled));
            }
        }
        self.names.note(&mut notes);
        self.restored.note(&mut notes);
        notes
    }

    /// What the lane has to do next.
    fn next(&self, shard: &Shard, key: &LaneKey, lane: &Lane) -> Next {
        let mut shard = lock(shard);
        let now = Instant::now();
        let mut unsettled = lock(&lane.unsettled);
        unsettled.settle(now);
        let mut open = lock(&lane.open);
        let due = open.take_due(now, |touch| unsettled.holds_up(touch).is_some());
        if !due.is_empty() {
            return Next::Resolve(due);
        }
        let mut queue = lock(&lane.queue);
        let batch = take(&mut queue, |touch| {
            unsettled.holds_up(touch).is_some() || open.holds_up(touch).is_some()
        });
        if !batch.is_empty() {
            return Next::Batch(batch);
        }
        match (unsettled.next(), open.next()) {
            (None, None) => {
                shard.remove(key);
                self.lanes.fetch_sub(1, Ordering::AcqRel);
                Next::Done
            }
            // What is due and held up all the same waits for what holds it up.
            (Some(until), open) => {
                Next::Rest(open.filter(|at| *at > now).unwrap_or(until).min(until))
            }
            (None, Some(until)) => Next::Rest(until),
        }
    }
}

enum Next {
    /// Changes whose outcome can be looked up.
    Resolve(Vec<Pending>),
    /// Changes to be carried out, in order.
    Batch(Vec<Member>),
    /// Nothing can be done before then, unless something arrives.
    Rest(Instant),
    /// The lane is gone.
    Done,
}

/// Takes the changes that nothing holds up. A change that has to wait holds up later ones about the same.
///
/// What is folded goes to one vendor by one dialect: after a reload, changes that came before it and after it wait in
/// one lane, and each is carried out with the settings that it came by.
fn take(queue: &mut VecDeque<Member>, held_up: impl Fn(&Touch) -> bool) -> Vec<Member> {
    let mut batch = Vec::new();
    let mut waiting = VecDeque::new();
    for member in queue.drain(..) {
        let waits = held_up(&member.touch)
            || waiting.iter().any(|earlier: &Member| {
                // A whole set that waits lets single names pass: they come before it.
                earlier.touch != Touch::Whole && earlier.touch.meets(&member.touch)
            });
        let apart = batch.first().is_some_and(|first: &Member| {
            !Arc::ptr_eq(&first.job.route.account, &member.job.route.account)
        });
        if waits || apart || batch.len() >= MAX_BATCH {
            waiting.push_back(member);
        } else if member.progress.begin() {
            batch.push(member);
        }
    }
    *queue = waiting;
    batch
}

/// What is known of changes on which the gateway failed.
fn gave_up(members: &[Taken<'_>]) -> BatchConcluded {
    let mut unsettled = Unsettled::default();
    let results = members.iter().map(|member| {
        let error = Error::new(Code::Internal, "the gateway failed on this change");
        Err(match member.progress.call_off() {
            CallOff::Writing => {
                unsettled.extend(Unsettled::whole(
                    Instant::now() + member.job.route.account.limits.settle,
                ));
                error.outcome(Outcome::Unknown)
            }
            CallOff::Queued | CallOff::Preparing => error.outcome(Outcome::NotApplied),
        })
    });
    let results = results.collect();
    BatchConcluded {
        results,
        unsettled,
        ..BatchConcluded::default()
    }
}

fn overloaded(detail: &str) -> Error {
    Error::new(Code::Overloaded, detail)
        .retry_after(OVERLOADED_WAIT)
        .outcome(Outcome::NotApplied)
}

async fn run(shared: Arc<Shared>, key: LaneKey, lane: Arc<Lane>) {
    let shard = shared.shard(&key);
    loop {
        match shared.next(shard, &key, &lane) {
            Next::Resolve(due) => {
                for again in resolve(due).await {
                    lock(&lane.open).push(again);
                }
            }
            Next::Batch(batch) => cycle(&shared, &key, &lane, batch).await,
            Next::Rest(until) => {
                // Whatever arrives may be about other names.
                let _ = timeout_at(until, lane.arrived.notified()).await;
            }
            Next::Done => return,
        }
    }
}

/// One cycle of a lane: its changes are carried out together, and each has its answer.
async fn cycle(shared: &Arc<Shared>, key: &LaneKey, lane: &Lane, batch: Vec<Member>) {
    let mut members = Vec::with_capacity(batch.len());
    for member in batch {
        member.job.meter.queued(member.since.elapsed());
        members.extend(taken_up(member).await);
    }
    let Some(first) = members.first() else {
        return;
    };
    let limits = first.job.route.account.limits;
    let remembers = limits.exclusive || limits.foreign_writers != ForeignWriters::Off;
    let mut turn = shared.known.take(key);
    let known = turn.set.take();
    let taken: Vec<Taken<'_>> = members.iter().map(Member::taken).collect();
    let counted = Writing::begin(shared);
    // A lane that dies would leave its conversation without one for good.
    let work = AssertUnwindSafe(shared.foreign.carry_out(&taken, &shared.names, known));
    let concluded = work.catch_unwind().await;
    let concluded = concluded.unwrap_or_else(|_| gave_up(&taken));
    shared.counts.cycle(&concluded.results);
    lock(&lane.unsettled).extend(concluded.unsettled);
    let is_settled = *lock(&lane.unsettled) == Unsettled::default();
    if let Some(set) = concluded.known.filter(|_| remembers && is_settled) {
        shared.known.put(key, &turn, set);
    }
    for (member, result) in members.into_iter().zip(concluded.results) {
        let due = lock(&lane.unsettled).holds_up(&member.touch);
        if let Some(pending) = member.pending(&result, due.unwrap_or_else(Instant::now)) {
            lock(&lane.open).push(pending);
        }
        member.conclude(result, Writing::begin(shared));
    }
    drop(counted);
}

/// A change whose turn it is; nothing when its answer has become known while it waited.
async fn taken_up(mut member: Member) -> Option<Member> {
    let Some(once) = &member.job.once else {
        return Some(member);
    };
    let refused = match once.take_up().await {
        Ok(TakeUp::Fresh) => return Some(member),
        Ok(TakeUp::Resumes) => {
            member.job.if_match = None;
            return Some(member);
        }
        Ok(TakeUp::Known) => Error::new(
            Code::IdempotencyInProgress,
            "the answer has become known while the repeat waited",
        ),
        Err(error) => error,
    };
    // A caller that is gone needs no answer.
    let _ = member.answer.send(Err(refused));
    None
}

/// Counts a cycle of a lane for as long as it is under way: it may be writing.
pub(super) struct Writing(Arc<Shared>);

impl Writing {
    pub(super) fn begin(shared: &Arc<Shared>) -> Self {
        shared.writing.fetch_add(1, Ordering::AcqRel);
        Self(shared.clone())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.writing.fetch_sub(1, Ordering::AcqRel);
        self.0.idle.notify_waiters();
    }
}
