//! The paths that steer a twin from outside.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Recorded, Refused, Served, answer,
    reading::{Misread, json_of, misread, refused},
    seed::{self, Seed},
    served::{lock, session_of},
    session::{Ends, Session},
};
use crate::{clock, schema::Document};

#[cfg(test)]
mod tests;

/// The document of the control paths, served below them at `openapi.json`.
pub const CONTROL_OPENAPI: &str = include_str!("../../../schemas/twin.json");

/// Answers what tests and operators ask about a twin, below `/_twin/` on its own socket and below `/twins/{route}/` on
/// the operator's listener. Another listener may mount it too.
///
/// [`CONTROL_OPENAPI`] describes every path. All but `openapi.json` and `sessions` are about the session that the
/// request names, or about the one without a name.
pub fn control(
    served: &Served,
    request: &Request<Bytes>,
    path_below_control: &str,
) -> Response<Bytes> {
    let path = path_below_control.trim_start_matches('/');
    let (first, rest) = match path.split_once('/') {
        Some((first, rest)) => (first, Some(percent_decode_str(rest).decode_utf8_lossy())),
        None => (path, None),
    };
    let rest = rest.as_deref();
    match (first, rest) {
        ("openapi.json", None) => match *request.method() {
            Method::GET => answer::text(StatusCode::OK, CONTROL_OPENAPI),
            _ => other_method("GET"),
        },
        ("sessions", None) => match *request.method() {
            Method::GET => ok(&json!({ "sessions": served.session_names() })),
            _ => other_method("GET"),
        },
        ("sessions", Some(name)) if !name.is_empty() => match *request.method() {
            Method::DELETE if served.end_session(name) => done(),
            Method::DELETE => fault(StatusCode::NOT_FOUND, "there is no session of that name"),
            _ => other_method("DELETE"),
        },
        _ => match served.shared(session_of(request.headers())) {
            Ok(session) => {
                let steered = Steered {
                    session: &mut lock(&session),
                    document: served.document(),
                    ends: served.ends(),
                };
                steered.answer(request, first, rest)
            }
            Err(none) => none.answer(),
        },
    }
}

/// A session that is asked or steered.
struct Steered<'a> {
    session: &'a mut Session,
    document: &'a Document,
    ends: Ends,
}

