//! The lanes of this process: a queue and a task for each conversation that has work.

use super::{
    Changed, EditJob, Edited, Job, NameLocks, Sequencer,
    batch::{BatchConcluded, Taken, carry_out},
    catalogue,
    unsettled::{Touch, Unsettled},
    waiting::{CallOff, CallOffOnDrop, Member, Progress},
};
use crate::{
    clock,
    error::{Code, Error, Outcome},
};
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
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

/// The in-process owner of all lanes.
pub struct Lanes {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) shards: [Mutex<HashMap<LaneKey, Arc<Lane>>>; SHARDS],
    hasher: RandomState,
    pub(super) lanes: AtomicUsize,
    pub(super) writing: AtomicUsize,
    pub(super) idle: Notify,
    pub(super) names: NameLocks,
}

/// What the account is ordered as, and the conversation's id.
pub(super) type LaneKey = (String, String);

#[derive(Default)]
pub(super) struct Lane {
    pub(super) queue: Mutex<VecDeque<Member>>,
    /// What an earlier write may still change.
    unsettled: Mutex<Unsettled>,
    arrived: Notify,
}

impl Default for Lanes {
    fn default() -> Self {
        Self::new()
    }
}

impl Lanes {
    /// No lane yet.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                shards: Default::default(),
                hasher: RandomState::new(),
                lanes: AtomicUsize::new(0),
                writing: AtomicUsize::new(0),
                idle: Notify::new(),
                names: NameLocks::default(),
            }),
        }
    }
}

impl Sequencer for Lanes {
    fn submit(&self, job: Job) -> BoxFuture<'static, Result<Changed, Error>> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let deadline = job.deadline;
            let settle = job.route.account.limits.settle;
            let progress = Arc::new(Progress::default());
            let touch = Touch::of(&job);
            let (answer, waiting) = oneshot::channel();
            let lane = shared.enqueue(Member {
                touch: touch.clone(),
                job,
                since: Instant::now(),
                progress: progress.clone(),
                answer,
            })?;
            let gone = CallOffOnDrop(progress.clone());
            let heard = timeout_at(deadline, waiting).await;
            let result =
                match heard {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(Error::new(Code::Internal, "the change was given up")
                        .outcome(Outcome::Unknown)),
                    Err(_) => Err(too_late(progress.call_off(), &lane, &touch, settle)),
                };
            drop(gone);
            result
        })
    }

    fn edit(&self, job: EditJob) -> BoxFuture<'static, Result<Edited, Error>> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let deadline = job.deadline;
            let settle = job.route.account.limits.settle;
            let progress = Arc::new(Progress::default());
            let gone = CallOffOnDrop(progress.clone());
            let working = progress.clone();
            let work = tokio::spawn(async move {
                if !working.begin() {
                    return Err(Error::new(Code::Deadline, "the caller is gone")
                        .outcome(Outcome::NotApplied));
                }
                let _counted = Writing::begin(&shared);
                catalogue::edit(&job, &working, &shared.names).await
            });
            let result =
                match timeout_at(deadline, work).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(Error::new(Code::Internal, "the edit was given up")
                        .outcome(Outcome::Unknown)),
                    Err(_) => Err(edit_too_late(progress.call_off(), settle)),
                };
            drop(gone);
            result
        })
    }
}

/// An edit that the caller did not wait for.
fn edit_too_late(call_off: CallOff, settle: Duration) -> Error {
    match call_off {
        CallOff::Queued | CallOff::Preparing => Error::new(
            Code::Deadline,
            "the deadline passed before anything was sent",
        )
        .outcome(Outcome::NotApplied),
        CallOff::Writing => Error::new(
            Code::VendorTimeout,
            "the vendor has not answered yet; the edit goes on",
        )
        .outcome(Outcome::Unknown)
        .settles_at(clock::rfc3339(Instant::now() + settle * 2)),
    }
}

fn settling(until: Instant) -> Error {
    Error::new(
        Code::ConversationSettling,
        "an earlier write to this conversation may still take effect",
    )
    .retry_after(until.saturating_duration_since(Instant::now()))
    .outcome(Outcome::NotApplied)
}

fn too_late(call_off: CallOff, lane: &Lane, touch: &Touch, settle: Duration) -> Error {
    let now = Instant::now();
    match (call_off, lock(&lane.unsettled).holds_up(touch)) {
        (CallOff::Queued, Some(until)) if until > now => settling(until),
        (CallOff::Queued | CallOff::Preparing, _) => Error::new(
            Code::Deadline,
            "the deadline passed before anything was sent",
        )
        .outcome(Outcome::NotApplied),
        (CallOff::Writing, _) => {
            // An answer is listened to for the settle time, and a write whose answer never comes may land for as
            // long again.
            Error::new(
                Code::VendorTimeout,
                "the vendor has not answered yet; the change goes on",
            )
            .outcome(Outcome::Unknown)
            .settles_at(clock::rfc3339(now + settle * 2))
        }
    }
}

