//! What is wrong with what a request asks for; no vendor hears of it.

use super::{cases, told};
use crate::support::{Gateway, VENDORS, conversation, open, route, tags_of};
use serde_json::{Value, json};
use tagway::error::Code;

async fn gateway(server: &str) -> Gateway {
    let routes: String = VENDORS
        .iter()
        .map(|vendor| route(vendor, "mock", ""))
        .collect();
    open(server, &routes).await
}

fn target() -> String {
    tags_of("elevenlabs", &conversation(1))
}

fn untouched(gateway: &Gateway) {
    for vendor in VENDORS {
        assert!(gateway.embedded(vendor).calls().is_empty(), "{vendor}");
    }
}

cases! {
    a_path_that_is_not_there_is_not_found => NotFound {
        let gateway = gateway("").await;
        for path in ["/", "/v1", "/v1/elevenlabs", "/v1/elevenlabs/conversations", "/openapi.json/"] {
            told(&gateway.get(path).await, Code::NotFound);
        }
        gateway.get(&format!("{}/a/b", target())).await
    }

    a_route_that_is_not_there_is_not_found => RouteNotFound {
        gateway("").await.get(&tags_of("nowhere", &conversation(1))).await
    }

    a_method_that_is_not_there_is_answered_with_those_that_are => MethodNotAllowed {
        let gateway = gateway("").await;
        for (path, allowed) in [
            (target(), "GET, HEAD, PUT, PATCH, DELETE"),
            (format!("{}/x", target()), "PUT, DELETE"),
            ("/openapi.json".to_owned(), "GET, HEAD"),
        ] {
            let answer = gateway.ask("POST", &path).send().await;
            assert_eq!(answer.header("allow"), Some(allowed));
            told(&answer, Code::MethodNotAllowed);
        }
        gateway.ask("OPTIONS", &target()).send().await
    }

    only_json_is_offered => NotAcceptable {
        let gateway = gateway("").await;
        let answer = gateway.ask("GET", &target()).header("accept", "text/html, application/json;q=0");
        told(&answer.send().await, Code::NotAcceptable);
        gateway.ask("GET", "/openapi.json").header("accept", "application/yaml").send().await
    }

    only_json_is_taken => UnsupportedMediaType {
        let gateway = gateway("").await;
        for kind in ["text/plain", "application/json; charset=utf-16", "application/merge-patch+json"] {
            let answer = gateway.ask("PUT", &target()).text(kind, "{\"tags\":[]}").send().await;
            told(&answer, Code::UnsupportedMediaType);
        }
        let coded = gateway.ask("PUT", &target()).header("content-encoding", "gzip");
        told(&coded.json(&json!({"tags": []})).send().await, Code::UnsupportedMediaType);
        gateway.ask("PUT", &target()).body("{\"tags\":[]}").send().await
    }

    a_body_over_the_limit_is_not_read => BodyTooLarge {
        let gateway = gateway("max_body_bytes = 1024").await;
        let ask = gateway.ask("PUT", &target()).header("content-length", "1025");
        let announced = ask.text("application/json", "").send().await;
        told(&announced, Code::BodyTooLarge);
        let chunk = format!("401\r\n{}\r\n0\r\n\r\n", "x".repeat(1_025));
        let ask = gateway.ask("PUT", &target()).header("transfer-encoding", "chunked");
        let answer = ask.text("application/json", &chunk).send().await;
        untouched(&gateway);
        answer
    }

    a_body_that_is_no_strict_json_is_refused => InvalidJson {
        let gateway = gateway("").await;
        let deep = format!("{{\"tags\":{}{}}}", "[".repeat(17), "]".repeat(17));
        for text in ["", "{", "{\"tags\":[]} x", "{\"tags\":[],\"tags\":[]}", "{'tags':[]}", "\"\\ud800\"", deep.as_str()] {
            let answer = gateway.ask("PUT", &target()).text("application/json", text).send().await;
            told(&answer, Code::InvalidJson);
        }
        untouched(&gateway);
        gateway.ask("PATCH", &target()).text("application/json", "{\"add\":[{\"name\":\"a\",\"name\":\"b\"}]}").send().await
    }

    a_query_that_is_unknown_doubled_or_no_switch_is_refused => InvalidQuery {
        let gateway = gateway("").await;
        for query in ["dryrun=true", "dry_run=1", "dry_run", "dry_run=true&dry_run=true", "create_missing=true"] {
            let answer = gateway.ask("DELETE", &format!("{}?{query}", target())).send().await;
            let problem = told(&answer, Code::InvalidQuery);
            let name = query.split('=').next().unwrap();
            assert_eq!(problem["errors"][0]["pointer"], name);
        }
        untouched(&gateway);
        gateway.get(&format!("{}?dry_run=true", target())).await
    }

    a_header_that_cannot_be_honoured_is_refused => InvalidHeader {
        gateway("").await.ask("DELETE", &target()).header("idempotency-key", "\"k").send().await
    }

    ids_that_may_not_stand_in_a_url_never_reach_a_vendor => InvalidPath {
        let gateway = gateway("").await;
        let long = "x".repeat(257);
        let hostile = [
            ".", "..", "%2e", "%2E%2e", "%2e%2e%2fadmin", "a%2fb", "a%5cb", "a%3fb", "a%23b", "a%25b",
            "a%00b", "a%0d%0aX:%20y", "%7f", "%c2%85", "a%ff", "%", "%zz", "%c3%28", long.as_str(),
        ];
        for vendor in VENDORS {
            for id in hostile {
                let of_conversation = tags_of(vendor, id);
                told(&gateway.get(&of_conversation).await, Code::InvalidPath);
                told(&gateway.ask("DELETE", &of_conversation).send().await, Code::InvalidPath);
                let of_tag = format!("{}/id:{id}", tags_of(vendor, &conversation(1)));
                told(&gateway.ask("PUT", &of_tag).send().await, Code::InvalidPath);
                told(&gateway.ask("DELETE", &of_tag).send().await, Code::InvalidPath);
            }
        }
        told(&gateway.get(&tags_of("awardee", "not-a-uuid")).await, Code::InvalidPath);
        untouched(&gateway);
        gateway.ask("PUT", &format!("{}/..", target())).send().await
    }

    a_body_that_breaks_the_schema_is_told_every_place => InvalidRequest {
        let gateway = gateway("").await;
        let body = json!({"add": ["a", 7, {"value": "x"}], "remove": [{"name": "n", "any_value": false}], "also": 1});
        let answer = gateway.send("PATCH", &target(), &body).await;
        let problem = told(&answer, Code::InvalidRequest);
        let mut places: Vec<&str> = problem["errors"].as_array().unwrap().iter()
            .map(|flaw| flaw["pointer"].as_str().unwrap()).collect();
        places.sort_unstable();
        assert_eq!(places, ["/add/1", "/add/2/name", "/also", "/remove/0/any_value"]);
        untouched(&gateway);
        answer
    }
}

