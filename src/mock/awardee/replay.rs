//! Answers kept under an idempotency key.

use bytes::Bytes;
use http::{HeaderName, Request, Response};

use super::super::{answer, shelf::Shelf, target};

/// What was kept, by whose key, which path and which idempotency key.
#[derive(Clone, Debug)]
pub(super) struct Replays(Shelf<Kept>);

/// What is known about a request with an idempotency key.
pub(super) enum Earlier {
    /// Nothing: it is the first. [`Replays::keep`] wants the name.
    None(String),
    /// The same request was answered so.
    Same(Response<Bytes>),
    /// The key was used with another body.
    Other,
    /// The key is not one: empty, longer than 255 characters, or not text.
    BadKey,
}

#[derive(Clone, Debug)]
struct Kept {
    at_unix_ms: u64,
    body: Bytes,
    answer: Response<Bytes>,
}

const KEPT_FOR_MS: u64 = 24 * 60 * 60 * 1_000;
const LONGEST_KEY: usize = 255;
/// The oldest is forgotten before one more is kept.
const MOST_KEPT: usize = 10_000;
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

impl Replays {
    pub(super) fn new() -> Self {
        Self(Shelf::new())
    }

    /// Looks for an earlier request; `None` if this one carries no idempotency key.
    pub(super) fn earlier(
        &mut self,
        request: &Request<Bytes>,
        now_unix_ms: u64,
    ) -> Option<Earlier> {
        let key = request.headers().get("idempotency-key")?;
        let Some(key) = key
            .to_str()
            .ok()
            .filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY)
        else {
            return Some(Earlier::BadKey);
        };
        let name = format!(
            "{}\n{}\n{key}",
            target::authorization(request).unwrap_or_default(),
            request.uri().path()
        );
        self.forget(now_unix_ms);
        Some(match self.0.get(&name) {
            None => Earlier::None(name),
            Some(kept) if kept.body == request.body() => {
                Earlier::Same(answer::with(kept.answer.clone(), REPLAYED, "true"))
            }
            Some(_) => Earlier::Other,
        })
    }

    pub(super) fn keep(
        &mut self,
        name: &str,
        body: &Bytes,
        answer: &Response<Bytes>,
        now_unix_ms: u64,
    ) {
        while self.0.len() >= MOST_KEPT && self.drop_oldest() {}
        let kept = Kept {
            at_unix_ms: now_unix_ms,
            body: body.clone(),
            answer: answer.clone(),
        };
        self.0.put(name, kept);
    }

    fn forget(&mut self, now_unix_ms: u64) {
        let old = |kept: &Kept| kept.at_unix_ms.saturating_add(KEPT_FOR_MS) <= now_unix_ms;
        while self.0.oldest().is_some_and(|(_, kept)| old(kept)) && self.drop_oldest() {}
    }

    fn drop_oldest(&mut self) -> bool {
        let oldest = self.0.oldest().map(|(name, _)| name.to_owned());
        oldest.and_then(|name| self.0.remove(&name)).is_some()
    }
}
