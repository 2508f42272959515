//! A body that notes what passes through it.

use crate::upstream::{AnswerBody, TransportError};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Hands on what comes, and tells it when it ends: by its end, by an error, or because nobody reads on.
pub(super) struct Tee<F: FnOnce(&[u8], bool)> {
    inner: AnswerBody,
    taken: Vec<u8>,
    limit: usize,
    fits: bool,
    note: Option<F>,
}

impl<F: FnOnce(&[u8], bool)> Tee<F> {
    /// `note` is told the bytes, and whether they are the whole body; `limit`: most bytes that are held.
    pub(super) fn new(inner: AnswerBody, limit: usize, note: F) -> Self {
        Self {
            inner,
            taken: Vec::new(),
            limit,
            fits: true,
            note: Some(note),
        }
    }

    fn tell(&mut self, came_to_its_end: bool) {
        if let Some(note) = self.note.take() {
            note(&self.taken, came_to_its_end && self.fits);
        }
    }
}

impl<F: FnOnce(&[u8], bool) + Unpin> Body for Tee<F> {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let tee = self.get_mut();
        let frame = ready!(Pin::new(&mut tee.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    tee.fits &= tee.taken.len() + data.len() <= tee.limit;
                    if tee.fits {
                        tee.taken.extend_from_slice(data);
                    }
                }
            }
            Some(Err(_)) => tee.tell(false),
            None => tee.tell(true),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<F: FnOnce(&[u8], bool)> Drop for Tee<F> {
    fn drop(&mut self) {
        let is_whole = self.inner.is_end_stream();
        self.tell(is_whole);
    }
}
