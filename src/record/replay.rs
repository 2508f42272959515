//! A recording as a mock: what was asked then is answered as then.

use super::Entry;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::TcpListener, task::JoinSet};

/// Largest request that is taken, in bytes.
const LARGEST: usize = 1 << 20;

/// What one vendor answered, by what it was asked.
#[derive(Debug)]
pub struct Replay {
    /// The path of the base URL that callers use, without a slash at its end.
    base_path: String,
    answers: Mutex<HashMap<Asked, VecDeque<Entry>>>,
}

/// Why a file is no recording.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no exchange: {why}")]
pub struct ReplayError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// A method, a path with its query, and a body as JSON text.
type Asked = (String, String, String);

impl Replay {
    /// Reads a recording: a replay for each vendor in it. `base_path` says below which path a vendor is asked.
    ///
    /// # Errors
    /// The first line that is no exchange.
    pub fn read(
        text: &str,
        base_path: impl Fn(&str) -> String,
    ) -> Result<BTreeMap<String, Self>, ReplayError> {
        let mut replays: BTreeMap<String, Self> = BTreeMap::new();
        let lines = text.lines().enumerate();
        for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let entry: Entry = serde_json::from_str(line).map_err(|error| ReplayError {
                line: at + 1,
                why: error.to_string(),
            })?;
            if entry.status.is_none() {
                continue;
            }
            let vendor = entry.vendor.clone();
            let replay = replays.entry(vendor).or_insert_with_key(|vendor| Self {
                base_path: base_path(vendor).trim_end_matches('/').to_owned(),
                answers: Mutex::default(),
            });
            let asked = asked(&entry.method, &entry.path, entry.request_body.as_ref());
            let answers = replay.answers.get_mut();
            let answers = answers.unwrap_or_else(PoisonError::into_inner);
            answers.entry(asked).or_default().push_back(entry);
        }
        Ok(replays)
    }

    /// The next answer to this request; the last one is given again. 404 for what was never asked.
    pub fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let target = request.uri().path_and_query();
        let target = target.map_or_else(String::new, ToString::to_string);
        let below = target.strip_prefix(&self.base_path).unwrap_or(&target);
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        let asked = asked(request.method().as_str(), below, body.as_ref());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(recorded) = answers.get_mut(&asked) else {
            let near = answers
                .keys()
                .filter(|(method, path, _)| *method == asked.0 || *path == asked.1);
            let mut near: Vec<String> = near
                .map(|(method, path, body)| format!("{method} {path} {body}"))
                .collect();
            near.sort();
            near.truncate(5);
            let fault = json!({"error": "nothing was recorded for this", "nearest": near});
            let mut answer = Response::new(Bytes::from(fault.to_string()));
            *answer.status_mut() = StatusCode::NOT_FOUND;
            return answer;
        };
        let next = match recorded.len() {
            1 => recorded.front().cloned(),
            _ => recorded.pop_front(),
        };
        next.map_or_else(Response::default, replayed)
    }
}

/// Serves a replay until the task is dropped.
pub async fn serve(listener: TcpListener, replay: Arc<Replay>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let replay = replay.clone();
        connections.spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let replay = replay.clone();
                async move { Ok::<_, Infallible>(respond(&replay, request).await.map(Full::new)) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new());
            if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "a connection of a replay ended early");
            }
        });
    }
}

async fn respond(replay: &Replay, request: Request<Incoming>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    match Limited::new(body, LARGEST).collect().await {
        Ok(body) => replay.answer(&Request::from_parts(head, body.to_bytes())),
        Err(_) => {
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = StatusCode::BAD_REQUEST;
            answer
        }
    }
}

fn asked(method: &str, path: &str, body: Option<&Value>) -> Asked {
    let body = body.map(ToString::to_string).unwrap_or_default();
    (method.to_owned(), path.to_owned(), body)
}

fn replayed(entry: Entry) -> Response<Bytes> {
    let body = match &entry.body {
        None => Bytes::new(),
        Some(Value::String(text)) => Bytes::from(text.clone()),
        Some(value) => Bytes::from(value.to_string()),
    };
    let mut answer = Response::new(body);
    if let Some(Ok(status)) = entry.status.map(StatusCode::from_u16) {
        *answer.status_mut() = status;
    }
    for (name, value) in entry.headers {
        // Times of then would be taken for times of now.
        let is_of_then = name == header::DATE.as_str() || name.contains("reset");
        if let (false, Ok(name), Ok(value)) = (
            is_of_then,
            HeaderName::try_from(name),
            HeaderValue::try_from(value),
        ) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}