impl Steered<'_> {
    fn answer(self, request: &Request<Bytes>, first: &str, rest: Option<&str>) -> Response<Bytes> {
        let (method, body) = (request.method(), request.body());
        match (first, rest) {
            ("calls", None) => self.calls(method),
            ("counts", None) => match *method {
                Method::GET => ok(&self.session.counts(&self.ends)),
                _ => other_method("GET"),
            },
            ("refuse", None) => match *method {
                Method::POST => self.refuse(body),
                _ => other_method("POST"),
            },
            ("reset", None) => match *method {
                Method::POST => {
                    self.session.reset();
                    done()
                }
                _ => other_method("POST"),
            },
            ("faults", None) => self.faults(method, body),
            ("clock", None) => self.clock(method, body),
            ("seed", None) => match *method {
                Method::PUT => self.seed(body),
                _ => other_method("PUT"),
            },
            ("quota", None) => match *method {
                Method::PUT => carried_out(json_of(body).and_then(|quota| {
                    self.session.twin.set_windows(&seed::windows(&quota)?);
                    Ok(quota)
                })),
                _ => other_method("PUT"),
            },
            ("script", None) => self.script(method, body),
            ("expectations", None) => self.expectations(method, body),
            ("verify", None) => match *method {
                Method::GET => {
                    let session = self.session;
                    ok(&session
                        .expectations
                        .verify(session.log.calls(), self.document))
                }
                _ => other_method("GET"),
            },
            ("conversations", Some(id)) if !id.is_empty() => self.conversation(method, id, body),
            _ => fault(StatusCode::NOT_FOUND, "there is no such control path"),
        }
    }

    fn calls(self, method: &Method) -> Response<Bytes> {
        match *method {
            Method::GET => ok(&Calls {
                calls: self.session.log.calls().collect(),
            }),
            Method::DELETE => {
                self.session.log.clear();
                done()
            }
            _ => other_method("GET, DELETE"),
        }
    }

    fn refuse(self, body: &[u8]) -> Response<Bytes> {
        match serde_json::from_slice::<Vec<Refused>>(body) {
            Ok(refusals) if refusals.iter().all(Refused::is_error) => {
                self.session.refuse_next(refusals);
                done()
            }
            _ => fault(
                StatusCode::BAD_REQUEST,
                "write a list of {\"status\": 400 to 599, \"body\": …}",
            ),
        }
    }

    fn faults(self, method: &Method, body: &[u8]) -> Response<Bytes> {
        let session = self.session;
        match *method {
            Method::GET => ok(&session.plan.shown()),
            Method::POST => carried_out(json_of(body).and_then(|plan| {
                session.plan.extend(&plan, self.document)?;
                Ok(session.plan.shown())
            })),
            Method::DELETE => {
                session.plan = Default::default();
                done()
            }
            _ => other_method("GET, POST, DELETE"),
        }
    }

    fn clock(self, method: &Method, body: &[u8]) -> Response<Bytes> {
        let (clock, now) = (&mut self.session.clock, clock::unix_ms());
        match *method {
            Method::GET => ok(&clock.shown(now)),
            Method::POST => carried_out(json_of(body).and_then(|wanted| {
                clock.steer(&wanted, now)?;
                Ok(clock.shown(now))
            })),
            _ => other_method("GET, POST"),
        }
    }

    fn seed(self, body: &[u8]) -> Response<Bytes> {
        let taken = Seed::read(body).and_then(|seed| match self.session.seed(seed) {
            true => Ok(()),
            false => Err(vec![misread(
                "/conversations",
                "not contents that this vendor's conversations can hold",
            )]),
        });
        match taken {
            Ok(()) => done(),
            Err(faults) => refused(&faults),
        }
    }

    fn script(self, method: &Method, body: &[u8]) -> Response<Bytes> {
        let script = &mut self.session.script;
        match *method {
            Method::GET => ok(&script.shown()),
            Method::POST => carried_out(json_of(body).and_then(|steps| {
                script.extend(&steps, self.document)?;
                Ok(script.shown())
            })),
            Method::DELETE => {
                *script = Default::default();
                done()
            }
            _ => other_method("GET, POST, DELETE"),
        }
    }

    fn expectations(self, method: &Method, body: &[u8]) -> Response<Bytes> {
        let expectations = &mut self.session.expectations;
        match *method {
            Method::GET => ok(&expectations.shown()),
            Method::POST => carried_out(json_of(body).and_then(|expected| {
                expectations.extend(&expected, self.document)?;
                Ok(expectations.shown())
            })),
            Method::DELETE => {
                *expectations = Default::default();
                done()
            }
            _ => other_method("GET, POST, DELETE"),
        }
    }

    fn conversation(self, method: &Method, id: &str, body: &[u8]) -> Response<Bytes> {
        let twin = &mut self.session.twin;
        match *method {
            Method::GET => match twin.content(id) {
                Some(content) => answer::text(StatusCode::OK, content),
                None => fault(StatusCode::NOT_FOUND, "the conversation was not seen"),
            },
            Method::PUT => {
                let text = std::str::from_utf8(body).ok();
                if text.is_some_and(|text| twin.set_content(id, text)) {
                    done()
                } else {
                    fault(
                        StatusCode::BAD_REQUEST,
                        "not a content that this vendor's conversations can hold",
                    )
                }
            }
            _ => other_method("GET, PUT"),
        }
    }
}

/// Recorded bodies go out as they came in, which no parsed value would do.
#[derive(Serialize)]
struct Calls<'a> {
    calls: Vec<&'a Recorded>,
}

fn ok(body: &impl Serialize) -> Response<Bytes> {
    answer::json(StatusCode::OK, body)
}

fn done() -> Response<Bytes> {
    answer::empty(StatusCode::NO_CONTENT)
}

fn carried_out(result: Result<Value, Vec<Misread>>) -> Response<Bytes> {
    match result {
        Ok(shown) => ok(&shown),
        Err(faults) => refused(&faults),
    }
}

fn other_method(allowed: &'static str) -> Response<Bytes> {
    let refused = fault(
        StatusCode::METHOD_NOT_ALLOWED,
        "the path does not take this method",
    );
    answer::with(refused, header::ALLOW, allowed)
}

pub(super) fn fault(status: StatusCode, message: &str) -> Response<Bytes> {
    answer::json(status, &json!({ "error": message }))
}
