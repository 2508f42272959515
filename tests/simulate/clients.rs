//! The callers: each does its steps one after the other and keeps what it was told.

use super::{
    another,
    history::{Asked, History, Parts, Record, Told, shown},
    keyed::{Plain, read_back},
    model::{Match, Wish},
    scenario::{Action, Condition, Step},
    world::{Request, World},
};
use adapters::{Carried, Change};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tagway::{
    error::{Code, Error},
    etag::etag,
    idempotency::{self as keyed, Answered, Entered},
    sequencer::{Changed, IfMatch, Sequencer},
};
use tokio::time::{sleep, timeout};

/// How long a caller waits before it repeats what it does not know the end of.
const AGAIN: Duration = Duration::from_secs(3);

/// How often it asks at most.
const MAX_ATTEMPTS: usize = 40;

/// One caller's run through its steps.
pub(crate) async fn write(
    world: Arc<World>,
    history: Arc<History>,
    writer: usize,
    steps: Vec<Step>,
) {
    let mut seen: BTreeMap<usize, String> = BTreeMap::new();
    for (number, step) in steps.into_iter().enumerate() {
        sleep(step.pause).await;
        let who = format!("w{writer}.{number} c{}", step.conversation);
        match step.action {
            Action::Read => {
                read(&world, &history, writer, &who, step.conversation, &mut seen).await
            }
            Action::Another { text, on } => {
                another::write(&world, &history, step.conversation, text, on)
            }
            Action::Change {
                request,
                condition,
                marker,
                leaves,
            } => {
                let (request, condition) =
                    with_condition(&history, step.conversation, request, condition, &seen);
                let call = Calling {
                    world: &world,
                    history: &history,
                    writer,
                    who: &who,
                    conversation: step.conversation,
                };
                call.change(request, condition, marker, leaves, &mut seen)
                    .await;
            }
        }
    }
}

fn with_condition(
    history: &History,
    conversation: usize,
    mut request: Request,
    condition: Condition,
    seen: &BTreeMap<usize, String>,
) -> (Request, Match) {
    let one_of = |tag: &str| Some(IfMatch::OneOf(vec![tag.to_owned()]));
    let matched = match (condition, seen.get(&conversation)) {
        (Condition::None, _) | (Condition::Seen, None) => Match::Always,
        (Condition::Exists, _) => {
            request.if_match = Some(IfMatch::Exists);
            Match::Always
        }
        (Condition::Seen, Some(tag)) => {
            request.if_match = one_of(tag);
            Match::Set(history.set_of(conversation, tag))
        }
        (Condition::Stale, _) => {
            request.if_match = one_of("\"stale\"");
            Match::Set(None)
        }
    };
    (request, matched)
}

/// Reads a conversation the way the API does it.
pub(crate) async fn read(
    world: &World,
    history: &History,
    writer: usize,
    who: &str,
    conversation: usize,
    seen: &mut BTreeMap<usize, String>,
) {
    let begun = world.log.tick();
    let gateway = world.gateway();
    let set = tokio::select! {
        biased;
        () = gateway.life.ended() => Err("the gateway is not there".to_owned()),
        set = carried(world, writer, conversation) => set,
    };
    let at = world.log.tick();
    match set {
        Ok(carried) => match world.universe.carried(&carried) {
            Ok(set) => {
                world
                    .log
                    .line(|| format!("{who} reads {}", world.universe.show(set)));
                let tag = etag("account", &world.conversations[conversation], &carried);
                history.learn(world, conversation, &tag, set);
                seen.insert(conversation, tag);
                history.push(Record {
                    conversation,
                    begun,
                    at,
                    asked: Asked::Read,
                    told: Told::Set(set),
                });
            }
            Err(stranger) => world
                .log
                .violation("strange", format!("{who} reads {}", stranger.0)),
        },
        Err(why) => world.log.line(|| format!("{who} cannot read: {why}")),
    }
}

async fn carried(world: &World, writer: usize, conversation: usize) -> Result<Carried, String> {
    let patience = Request::nothing(Duration::from_secs(30));
    let job = world.job(writer, conversation, &patience);
    let (account, context) = (&job.route.account, job.context());
    let failed = |error: tagway::upstream::CallError| error.to_string();
    let mut reading = account
        .read(&world.conversations[conversation], &context)
        .await
        .map_err(failed)?;
    if reading
        .carried
        .0
        .iter()
        .any(|element| matches!(element, adapters::Element::Unknown { .. }))
    {
        let catalogue = account.catalogue(&context).await.map_err(failed)?;
        account
            .name(&mut reading.carried, catalogue, &context)
            .await
            .map_err(failed)?;
    }
    Ok(reading.carried)
}

/// What was answered before.
fn replayed(answered: &Answered) -> Result<Changed, Error> {
    match answered {
        Answered::Success(success) => Ok(read_back(success)),
        Answered::Problem(problem) => Err(problem.error().expect("a known code")),
    }
}

/// One call of a caller.
struct Calling<'a> {
    world: &'a World,
    history: &'a History,
    writer: usize,
    who: &'a str,
    conversation: usize,
}