impl Shared {
    fn shard(&self, key: &LaneKey) -> &Mutex<HashMap<LaneKey, Arc<Lane>>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.shards[hash % SHARDS]
    }

    fn enqueue(self: &Arc<Self>, member: Member) -> Result<Arc<Lane>, Error> {
        let key = (
            member.job.route.account.order_key().to_owned(),
            member.job.conversation.clone(),
        );
        let mut shard = lock(self.shard(&key));
        let lane = match shard.entry(key.clone()) {
            Entry::Occupied(lane) => {
                let lane = lane.get().clone();
                // One that cannot outlast what is open is refused at once, with the true wait.
                let held_up = lock(&lane.unsettled).holds_up(&member.touch);
                if let Some(until) = held_up.filter(|until| *until >= member.job.deadline) {
                    return Err(settling(until));
                }
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
                if self.lanes.fetch_add(1, Ordering::AcqRel) >= MAX_LANES {
                    self.lanes.fetch_sub(1, Ordering::AcqRel);
                    return Err(overloaded("too many conversations are being changed"));
                }
                let lane = place.insert(Arc::default()).clone();
                lock(&lane.queue).push_back(member);
                tokio::spawn(run(self.clone(), key, lane.clone()));
                lane
            }
        };
        Ok(lane)
    }

    /// What the lane has to do next.
    fn next(&self, key: &LaneKey, lane: &Lane) -> Next {
        let mut shard = lock(self.shard(key));
        let mut unsettled = lock(&lane.unsettled);
        unsettled.settle(Instant::now());
        let mut queue = lock(&lane.queue);
        let batch = take(&mut queue, &unsettled);
        if !batch.is_empty() {
            return Next::Batch(batch);
        }
        if let Some(until) = unsettled.next() {
            return Next::Rest(until);
        }
        shard.remove(key);
        self.lanes.fetch_sub(1, Ordering::AcqRel);
        Next::Done
    }
}

enum Next {
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
fn take(queue: &mut VecDeque<Member>, unsettled: &Unsettled) -> Vec<Member> {
    let mut batch = Vec::new();
    let mut waiting = VecDeque::new();
    for member in queue.drain(..) {
        let held_up = unsettled.holds_up(&member.touch).is_some()
            || waiting.iter().any(|earlier: &Member| {
                // A whole set that waits lets single names pass: they come before it.
                earlier.touch != Touch::Whole && earlier.touch.meets(&member.touch)
            });
        let apart = batch.first().is_some_and(|first: &Member| {
            !Arc::ptr_eq(&first.job.route.account, &member.job.route.account)
        });
        if held_up || apart || batch.len() >= MAX_BATCH {
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
    BatchConcluded { results, unsettled }
}

fn overloaded(detail: &str) -> Error {
    Error::new(Code::Overloaded, detail)
        .retry_after(OVERLOADED_WAIT)
        .outcome(Outcome::NotApplied)
}

async fn run(shared: Arc<Shared>, key: LaneKey, lane: Arc<Lane>) {
    loop {
        let batch = match shared.next(&key, &lane) {
            Next::Batch(batch) => batch,
            Next::Rest(until) => {
                // Whatever arrives may be about other names.
                let _ = timeout_at(until, lane.arrived.notified()).await;
                continue;
            }
            Next::Done => return,
        };
        for member in &batch {
            member.job.meter.queued(member.since.elapsed());
        }
        let taken: Vec<Taken<'_>> = batch
            .iter()
            .map(|member| Taken {
                job: &member.job,
                progress: &member.progress,
            })
            .collect();
        let counted = Writing::begin(&shared);
        // A lane that dies would leave its conversation without one for good.
        let work = AssertUnwindSafe(carry_out(&taken, &shared.names)).catch_unwind();
        let BatchConcluded { results, unsettled } = work.await.unwrap_or_else(|_| gave_up(&taken));
        drop(counted);
        lock(&lane.unsettled).extend(unsettled);
        for (member, result) in batch.into_iter().zip(results) {
            // A caller that is gone needs no answer.
            let _ = member.answer.send(result);
        }
    }
}

/// Counts a cycle of a lane for as long as it is under way: it may be writing.
struct Writing<'a>(&'a Shared);

impl<'a> Writing<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.writing.fetch_add(1, Ordering::AcqRel);
        Self(shared)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.writing.fetch_sub(1, Ordering::AcqRel);
        self.0.idle.notify_waiters();
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
