//! One seed from its first call to the verdict.

use super::{
    clients,
    faults::{Call, Fault},
    history::{Asked, History, Record, Told},
    judge::{Evidence, Judged},
    record::Violation,
    scenario::Scenario,
    universe::Mask,
    vendor::Vendor,
    world::World,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::sleep;

/// What one seed came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) vendor: Vendor,
    /// Of everything that happened, in order.
    pub(crate) hash: u64,
    pub(crate) lines: Vec<String>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) judged: Judged,
    pub(crate) records: Vec<Record>,
    pub(crate) vendor_calls: usize,
    pub(crate) met: BTreeMap<(Call, Option<Fault>), usize>,
    /// How often the gateway was killed.
    pub(crate) crashes: usize,
    /// Changes that shared a vendor write with another one.
    pub(crate) folded: usize,
}

/// Runs a seed on a clock of its own.
pub(crate) fn run(seed: u64, with_lines: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(simulate(&Scenario::of(seed), with_lines))
}

async fn simulate(scenario: &Scenario, with_lines: bool) -> Outcome {
    let world = Arc::new(World::new(scenario, with_lines));
    let history = Arc::new(History::default());
    describe(scenario, &world);
    let writers: Vec<_> = (0..)
        .zip(scenario.writers.clone())
        .map(|(writer, steps)| {
            tokio::spawn(clients::write(
                world.clone(),
                history.clone(),
                writer,
                steps,
            ))
        })
        .collect();
    let killer = tokio::spawn(kill(world.clone(), scenario.clone()));
    for writer in writers {
        writer.await.expect("no caller panics");
    }
    killer.await.expect("it does not panic");
    world.network.calm();
    rest(scenario, &world).await;
    let quiet = world.log.tick();
    let mut contents = Vec::new();
    for conversation in 0..scenario.conversations.len() {
        let who = format!("end c{conversation}");
        clients::read(
            &world,
            &history,
            0,
            &who,
            conversation,
            &mut BTreeMap::new(),
        )
        .await;
        contents.push(world.network.content(conversation));
    }
    let (records, landings) = (history.records(), world.network.landings());
    let evidence = Evidence {
        scenario,
        universe: &world.universe,
        log: &world.log,
        records: &records,
        landings: &landings,
        contents: &contents,
        quiet,
    };
    let judged = evidence.judge();
    let folded = landings
        .iter()
        .map(|landing| shared(landing.on & world.universe.markers()));
    Outcome {
        seed: scenario.seed,
        vendor: scenario.vendor,
        hash: world.log.hash(),
        lines: world.log.lines(),
        violations: world.log.violations(),
        judged,
        vendor_calls: world.network.calls(),
        met: world.network.met(),
        folded: folded.sum(),
        crashes: usize::from(scenario.killed.is_some()),
        records,
    }
}

/// How many changes stand behind the markers of one write, if more than one.
fn shared(markers: Mask) -> usize {
    match markers.count_ones() {
        0 | 1 => 0,
        several => usize::try_from(several).unwrap_or(0),
    }
}

/// Kills the process, and starts another before what it has left under way has arrived.
async fn kill(world: Arc<World>, scenario: Scenario) {
    let Some(after) = scenario.killed else {
        return;
    };
    sleep(after).await;
    world.kill();
    sleep(Duration::from_millis(scenario.seed % 3_000)).await;
    world.restart(&scenario);
}

/// Waits until nothing is on its way and no lane has anything to do.
async fn rest(scenario: &Scenario, world: &World) {
    for _ in 0..1_000 {
        sleep(Duration::from_secs(1)).await;
        if world.network.under_way() == 0 && world.gateway().lanes.lanes() == 0 {
            break;
        }
    }
    sleep(scenario.settle * 2).await;
    let (lanes, under_way) = (world.gateway().lanes.lanes(), world.network.under_way());
    if lanes > 0 || under_way > 0 {
        world.log.violation(
            "unrest",
            format!("{lanes} lanes and {under_way} calls do not come to an end"),
        );
    }
}

fn describe(scenario: &Scenario, world: &World) {
    world.log.line(|| {
        format!(
            "seed {} {}: settle {:?}, {} attempts of {:?}, {} in flight, {} % faults, {:?}",
            scenario.seed,
            scenario.vendor.name(),
            scenario.settle,
            scenario.attempts,
            scenario.attempt_timeout,
            scenario.max_in_flight,
            scenario.faulty,
            scenario.responses
        )
    });
    for (at, conversation) in scenario.conversations.iter().enumerate() {
        world.log.line(|| {
            format!(
                "c{at} {:?} {}",
                conversation.usage,
                world.universe.show(conversation.initial)
            )
        });
    }
}

impl Outcome {
    /// The changes among the records, somebody else's left out.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .filter(|record| matches!(record.asked, Asked::Change { .. }))
    }

    /// How many were acknowledged.
    pub(crate) fn acked(&self) -> usize {
        self.changes()
            .filter(|record| matches!(record.told, Told::Changed { .. }))
            .count()
    }
}
