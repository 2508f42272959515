//! The paths that steer a twin from outside.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;

use super::{Recorded, Refused, Served, answer};

/// Answers what tests and operators ask about a twin; pure, so that another listener may mount it.
///
/// | path | does |
/// |---|---|
/// | `GET calls` | `{"calls":[…]}`, the latest calls, oldest first |
/// | `DELETE calls` | forgets them |
/// | `POST refuse` | answers the next calls with the errors of the body, one each: `[{"status":401,"body":{…}}]` |
/// | `POST reset` | the twin as it was at the start, and no calls |
/// | `GET conversations/{id}` | what it holds: an array of ids or a map of labels; 404 if it was not seen |
/// | `PUT conversations/{id}` | puts such a content there, even one that the vendor's API would not take |
pub fn control(
    served: &Served,
    request: &Request<Bytes>,
    path_below_control: &str,
) -> Response<Bytes> {
    let path = path_below_control.trim_start_matches('/');
    let done = || answer::empty(StatusCode::NO_CONTENT);
    match (path.split_once('/'), request.method()) {
        (None, &Method::GET) if path == "calls" => answer::json(
            StatusCode::OK,
            &Calls {
                calls: served.calls(),
            },
        ),
        (None, &Method::DELETE) if path == "calls" => {
            served.clear_calls();
            done()
        }
        (None, _) if path == "calls" => other_method("GET, DELETE"),
        (None, &Method::POST) if path == "refuse" => refuse(served, request.body()),
        (None, _) if path == "refuse" => other_method("POST"),
        (None, &Method::POST) if path == "reset" => {
            served.twin(|twin| twin.reset());
            served.refuse_no_more();
            served.clear_calls();
            done()
        }
        (None, _) if path == "reset" => other_method("POST"),
        (Some(("conversations", id)), method) if !id.is_empty() => {
            let id = percent_decode_str(id).decode_utf8_lossy();
            match *method {
                Method::GET => match served.twin(|twin| twin.content(&id)) {
                    Some(content) => answer::text(StatusCode::OK, content),
                    None => fault(StatusCode::NOT_FOUND, "the conversation was not seen"),
                },
                Method::PUT => put(served, &id, request.body()),
                _ => other_method("GET, PUT"),
            }
        }
        _ => fault(StatusCode::NOT_FOUND, "there is no such control path"),
    }
}

/// Recorded bodies go out as they came in, which no parsed value would do.
#[derive(Serialize)]
struct Calls {
    calls: Vec<Recorded>,
}

fn refuse(served: &Served, body: &[u8]) -> Response<Bytes> {
    match serde_json::from_slice::<Vec<Refused>>(body) {
        Ok(refusals) if refusals.iter().all(Refused::is_error) => {
            served.refuse_next(refusals);
            answer::empty(StatusCode::NO_CONTENT)
        }
        _ => fault(
            StatusCode::BAD_REQUEST,
            "write a list of {\"status\": 400 to 599, \"body\": …}",
        ),
    }
}

fn put(served: &Served, id: &str, body: &[u8]) -> Response<Bytes> {
    let text = std::str::from_utf8(body).ok();
    if text.is_some_and(|text| served.twin(|twin| twin.set_content(id, text))) {
        answer::empty(StatusCode::NO_CONTENT)
    } else {
        fault(
            StatusCode::BAD_REQUEST,
            "not a content that this vendor's conversations can hold",
        )
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

#[cfg(test)]
mod tests {
    use super::{
        super::{Options, testing},
        *,
    };

    fn ask(served: &Served, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let answer = control(served, &request, path);
        (
            answer.status().as_u16(),
            String::from_utf8(answer.body().to_vec()).unwrap(),
        )
    }

    #[test]
    fn the_next_calls_can_be_refused_as_a_vendor_would() {
        let served = testing::served("elevenlabs", Options::default());
        let shape = r#"[{"status":401,"body":{"detail":{"status":"missing_permissions","message":"no"}}},
                        {"status":500,"body":"oops"}]"#;
        assert_eq!(ask(&served, "POST", "refuse", shape).0, 204);
        let call = || {
            let request = Request::get("/v1/convai/tags")
                .header("xi-api-key", "k")
                .body(Bytes::new())
                .unwrap();
            served.call(request, 0)
        };
        let refused = call();
        assert_eq!(refused.status(), 401);
        assert!(refused.body().starts_with(br#"{"detail":{"#));
        let broken = call();
        assert_eq!(
            (broken.status().as_u16(), &broken.body()[..]),
            (500, &b"oops"[..])
        );
        assert_eq!(call().status(), 200, "one each");
        assert_eq!(
            served
                .calls()
                .iter()
                .map(|call| call.status)
                .collect::<Vec<_>>(),
            [401, 500, 200]
        );
        for bad in [
            "",
            "{}",
            r#"[{"status":200,"body":null}]"#,
            r#"[{"status":500}]"#,
        ] {
            assert_eq!(ask(&served, "POST", "refuse", bad).0, 400, "{bad}");
        }
    }

    #[test]
    fn contents_go_in_and_out_as_they_are() {
        let served = testing::served("attention", Options::default());
        assert_eq!(ask(&served, "GET", "conversations/a%20b", "").0, 404);
        let map = r#"{"b":1.0,"a":"x","b":1e999}"#;
        assert_eq!(
            ask(&served, "PUT", "/conversations/a%20b", map),
            (204, String::new())
        );
        assert_eq!(
            ask(&served, "GET", "conversations/a%20b", ""),
            (200, map.to_owned())
        );
        assert_eq!(ask(&served, "PUT", "conversations/a%20b", "[]").0, 400);
        assert_eq!(
            served.twin(|twin| twin.content("a b")).as_deref(),
            Some(map)
        );
    }

    #[test]
    fn calls_are_forgotten_on_demand_and_a_reset_forgets_all() {
        let served = testing::served("attention", Options::default());
        let read = || {
            let request = Request::get("/v2/conversations/c")
                .header("authorization", "k")
                .body(Bytes::from_static(b"[1e999]"))
                .unwrap();
            assert_eq!(served.call(request, 0).status(), 200);
        };
        read();
        assert!(
            ask(&served, "GET", "calls", "")
                .1
                .starts_with(r#"{"calls":[{"method":"GET","path":"/v2/conversations/c","#)
        );
        assert!(ask(&served, "GET", "calls", "").1.contains("[1e999]"));
        assert_eq!(ask(&served, "DELETE", "calls", "").0, 204);
        assert_eq!(
            ask(&served, "GET", "calls", ""),
            (200, r#"{"calls":[]}"#.to_owned())
        );
        assert_eq!(
            ask(&served, "GET", "conversations/c", ""),
            (200, "{}".to_owned())
        );
        read();
        assert_eq!(ask(&served, "POST", "reset", "").0, 204);
        assert!(served.calls().is_empty());
        assert_eq!(ask(&served, "GET", "conversations/c", "").0, 404);
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        let served = testing::served("awardee", Options::default());
        for path in [
            "",
            "call",
            "calls/x",
            "conversations",
            "conversations/",
            "reset/now",
        ] {
            assert_eq!(ask(&served, "GET", path, "").0, 404, "{path}");
        }
        for (method, path) in [
            ("PUT", "calls"),
            ("GET", "reset"),
            ("DELETE", "conversations/x"),
        ] {
            assert_eq!(ask(&served, method, path, "").0, 405, "{path}");
        }
    }
}
