//! The public listener: connections, their limits, and what every request passes before and after the API.

mod accept;
mod admin;
mod bell;
mod connection;
mod framing;
mod gate;
mod http2;
mod listen;
mod peers;
mod respond;

pub use admin::{Status, serve as serve_admin};
pub use listen::listen;

use crate::{
    api::{self, Notes, Reply, Turnstile},
    error::{Code, Error, Outcome},
    gateway::Gateway,
    metrics::Metrics,
    reload::Live,
    sync::lock,
};
use accept::Most;
use connection::{FAREWELL, Limits};
use framing::Exposure;
use futures_util::FutureExt;
use gate::{Watched, Wire};
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use rustls::ServerConfig;
use std::{
    convert::Infallible,
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, SemaphorePermit, watch},
    time::{Instant, timeout},
};
use tokio_rustls::TlsAcceptor;

/// How long to wait when the gateway is at its limit.
const OVERLOADED_WAIT: Duration = Duration::from_secs(1);

/// The body of a request.
type Body = Watched<Incoming>;

/// Serves the API until `stop` turns true, then lets the requests that have begun finish.
pub async fn serve(listener: TcpListener, live: Arc<Live>, stop: watch::Receiver<bool>) {
    let gateway = live.gateway();
    let most = Most {
        in_all: gateway.limits.max_connections,
        per_address: gateway.limits.max_connections_per_address,
    }
    .within(accept::descriptors());
    drop(gateway);
    let front = Arc::new(Front::new(live));
    let serving = |stream, peer| front.clone().connection(stream, peer, stop.clone());
    let mut open = accept::each(listener, most, stop.clone(), serving).await;
    front.stopping.get_or_init(Instant::now);
    while open.join_next().await.is_some() {}
}

/// What every request passes. Functions call each other here, where layers of services would be the usual form: in
/// boxes, cloned and moved for each request, they took 4,600 instructions of it (by callgrind).
struct Front {
    live: Arc<Live>,
    metrics: Arc<Metrics>,
    turnstile: Turnstile,
    /// For the requests that are worked on at once.
    places: Semaphore,
    /// When the stop began.
    stopping: OnceLock<Instant>,
    random: Mutex<fastrand::Rng>,
}

impl Front {
    fn new(live: Arc<Live>) -> Self {
        let mut seed = [0; 8];
        // Ids of requests have to differ between restarts; without the system's randomness the time has to do.
        if getrandom::fill(&mut seed).is_err() {
            seed = crate::clock::unix_ms().to_le_bytes();
        }
        Self {
            metrics: live.gateway().metrics.clone(),
            turnstile: Turnstile::default(),
            places: Semaphore::new(live.gateway().limits.max_in_flight),
            live,
            stopping: OnceLock::new(),
            random: Mutex::new(fastrand::Rng::with_seed(u64::from_le_bytes(seed))),
        }
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        stop: watch::Receiver<bool>,
    ) {
        let gateway = self.live.gateway();
        let _counted = gateway.metrics.connected();
        // A tenth more or less, so that connections of one moment do not all end at another.
        let aging = 0.9 + f64::from(self.random() as u32) / f64::from(u32::MAX) / 5.0;
        let mut limits = Limits::of(&gateway.limits);
        limits.age = limits.age.mul_f64(aging);
        let tls = gateway.tls.clone();
        drop(gateway);
        match tls {
            None => self.http1(stream, peer, limits, stop).await,
            // In a box, so that whoever comes without TLS does not pay for its room.
            Some(tls) => Box::pin(self.tls(tls, stream, peer, limits, stop)).await,
        }
    }

