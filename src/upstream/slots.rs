//! Places at the vendor: so many calls at once, the one with the least time left first.

use super::{CallError, call::Outgoing};
use futures_util::future::BoxFuture;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use tower::{Layer, Service, ServiceExt};

/// The places of one account.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    taken: usize,
    /// Who waits: the earliest deadline first, and among equals who came first.
    waiting: BTreeMap<Place, oneshot::Sender<Slot>>,
    arrivals: u64,
}

/// A place in the line: when its caller stops waiting, and its number.
type Place = (Instant, u64);

/// A place at the vendor, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<Slots>);

impl Slots {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            line: Mutex::default(),
        })
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`CallError::NoTime`] when there was none in time.
    pub(super) async fn take(
        self: &Arc<Self>,
        due: Instant,
        deadline: Instant,
    ) -> Result<Slot, CallError> {
        let (give, given) = oneshot::channel();
        let place = {
            let mut line = self.line();
            line.arrivals += 1;
            let place = (due, line.arrivals);
            line.waiting.insert(place, give);
            place
        };
        let _leaves = LeavesTheLine(self, place);
        self.serve();
        match timeout_at(deadline, given).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(CallError::NoTime),
        }
    }

    /// How many places are taken, and how many calls wait for one.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        let line = self.line();
        (line.taken, line.waiting.len())
    }

    /// Gives free places to those who wait.
    fn serve(self: &Arc<Self>) {
        loop {
            let mut line = self.line();
            if line.taken >= self.most {
                return;
            }
            let Some((_, give)) = line.waiting.pop_first() else {
                return;
            };
            line.taken += 1;
            drop(line);
            // Whoever is gone by now drops the place, which gives it back.
            let _ = give.send(Slot(self.clone()));
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.line().taken -= 1;
        self.0.serve();
    }
}

struct LeavesTheLine<'a>(&'a Slots, Place);

impl Drop for LeavesTheLine<'_> {
    fn drop(&mut self) {
        self.0.line().waiting.remove(&self.1);
    }
}

/// A call that has its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) call: Outgoing,
    pub(super) slot: Slot,
}

/// Lets calls through as there are places.
#[derive(Clone, Debug)]
pub(super) struct SlotsLayer(pub(super) Arc<Slots>);

/// See [`SlotsLayer`].
#[derive(Clone, Debug)]
pub(super) struct InSlots<S> {
    inner: S,
    slots: Arc<Slots>,
}

impl<S> Layer<S> for SlotsLayer {
    type Service = InSlots<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InSlots {
            inner,
            slots: self.0.clone(),
        }
    }
}

impl<S> Service<Outgoing> for InSlots<S>
where
    S: Service<Placed, Error = CallError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = CallError;
    type Future = BoxFuture<'static, Result<S::Response, CallError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Outgoing) -> Self::Future {
        let (inner, slots) = (self.inner.clone(), self.slots.clone());
        Box::pin(async move {
            let slot = slots.take(call.due, call.deadline).await?;
            inner.oneshot(Placed { call, slot }).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::time::Duration;

    async fn wait_in_line(
        slots: &Arc<Slots>,
        seconds: u64,
        served: &Arc<Mutex<Vec<u64>>>,
    ) -> tokio::task::JoinHandle<()> {
        let (slots, served) = (slots.clone(), served.clone());
        let due = Instant::now() + Duration::from_secs(seconds);
        let waiting = tokio::spawn(async move {
            if let Ok(_slot) = slots.take(due, due).await {
                served.lock().unwrap().push(seconds);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        tokio::task::yield_now().await;
        waiting
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_the_least_time_left_is_served_first() {
        let slots = Slots::new(1);
        let far = Instant::now() + Duration::from_secs(99);
        let first = slots.take(far, far).await.expect("a free place");
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for seconds in [9, 3, 7, 1, 5] {
            tasks.push(wait_in_line(&slots, seconds, &served).await);
        }
        assert_eq!(slots.counts(), (1, 5));
        drop(first);
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(*served.lock().unwrap(), [1, 3, 5, 7, 9]);
        assert_eq!(slots.counts(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_leaves_the_line_takes_no_place() {
        let slots = Slots::new(1);
        let far = Instant::now() + Duration::from_secs(99);
        let first = slots.take(far, far).await.expect("a free place");
        let soon = Instant::now() + Duration::from_secs(1);
        assert!(matches!(
            slots.take(soon, soon).await,
            Err(CallError::NoTime)
        ));
        let mut gone = Box::pin(slots.take(far, far));
        assert!((&mut gone).now_or_never().is_none());
        // It has been given its place and does not know yet.
        drop(first);
        drop(gone);
        assert_eq!(slots.counts(), (0, 0));
        slots.take(far, far).await.expect("the place is free again");
    }
}
