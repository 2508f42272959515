//! What can be wrong with a request about the catalogue, and what it does where nothing is.

use super::{cases, told};
use crate::support::{Gateway, VENDORS, open, route, texts};
use serde_json::{Value, json};
use tagway::error::Code;

async fn gateway(more: &str) -> Gateway {
    let routes: String = VENDORS
        .iter()
        .map(|vendor| route(vendor, "mock", more))
        .collect();
    open("", &routes).await
}

fn writes(gateway: &Gateway, vendor: &str) -> usize {
    let calls = gateway.embedded(vendor).calls();
    calls.iter().filter(|call| call.method != "GET").count()
}

cases! {
    a_tag_that_is_there_is_not_made_twice => TagExists {
        let gateway = gateway("").await;
        let mut last = None;
        for vendor in VENDORS {
            let tags = format!("/v1/{vendor}/tags");
            gateway.send("POST", &tags, &json!({"tag": "deal_stage=won"})).await.is(201);
            let made = writes(&gateway, vendor);
            let answer = gateway.send("POST", &tags, &json!({"name": "Deal_Stage ", "value": "WON"})).await;
            let problem = told(&answer, Code::TagExists);
            assert_eq!(problem["existing"]["tag"], "deal_stage=won", "{vendor}");
            assert_eq!(problem["outcome"], "not applied", "{vendor}");
            assert_eq!(writes(&gateway, vendor), made, "{vendor}");
            last = Some(answer);
        }
        last.unwrap()
    }

    a_tag_that_is_not_there_is_not_found => TagNotFound {
        let gateway = gateway("").await;
        let mut last = None;
        for vendor in VENDORS {
            let one = format!("/v1/{vendor}/tags/nobody%20made%20this");
            told(&gateway.get(&one).await, Code::TagNotFound);
            told(&gateway.ask("DELETE", &one).send().await, Code::TagNotFound);
            let patch = gateway.ask("PATCH", &one).text("application/merge-patch+json", "{\"name\":\"x\"}");
            assert!([404, 422].contains(&patch.send().await.status), "{vendor}");
            assert_eq!(writes(&gateway, vendor), 0, "{vendor}");
            last = Some(gateway.get(&one).await);
        }
        last.unwrap()
    }

    a_catalogue_without_deletes_has_none => Forbidden {
        let gateway = gateway("catalogue = \"no-delete\"").await;
        let one = "/v1/awardee/tags/vip";
        gateway.ask("PUT", one).send().await.is(201);
        let answer = gateway.ask("DELETE", one).send().await;
        gateway.get(one).await.is(200);
        answer
    }

    a_catalogue_that_is_only_read_takes_no_new_tag => Forbidden {
        let gateway = gateway("catalogue = \"read-only\"").await;
        told(&gateway.ask("PUT", "/v1/attention/tags/vip").send().await, Code::Forbidden);
        let answer = gateway.send("POST", "/v1/elevenlabs/tags", &json!({"tag": "vip"})).await;
        assert!(VENDORS.iter().all(|vendor| gateway.embedded(vendor).calls().is_empty()));
        answer
    }
}

#[tokio::test]
async fn a_tag_lives_from_its_creation_to_its_deletion() {
    let gateway = gateway("").await;
    for vendor in VENDORS {
        let tags = format!("/v1/{vendor}/tags");
        let made = gateway
            .send("POST", &tags, &json!({"tag": "a/b=c d"}))
            .await
            .is(201);
        let location = made.header("location").unwrap().to_owned();
        let shown = gateway.get(&location).await.is(200).json();
        assert_eq!(shown["tag"], "a/b=c d", "{vendor}");
        assert_eq!(shown["id"], made.json()["id"], "{vendor}");

        let again = gateway.ask("PUT", &location).send().await.is(200);
        assert_eq!(again.json()["id"], shown["id"], "{vendor}");
        gateway
            .ask("PUT", &format!("{tags}/vip"))
            .send()
            .await
            .is(201);
        let listed = gateway.get(&tags).await.is(200).json();
        assert_eq!(texts(&listed["tags"]), ["a/b=c d", "vip"], "{vendor}");
        let page = gateway.get(&format!("{tags}?limit=1")).await.is(200).json();
        assert_eq!(texts(&page["tags"]), ["a/b=c d"], "{vendor}");
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = gateway
            .get(&format!("{tags}?limit=1&cursor={cursor}"))
            .await
            .is(200)
            .json();
        assert_eq!(texts(&page["tags"]), ["vip"], "{vendor}");
        assert_eq!(page["next_cursor"], Value::Null, "{vendor}");
        let found = gateway.get(&format!("{tags}?q=C%20D")).await.is(200).json();
        assert_eq!(texts(&found["tags"]), ["a/b=c d"], "{vendor}");

        gateway.ask("DELETE", &location).send().await.is(204);
        told(&gateway.get(&location).await, Code::TagNotFound);
    }
}

#[tokio::test]
async fn hostile_tags_in_the_path_of_the_catalogue_never_reach_a_vendor() {
    let gateway = gateway("").await;
    for vendor in VENDORS {
        for tag in [
            "..",
            "id:..",
            "id:a%2fb",
            "id:%2e%2e%2fadmin",
            "id:a%00",
            "id:",
            "%ff",
        ] {
            let one = format!("/v1/{vendor}/tags/{tag}");
            for method in ["GET", "PUT", "DELETE"] {
                let answer = gateway.ask(method, &one).send().await;
                told(&answer, Code::InvalidPath);
            }
        }
        assert!(gateway.embedded(vendor).calls().is_empty(), "{vendor}");
    }
}