    async fn tls(
        self: Arc<Self>,
        tls: Arc<ServerConfig>,
        stream: TcpStream,
        peer: IpAddr,
        limits: Limits,
        stop: watch::Receiver<bool>,
    ) {
        let accepting = TlsAcceptor::from(tls).accept(stream);
        let stream = match timeout(limits.head, accepting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS connection came to be");
                return;
            }
            Err(_) => return,
        };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.http2(stream, peer, limits, stop).await;
        } else {
            self.http1(stream, peer, limits, stop).await;
        }
    }

    async fn http1<S>(
        self: Arc<Self>,
        stream: S,
        peer: IpAddr,
        limits: Limits,
        stop: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        connection::serve(stream, limits, stop, move |request, claimed, wire| {
            self.clone().answer(request, claimed, peer, wire)
        })
        .await;
    }

    async fn http2<S>(
        self: Arc<Self>,
        stream: S,
        peer: IpAddr,
        limits: Limits,
        stop: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        http2::serve(stream, limits, stop, move |request, sound| {
            let answer = self.clone().answer(request, sound, peer, Wire::default());
            // In a box, so that the room for a request is not kept until its answer is taken.
            let answer = Box::pin(answer);
            async move {
                let Ok(response) = answer.await;
                response
            }
        })
        .await;
    }

    /// The answer to a request. What it waits in is made and passed on for every request, so it is kept small: passing
    /// on one with room for the largest operation missed the processor's first cache 215 times instead of 61 (by
    /// callgrind).
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        claimed: Result<(), Error>,
        peer: IpAddr,
        wire: Wire,
    ) -> Result<Response<Full<bytes::Bytes>>, Infallible> {
        let request_id = respond::request_id(request.headers(), || self.random());
        let mut notes = Notes {
            peer: Some(peer),
            ..Notes::new()
        };
        let arrived = notes.arrived;
        let method = claimed.is_ok().then(|| request.method().clone());
        let request = Box::new(request.map(|body| Watched::new(body, wire.clone())));
        let judged = async {
            claimed?;
            // A reload in the middle of the request changes nothing for it.
            let gateway = self.live.gateway();
            let _place = self.admitted(&gateway, &request)?;
            api::handle(&gateway, &self.turnstile, request, &mut notes).await
        };
        let judged = AssertUnwindSafe(judged).catch_unwind().await;
        let result = judged.unwrap_or_else(|_| {
            notes = Notes {
                arrived,
                ..Notes::new()
            };
            let detail = "the gateway failed on this request";
            Err(Error::new(Code::Internal, detail))
        });
        let time = arrived.elapsed();
        respond::log(method.as_ref(), &request_id, &notes, &result, time);
        self.count(&notes, &result, time);
        let mut response = respond::response(request_id, notes, result, time);
        if wire.answered() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        Ok(response)
    }

    fn count(&self, notes: &Notes, result: &Result<Reply, Error>, time: Duration) {
        let (status, code) = respond::told(result);
        self.metrics
            .answered(notes.route.as_ref(), notes.operation, status, code, time);
    }

    fn random(&self) -> u64 {
        lock(&self.random).u64(..)
    }

    /// The order of what can be in the way of a request: the stop, its framing, too many others; then all that the API
    /// says.
    fn admitted(
        &self,
        gateway: &Gateway,
        request: &Request<Body>,
    ) -> Result<SemaphorePermit<'_>, Error> {
        if self
            .stopping
            .get()
            .is_some_and(|since| since.elapsed() > FAREWELL)
        {
            let error = Error::new(Code::ShuttingDown, "the gateway is stopping")
                .retry_after(OVERLOADED_WAIT);
            return Err(error.close());
        }
        framing::check(request, exposure(gateway))?;
        // Who finds no place is refused at once, before anything of the request is read; the others have theirs until
        // their answer is made.
        let place = self.places.try_acquire();
        place.map_err(|_| overloaded(request.method().is_safe()))
    }
}

fn exposure(gateway: &Gateway) -> Exposure {
    if gateway.clients.is_empty() {
        Exposure::ThisMachine
    } else {
        Exposure::Anybody
    }
}

fn overloaded(is_safe: bool) -> Error {
    let error = Error::new(Code::Overloaded, "too many requests are under way")
        .retry_after(OVERLOADED_WAIT);
    match is_safe {
        true => error,
        false => error.outcome(Outcome::NotApplied),
    }
}
