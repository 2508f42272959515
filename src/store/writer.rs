//! The thread that commits: what waits goes into one synced transaction.

use super::{
    StoreError,
    engine::{Engine, Write},
};
use std::{io, thread};
use tokio::sync::{mpsc, oneshot};

/// The most writes that wait, and that one transaction takes. Later ones wait for a place.
const MAX_WAITING: usize = 256;

/// The way to the thread. When it is dropped, what waits is carried out and the thread ends.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

struct Job {
    write: Write,
    answer: oneshot::Sender<Result<usize, StoreError>>,
}

impl Writer {
    pub(super) fn start(engine: Engine) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(MAX_WAITING);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || run(engine, jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Carries out `write`, together with what else waits.
    pub(super) async fn write(&self, write: Write) -> Result<usize, StoreError> {
        let ended = || StoreError::Failed("its thread has ended".to_owned());
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        queue
            .send(Job { write, answer })
            .await
            .map_err(|_| ended())?;
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Writer {
    /// Waits for the thread, at most for one commit: whoever opens the file next finds it free.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has already been reported where it happened.
            let _ = thread.join();
        }
    }
}

fn run(mut engine: Engine, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut writes = vec![first.write];
        let mut callers = vec![first.answer];
        while writes.len() < MAX_WAITING
            && let Ok(job) = jobs.try_recv()
        {
            writes.push(job.write);
            callers.push(job.answer);
        }
        for (caller, answer) in callers.into_iter().zip(engine.run(&writes)) {
            // A caller that has gone does not need its answer.
            let _ = caller.send(answer);
        }
    }
}
