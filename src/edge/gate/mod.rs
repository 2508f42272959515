//! The gate before the HTTP library: it lets bytes through only as far as they are strict HTTP/1.1.
//!
//! The library repairs what it reads (a Content-Length beside chunks, bare line feeds, blanks in a chunk's size) and
//! shows only the result. So each head is read here first, held back until it is whole and sound, and announced;
//! the bytes of its body are counted here as well. The library cannot begin another request than the announced one
//! without being found out, as [`Wire::claim`] compares both readings; whichever of the two errs, nothing is acted on.

mod chunks;
mod head;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use head::MAX_TARGET;
pub(super) use wire::{Watched, Wire};

use crate::error::Error;
use bytes::{Buf, BytesMut};
use head::Framing;
use std::io;
use tokio::io::ReadBuf;
use wire::Ticket;

/// Let through in place of a head that is none: the answer keeps its place behind the answers before it.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// The gate of one connection.
#[derive(Debug)]
pub(super) struct Gate {
    /// What was received and not let through.
    held: BytesMut,
    /// How much of it may pass.
    open: usize,
    stage: Stage,
    most: usize,
    new: bool,
    wire: Wire,
}

#[derive(Debug)]
enum Stage {
    Head(head::Scanner),
    Length(u64),
    Chunks(chunks::Scanner),
    /// Nothing passes any more.
    Shut,
}

impl Gate {
    /// `most` is the largest size of a head.
    pub(super) fn new(most: usize, wire: Wire) -> Self {
        Self {
            held: BytesMut::new(),
            open: 0,
            stage: Stage::Head(head::Scanner::default()),
            most,
            new: true,
            wire,
        }
    }

    /// Takes what was received.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        if self.is_in_head() {
            self.wire.begin();
        }
    }

    /// Whether no head has ended yet.
    pub(super) fn is_new(&self) -> bool {
        self.new
    }

    /// Whether a head has begun and not ended.
    pub(super) fn is_in_head(&self) -> bool {
        // Empty lines before a request are none of it.
        let begun = |byte: &u8| !matches!(byte, b'\r' | b'\n');
        self.awaits_head() && self.held.iter().any(begun)
    }

    /// Whether a next head is awaited.
    pub(super) fn awaits_head(&self) -> bool {
        matches!(self.stage, Stage::Head(_))
    }

    /// Whether a next head is awaited, and nothing of it came.
    pub(super) fn is_at_rest(&self) -> bool {
        self.awaits_head() && self.open == 0 && self.held.is_empty()
    }

    /// Whether nothing passes any more.
    pub(super) fn is_shut(&self) -> bool {
        matches!(self.stage, Stage::Shut)
    }

    /// Lets through what may pass, as far as there is room: with a head the body that has a length, as far as it is
    /// there, and not the next head. False if more has to be received first.
    ///
    /// # Errors
    /// A body that is malformed, or a head while the one before it is not a request yet.
    pub(super) fn pass(&mut self, room: &mut ReadBuf<'_>) -> io::Result<bool> {
        let mut passed = false;
        loop {
            if self.open == 0 {
                self.look()?;
            }
            let here = self.open.min(room.remaining());
            if here == 0 {
                return Ok(passed);
            }
            room.put_slice(self.held.get(..here).unwrap_or_default());
            self.held.advance(here);
            self.open -= here;
            passed = true;
            // Chunks may be malformed, which is told to whoever reads them: behind their head.
            if self.held.is_empty() || !matches!(self.stage, Stage::Length(_)) {
                return Ok(true);
            }
        }
    }

    /// Gives up the room for what is received, if nothing is in it: a connection at rest keeps no buffer.
    pub(super) fn release(&mut self) {
        if self.held.is_empty() {
            self.held = BytesMut::new();
        }
    }

    /// Ends the requests of this connection with a problem, behind the answers that are still to come.
    pub(super) fn refuse(&mut self, error: Error) -> io::Result<()> {
        self.stage = Stage::Shut;
        self.held = BytesMut::from(STAND_IN);
        self.open = self.held.len();
        self.announce(Ticket::Refusal(error))
    }

    fn look(&mut self) -> io::Result<()> {
        match &mut self.stage {
            Stage::Shut => self.held.clear(),
            Stage::Head(scanner) => match scanner.advance(&self.held, self.most) {
                Ok(None) => {}
                Ok(Some(head)) => {
                    self.open = head.bytes;
                    self.stage = match head.framing {
                        Framing::Length(0) => Stage::Head(head::Scanner::default()),
                        Framing::Length(length) => Stage::Length(length),
                        Framing::Chunked => Stage::Chunks(chunks::Scanner::new()),
                    };
                    self.announce(Ticket::Request(head.method, head.framing))?;
                }
                Err(error) => self.refuse(error)?,
            },
            Stage::Length(left) => {
                let here = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(self.held.len());
                self.open = here;
                *left -= here as u64;
                if *left == 0 {
                    self.stage = Stage::Head(head::Scanner::default());
                }
            }
            Stage::Chunks(scanner) => {
                let part = scanner.advance(&self.held);
                let part = part.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
                self.open = part.bytes;
                if part.last {
                    self.stage = Stage::Head(head::Scanner::default());
                }
            }
        }
        Ok(())
    }

    fn announce(&mut self, ticket: Ticket) -> io::Result<()> {
        self.new = false;
        if self.wire.announce(ticket) {
            return Ok(());
        }
        Err(io::Error::other("a head before the last one was read"))
    }
}
