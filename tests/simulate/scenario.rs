//! What a seed stands for: a vendor, the account's limits, the conversations, and who asks what of them when.

use super::{
    universe::{
        BARE, CREATABLE, DOUBLE, FOREIGN, GHOST, MARKERS, Mask, NEW_NAMES, NO_TAGS, Universe,
        VALUED,
    },
    vendor::Vendor,
    world::Request,
};
use adapters::{Change, RemoveRef, Tag, TagRef};
use std::time::Duration;
use tagway::config::Responses;

/// What happens to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Everything.
    Mixed,
    /// Only adds and removes of single names, no marker is ever taken off.
    Gentle,
    /// Somebody else writes, too.
    Shared,
}

/// A conversation and its first content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversation {
    pub(crate) usage: Usage,
    pub(crate) initial: Mask,
}

/// What a writer does next.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// How long it waits before.
    pub(crate) pause: Duration,
    pub(crate) conversation: usize,
    pub(crate) action: Action,
}

/// What a writer does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Read,
    Change {
        request: Request,
        condition: Condition,
        /// The tag that only this change adds.
        marker: Option<usize>,
        /// When the caller goes away, if it does not wait for the answer.
        leaves: Option<Duration>,
    },
    /// Somebody else puts a tag of its own on, or takes it off.
    Another {
        text: &'static str,
        on: bool,
    },
}

/// What `If-Match` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    Exists,
    /// What the writer saw last.
    Seen,
    /// What nobody ever saw.
    Stale,
}

/// A whole run.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) vendor: Vendor,
    pub(crate) settle: Duration,
    pub(crate) attempts: u32,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) responses: [Responses; 2],
    pub(crate) faulty: u8,
    /// Whether most changes bring new tags.
    pub(crate) inventive: bool,
    pub(crate) conversations: Vec<Conversation>,
    /// When the process is killed, if it is.
    pub(crate) killed: Option<Duration>,
    pub(crate) writers: Vec<Vec<Step>>,
}

impl Scenario {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let random = &mut random;
        let vendor = Vendor::ALL[usize::try_from(seed % 3).unwrap_or(0)];
        let universe = Universe::new(vendor);
        let seconds = |choices: &[u64], random: &mut fastrand::Rng| {
            Duration::from_secs(choices[random.usize(..choices.len())])
        };
        let settle = seconds(&[8, 20, 30, 45], random);
        let deadline = seconds(&[5, 15, 30, 60, 90], random);
        let mode = |random: &mut fastrand::Rng| match random.u8(..3) {
            0 => Responses::Enforce,
            1 => Responses::Report,
            _ => Responses::Off,
        };
        let conversations: Vec<_> = (0..random.usize(1..=3))
            .map(|_| Conversation {
                usage: match random.u8(..10) {
                    0..6 => Usage::Mixed,
                    6..9 => Usage::Gentle,
                    _ => Usage::Shared,
                },
                initial: initial(&universe, random),
            })
            .collect();
        let mut scenario = Self {
            seed,
            vendor,
            settle,
            attempts: random.u32(1..=3),
            attempt_timeout: seconds(&[2, 5], random),
            max_in_flight: [2, 4, 8][random.usize(..3)],
            responses: [mode(random), mode(random)],
            faulty: [0, 10, 20, 30, 40][random.usize(..5)],
            inventive: random.u8(..3) == 0,
            conversations,
            killed: (random.u8(..4) == 0).then(|| Duration::from_millis(random.u64(0..40_000))),
            writers: Vec::new(),
        };
        let dense = random.bool();
        let mut markers = 0..MARKERS;
        for _ in 0..random.usize(3..=7) {
            let steps = (0..random.usize(3..=7)).map(|_| Step {
                pause: Duration::from_millis(random.u64(0..if dense { 1_500 } else { 15_000 })),
                ..step(&scenario, &universe, deadline, &mut markers, random)
            });
            let steps = steps.collect();
            scenario.writers.push(steps);
        }
        scenario
    }
}

fn initial(universe: &Universe, random: &mut fastrand::Rng) -> Mask {
    let mut mask = universe.entries();
    for text in BARE {
        if random.bool() {
            mask |= universe.text(text);
        }
    }
    // Others may have put two values of one name there, where a vendor holds them.
    let values = if universe.vendor == Vendor::Attention {
        1
    } else {
        random.usize(..3)
    };
    for _ in 0..values {
        mask |= universe.text(VALUED[random.usize(..VALUED.len())]);
    }
    if universe.vendor == Vendor::ElevenLabs && random.bool() {
        mask |= universe.reference(&TagRef::Id(GHOST.to_owned()));
    }
    mask
}

