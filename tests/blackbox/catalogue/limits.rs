//! What the operator allows: the access of a route to its catalogue, and the scopes and routes of a client.

use super::{Bench, merge_patch};
use crate::{
    errors::told,
    support::{Answer, Gateway, VENDORS, conversation, load, route, tags_of, texts},
};
use serde_json::json;
use tagway::error::Code;

/// Each client's name is its key; these are the keys' SHA-256.
const CLIENTS: [(&str, &str, &str, &str); 3] = [
    (
        "visitor",
        "5f14f9e6d80f802a65269804f2552ef9889f2c7ccec5067214e58a1e48e0b3ff",
        "[\"elevenlabs\"]",
        "[\"read\"]",
    ),
    (
        "tagger",
        "eefd273c6e8f953b864a6636455e6780a13b128c4d61859662351c95e2586dcb",
        "[\"awardee\", \"attention\"]",
        "[\"read\", \"tag\"]",
    ),
    (
        "keeper",
        "00aa8942525b763cbe72e4a0fbfbb027b909dd8299e9c6c85c28d3d42d2cc28b",
        "[\"elevenlabs\", \"awardee\", \"attention\"]",
        "[\"read\", \"tag\", \"catalogue\"]",
    ),
];

async fn gateway() -> Gateway {
    let mut text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n".to_owned();
    for (name, hash, routes, scopes) in CLIENTS {
        text.push_str(&format!(
            "[[clients]]\nname = \"{name}\"\nkey_sha256 = [\"{hash}\"]\nroutes = {routes}\nscopes = {scopes}\n"
        ));
    }
    for vendor in VENDORS {
        text.push_str(&route(vendor, "mock", ""));
    }
    Gateway::start(load(&text, &[])).await
}

fn key(name: &str) -> String {
    format!("Bearer {name}")
}

/// Every edit of the tag `vip`, and of a new one.
async fn edits(gateway: &Gateway, vendor: &str, key: Option<&str>) -> Vec<Answer> {
    let tags = format!("/v1/{vendor}/tags");
    let one = format!("{tags}/vip");
    let asks = [
        gateway.ask("POST", &tags).json(&json!({"tag": "new"})),
        gateway.ask("PUT", &format!("{tags}/new")),
        merge_patch(gateway, &one, &json!({"name": "new"})),
        gateway.ask("DELETE", &one),
    ];
    let mut answers = Vec::new();
    for ask in asks {
        let ask = match key {
            Some(key) => ask.header("authorization", key),
            None => ask,
        };
        answers.push(ask.send().await);
    }
    answers
}

#[tokio::test]
async fn a_catalogue_that_is_only_read_is_never_changed() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "catalogue = \"read-only\"").await;
        for answer in edits(&bench.gateway, vendor, None).await {
            told(&answer, Code::Forbidden);
        }
        let dry = format!("{}?dry_run=true", bench.one("new"));
        let dry = bench.gateway.ask("PUT", &dry).send().await;
        told(&dry, Code::Forbidden);
        let target = tags_of(vendor, &conversation(1));
        let asked = format!("{target}?create_missing=true");
        let change = json!({"add": ["new"]});
        let answer = bench.gateway.send("PATCH", &asked, &change).await;
        told(&answer, Code::Forbidden);
        let answer = bench.gateway.send("PATCH", &target, &change).await;
        told(&answer, Code::UnknownTag);
        assert_eq!(bench.written(), [], "{vendor}");

        assert_eq!(bench.texts().await, ["vip"], "{vendor}");
        bench.get(&bench.one("vip")).await.is(200);
        let change = json!({"add": ["vip"]});
        bench.gateway.send("PATCH", &target, &change).await.is(200);
    }
}

#[tokio::test]
async fn a_catalogue_without_deletes_takes_every_other_edit() {
    for vendor in VENDORS {
        let more = "catalogue = \"no-delete\"";
        let bench = Bench::new(vendor, &["vip"], &[], more).await;
        told(&bench.delete("vip").await, Code::Forbidden);
        let dry = format!("{}?dry_run=true", bench.one("vip"));
        told(
            &bench.gateway.ask("DELETE", &dry).send().await,
            Code::Forbidden,
        );
        assert_eq!(bench.written(), [], "{vendor}");
        bench.create(&json!({"tag": "one"})).await.is(201);
        bench.ensure("two", &json!({})).await.is(201);
        let renamed = bench.update("two", &json!({"name": "three"})).await;
        assert_eq!(renamed.status, if vendor == "awardee" { 422 } else { 200 });
        let target = format!("{}?create_missing=true", tags_of(vendor, &conversation(1)));
        let change = json!({"add": ["four"]});
        bench.gateway.send("PATCH", &target, &change).await.is(200);
    }
}

#[tokio::test]
async fn a_client_without_the_scope_reads_the_catalogue_and_changes_nothing() {
    let gateway = gateway().await;
    let keeper = key("keeper");
    for vendor in VENDORS {
        let one = format!("/v1/{vendor}/tags/vip");
        let ask = gateway.ask("PUT", &one).header("authorization", &keeper);
        ask.send().await.is(201);
        let name = if vendor == "elevenlabs" {
            "visitor"
        } else {
            "tagger"
        };
        let key = key(name);
        gateway.embedded(vendor).clear_calls();
        for answer in edits(&gateway, vendor, Some(&key)).await {
            told(&answer, Code::Forbidden);
        }
        assert!(gateway.embedded(vendor).calls().is_empty(), "{vendor}");
        let tags = format!("/v1/{vendor}/tags");
        let ask = gateway.ask("GET", &tags).header("authorization", &key);
        assert_eq!(texts(&ask.send().await.is(200).json()["tags"]), ["vip"]);
        let ask = gateway.ask("GET", &one).header("authorization", &key);
        ask.send().await.is(200);
    }
    for answer in edits(&gateway, "attention", Some(&keeper)).await {
        assert!(answer.status < 300 || answer.status == 409, "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_sees_its_own_routes_and_no_others() {
    let gateway = gateway().await;
    for (name, _, routes, _) in CLIENTS {
        let ask = |target: &str| {
            gateway
                .ask("GET", target)
                .header("authorization", &key(name))
        };
        let listed = ask("/v1/routes").send().await.is(200).json();
        let mut seen: Vec<&str> = listed["routes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|route| route["name"].as_str().unwrap())
            .collect();
        seen.sort_unstable();
        let mut own: Vec<&str> = VENDORS
            .into_iter()
            .filter(|vendor| routes.contains(vendor))
            .collect();
        own.sort_unstable();
        assert_eq!(seen, own, "{name}");
        for vendor in VENDORS {
            let shown = ask(&format!("/v1/routes/{vendor}")).send().await;
            match own.contains(&vendor) {
                true => assert_eq!(shown.is(200).json()["name"], vendor),
                false => {
                    told(&shown, Code::RouteNotFound);
                    let tags = ask(&format!("/v1/{vendor}/tags")).send().await;
                    told(&tags, Code::RouteNotFound);
                }
            }
        }
    }
    told(&gateway.get("/v1/routes").await, Code::Unauthenticated);
}
