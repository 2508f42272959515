//! A vendor that writes bytes, whatever it is asked.

use crate::support::until;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What is written to every connection, once a request's head was read.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// First, and once.
    pub(super) bytes: Vec<u8>,
    /// Then, again and again until the other side closes; empty: the connection is closed.
    pub(super) endless: Vec<u8>,
}

/// A vendor that follows a script.
pub(super) struct Raw {
    pub(super) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    written: Arc<AtomicU64>,
    ended: Arc<AtomicU64>,
}

impl Raw {
    pub(super) async fn new(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let raw = Self {
            address: listener.local_addr().unwrap(),
            heads: Arc::default(),
            written: Arc::default(),
            ended: Arc::default(),
        };
        let (heads, written, ended) = (raw.heads.clone(), raw.written.clone(), raw.ended.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, heads) = (script.clone(), heads.clone());
                let (written, ended) = (written.clone(), ended.clone());
                tokio::spawn(async move {
                    follow(stream, script, &heads, &written).await;
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        raw
    }

    /// One that answers with these bytes and closes.
    pub(super) async fn once(bytes: impl Into<Vec<u8>>) -> Self {
        let (bytes, endless) = (bytes.into(), Vec::new());
        Self::new(Script { bytes, endless }).await
    }

    /// One that never ends.
    pub(super) async fn endless(bytes: &str, endless: &str) -> Self {
        let (bytes, endless) = (bytes.as_bytes().to_vec(), endless.as_bytes().to_vec());
        Self::new(Script { bytes, endless }).await
    }

    /// The heads that arrived.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How much of its answers was taken, once the other side has closed all its connections.
    pub(super) async fn written(&self) -> u64 {
        until("the end of every connection", || {
            self.ended.load(Ordering::SeqCst) >= self.heads().len() as u64
        })
        .await;
        self.written.load(Ordering::SeqCst)
    }
}

async fn follow(
    mut stream: TcpStream,
    script: Script,
    heads: &Mutex<Vec<String>>,
    written: &AtomicU64,
) {
    let mut received = Vec::new();
    while !received.windows(4).any(|part| part == b"\r\n\r\n") {
        match stream.read_buf(&mut received).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    let head = String::from_utf8_lossy(&received).into_owned();
    heads.lock().unwrap().push(head);
    if stream.write_all(&script.bytes).await.is_err() {
        return;
    }
    written.fetch_add(script.bytes.len() as u64, Ordering::SeqCst);
    while !script.endless.is_empty() && stream.write_all(&script.endless).await.is_ok() {
        written.fetch_add(script.endless.len() as u64, Ordering::SeqCst);
    }
    // What was written stays readable for the other side: nothing unread is left to turn the close into a reset.
    let _ = stream.shutdown().await;
}
