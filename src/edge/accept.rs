//! Connections as they come: how many there may be, each in a task of its own.

use super::peers::{Peers, counted};
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

/// How long the accept loop rests when the system has no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Descriptors that are left to vendors, files and the operator's listener.
const KEPT_BACK: usize = 256;

/// How many connections there may be at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) in_all: usize,
    pub(super) per_address: usize,
}

impl Most {
    /// No more than the system has descriptors for: whoever connects beyond that would wait in vain.
    pub(super) fn within(self, descriptors: Option<usize>) -> Self {
        let Some(descriptors) = descriptors else {
            return self;
        };
        let room = descriptors.saturating_sub(KEPT_BACK).max(descriptors / 2);
        if room < self.in_all {
            tracing::warn!(
                max_connections = self.in_all,
                descriptors,
                "the process may not open enough descriptors: only {room} connections are open at once"
            );
        }
        Self {
            in_all: self.in_all.min(room),
            ..self
        }
    }
}

/// How many descriptors this process may have; nothing where that cannot be known, or there is no limit.
pub(super) fn descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Hands each connection to `serve` until `stop` turns true; then the listener is closed. Answers the connections
/// that are still open.
pub(super) async fn each<F, Fut>(
    listener: TcpListener,
    most: Most,
    mut stop: watch::Receiver<bool>,
    serve: F,
) -> JoinSet<()>
where
    F: Fn(TcpStream, IpAddr) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut door = Door {
        places: Arc::new(Semaphore::new(most.in_all)),
        peers: Arc::new(Peers::new(most.per_address)),
        open: JoinSet::new(),
        serve,
    };
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => door.admit(stream, peer.ip()),
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    if let Err(error) = door.last(listener) {
        tracing::debug!(%error, "connections that waited to be accepted are lost");
    }
    door.open
}

struct Door<F> {
    places: Arc<Semaphore>,
    peers: Arc<Peers>,
    open: JoinSet<()>,
    serve: F,
}

impl<F, Fut> Door<F>
where
    F: Fn(TcpStream, IpAddr) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    fn admit(&mut self, stream: TcpStream, address: IpAddr) {
        while self.open.try_join_next().is_some() {}
        let address = counted(address);
        // Over the limit a connection is closed at once: an answer would cost what there is none of.
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return;
        };
        let Some(own) = self.peers.place(address) else {
            return;
        };
        // Answers are small and written at once; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let serving = (self.serve)(stream, address);
        self.open.spawn(async move {
            serving.await;
            drop((place, own));
        });
    }

    /// Admits who has connected already: closing the listener would reset them.
    fn last(&mut self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        while let Ok((stream, peer)) = listener.accept() {
            stream.set_nonblocking(true)?;
            self.admit(TcpStream::from_std(stream)?, peer.ip());
        }
        Ok(())
    }
}
