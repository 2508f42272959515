//! The way to a twin and back: it takes time, it fails in every way of [`Fault`], and what was sent may arrive after
//! the sender has given up.

use super::{
    faults::{Call, Effect, Fault, latency},
    life::Life,
    mangle,
    record::Log,
    universe::{Mask, Universe},
};
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tagway::{
    mock::Twin,
    upstream::{AnswerBody, Transport, TransportError},
};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep, sleep_until},
};
use tower::service_fn;

/// The wall clock of the twins at the beginning of a run: 2026-07-01.
const EPOCH_MS: u64 = 1_782_864_000_000;

/// One request that reached the twin and changed a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Landing {
    /// The place in the run's order of events.
    pub(crate) at: u64,
    pub(crate) conversation: usize,
    pub(crate) on: Mask,
    pub(crate) off: Mask,
}

/// The network and what lies behind it.
pub(crate) struct Network {
    pub(crate) universe: Arc<Universe>,
    pub(crate) log: Arc<Log>,
    conversations: Vec<String>,
    twin: Mutex<Box<dyn Twin>>,
    random: Mutex<fastrand::Rng>,
    started: Instant,
    settle: Duration,
    /// How many calls of a hundred something goes wrong with.
    faulty: u8,
    /// Which fault the next call of each kind meets, where they take turns.
    turns: [AtomicUsize; Call::ALL.len()],
    calm: AtomicBool,
    under_way: AtomicUsize,
    landings: Mutex<Vec<Landing>>,
    calls: AtomicUsize,
    met: Mutex<BTreeMap<(Call, Option<Fault>), usize>>,
}

/// What a network is made of.
pub(crate) struct Parts {
    pub(crate) universe: Arc<Universe>,
    pub(crate) log: Arc<Log>,
    pub(crate) conversations: Vec<String>,
    pub(crate) twin: Box<dyn Twin>,
    pub(crate) random: fastrand::Rng,
    pub(crate) settle: Duration,
    pub(crate) faulty: u8,
    /// Where the faults that take turns begin.
    pub(crate) turn: usize,
}

