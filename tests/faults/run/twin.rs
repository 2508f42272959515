//! A twin on a socket.

use std::{future, net::SocketAddr, sync::Arc};

use tagway::mock::{Options, Served, TWINS, serve};
use tokio::{net::TcpListener, task::JoinHandle};

/// A twin on a socket of its own, for as long as this is kept.
pub(crate) struct OnSocket {
    pub(crate) served: Arc<Served>,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl OnSocket {
    pub(crate) async fn start(vendor: &str) -> Self {
        let kind = TWINS.iter().find(|kind| kind.name == vendor);
        let options = Options {
            transcript_bytes: 256,
            ..Options::default()
        };
        let served = Served::new(kind.expect("a twin"), options).expect("a document");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let twin = Arc::clone(&served);
        let task = tokio::spawn(async move {
            // It serves until it is dropped.
            let _ = serve(listener, twin, future::pending()).await;
        });
        Self {
            served,
            address,
            task,
        }
    }
}

impl Drop for OnSocket {
    fn drop(&mut self) {
        self.task.abort();
    }
}
