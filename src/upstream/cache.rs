//! The catalogue of an account: read to its end, kept for a while, read once for all who wait.

use super::{Account, CallContext, CallError};
use adapters::{Catalogue, CatalogueTag, Unreadable};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::MutexGuard,
    time::{Instant, timeout_at},
};

/// Shortest time between two reads that are made because a tag was not found.
const MISS_PAUSE: Duration = Duration::from_secs(5);

/// How often a catalogue is read from its beginning because it changed between two pages.
const MAX_READINGS: usize = 3;

/// Most edits that are remembered while a reading is under way.
const MAX_NOTES: usize = 1_024;

/// The cached catalogue.
#[derive(Debug)]
pub struct CatalogueCache {
    ttl: Duration,
    max_tags: usize,
    kept: Mutex<Option<Kept>>,
    /// When a write of ours with an unknown outcome can no longer land: from then on nothing is believed that was
    /// read before.
    doubt: Mutex<Option<Instant>>,
    /// The last edits of ours, for a reading that began before them.
    notes: Mutex<VecDeque<(Instant, Note)>>,
    /// Held by whoever reads; the others wait and take what it brings.
    reading: tokio::sync::Mutex<Readings>,
}

/// What came of the readings before.
#[derive(Debug, Default)]
struct Readings {
    /// When the last one began that was made because a tag was not found.
    after_miss: Option<Instant>,
    /// When the last one failed, and how.
    failed: Option<(Instant, CallError)>,
}

#[derive(Clone, Debug)]
struct Kept {
    catalogue: Arc<Catalogue>,
    read_at: Instant,
}

impl CatalogueCache {
    /// An empty cache. `ttl`: how long a catalogue is believed; `max_tags`: more are an error, never a part.
    pub fn new(ttl: Duration, max_tags: usize) -> Self {
        Self {
            ttl,
            max_tags,
            kept: Mutex::new(None),
            doubt: Mutex::new(None),
            notes: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// What is kept and may be believed.
    fn current(&self) -> Option<Kept> {
        let doubt = *self.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = doubt.filter(|until| *until <= Instant::now());
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .filter(|kept| settled.is_none_or(|until| kept.read_at >= until))
    }

    /// What is kept, may be believed and is not too old.
    fn fresh(&self) -> Option<Arc<Catalogue>> {
        let kept = self.current()?;
        (kept.read_at.elapsed() < self.ttl).then_some(kept.catalogue)
    }

    /// Keeps a catalogue whose reading began at `read_at`: edits that were made since are not in it for sure.
    fn keep(&self, listed: Vec<CatalogueTag>, read_at: Instant) -> Arc<Catalogue> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.retain(|(at, _)| *at >= read_at);
        let mut catalogue = Catalogue::new(listed);
        notes
            .iter()
            .for_each(|(_, note)| note.apply(&mut catalogue));
        let catalogue = Arc::new(catalogue);
        *kept = Some(Kept {
            catalogue: catalogue.clone(),
            read_at,
        });
        catalogue
    }

    /// Cheap while nobody holds the snapshot; else a copy is made of it.
    fn note(&self, note: Note) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = &mut *kept {
            note.apply(Arc::make_mut(&mut kept.catalogue));
        }
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() == MAX_NOTES {
            notes.pop_front();
        }
        notes.push_back((Instant::now(), note));
    }
}

impl Account {
    /// The catalogue, at most as old as its time to live.
    ///
    /// # Errors
    /// Those of reading it.
    pub async fn catalogue(&self, context: &CallContext) -> Result<Arc<Catalogue>, CallError> {
        match self.catalogue.fresh() {
            Some(catalogue) => Ok(catalogue),
            None => Box::pin(self.catalogue_anew(context)).await,
        }
    }

    async fn catalogue_anew(&self, context: &CallContext) -> Result<Arc<Catalogue>, CallError> {
        let asked = Instant::now();
        let mut readings = self.turn_to_read(context).await?;
        if let Some(catalogue) = self.catalogue.fresh() {
            return Ok(catalogue);
        }
        // Whoever waited would wait as long again for the same.
        if let Some((_, error)) = readings.failed.as_ref().filter(|(at, _)| *at > asked) {
            return Err(error.clone());
        }
        self.read_catalogue(&mut readings, context).await
    }

