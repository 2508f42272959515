//! Who may ask for what.

use super::{cases, told};
use crate::support::{Gateway, VENDORS, conversation, load, route, tags_of};
use serde_json::json;
use tagway::error::Code;

/// The SHA-256 of the keys `reader`, `tagger` and `keeper`.
const HASHES: [&str; 3] = [
    "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30",
    "eefd273c6e8f953b864a6636455e6780a13b128c4d61859662351c95e2586dcb",
    "00aa8942525b763cbe72e4a0fbfbb027b909dd8299e9c6c85c28d3d42d2cc28b",
];

async fn gateway() -> Gateway {
    let client = |name: &str, hash: &str, routes: &str, scopes: &str| {
        format!(
            "[[clients]]\nname = \"{name}\"\nkey_sha256 = [\"{hash}\"]\nroutes = {routes}\nscopes = {scopes}\n"
        )
    };
    let all = "[\"elevenlabs\", \"awardee\"]";
    let mut text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n".to_owned();
    text.push_str(&client(
        "reader",
        HASHES[0],
        "[\"elevenlabs\"]",
        "[\"read\"]",
    ));
    text.push_str(&client("tagger", HASHES[1], all, "[\"read\", \"tag\"]"));
    text.push_str(&client(
        "keeper",
        HASHES[2],
        all,
        "[\"tag\", \"catalogue\"]",
    ));
    for vendor in VENDORS {
        let more = if vendor == "awardee" {
            "catalogue = \"read-only\""
        } else {
            ""
        };
        text.push_str(&route(vendor, "mock", more));
    }
    Gateway::start(load(&text, &[])).await
}

fn target() -> String {
    tags_of("elevenlabs", &conversation(1))
}

fn key(name: &str) -> String {
    format!("Bearer {name}")
}

cases! {
    a_key_that_is_missing_malformed_or_unknown_is_refused_alike => Unauthenticated {
        let gateway = gateway().await;
        let ask = || gateway.ask("GET", &target());
        let missing = ask().send().await;
        let problem = told(&missing, Code::Unauthenticated);
        assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
        for wrong in ["reader", "Basic reader", "Bearer", "Bearer ", "Bearer nobody", "Bearer READER"] {
            let answer = ask().header("authorization", wrong).send().await;
            assert_eq!(told(&answer, Code::Unauthenticated)["detail"], problem["detail"]);
        }
        let twice = ask().header("authorization", &key("reader")).header("authorization", &key("tagger"));
        told(&twice.send().await, Code::Unauthenticated);
        // Whether a route is there is not told to strangers either.
        gateway.get(&tags_of("nowhere", &conversation(1))).await
    }

    a_key_without_the_scope_is_refused => Forbidden {
        let gateway = gateway().await;
        gateway.ask("GET", &target()).header("authorization", &key("reader")).send().await.is(200);
        let ask = gateway.ask("DELETE", &target()).header("authorization", &key("reader"));
        told(&ask.send().await, Code::Forbidden);
        let ask = gateway.ask("GET", &target()).header("authorization", &key("keeper"));
        told(&ask.send().await, Code::Forbidden);
        let making = format!("{}/new?create_missing=true", target());
        let ask = gateway.ask("PUT", &making).header("authorization", &key("keeper"));
        ask.send().await.is(200);
        gateway.ask("PUT", &making).header("authorization", &key("tagger")).send().await
    }

    a_catalogue_that_the_operator_closed_stays_closed => Forbidden {
        let target = format!("{}?create_missing=true", tags_of("awardee", &conversation(1)));
        let gateway = gateway().await;
        let ask = gateway.ask("PATCH", &target).json(&json!({"add": ["new"]}));
        ask.header("authorization", &key("keeper")).send().await
    }

    a_route_that_the_client_may_not_use_is_one_that_there_is_not => RouteNotFound {
        let gateway = gateway().await;
        let ask = |route| {
            let ask = gateway.ask("GET", &tags_of(route, &conversation(1)));
            ask.header("authorization", &key("tagger"))
        };
        let nowhere = ask("nowhere").send().await;
        let forbidden = ask("attention").send().await;
        let mut problems = [nowhere.json(), forbidden.json()];
        for problem in &mut problems {
            problem.as_object_mut().unwrap().remove("request_id");
        }
        assert_eq!(problems[0], problems[1]);
        let names = |answer: &crate::support::Answer| -> Vec<String> {
            answer.headers.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&nowhere), names(&forbidden));
        forbidden
    }
}

#[tokio::test]
async fn the_document_needs_no_key_and_hosts_are_free_where_keys_are_asked_for() {
    let gateway = gateway().await;
    let ask = gateway
        .ask("GET", "/openapi.json")
        .header("host", "gateway.example.com");
    ask.send().await.is(200);
    let ask = gateway
        .ask("GET", &target())
        .header("host", "gateway.example.com");
    let ask = ask.header("origin", "https://app.example.com");
    ask.header("authorization", &key("reader"))
        .send()
        .await
        .is(200);
}
