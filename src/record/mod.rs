//! What goes to the vendors and comes back, written down: to be replayed as a mock, and as fixtures of the adapters.
//!
//! The file has a JSON object on each line, an [`Entry`]. No credential is in it: of the headers only a few that hold
//! none are kept, and every line goes through [`crate::redact`]. Of an answer there is what the adapter keeps of it, so
//! no transcript. Ids are masked, each by the same stand-in everywhere, unless the operator wants them.

mod mask;
mod replay;
mod tee;
#[cfg(test)]
mod tests;

pub use mask::Ids;
pub use replay::{Replay, ReplayError, serve};

use crate::{
    clock, json, redact,
    schema::{Document, Found},
    upstream::{Transport, TransportError},
};
use adapters::{
    Vendor,
    reader::{Keep, Limits, project},
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use mask::Mask;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tee::Tee;
use tower::{ServiceExt, service_fn};

/// Headers that are kept, of requests and of answers; none of them holds a credential.
const KEPT: [&str; 13] = [
    "content-type",
    "idempotency-key",
    "idempotent-replayed",
    "retry-after",
    "x-request-id",
    "x-trace-id",
    "date",
    "x-ratelimit-limit-minute",
    "x-ratelimit-remaining-minute",
    "x-ratelimit-reset-minute",
    "x-ratelimit-limit-hour",
    "x-ratelimit-remaining-hour",
    "x-ratelimit-reset-hour",
];

/// Largest answer that is kept, in bytes.
const LARGEST: usize = 1 << 20;

/// One call and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When the call was made, in milliseconds since 1970.
    pub at_ms: u64,
    /// The vendor's name.
    pub vendor: String,
    /// The operation's id in the vendor's document; none where the path is not described.
    pub operation: Option<String>,
    /// The method.
    pub method: String,
    /// Path and query below the base URL.
    pub path: String,
    /// Of the headers, those that are kept.
    pub request_headers: BTreeMap<String, String>,
    /// The JSON body.
    pub request_body: Option<Value>,
    /// The status of the answer; none where none came.
    pub status: Option<u16>,
    /// Of the answer's headers, those that are kept.
    pub headers: BTreeMap<String, String>,
    /// The kept part of the body; a text where it was no JSON.
    pub body: Option<Value>,
    /// Why there is no answer, or not all of it.
    pub error: Option<String>,
}

/// Writes exchanges to a file, one after the other.
pub struct Recorder {
    file: Mutex<Option<File>>,
    mask: Mask,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// What is needed to make an entry of an exchange.
#[derive(Clone)]
struct Place {
    recorder: Arc<Recorder>,
    vendor: &'static Vendor,
    document: Arc<Document>,
    /// The path of the base URL, without a slash at its end.
    base_path: String,
}

impl Recorder {
    /// Appends to a file, which only its owner can read if it has to be made.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path, ids: Ids) -> io::Result<Arc<Self>> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        Ok(Arc::new(Self {
            file: Mutex::new(Some(file)),
            mask: Mask::new(ids),
        }))
    }

    /// The same way to the vendor, with a note of everything that goes it.
    pub fn wrap(
        self: &Arc<Self>,
        inner: Transport,
        vendor: &'static Vendor,
        document: Arc<Document>,
        base_url: &str,
    ) -> Transport {
        let base = base_url.parse::<http::Uri>().ok();
        let base_path = base.map(|base| base.path().trim_end_matches('/').to_owned());
        let place = Place {
            recorder: self.clone(),
            vendor,
            document,
            base_path: base_path.unwrap_or_default(),
        };
        Transport::new(service_fn(move |request: Request<Bytes>| {
            let (inner, place) = (inner.clone(), place.clone());
            async move {
                let (entry, keep, ids) = place.asked(&request);
                match inner.oneshot(request).await {
                    Ok(answer) => Ok(place.answered(entry, keep, ids, answer)),
                    Err(error) => {
                        let entry = Entry {
                            error: Some(error.to_string()),
                            ..entry
                        };
                        place.recorder.write(entry, &ids);
                        Err::<_, TransportError>(error)
                    }
                }
            }
        }))
    }

    /// A recording never stops the gateway: a file that cannot be written is told once and left.
    fn write(&self, mut entry: Entry, ids: &[String]) {
        self.mask.entry(&mut entry, ids);
        let Ok(line) = serde_json::to_string(&entry) else {
            return;
        };
        let line = format!("{}\n", redact::text(&line));
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = file.as_mut()
            && let Err(error) = open.write_all(line.as_bytes())
        {
            tracing::error!(%error, "nothing more is recorded");
            *file = None;
        }
    }
}

impl Place {
    fn asked(&self, request: &Request<Bytes>) -> (Entry, Keep, Vec<String>) {
        let target = request.uri().path_and_query();
        let target = target.map_or_else(String::new, ToString::to_string);
        let below = target.strip_prefix(&self.base_path).unwrap_or(&target);
        let path = below.split('?').next().unwrap_or_default();
        let (operation, ids) = match self.document.find(request.method(), path) {
            Found::Operation(operation, parameters) => {
                let ids = parameters.iter().map(|(_, raw)| (*raw).to_owned());
                (Some(operation.id().to_owned()), ids.collect())
            }
            // What is not described may be an id anywhere.
            Found::OtherMethod(_) | Found::Nothing => {
                (None, path.split('/').map(str::to_owned).collect())
            }
        };
        let kept = self
            .vendor
            .operations
            .iter()
            .find(|(id, _)| operation.as_deref() == Some(*id));
        let entry = Entry {
            at_ms: clock::unix_ms(),
            vendor: self.vendor.name.to_owned(),
            operation,
            method: request.method().to_string(),
            path: below.to_owned(),
            request_headers: kept_of(request.headers()),
            request_body: json::lenient(request.body()).ok(),
            status: None,
            headers: BTreeMap::new(),
            body: None,
            error: None,
        };
        let keep = kept.map_or(Keep::Everything, |(_, keep)| *keep);
        (entry, keep, ids)
    }

    fn answered(
        self,
        mut entry: Entry,
        keep: Keep,
        ids: Vec<String>,
        answer: Response<crate::upstream::AnswerBody>,
    ) -> Response<crate::upstream::AnswerBody> {
        let status = answer.status();
        entry.status = Some(status.as_u16());
        entry.headers = kept_of(answer.headers());
        answer.map(|body| {
            let note = move |bytes: &[u8], is_whole: bool| {
                let taken = taken(status, keep, bytes, is_whole);
                entry.body = taken.as_ref().ok().cloned().flatten();
                entry.error = taken.err();
                self.recorder.write(entry, &ids);
            };
            Tee::new(body, LARGEST, note).boxed_unsync()
        })
    }
}

/// What is kept of a body, or why nothing is.
fn taken(
    status: StatusCode,
    keep: Keep,
    bytes: &[u8],
    is_whole: bool,
) -> Result<Option<Value>, String> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if !is_whole {
        return Err("the body did not come to its end, or is larger than what is kept".to_owned());
    }
    if !status.is_success() {
        let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
        return Ok(Some(
            serde_json::from_slice(bytes).unwrap_or_else(|_| text()),
        ));
    }
    let kept = project(keep, Limits::default(), bytes).map_err(|error| error.to_string())?;
    json::lenient(&kept)
        .map(Some)
        .map_err(|error| error.to_string())
}

fn kept_of(headers: &HeaderMap) -> BTreeMap<String, String> {
    let value = |name: &&str| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.to_owned()))
    };
    KEPT.iter().filter_map(value).collect()
}
