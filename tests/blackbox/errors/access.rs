//! Who may ask for what.

use super::{cases, told};
use crate::support::{
    Answer, Fault, Faulty, Gateway, VENDORS, Wire, conversation, load, route, tags_of,
};
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

/// A gateway whose client `reader` has more keys in its table, with a vendor on a socket if there is one.
async fn limited(reader: &str, vendor: &str) -> Gateway {
    let mut text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nmax_in_flight_per_client = 1\n".to_owned();
    for (name, hash, more) in [("reader", HASHES[0], reader), ("tagger", HASHES[1], "")] {
        text.push_str(&format!(
            "[[clients]]\nname = \"{name}\"\nkey_sha256 = [\"{hash}\"]\nroutes = [\"elevenlabs\"]\nscopes = [\"read\"]\n{more}\n"
        ));
    }
    let base_url = if vendor.is_empty() { "mock" } else { vendor };
    text.push_str(&route("elevenlabs", base_url, ""));
    Gateway::start(load(&text, &[])).await
}

/// What a client at another address of this machine is answered.
async fn from(address: [u8; 4], gateway: &Gateway, lines: &str) -> Answer {
    let mut wire = Wire::from_address(address, gateway.at()).await;
    let head = format!("GET /v1/routes HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    wire.send(head.as_bytes()).await;
    let answer = wire.answer_to("GET").await;
    answer.hold("GET", "/v1/routes");
    answer
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

    a_client_that_asks_too_often_is_refused_until_the_time_it_is_told => RateLimited {
        let gateway = limited("rate = [\"2/h\", \"50/s\"]", "").await;
        let ask = |name| gateway.ask("GET", "/v1/routes").header("authorization", &key(name));
        let first = ask("reader").send().await.is(200);
        assert_eq!(first.header("ratelimit-policy"), Some("\"client-1s\";q=50;w=1, \"client-3600s\";q=2;w=3600"));
        let left = first.header("ratelimit").unwrap();
        assert!(left.ends_with("\"client-3600s\";r=1;t=1800"), "{left}");
        ask("reader").send().await.is(200);
        let answer = ask("reader").send().await;
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1_700..=1_800).contains(&wait), "{wait}");
        assert!(answer.header("ratelimit").unwrap().contains(";r=0;"));
        // Another client has its own.
        assert_eq!(ask("tagger").send().await.is(200).header("ratelimit"), None);
        answer
    }

    an_address_that_asks_too_often_is_refused_where_there_are_no_clients => RateLimited {
        let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nclient_rate = [\"1/h\"]\n";
        let gateway = Gateway::start(load(&format!("{text}{}", route("elevenlabs", "mock", "")), &[])).await;
        gateway.get("/v1/routes").await.is(200);
        let answer = gateway.get("/v1/routes").await;
        from([127, 0, 0, 2], &gateway, "").await.is(200);
        answer
    }

    a_client_has_so_many_requests_under_way => RateLimited {
        let vendor = Faulty::always("elevenlabs", Fault::Silence).await;
        let gateway = limited("", &vendor.address.to_string()).await;
        let ask = |name| gateway.ask("GET", &target()).header("authorization", &key(name));
        let first = tokio::spawn(ask("reader").send());
        vendor.arrived("GET", 1).await;
        let answer = ask("reader").send().await;
        let other = gateway.ask("GET", "/v1/routes").header("authorization", &key("tagger"));
        other.send().await.is(200);
        first.abort();
        answer
    }

    too_many_keys_that_are_none_are_refused_and_the_right_one_is_not => RateLimited {
        let gateway = gateway().await;
        let guess = || from([127, 0, 0, 3], &gateway, "Authorization: Bearer guess\r\n");
        for _ in 0..20 {
            told(&guess().await, Code::Unauthenticated);
        }
        let answer = guess().await;
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3).contains(&wait), "{wait}");
        told(&from([127, 0, 0, 3], &gateway, "").await, Code::RateLimited);
        from([127, 0, 0, 3], &gateway, "Authorization: Bearer reader\r\n").await.is(200);
        told(&from([127, 0, 0, 4], &gateway, "").await, Code::Unauthenticated);
        answer
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
        let names = |answer: &Answer| -> Vec<String> {
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
