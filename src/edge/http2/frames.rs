//! Counts the frames of a connection by their headers (RFC 9113, 4.1) and ends it when a peer sends more of a kind
//! than any use of HTTP/2 needs.

use super::tally::Tally;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// What every client sends first.
const PREFACE: usize = 24;

/// Bytes of a frame's header.
const HEADER: usize = 9;

/// A frame of data with fewer bytes, and not the last of its stream, is a small one.
const SMALL: usize = 64;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;

/// So many at once, and so many more in each second.
#[derive(Debug)]
struct Budget {
    most: f64,
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Budget {
    fn new(most: f64, per_second: f64) -> Self {
        Self {
            most,
            per_second,
            left: most,
            at: Instant::now(),
        }
    }

    fn spend(&mut self) -> bool {
        let now = Instant::now();
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.per_second;
        self.at = now;
        self.left = (self.left + gained).min(self.most) - 1.0;
        self.left >= 0.0
    }
}

/// A stream of frames on which frames are counted, both ways.
pub(super) struct Counted<S> {
    stream: S,
    tally: Arc<Tally>,
    received: Reader,
    sent: Reader,
    budgets: Budgets,
    /// How long the peer may take nothing at all.
    write: Duration,
    writing: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
struct Budgets {
    /// Settings, pings, priorities, and frames of kinds that nobody knows.
    control: Budget,
    windows: Budget,
    resets: Budget,
    small: Budget,
    /// Header blocks' further parts, in all: a block of the largest size needs a few.
    continuations: Budget,
}

/// Follows frames through bytes that are cut anywhere.
#[derive(Debug, Default)]
struct Reader {
    /// Bytes to pass over: the preface, or a frame's payload.
    skip: usize,
    header: [u8; HEADER],
    filled: usize,
    /// Whether a header block has begun and not ended.
    in_block: bool,
}

/// A frame's header.
#[derive(Clone, Copy, Debug)]
struct Head {
    length: usize,
    kind: u8,
    flags: u8,
}

impl Reader {
    /// Calls `seen` with the header of each frame that begins in these bytes.
    fn read(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Head) -> bool) -> bool {
        while !bytes.is_empty() {
            let passed = self.skip.min(bytes.len());
            self.skip -= passed;
            bytes = bytes.get(passed..).unwrap_or_default();
            let Some((first, rest)) = bytes.split_first() else {
                break;
            };
            if let Some(place) = self.header.get_mut(self.filled) {
                *place = *first;
            }
            self.filled += 1;
            bytes = rest;
            if self.filled < HEADER {
                continue;
            }
            self.filled = 0;
            let [a, b, c, kind, flags, ..] = self.header;
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            self.skip = length;
            match kind {
                HEADERS | CONTINUATION => self.in_block = flags & END_HEADERS == 0,
                _ => {}
            }
            if !seen(Head {
                length,
                kind,
                flags,
            }) {
                return false;
            }
        }
        true
    }

    fn is_within(&self) -> bool {
        self.in_block || self.skip > 0 || self.filled > 0
    }
}

impl Budgets {
    fn new() -> Self {
        Self {
            control: Budget::new(200.0, 20.0),
            windows: Budget::new(2_000.0, 1_000.0),
            resets: Budget::new(200.0, 50.0),
            small: Budget::new(1_000.0, 200.0),
            continuations: Budget::new(32.0, 8.0),
        }
    }

    /// Whether a frame is within what is allowed.
    fn allow(&mut self, head: Head) -> bool {
        match head.kind {
            // Padding is no data.
            DATA if head.flags & END_STREAM == 0
                && (head.length < SMALL || head.flags & PADDED != 0) =>
            {
                self.small.spend()
            }
            DATA | HEADERS => true,
            RST_STREAM => self.resets.spend(),
            WINDOW_UPDATE => self.windows.spend(),
            CONTINUATION => self.continuations.spend(),
            _ => self.control.spend(),
        }
    }
}

impl<S> Counted<S> {
    /// `write` is how long the peer may take nothing of what is written.
    pub(super) fn new(stream: S, tally: Arc<Tally>, write: Duration) -> Self {
        let received = Reader {
            skip: PREFACE,
            ..Reader::default()
        };
        Self {
            stream,
            tally,
            received,
            sent: Reader::default(),
            budgets: Budgets::new(),
            write,
            writing: None,
        }
    }

    fn timed<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let time = self.write;
        let until = self.writing.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        let allowed = this.received.read(new, |head| this.budgets.allow(head));
        this.tally.received(this.received.is_within());
        if !allowed {
            tracing::debug!("a peer floods its HTTP/2 connection");
            return Poll::Ready(Err(io::Error::other("too many frames of one kind")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = Pin::new(&mut this.stream).poll_write(context, buffer);
        if let Poll::Ready(Ok(count)) = written {
            this.sent
                .read(buffer.get(..count).unwrap_or_default(), |head| {
                    if head.kind == HEADERS {
                        this.tally.wrote();
                    }
                    true
                });
        }
        this.timed(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.timed(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.timed(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize, kind: u8, flags: u8) -> Vec<u8> {
        let size = (length as u32).to_be_bytes();
        let mut frame = vec![size[1], size[2], size[3], kind, flags, 0, 0, 0, 1];
        frame.resize(HEADER + length, 0xff);
        frame
    }

    #[test]
    fn frames_are_found_however_their_bytes_are_cut() {
        let frames = [
            (0, 4, 0),
            (300, HEADERS, 0),
            (70, CONTINUATION, END_HEADERS),
            (0, DATA, END_STREAM),
        ];
        let mut bytes = vec![b'P'; PREFACE];
        for (length, kind, flags) in frames {
            bytes.extend(frame(length, kind, flags));
        }
        for part in [1, 2, 5, 9, 100, bytes.len()] {
            let mut reader = Reader {
                skip: PREFACE,
                ..Reader::default()
            };
            let mut seen = Vec::new();
            for part in bytes.chunks(part) {
                reader.read(part, |head| {
                    seen.push((head.length, head.kind, head.flags));
                    true
                });
            }
            assert_eq!(seen, frames);
            assert!(!reader.is_within());
        }
        let mut reader = Reader::default();
        reader.read(&frame(3, HEADERS, 0), |_| true);
        assert!(reader.is_within(), "the block goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_fills_again_with_time() {
        let mut budget = Budget::new(2.0, 1.0);
        assert!(budget.spend() && budget.spend() && !budget.spend());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(budget.spend() && budget.spend() && !budget.spend());
    }

    #[tokio::test(start_paused = true)]
    async fn an_ordinary_client_spends_little() {
        let mut budgets = Budgets::new();
        for _ in 0..10_000 {
            for (length, kind, flags) in [
                (400, HEADERS, END_HEADERS),
                (16_384, DATA, 0),
                (10, DATA, END_STREAM),
                (4, WINDOW_UPDATE, 0),
            ] {
                let head = Head {
                    length,
                    kind,
                    flags,
                };
                assert!(budgets.allow(head));
            }
            tokio::time::advance(Duration::from_millis(2)).await;
        }
    }
}
