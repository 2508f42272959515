//! Keyed changes whose outcome is not known: what they came to is looked up as soon as their writes can no longer
//! land, and before anything else is written to what they touch. So a repeat never does a thing twice.

use super::{
    once::{Intent, Landed, Once},
    restart::Dormant,
    unsettled::Touch,
};
use crate::{
    gateway::Route,
    upstream::{CallContext, CallError, Priority},
};
use adapters::{Carried, ProblemKind};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// First pause before a look-up that failed is tried again; doubled each time.
const PAUSE: Duration = Duration::from_secs(5);

/// How often a look-up is tried. After that the change stays open, and a repeat of it is carried out.
const MAX_TRIES: u32 = 10;

/// A keyed change whose outcome is not known.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) route: Arc<Route>,
    pub(super) intent: Intent,
    pub(super) touch: Touch,
    pub(super) once: Arc<dyn Once>,
    /// When its write can no longer land.
    pub(super) due: Instant,
    pub(super) tries: u32,
}

impl Pending {
    /// One that an earlier process left; it is due at once, for what still holds the lane up is waited for anyway.
    pub(super) fn dormant(dormant: Dormant, route: Arc<Route>) -> Self {
        Self {
            route,
            intent: dormant.intent,
            touch: Touch::Whole,
            once: dormant.once,
            due: Instant::now(),
            tries: 0,
        }
    }
}

/// The keyed changes of a lane whose outcome is not known.
#[derive(Debug, Default)]
pub(super) struct Open(Vec<Pending>);

impl Open {
    pub(super) fn push(&mut self, pending: Pending) {
        self.0.push(pending);
    }

    pub(super) fn extend(&mut self, pending: Option<Pending>) {
        self.0.extend(pending);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes those that can be looked into, unless something still holds up what they touch.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        held_up: impl Fn(&Touch) -> bool,
    ) -> Vec<Pending> {
        let (due, rest) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|pending| pending.due <= now && !held_up(&pending.touch));
        self.0 = rest;
        due
    }

    /// When the next of them can be looked into.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().map(|pending| pending.due).min()
    }

    /// Until when a change has to wait for what an earlier one came to.
    pub(super) fn holds_up(&self, touch: &Touch) -> Option<Instant> {
        let meeting = self.0.iter().filter(|one| one.touch.meets(touch));
        meeting.map(|one| one.due).max()
    }
}

/// Looks into changes of one conversation; gives back those that could not be looked into.
pub(super) async fn resolve(pending: Vec<Pending>) -> Vec<Pending> {
    let Some(first) = pending.first() else {
        return pending;
    };
    let landed: Box<dyn Fn(&Intent) -> Landed + Send + Sync> =
        match look(&first.route, &first.intent.conversation).await {
            Ok(seen) => Box::new(move |intent| intent.landed(&seen)),
            Err(CallError::Refused(problem)) if problem.kind == ProblemKind::NotFound => {
                Box::new(|_| Landed::NotAtAll)
            }
            Err(_) => return later(pending),
        };
    for one in &pending {
        one.once.resolved(landed(&one.intent), &one.intent).await;
    }
    Vec::new()
}

fn later(pending: Vec<Pending>) -> Vec<Pending> {
    let now = Instant::now();
    let again = pending.into_iter().filter_map(|one| {
        let tries = one.tries + 1;
        (tries < MAX_TRIES).then_some(Pending {
            tries,
            due: now + PAUSE * 2_u32.pow(one.tries),
            ..one
        })
    });
    again.collect()
}

async fn look(route: &Arc<Route>, conversation: &str) -> Result<Carried, CallError> {
    let account = &route.account;
    let deadline = Instant::now() + account.limits.settle;
    let context = CallContext {
        route: route.name.clone(),
        responses: route.responses,
        deadline,
        due: deadline,
        committed: false,
        changes: false,
        priority: Priority::Interactive,
        meter: Arc::default(),
        seed: None,
    };
    let mut reading = account.read(conversation, &context).await?;
    let catalogue = account.catalogue(&context).await?;
    account
        .name(&mut reading.carried, catalogue, &context)
        .await?;
    Ok(reading.carried)
}