impl Calling<'_> {
    async fn change(
        &self,
        request: Request,
        condition: Match,
        marker: Option<usize>,
        leaves: Option<Duration>,
        seen: &mut BTreeMap<usize, String>,
    ) {
        let Self {
            world,
            who,
            conversation,
            ..
        } = *self;
        let begun = world.log.tick();
        let key = self.key(&request, marker);
        let mut patience = leaves.unwrap_or(Duration::from_secs(86_400));
        let mut attempts = 0;
        let (told, at) = loop {
            attempts += 1;
            let answered = self.once(&request, key.as_deref(), patience).await;
            let at = world.log.tick();
            let told = match answered {
                None => Told::Left,
                Some(Ok(changed)) => match self.changed(&changed, seen) {
                    Some(told) => told,
                    None => return,
                },
                Some(Err(error)) => self.failed(&error, seen),
            };
            if key.is_none() || told.is_final() || attempts == MAX_ATTEMPTS {
                break (told, at);
            }
            world
                .log
                .line(|| format!("{who} is told {}, and asks again", told.show(world)));
            patience = Duration::from_secs(86_400);
            sleep(AGAIN).await;
        };
        world
            .log
            .line(|| format!("{who} is told {}", told.show(world)));
        let wish = Wish::of(&request.change, &world.universe);
        let representation = request.representation;
        let asked = Asked::Change {
            wish,
            condition,
            marker,
            representation,
        };
        self.history.push(Record {
            conversation,
            begun,
            at,
            asked,
            told,
        });
    }

    /// The key of a change that is repeated until its end is known. Where tags come and go one by one, a change of
    /// several is several, so there only changes of one tag are.
    fn key(&self, request: &Request, marker: Option<usize>) -> Option<String> {
        let marker = marker.filter(|marker| marker % 2 == 0)?;
        let is_one = matches!(&request.change, Change::Patch { add, remove } if add.len() == 1 && remove.is_empty());
        let is_whole = self.world.universe.vendor.replaces();
        let unconditional = request.if_match.is_none() && !request.create_missing;
        (unconditional && (is_one || is_whole)).then(|| format!("key-{marker}"))
    }

    /// One attempt; nothing when its caller left or the process ended first.
    async fn once(
        &self,
        request: &Request,
        key: Option<&str>,
        patience: Duration,
    ) -> Option<Result<Changed, Error>> {
        let Self { world, who, .. } = *self;
        world.log.line(|| format!("{who} asks {}", shown(request)));
        let gateway = world.gateway();
        let mut job = gateway.job(
            self.writer,
            &world.conversations[self.conversation],
            request,
        );
        let attempt = async {
            let Some(key) = key else {
                return gateway.lanes.submit(job).await;
            };
            let keyed = keyed::Request {
                scope: [
                    String::new(),
                    String::new(),
                    String::new(),
                    (*who).to_owned(),
                ],
                key: key.to_owned(),
                fingerprint: [0; 32],
                rendering: Box::new(Plain),
                deadline: job.deadline,
                settle: job.route.account.limits.settle,
            };
            match gateway.idempotency.enter(keyed).await? {
                Entered::Answered(answered) => replayed(&answered),
                Entered::Run(keyed, _waiting) => {
                    job.once = Some(keyed.clone());
                    match (gateway.lanes.submit(job).await, keyed.answered().await) {
                        (Err(error), Some(answered))
                            if error.code() == Code::IdempotencyInProgress =>
                        {
                            replayed(&answered)
                        }
                        (result, _) => result,
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = gateway.life.ended() => None,
            answered = timeout(patience, attempt) => answered.ok(),
        }
    }

    fn changed(&self, changed: &Changed, seen: &mut BTreeMap<usize, String>) -> Option<Told> {
        let Self {
            world,
            who,
            conversation,
            ..
        } = *self;
        let mask = |elements: &[adapters::Element]| {
            let mask = world.universe.elements(elements);
            mask.map_err(|stranger| {
                world
                    .log
                    .violation("strange", format!("{who} is told of {}", stranger.0))
            })
            .ok()
        };
        let set = match &changed.set {
            None => None,
            Some(carried) => {
                let set = mask(&carried.0)?;
                let tag = etag("account", &world.conversations[conversation], carried);
                self.history.learn(world, conversation, &tag, set);
                seen.insert(conversation, tag);
                Some(set)
            }
        };
        Some(Told::Changed {
            added: mask(&changed.added)?,
            removed: mask(&changed.removed)?,
            assumed: changed.assumed,
            set,
        })
    }

    fn failed(&self, error: &Error, seen: &mut BTreeMap<usize, String>) -> Told {
        let Self {
            world,
            conversation,
            ..
        } = *self;
        let body: Value = serde_json::from_slice(&error.body("x")).unwrap_or_default();
        let tags = |list: &Value| {
            let list = list.as_array()?;
            list.iter()
                .map(|tag| world.universe.shown(tag))
                .try_fold(0, |all, one| Some(all | one?))
        };
        // What is no tag is never shown, and always there.
        let set = body
            .get("tags")
            .and_then(tags)
            .map(|set| set | world.universe.entries());
        if let (Some(set), Some(tag)) = (set, body.get("etag").and_then(Value::as_str)) {
            self.history.learn(world, conversation, tag, set);
            seen.insert(conversation, tag.to_owned());
        }
        let parts = |member: &str| {
            let list = body.get(member).and_then(Value::as_array);
            let (mut on, mut off) = (0, 0);
            for part in list.into_iter().flatten() {
                let mask = world.universe.shown(part).unwrap_or(0);
                match part.get("action").and_then(Value::as_str) {
                    Some("add") => on |= mask,
                    _ => off |= mask,
                }
            }
            (on, off)
        };
        Told::Failed {
            code: error.code(),
            outcome: error.known_outcome(),
            parts: Parts {
                applied: parts("applied"),
                not_applied: parts("not_applied"),
                unknown: parts("unknown"),
            },
            set,
        }
    }
}
