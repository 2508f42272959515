//! Connections that wait for the next call, and the answers that give them back.

use super::{
    super::transport::TransportError,
    link::{Link, told, unheard},
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// How long an unused connection is kept. Shorter than what servers usually keep theirs, so that a request
/// seldom meets a connection that is just being closed.
pub(super) const IDLE: Duration = Duration::from_secs(20);

/// Connections at rest. There are as many as there were calls at once: with fewer, each burst would connect anew.
pub(super) struct Pool(Mutex<Resting>);

#[derive(Default)]
struct Resting {
    /// Whoever came last is last, and taken first, so that what is not needed grows old.
    links: Vec<(Link, Instant)>,
    /// Whether somebody closes what has become too old.
    swept: bool,
}

impl Pool {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// The connection that was used last, if it is not too old.
    pub(super) fn take(&self) -> Option<Link> {
        let (link, since) = self.resting().links.pop()?;
        (since.elapsed() < IDLE).then_some(link)
    }

    /// Keeps a connection whose call is done; closes it if it cannot be used again.
    pub(super) fn put(self: &Arc<Self>, mut link: Link) {
        if !link.is_free() {
            return;
        }
        let mut resting = self.resting();
        resting.links.push((link, Instant::now()));
        if !resting.swept {
            resting.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Closes what is too old; when the next one will be.
    fn swept(&self) -> Option<Instant> {
        let mut resting = self.resting();
        let fresh = |(_, since): &(Link, Instant)| since.elapsed() < IDLE;
        let old = resting.links.partition_point(|link| !fresh(link));
        resting.links.drain(..old);
        resting.swept = !resting.links.is_empty();
        resting.links.first().map(|(_, since)| *since + IDLE)
    }

    fn resting(&self) -> MutexGuard<'_, Resting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs while connections are at rest.
async fn sweep(pool: Weak<Pool>) {
    while let Some(next) = pool.upgrade().and_then(|pool| pool.swept()) {
        sleep_until(next).await;
    }
}

/// The body of an answer. The connection goes back when it is read to its end, and is closed if it never is.
pub(super) struct Body {
    incoming: Incoming,
    link: Option<Link>,
    pool: Arc<Pool>,
}

impl Body {
    /// One of which there is more to come.
    pub(super) fn new(incoming: Incoming, link: Link, pool: Arc<Pool>) -> Self {
        Self {
            incoming,
            link: Some(link),
            pool,
        }
    }

    fn release_at_end(&mut self) {
        if http_body::Body::is_end_stream(&self.incoming)
            && let Some(link) = self.link.take()
        {
            self.pool.put(link);
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = &mut *self;
        let Some(link) = &mut this.link else {
            return Poll::Ready(None);
        };
        let mut incoming = Pin::new(&mut this.incoming);
        let mut frame = incoming.as_mut().poll_frame(&mut unheard());
        if frame.is_pending() {
            link.advance(context);
            frame = incoming.poll_frame(&mut unheard());
        }
        match frame {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                this.release_at_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.link = None;
                Poll::Ready(Some(Err(TransportError::Broken(told(&error)))))
            }
            Poll::Ready(None) => {
                if let Some(link) = this.link.take() {
                    this.pool.put(link);
                }
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.link.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
