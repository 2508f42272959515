//! How far a request on a connection has come, for the counts of those that were cut or left.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use http::Method;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// How far the latest request on a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Stage {
    /// There is none, or it has its answer.
    Idle = 0,
    /// Some of it is there.
    Arriving = 1,
    /// It is a read, is there whole, and has no answer yet.
    Read = 2,
    /// The same of a write.
    Write = 3,
}

/// The stage of a connection, shared by its socket and by what answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU8>);

/// A socket that notes when bytes of a request arrive.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    progress: Progress,
}

impl Progress {
    pub(super) fn stage(&self) -> Stage {
        match self.0.load(Ordering::Acquire) {
            1 => Stage::Arriving,
            2 => Stage::Read,
            3 => Stage::Write,
            _ => Stage::Idle,
        }
    }

    /// The request is there whole.
    pub(super) fn whole(&self, method: &Method) {
        self.set(if method.is_safe() {
            Stage::Read
        } else {
            Stage::Write
        });
    }

    /// The request has its answer.
    pub(super) fn answered(&self) {
        self.set(Stage::Idle);
    }

    fn set(&self, stage: Stage) {
        self.0.store(stage as u8, Ordering::Release);
    }
}

impl Watched {
    pub(super) fn new(stream: TcpStream, progress: Progress) -> Self {
        Self { stream, progress }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && self.progress.stage() == Stage::Idle {
            self.progress.set(Stage::Arriving);
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
