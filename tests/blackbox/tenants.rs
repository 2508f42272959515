//! Clients beside one another: no request of one reaches what only another one may use, or is answered with what was
//! another one's.

use crate::support::{Answer, Gateway, VENDORS, Wire, conversation, load};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::task::JoinSet;

const CLIENTS: usize = 12;

/// Every operation on a route, with a body where it takes one.
const OPERATIONS: [(&str, &str, &str); 13] = [
    ("GET", "/v1/routes/{route}", ""),
    ("GET", "/v1/{route}/tags", ""),
    ("POST", "/v1/{route}/tags", r#"{"tag":"vip"}"#),
    ("GET", "/v1/{route}/tags/vip", ""),
    ("PUT", "/v1/{route}/tags/vip", "{}"),
    ("PATCH", "/v1/{route}/tags/vip", r#"{"name":"vips"}"#),
    ("DELETE", "/v1/{route}/tags/vip", ""),
    ("GET", "/v1/{route}/conversations/{id}/tags", ""),
    (
        "PUT",
        "/v1/{route}/conversations/{id}/tags",
        r#"{"tags":["vip"]}"#,
    ),
    (
        "PATCH",
        "/v1/{route}/conversations/{id}/tags",
        r#"{"add":["vip"]}"#,
    ),
    ("DELETE", "/v1/{route}/conversations/{id}/tags", ""),
    ("PUT", "/v1/{route}/conversations/{id}/tags/vip", ""),
    ("DELETE", "/v1/{route}/conversations/{id}/tags/vip", ""),
];

/// Each client has a route of its own, on an account of its own, and there is one that all of them have.
async fn gateway() -> Gateway {
    let mut text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n".to_owned();
    let mut add = |name: &str, vendor: &str| {
        text.push_str(&format!(
            "[routes.{name}]\nvendor = \"{vendor}\"\nbase_url = \"mock\"\naccount = \"{name}\"\nrate = \"off\"\n\
             create_missing = true\n"
        ));
    };
    add("shared", VENDORS[0]);
    for client in 0..CLIENTS {
        add(&format!("t{client}"), VENDORS[client % VENDORS.len()]);
    }
    for client in 0..CLIENTS {
        let hash = Sha256::digest(format!("key-{client}"));
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!(
            "[[clients]]\nname = \"c{client}\"\nkey_sha256 = [\"{hash}\"]\nroutes = [\"t{client}\", \"shared\"]\n\
             scopes = [\"read\", \"tag\", \"catalogue\", \"admin\"]\n"
        ));
    }
    Gateway::start(load(&text, &[])).await
}

/// One client, on connections that it keeps as long as it may.
struct Client {
    gateway: Arc<Gateway>,
    number: usize,
    wire: Option<Wire>,
}

impl Client {
    async fn ask(&mut self, operation: usize, route: &str, key: Option<&str>) -> Answer {
        let (method, path, body) = OPERATIONS[operation];
        let path = path.replace("{route}", route);
        let path = path.replace("{id}", &conversation(1));
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer key-{}\r\n",
            self.number
        );
        if let Some(key) = key {
            head.push_str(&format!("idempotency-key: {key}\r\n"));
        }
        if !body.is_empty() {
            let length = body.len();
            head.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n"
            ));
        }
        let mut wire = match self.wire.take() {
            Some(wire) => wire,
            None => Wire::open(self.gateway.at()).await,
        };
        wire.send(format!("{head}\r\n{body}").as_bytes()).await;
        let answer = wire.answer_to(method).await;
        if answer.header("connection") != Some("close") {
            self.wire = Some(wire);
        }
        answer
    }

    /// Asks for everything on the routes of all others. Answers how often.
    async fn trespass(mut self) -> usize {
        let (number, mut asked) = (self.number, 0);
        for operation in 0..OPERATIONS.len() {
            let nowhere = self.ask(operation, "nowhere", None).await;
            let nothing = told(&nowhere);
            assert_eq!(nothing.0, 404);
            assert_eq!(nothing.1["code"], "route-not-found");
            for other in (0..CLIENTS).filter(|other| *other != number) {
                for route in [
                    format!("t{other}"),
                    format!("%74{other}"),
                    format!("T{other}"),
                ] {
                    for key in [None, Some("one-key")] {
                        let answer = self.ask(operation, &route, key).await;
                        assert_eq!(told(&answer), nothing, "{route}");
                        asked += 1;
                    }
                }
            }
        }
        asked
    }
}

/// What an answer says, but for the request that it is about.
fn told(answer: &Answer) -> (u16, Value) {
    let mut problem = answer.json();
    problem["request_id"] = Value::Null;
    (answer.status, problem)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_of_another_client_is_as_if_it_were_not_there() {
    let gateway = Arc::new(gateway().await);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let gateway = gateway.clone();
        let client = Client {
            gateway,
            number,
            wire: None,
        };
        clients.spawn(client.trespass());
    }
    let asked: usize = clients.join_all().await.iter().sum();
    assert!(asked > 10_000, "{asked}");
    for client in 0..CLIENTS {
        let calls = gateway.embedded(&format!("t{client}")).calls();
        assert!(calls.is_empty(), "{calls:?}");
    }
}

#[tokio::test]
async fn one_key_of_two_clients_is_two_keys() {
    let gateway = Arc::new(gateway().await);
    for number in 0..CLIENTS {
        let mut client = Client {
            gateway: gateway.clone(),
            number,
            wire: None,
        };
        // The same change of the same conversation on the route that all have.
        for (time, replayed) in [(1, None), (2, Some("true"))] {
            let answer = client.ask(9, "shared", Some("one-key")).await.is(200);
            assert_eq!(
                answer.header("idempotent-replayed"),
                replayed,
                "client {number}, time {time}"
            );
        }
    }
}
