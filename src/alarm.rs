//! Times that are pushed on more often than they pass.

use hyper::rt;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant as StdInstant},
};
use tokio::time::{Instant, Sleep, sleep_until};

/// Wakes its task when a time has passed that nearly every request or call pushes on: the timer is armed anew only when
/// it has rung too early, or would ring too late.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once it is `until`.
    pub(crate) fn poll(&mut self, until: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if sleep.deadline() >= until {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
        }
    }
}

/// The timer of a library whose times never pass, because shorter ones are measured elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Never;

impl rt::Timer for Never {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(*self)
    }

    fn sleep_until(&self, _: StdInstant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(*self)
    }

    fn now(&self) -> StdInstant {
        Instant::now().into_std()
    }
}

impl rt::Sleep for Never {}

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test(start_paused = true)]
    async fn it_rings_at_the_last_time_it_was_given_and_not_before() {
        let mut alarm = Alarm::default();
        let begun = Instant::now();
        let after = |ms| begun + Duration::from_millis(ms);
        let mut ask =
            async |ms| poll_fn(|context| Poll::Ready(alarm.poll(after(ms), context))).await;
        assert!(ask(100).await.is_pending());
        assert!(ask(300).await.is_pending());
        tokio::time::advance(Duration::from_millis(200)).await;
        assert!(ask(300).await.is_pending(), "the first time was pushed on");
        assert!(ask(250).await.is_pending());
        poll_fn(|context| alarm.poll(after(250), context)).await;
        assert_eq!(begun.elapsed(), Duration::from_millis(250));
        poll_fn(|context| alarm.poll(after(400), context)).await;
        assert_eq!(begun.elapsed(), Duration::from_millis(400));
    }
}