fn step(
    scenario: &Scenario,
    universe: &Universe,
    deadline: Duration,
    markers: &mut std::ops::Range<usize>,
    random: &mut fastrand::Rng,
) -> Step {
    let conversation = random.usize(..scenario.conversations.len());
    let usage = scenario.conversations[conversation].usage;
    let pause = Duration::ZERO;
    if usage == Usage::Shared && random.u8(..3) == 0 {
        let text = FOREIGN[random.usize(..FOREIGN.len())];
        let on = random.u8(..3) > 0;
        return Step {
            pause,
            conversation,
            action: Action::Another { text, on },
        };
    }
    if random.u8(..5) == 0 {
        return Step {
            pause,
            conversation,
            action: Action::Read,
        };
    }
    let create_missing = scenario.inventive || random.u8(..4) == 0;
    let (change, marker) = change(universe, usage, create_missing, markers, random);
    let condition = match random.u8(..20) {
        _ if usage == Usage::Shared => Condition::None,
        0..3 => Condition::Seen,
        3 => Condition::Exists,
        4 => Condition::Stale,
        _ => Condition::None,
    };
    let short = random.u8(..8) == 0;
    let request = Request {
        change,
        if_match: None,
        create_missing,
        representation: random.u8(..3) == 0,
        deadline: if short {
            Duration::from_millis(random.u64(1..3_000))
        } else {
            deadline
        },
    };
    let leaves = (random.u8(..10) == 0).then(|| Duration::from_millis(random.u64(0..4_000)));
    Step {
        pause,
        conversation,
        action: Action::Change {
            request,
            condition,
            marker,
            leaves,
        },
    }
}

fn change(
    universe: &Universe,
    usage: Usage,
    create_missing: bool,
    markers: &mut std::ops::Range<usize>,
    random: &mut fastrand::Rng,
) -> (Change, Option<usize>) {
    let marker = if random.u8(..3) > 0 {
        markers.next()
    } else {
        None
    };
    let tag = |text: &str| TagRef::Tag(Tag::decode(text));
    let mut names: Vec<&str> = Vec::new();
    let mut add: Vec<TagRef> = marker
        .map(|at| tag(&format!("m{at}")))
        .into_iter()
        .collect();
    for _ in 0..random.usize(..3) {
        let text = match random.u8(..40) {
            0..24 if create_missing => creatable(universe, random),
            0..14 => BARE[random.usize(..BARE.len())],
            14..30 => VALUED[random.usize(..VALUED.len())],
            37 if !create_missing => "nobody knows",
            38 if universe.vendor == Vendor::ElevenLabs => DOUBLE,
            38 if universe.vendor == Vendor::Attention => NO_TAGS[0].0,
            _ => BARE[0],
        };
        let name = text.split('=').next().unwrap_or(text);
        // Two values of one name in one change are refused; that is tried seldom.
        if !names.contains(&name) || random.u8(..6) == 0 {
            names.push(name);
            add.push(spelled(universe, text, random));
        }
    }
    if usage == Usage::Mixed && random.u8(..5) == 0 {
        return match random.u8(..3) {
            0 => (Change::Replace(Vec::new()), None),
            _ => (Change::Replace(add), marker),
        };
    }
    let mut remove = Vec::new();
    for _ in 0..random.usize(..3) {
        let text = match random.u8(..10) {
            0..4 => BARE[random.usize(..BARE.len())].to_owned(),
            4..7 => VALUED[random.usize(..VALUED.len())].to_owned(),
            7 if usage == Usage::Mixed => format!("m{}", random.usize(..markers.start.max(1))),
            8 if universe.vendor == Vendor::ElevenLabs => DOUBLE.to_owned(),
            _ => CREATABLE[0].to_owned(),
        };
        let name = Tag::decode(&text).name;
        let in_both =
            names.contains(&name.as_str()) || marker.is_some_and(|at| text == format!("m{at}"));
        if in_both {
            continue;
        }
        remove.push(match random.u8(..4) {
            0 => RemoveRef::AnyValue(name),
            _ => RemoveRef::Tag(tag(&text)),
        });
    }
    if add.is_empty() && remove.is_empty() {
        add.push(tag(BARE[random.usize(..BARE.len())]));
    }
    (Change::Patch { add, remove }, marker)
}

/// A tag to be made: where a label has options, mostly one more of them.
fn creatable(universe: &Universe, random: &mut fastrand::Rng) -> &'static str {
    let labels = universe.vendor == Vendor::Attention && random.u8(..4) > 0;
    let first = if labels { NEW_NAMES } else { 0 };
    CREATABLE[random.usize(first..CREATABLE.len())]
}

/// The text as a caller may write it, or the id.
fn spelled(universe: &Universe, text: &str, random: &mut fastrand::Rng) -> TagRef {
    let id = universe
        .id_of(universe.text(text))
        .filter(|_| text != DOUBLE);
    match (random.u8(..6), id) {
        (0, Some(id)) => TagRef::Id(id.to_owned()),
        (1, _) => TagRef::Tag(Tag::decode(&format!(" {} ", text.to_uppercase()))),
        _ => TagRef::Tag(Tag::decode(text)),
    }
}