    /// A catalogue newer than `seen`, in which something was missing: read again, but not more often than
    /// once in five seconds for all misses of the account together. Without that, `seen` itself.
    ///
    /// # Errors
    /// Those of reading it.
    pub async fn catalogue_after_miss(
        &self,
        seen: &Arc<Catalogue>,
        context: &CallContext,
    ) -> Result<Arc<Catalogue>, CallError> {
        let mut readings = self.turn_to_read(context).await?;
        // Somebody has read it since this request came; or this request itself.
        if let Some(kept) = self.catalogue.current()
            && kept.read_at >= context.meter.started()
        {
            return Ok(kept.catalogue);
        }
        let last = readings.after_miss;
        if last.is_some_and(|at| at.elapsed() < MISS_PAUSE) {
            let current = self.catalogue.current();
            return Ok(current.map_or_else(|| seen.clone(), |kept| kept.catalogue));
        }
        readings.after_miss = Some(Instant::now());
        self.read_catalogue(&mut readings, context).await
    }

    /// Reads the catalogue now, whatever is cached: after a create whose fate is not known.
    ///
    /// # Errors
    /// Those of reading it.
    pub async fn catalogue_now(&self, context: &CallContext) -> Result<Arc<Catalogue>, CallError> {
        let mut readings = self.turn_to_read(context).await?;
        self.read_catalogue(&mut readings, context).await
    }

    /// Takes a tag that was just made or changed into the cached catalogue.
    pub fn learn(&self, made: CatalogueTag) {
        self.catalogue.note(Note::Made(made));
    }

    /// Takes a tag that is gone, or has another text now, out of the cached catalogue.
    pub fn forget(&self, gone: &CatalogueTag) {
        self.catalogue.note(Note::Gone(gone.clone()));
    }

    /// Remembers that a write about the catalogue may land until then.
    pub fn doubt_catalogue(&self, until: Instant) {
        let mut doubt = self
            .catalogue
            .doubt
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *doubt = (*doubt).max(Some(until));
    }

    /// Believes nothing that is cached: what became of an edit is not known.
    pub fn forget_catalogue(&self) {
        *self
            .catalogue
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn turn_to_read(
        &self,
        context: &CallContext,
    ) -> Result<MutexGuard<'_, Readings>, CallError> {
        timeout_at(context.deadline, self.catalogue.reading.lock())
            .await
            .map_err(|_| CallError::NoTime)
    }

    async fn read_catalogue(
        &self,
        readings: &mut Readings,
        context: &CallContext,
    ) -> Result<Arc<Catalogue>, CallError> {
        let began = Instant::now();
        let read = self.read_whole(context).await;
        readings.failed = match &read {
            // It was this caller who had no time; another may have more.
            Err(CallError::NoTime | CallError::QuotaUsed(_)) => None,
            Err(CallError::Lost { silent: true, .. })
                if began.elapsed() < self.limits.attempt_timeout =>
            {
                None
            }
            Err(error) => Some((Instant::now(), error.clone())),
            Ok(_) => None,
        };
        read
    }

    async fn read_whole(&self, context: &CallContext) -> Result<Arc<Catalogue>, CallError> {
        for _ in 0..MAX_READINGS {
            let started = Instant::now();
            if let Some(listed) = self.listed(context).await? {
                return Ok(self.catalogue.keep(listed, started));
            }
        }
        Err(CallError::Body(
            "the catalogue changes faster than it can be read".to_owned(),
        ))
    }

    /// All pages of the catalogue; `None` where tags have moved between them.
    async fn listed(&self, context: &CallContext) -> Result<Option<Vec<CatalogueTag>>, CallError> {
        let mut listed = Vec::new();
        let mut next = Some(self.adapter.list());
        let mut page = 0;
        let mut first_total = None;
        while let Some(call) = next {
            let answer = self.call(&call, None, context).await?;
            let total = self.adapter.total(&answer).map_err(unreadable)?;
            if *first_total.get_or_insert(total) != total {
                return Ok(None);
            }
            let before = listed.len();
            next = self
                .adapter
                .listed(page, &answer, &mut listed)
                .map_err(unreadable)?;
            if listed.len() > self.catalogue.max_tags {
                return Err(CallError::Body(format!(
                    "the catalogue has more than {} tags",
                    self.catalogue.max_tags
                )));
            }
            if next.is_some() && listed.len() == before {
                return Err(CallError::Body(
                    "a page of the catalogue is empty and not the last".to_owned(),
                ));
            }
            page += 1;
        }
        Ok(Some(listed))
    }
}

/// An edit of ours.
#[derive(Clone, Debug)]
enum Note {
    Made(CatalogueTag),
    Gone(CatalogueTag),
}

impl Note {
    fn apply(&self, catalogue: &mut Catalogue) {
        match self {
            Self::Made(made) => catalogue.insert(made.clone()),
            Self::Gone(gone) => catalogue.remove(gone),
        }
    }
}

pub(super) fn unreadable(error: Unreadable) -> CallError {
    CallError::Body(error.to_string())
}
