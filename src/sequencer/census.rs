//! What can be seen of the lanes from outside.

use super::{lane::lock, lanes::Lanes};
use std::sync::atomic::Ordering;

impl Lanes {
    /// How many lanes have work or wait for an earlier write to settle.
    pub fn lanes(&self) -> usize {
        self.shared.lanes.load(Ordering::Acquire)
    }

    /// How many vendor writes are under way.
    pub fn writing(&self) -> usize {
        self.shared.writing.load(Ordering::Acquire)
    }

    /// How many changes wait for their turn.
    pub fn waiting(&self) -> usize {
        let mut waiting = 0;
        for shard in &self.shared.shards {
            let lanes = lock(shard);
            waiting += lanes
                .values()
                .map(|lane| lock(&lane.queue).len())
                .sum::<usize>();
        }
        waiting
    }

    /// Whether an account that is ordered as this has changes that wait, run or may still take effect.
    pub fn has_work(&self, order_key: &str) -> bool {
        let in_lanes = self.shared.shards.iter().any(|shard| {
            let shard = lock(shard);
            shard.keys().any(|(account, _)| account == order_key)
        });
        in_lanes || self.shared.names.has_work(order_key)
    }

    /// Waits until no vendor write is under way.
    pub async fn written(&self) {
        loop {
            let idle = self.shared.idle.notified();
            if self.writing() == 0 {
                return;
            }
            idle.await;
        }
    }
}