#[tokio::test]
async fn a_change_that_contradicts_itself_is_refused_on_every_vendor() {
    let gateway = gateway("").await;
    for vendor in VENDORS {
        let target = tags_of(vendor, &conversation(1));
        for (body, pointer) in [
            (json!({}), ""),
            (json!({"add": [], "remove": []}), ""),
            (json!({"add": ["a"], "remove": [" A "]}), "/remove/0"),
            (json!({"add": ["s=1", "b", "S=2"]}), "/add/2"),
            (json!({"add": [{"id": "../x"}]}), "/add/0/id"),
            (json!({"remove": [{"id": "a/b"}]}), "/remove/0/id"),
        ] {
            let answer = gateway.send("PATCH", &target, &body).await;
            let problem = told(&answer, Code::InvalidRequest);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    untouched(&gateway);
}

#[tokio::test]
async fn a_body_where_none_belongs_is_refused_and_not_taken_for_a_request() {
    let gateway = gateway("").await;
    for (method, target) in [
        ("DELETE", target()),
        ("PUT", format!("{}/x", target())),
        ("DELETE", format!("{}/x", target())),
    ] {
        let answer = gateway.send(method, &target, &json!({"tags": []})).await;
        told(&answer, Code::InvalidRequest);
        assert_eq!(answer.header("connection"), Some("close"));
    }
    untouched(&gateway);
}

#[tokio::test]
async fn new_names_that_nobody_could_see_or_that_are_too_long_are_refused() {
    let gateway = gateway("").await;
    let long = "x".repeat(2_000);
    for name in [
        "",
        "  ",
        "a\u{202e}b",
        "\u{200b}",
        "line\nbreak",
        long.as_str(),
    ] {
        for vendor in VENDORS {
            let target = format!("{}?create_missing=true", tags_of(vendor, &conversation(1)));
            let answer = gateway
                .send("PATCH", &target, &json!({"add": [name]}))
                .await;
            assert_eq!(answer.status, 422, "{vendor}: {name:?}");
            let calls = gateway.embedded(vendor).calls();
            assert!(
                calls.iter().all(|call| call.method == "GET"),
                "{vendor}: {name:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_head_is_answered_like_a_get_without_its_body() {
    let gateway = gateway("").await;
    for (target, status) in [
        (target(), 200),
        ("/openapi.json".to_owned(), 200),
        ("/nowhere".to_owned(), 404),
    ] {
        let answer = gateway.ask("HEAD", &target).send().await.is(status);
        assert_eq!(answer.json(), Value::Null);
    }
}
