//! Every class of fault × every operation × every vendor, on real sockets: the answer against what is right, and what
//! it tells of the change against what the vendor holds once everything has landed.

mod cell;
mod classes;
mod expect;
mod judge;
mod operations;
mod place;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    panic::{self, PanicHookInfo},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tagway::error::Outcome;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    Report, Settings,
    client::{Answer, Client},
    figures::percentile,
};
use cell::Cell;
use judge::{Judged, Wrong, judge};
use place::{Documents, Place, holds, route};

/// Cells that share a gateway.
const BATCH: usize = 256;

/// Gateways at once: most of a batch's time is waiting.
const GATEWAYS: usize = 3;

/// The wanted limit of what an answer comes later than its deadline, in milliseconds.
const OVERRUN_MS: f64 = 50.0;

/// Most findings of a kind that are told in words.
const MOST_OF_A_KIND: usize = 8;

/// What came of all cells.
#[derive(Default)]
struct Tally {
    cells: u64,
    struck: u64,
    again: u64,
    wrong: BTreeMap<Wrong, u64>,
    outcomes: BTreeMap<&'static str, u64>,
    met: BTreeSet<(&'static str, &'static str, String)>,
    overruns: Vec<Duration>,
    told: BTreeMap<Wrong, Vec<String>>,
}

pub(crate) async fn run(settings: &Settings) -> Report {
    let panics = Arc::new(AtomicU64::new(0));
    count_panics(Arc::clone(&panics));
    let documents = Documents::compile();
    let all = Cell::all();
    let cells: Vec<Cell> = all.iter().step_by(settings.every).copied().collect();
    let mut tally = Tally::default();
    let mut suspects = Vec::new();
    let batches = cells
        .chunks(BATCH)
        .map(|batch| work_off(batch, &documents, settings));
    let mut batches = stream::iter(batches).buffer_unordered(GATEWAYS);
    while let Some(done) = batches.next().await {
        for (cell, answer, judged) in done {
            // Time is short on a busy machine; a status that is wrong on a quiet one too is wrong.
            let only_status = judged
                .wrong
                .iter()
                .all(|(wrong, _)| *wrong == Wrong::Status);
            if only_status && !judged.wrong.is_empty() {
                suspects.push(cell);
            } else {
                tally.take(&cell, settings, &answer, judged);
            }
        }
    }
    let calm = Settings {
        at_once: 4,
        ..*settings
    };
    for batch in suspects.chunks(BATCH) {
        for (cell, answer, judged) in work_off(batch, &documents, &calm).await {
            tally.again += 1;
            tally.take(&cell, &calm, &answer, judged);
        }
    }
    tally.report(all.len(), panics.load(Ordering::Acquire))
}

async fn work_off(
    batch: &[Cell],
    documents: &Documents,
    settings: &Settings,
) -> Vec<(Cell, io::Result<Answer>, Judged)> {
    let place = Place::new(batch, documents, settings).await;
    let slots = Arc::new(Semaphore::new(settings.at_once));
    let mut tasks = JoinSet::new();
    let mut before = Vec::new();
    for (number, cell) in batch.iter().enumerate() {
        before.push(holds(cell.vendor, place.twin(number)));
        place.twin(number).clear_calls();
    }
    for (number, cell) in batch.iter().enumerate() {
        let (slots, gateway) = (Arc::clone(&slots), place.gateway());
        let mut ask = cell.operation.ask(&route(number));
        let deadline = cell.deadline(settings).as_millis();
        ask.headers
            .push_str(&format!("tagway-deadline-ms: {deadline}\r\n"));
        tasks.spawn(async move {
            let _slot = slots.acquire_owned().await;
            (number, Client::new(gateway).ask(&ask).await)
        });
    }
    let mut answers = Vec::new();
    while let Some(done) = tasks.join_next().await {
        answers.push(done.expect("a client that does not fail"));
    }
    let rested = place.rest().await;
    let mut judged = Vec::new();
    for (number, answer) in answers {
        let (cell, twin) = (batch[number], place.twin(number));
        let mut found = judge(&cell, &before[number], twin, &answer);
        if !rested && twin.late() > 0 {
            found.wrong.push((Wrong::Hang, format!("{cell}: no rest")));
        }
        judged.push((cell, answer, found));
    }
    place.stop().await;
    judged
}

/// Counts every panic of the process, those that the gateway catches included.
fn count_panics(count: Arc<AtomicU64>) {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |what: &PanicHookInfo<'_>| {
        count.fetch_add(1, Ordering::AcqRel);
        usual(what);
    }));
}

impl Tally {
    fn take(
        &mut self,
        cell: &Cell,
        settings: &Settings,
        answer: &io::Result<Answer>,
        judged: Judged,
    ) {
        self.cells += 1;
        if judged.struck {
            self.struck += 1;
            let operation = format!("{:?}", cell.operation);
            self.met.insert((cell.vendor, cell.class.name(), operation));
        }
        for (wrong, words) in judged.wrong {
            *self.wrong.entry(wrong).or_default() += 1;
            self.told.entry(wrong).or_default().push(words);
        }
        if let Ok(answer) = answer {
            let late = answer.took.saturating_sub(cell.deadline(settings));
            self.overruns.push(late);
        }
        let outcome = match judged.outcome {
            Some(Outcome::Applied) => "applied",
            Some(Outcome::NotApplied) => "not applied",
            Some(Outcome::Unknown) => "unknown",
            None => return,
        };
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    fn report(mut self, all: usize, panics: u64) -> Report {
        let mut report = Report::default();
        let count = |wrong: Wrong| self.wrong.get(&wrong).copied().unwrap_or_default();
        report.show("cells", self.cells, "");
        report.show("cells_there_are", all, "");
        report.gate(
            "cells_struck",
            self.struck,
            "most of them",
            self.struck * 10 > self.cells * 8,
        );
        report.show("cells_made_again", self.again, "");
        report.show("combinations", self.met.len(), "");
        for (name, wrong) in [
            ("wrong_status", Wrong::Status),
            ("false_applied", Wrong::FalseApplied),
            ("false_not_applied", Wrong::FalseNotApplied),
            ("false_parts", Wrong::FalsePart),
            ("false_content", Wrong::FalseContent),
            ("no_outcome", Wrong::NoOutcome),
            ("no_settles_at", Wrong::NoSettlesAt),
            ("no_retry_after", Wrong::NoRetryAfter),
            ("written_unread", Wrong::WrittenUnread),
            ("resent", Wrong::Resent),
            ("internal", Wrong::Internal),
            ("hangs", Wrong::Hang),
        ] {
            report.none(name, count(wrong));
        }
        report.none("panics", panics);
        report.show("outcomes", serde_json::json!(self.outcomes), "");
        let late = self.overruns.iter().filter(|late| !late.is_zero()).count();
        report.show("answers_after_the_deadline", late, "");
        let overrun = percentile(&mut self.overruns, 0.999);
        report.show("deadline_overrun_p999_ms", overrun, "at most 50");
        if overrun > OVERRUN_MS {
            report.finding(format!(
                "answers came {overrun} ms after their deadline (p99.9)"
            ));
        }
        for (wrong, words) in self.told {
            for words in words.into_iter().take(MOST_OF_A_KIND) {
                report.finding(format!("{wrong:?}: {words}"));
            }
        }
        report
    }
}