impl Network {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            universe: parts.universe,
            log: parts.log,
            conversations: parts.conversations,
            twin: Mutex::new(parts.twin),
            random: Mutex::new(parts.random),
            started: Instant::now(),
            settle: parts.settle,
            faulty: parts.faulty,
            turns: std::array::from_fn(|_| AtomicUsize::new(parts.turn)),
            calm: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            landings: Mutex::default(),
            calls: AtomicUsize::new(0),
            met: Mutex::default(),
        })
    }

    /// The tower service that an account of a gateway sends by. What a gateway has under way when its life ends is
    /// cut off, and whatever is left of it sends nothing any more.
    pub(crate) fn transport(self: &Arc<Self>, life: &Arc<Life>) -> Transport {
        let (network, life) = (self.clone(), life.clone());
        Transport::new(service_fn(move |request: Request<Bytes>| {
            let (network, life) = (network.clone(), life.clone());
            async move {
                tokio::select! {
                    biased;
                    () = life.ended() => {}
                    answer = network.call(request) => return answer,
                }
                std::future::pending().await
            }
        }))
    }

    /// From now on nothing goes wrong any more, and calls take a millisecond.
    pub(crate) fn calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    /// How many requests may still reach the twin.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// How often which call met which fault.
    pub(crate) fn met(&self) -> BTreeMap<(Call, Option<Fault>), usize> {
        lock(&self.met).clone()
    }

    /// What reached the twin and changed something, in order.
    pub(crate) fn landings(&self) -> Vec<Landing> {
        lock(&self.landings).clone()
    }

    /// What the twin has on a conversation.
    pub(crate) fn content(&self, conversation: usize) -> Mask {
        self.mask(lock(&self.twin).as_ref(), conversation)
    }

    /// Somebody else writes, at once.
    pub(crate) fn write_as_another(&self, request: &Request<Bytes>) -> u64 {
        self.land(request, "another").1
    }

    async fn call(
        self: Arc<Self>,
        request: Request<Bytes>,
    ) -> Result<Response<AnswerBody>, TransportError> {
        let kind = Call::of(self.universe.vendor, &request);
        let (fault, up, down, later) = self.fate(kind);
        self.calls.fetch_add(1, Ordering::Relaxed);
        *lock(&self.met).entry((kind, fault)).or_default() += 1;
        let shown = short(request.method().as_str(), request.uri());
        self.log.line(|| match fault {
            None => format!("{shown} is sent {}", text(&request)),
            Some(fault) => format!("{shown} is sent and meets {fault} {}", text(&request)),
        });
        let effect = fault.map_or(Effect::InTime, Fault::effect);
        let (landed, _end) = self.launch(effect, up, later, request);
        match fault {
            Some(Fault::NotSent) => {
                sleep(up.min(Duration::from_secs(3))).await;
                Err(TransportError::NotSent("refused".to_owned()))
            }
            Some(Fault::Reset(_)) => {
                sleep(up).await;
                Err(TransportError::Broken("reset".to_owned()))
            }
            Some(Fault::Silent(_)) => std::future::pending().await,
            Some(fault @ (Fault::Status(..) | Fault::TooMany(_) | Fault::Refused(_))) => {
                sleep(up).await;
                Ok(mangle::error(fault))
            }
            Some(Fault::Body(body)) => {
                let answer = arrived(landed).await?;
                sleep(down).await;
                Ok(mangle::body(body, answer, later))
            }
            None => {
                let answer = arrived(landed).await?;
                sleep(down).await;
                self.log
                    .line(|| format!("{shown} is answered {}", answer.status()));
                Ok(whole(answer))
            }
        }
    }

    fn fate(&self, kind: Call) -> (Option<Fault>, Duration, Duration, Duration) {
        if self.calm.load(Ordering::Relaxed) {
            let short = Duration::from_millis(1);
            return (None, short, Duration::ZERO, short);
        }
        let mut random = lock(&self.random);
        // There are few of them.
        let rare = matches!(
            kind,
            Call::KeyedCreate | Call::UnkeyedCreate | Call::Options
        );
        let faulty = if rare && self.faulty > 0 {
            60
        } else {
            self.faulty
        };
        let fault = (random.u8(..100) < faulty).then(|| match rare || random.bool() {
            true => Fault::turn(
                kind,
                self.turns[kind as usize].fetch_add(1, Ordering::Relaxed),
            ),
            false => Fault::draw(kind, &mut random),
        });
        let whole = latency(&mut random);
        let up = whole.mul_f64(f64::from(random.u8(..=100)) / 100.0);
        let most = u64::try_from(self.settle.as_millis()).unwrap_or(u64::MAX);
        // Late means any time up to the settle time, and its last tenth as often as all the rest.
        let later = match random.bool() {
            true => random.u64(0..most),
            false => random.u64(most - most / 10..most),
        };
        (
            fault,
            up,
            whole.saturating_sub(up),
            Duration::from_millis(later),
        )
    }

    /// Sends the request on its way. It arrives whether or not the sender goes on waiting, at the latest the settle
    /// time after the sender's attempt has ended.
    fn launch(
        self: &Arc<Self>,
        effect: Effect,
        up: Duration,
        later: Duration,
        request: Request<Bytes>,
    ) -> (oneshot::Receiver<Response<Bytes>>, End) {
        let (arrives, landed) = oneshot::channel();
        let over = Arc::new(Notify::new());
        let end = End(over.clone());
        if effect == Effect::Never {
            return (landed, end);
        }
        let network = self.clone();
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let most = self.settle - Duration::from_millis(1);
        let at = Instant::now() + up;
        tokio::spawn(async move {
            if effect == Effect::Late {
                over.notified().await;
                sleep(later.min(most)).await;
            } else {
                tokio::select! {
                    biased;
                    () = sleep_until(at) => {}
                    () = over.notified() => sleep_until(at.min(Instant::now() + most)).await,
                }
            }
            let (answer, _) = network.land(&request, "it");
            network.under_way.fetch_sub(1, Ordering::Relaxed);
            // Nobody may be waiting any more.
            let _ = arrives.send(answer);
        });
        (landed, end)
    }

    /// The twin's answer, and where in the order of events it was given.
    fn land(&self, request: &Request<Bytes>, who: &str) -> (Response<Bytes>, u64) {
        let path = request.uri().path();
        let conversation = self
            .conversations
            .iter()
            .position(|id| path.contains(id.as_str()));
        let now = EPOCH_MS + u64::try_from(self.started.elapsed().as_millis()).unwrap_or(0);
        let mut twin = lock(&self.twin);
        let before = conversation.map(|at| self.mask(twin.as_ref(), at));
        let answer = twin.answer(request, now);
        let after = conversation.map(|at| self.mask(twin.as_ref(), at));
        drop(twin);
        let at = self.log.tick();
        if let (Some(conversation), Some(before), Some(after)) = (conversation, before, after)
            && before != after
        {
            let (on, off) = (after & !before, before & !after);
            let show = |mask| self.universe.show(mask);
            self.log.line(|| {
                format!(
                    "c{conversation}: {who} lands: on {} off {}",
                    show(on),
                    show(off)
                )
            });
            lock(&self.landings).push(Landing {
                at,
                conversation,
                on,
                off,
            });
        }
        if conversation.is_none() && answer.status().is_success() {
            self.learn(request, &answer);
        }
        (answer, at)
    }

    /// Remembers the id of a tag that was made.
    fn learn(&self, request: &Request<Bytes>, answer: &Response<Bytes>) {
        let made: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let text = |member: &str| made.get(member).and_then(serde_json::Value::as_str);
        if let (&http::Method::POST, Some(id), Some(name)) = (
            request.method(),
            text("tag_id").or(text("id")),
            text("title").or(text("name")),
        ) {
            self.log.line(|| format!("`{name}` is made as {id}"));
            self.universe.learn(id, name);
        }
    }

    fn mask(&self, twin: &dyn Twin, conversation: usize) -> Mask {
        let Some(content) = self
            .conversations
            .get(conversation)
            .and_then(|id| twin.content(id))
        else {
            return 0;
        };
        self.universe.content(&content).unwrap_or_else(|stranger| {
            self.log
                .violation("strange", format!("the twin has {}", stranger.0));
            0
        })
    }
}

/// Says when it is dropped that the sender's attempt is over.
struct End(Arc<Notify>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn arrived(
    landed: oneshot::Receiver<Response<Bytes>>,
) -> Result<Response<Bytes>, TransportError> {
    landed
        .await
        .map_err(|_| TransportError::Broken("the network is gone".to_owned()))
}

fn whole(answer: Response<Bytes>) -> Response<AnswerBody> {
    answer.map(|bytes| {
        Full::new(bytes)
            .map_err(|never| match never {})
            .boxed_unsync()
    })
}

fn short(method: &str, uri: &Uri) -> String {
    format!(
        "{method} {}",
        uri.path_and_query().map_or("", |target| target.as_str())
    )
}

fn text(request: &Request<Bytes>) -> String {
    String::from_utf8_lossy(request.body()).into_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
