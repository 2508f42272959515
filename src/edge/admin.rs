//! The operator's listener: health, readiness, how the vendors are, and the embedded twins' records.

mod status;

use super::{
    accept::{self, Most},
    connection::{self, Limits},
    framing::{self, Exposure},
    gate::{Watched, Wire},
    respond,
};
use crate::{
    api, clock,
    error::{Code, Error},
    gateway::Gateway,
    metrics, mock,
    reload::{Cause, Live, Reloader},
    sequencer::Lanes,
};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Largest body on this listener.
const MAX_BODY: usize = 1 << 20;

/// Connections on this listener.
const MOST: Most = Most {
    in_all: 64,
    per_address: 64,
};

/// How long a request on this listener may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the operator can see.
pub struct Status {
    /// What runs.
    pub live: Arc<Live>,
    /// Puts another configuration in force; none where there is no file to read it from.
    pub reloader: Option<Arc<Reloader>>,
    /// Its lanes.
    pub lanes: Arc<Lanes>,
    /// Whether the public listener is open and not about to close.
    pub ready: AtomicBool,
}

impl Status {
    /// The gateway that runs now.
    pub fn gateway(&self) -> Arc<Gateway> {
        self.live.gateway()
    }
}

/// Serves until `stop` turns true.
pub async fn serve(listener: TcpListener, status: Arc<Status>, stop: watch::Receiver<bool>) {
    let serving = |stream, _| connection(stream, status.clone(), stop.clone());
    // What is asked now is left: the process is about to end.
    drop(accept::each(listener, MOST, stop.clone(), serving).await);
}

async fn connection(stream: TcpStream, status: Arc<Status>, stop: watch::Receiver<bool>) {
    let limits = Limits::of(&status.gateway().limits);
    connection::serve(stream, limits, stop, move |request, claimed, wire| {
        let status = status.clone();
        async move { Ok::<_, Infallible>(answer(&status, request, claimed, &wire).await) }
    })
    .await;
}

async fn answer(
    status: &Status,
    request: Request<Incoming>,
    claimed: Result<(), Error>,
    wire: &Wire,
) -> Response<Full<Bytes>> {
    let request_id = respond::request_id(request.headers(), || fastrand::u64(..));
    let request = request.map(|body| Watched::new(body, wire.clone()));
    let judged = async {
        claimed?;
        respond(status, request).await
    };
    let result = AssertUnwindSafe(judged).catch_unwind().await;
    let result = result.unwrap_or_else(|_| {
        let detail = "the gateway failed on this request";
        Err(Error::new(Code::Internal, detail))
    });
    let mut response =
        result.unwrap_or_else(|error| respond::problem(&error, respond::text(&request_id)));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(respond::X_REQUEST_ID, request_id);
    if wire.answered() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn respond(
    status: &Status,
    request: Request<Watched<Incoming>>,
) -> Result<Response<Full<Bytes>>, Error> {
    framing::check(&request, Exposure::ThisMachine)?;
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/healthz" => {
            only_get(request.method())?;
            Ok(json(
                StatusCode::OK,
                Bytes::from_static(b"{\"status\":\"ok\"}"),
            ))
        }
        "/readyz" => {
            only_get(request.method())?;
            Ok(readiness(status))
        }
        "/status" => {
            only_get(request.method())?;
            let standing = serde_json::to_vec(&status::standing(status))
                .map_err(|_| Error::new(Code::Internal, "the status cannot be written"))?;
            Ok(json(StatusCode::OK, standing.into()))
        }
        "/metrics" => {
            only_get(request.method())?;
            metrics(status)
        }
        "/violations" => {
            only_get(request.method())?;
            let violations = status.gateway().metrics.violations().json();
            Ok(json(StatusCode::OK, violations.to_string().into()))
        }
        "/reload" => reload(status, request.method()).await,
        _ => twin(status, request, &path).await,
    }
}

/// A vendor that is left alone is told and changes nothing of the code: the routes of the other vendors are served, the
/// callers of this one are answered at once, and no other instance could do more for them.
fn readiness(status: &Status) -> Response<Full<Bytes>> {
    let ready = status.ready.load(Ordering::Acquire);
    let generation = status.live.current();
    let body = serde_json::json!({
        "ready": ready,
        "config_generation": generation.number,
        "config_digest": generation.digest,
        "last_reload_error": status.live.trouble(),
        "routes": generation.gateway.routes().map(|route| &*route.name).collect::<Vec<_>>(),
        "open_breakers": status::open_breakers(status),
        "lanes": status.lanes.lanes(),
        "writes_under_way": status.lanes.writing(),
    });
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    json(code, body.to_string().into())
}

fn metrics(status: &Status) -> Result<Response<Full<Bytes>>, Error> {
    let sources = metrics::Sources {
        live: &status.live,
        lanes: &status.lanes,
        ready: status.ready.load(Ordering::Acquire),
    };
    let text = metrics::text(sources)
        .map_err(|_| Error::new(Code::Internal, "the metrics cannot be written"))?;
    let mut response = json(StatusCode::OK, text.into());
    let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// `POST /reload`: 200 when the configuration is in force, 422 with every fault when what ran before goes on.
async fn reload(status: &Status, method: &Method) -> Result<Response<Full<Bytes>>, Error> {
    if method != Method::POST {
        return Err(Error::new(Code::MethodNotAllowed, "the method here is POST").allow("POST"));
    }
    let Some(reloader) = status.reloader.clone() else {
        return Err(Error::new(
            Code::NotFound,
            "there is no file to reload from",
        ));
    };
    let reloaded = tokio::task::spawn_blocking(move || reloader.reload(Cause::Admin).is_ok());
    let reloaded = reloaded.await.unwrap_or_default();
    let generation = status.live.current();
    let body = serde_json::json!({
        "reloaded": reloaded,
        "config_generation": generation.number,
        "config_digest": generation.digest,
        "last_reload_error": status.live.trouble(),
    });
    let code = if reloaded {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(json(code, body.to_string().into()))
}

/// `/twins/{route}/…`: what the embedded twin of a route received and holds.
async fn twin(
    status: &Status,
    request: Request<Watched<Incoming>>,
    path: &str,
) -> Result<Response<Full<Bytes>>, Error> {
    let not_found = || Error::new(Code::NotFound, "there is no such path");
    let rest = path.strip_prefix("/twins/").ok_or_else(not_found)?;
    let (route, below) = rest.split_once('/').ok_or_else(not_found)?;
    let gateway = status.gateway();
    let route = gateway.route(route).ok_or_else(not_found)?;
    let twin = route.account.twin.as_ref().ok_or_else(not_found)?;
    let (head, body) = request.into_parts();
    let body = api::read_body(body, MAX_BODY, TIMEOUT).await?;
    tracing::debug!(route = %route.name, at = clock::unix_ms(), "the twin is asked");
    Ok(mock::control(twin, &Request::from_parts(head, body), below).map(Full::new))
}

fn only_get(method: &Method) -> Result<(), Error> {
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(
            Error::new(Code::MethodNotAllowed, "the methods here are GET, HEAD").allow("GET, HEAD"),
        ),
    }
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
