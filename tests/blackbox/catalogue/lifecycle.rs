//! A tag is created, ensured, changed and deleted; and what is planned is what is sent.

use super::{Bench, Sent, merge_patch};
use crate::{errors::told, support::VENDORS};
use serde_json::{Value, json};
use tagway::error::Code;

/// The calls that a dry run printed.
fn printed(plan: &Value) -> Vec<Sent> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let calls = plan["calls"].as_array().unwrap().iter().map(|call| {
        assert!(!text(&call["why"]).is_empty());
        let body = call.get("body").cloned().unwrap_or_default();
        (text(&call["method"]), text(&call["path"]), body)
    });
    calls.collect()
}

async fn bench(vendor: &'static str) -> Bench {
    let valued: [(&str, &[&str]); 1] = [("deal_stage", &["negotiation", "won"])];
    Bench::new(vendor, &["billing", "vip"], &valued, "").await
}

#[tokio::test]
async fn a_created_tag_is_where_its_location_says() {
    for vendor in VENDORS {
        let bench = bench(vendor).await;
        for text in [
            "new",
            "id:1",
            "name:x",
            "..",
            "a/b?c#d e%",
            "é=ü",
            "deal_stage=lost",
            "x\\\\=y",
        ] {
            let made = bench.create(&json!({"tag": text})).await.is(201);
            let location = made.header("location").unwrap().to_owned();
            let shown = bench.get(&location).await.is(200).json();
            let mut made = made.json();
            assert_eq!(
                made.as_object_mut().unwrap().remove("lost"),
                Some(json!([]))
            );
            assert_eq!(shown, made, "{vendor}: {text}");
            assert_eq!(shown["tag"], text, "{vendor}");
            // By the id too, where it has one.
            if let Some(id) = shown["id"].as_str() {
                let by_id = bench.get(&format!("{}/id:{id}", bench.tags())).await;
                assert_eq!(by_id.is(200).json(), shown, "{vendor}");
            }
        }
    }
}

#[tokio::test]
async fn a_tag_that_exists_comes_with_the_refusal() {
    for vendor in VENDORS {
        let bench = bench(vendor).await;
        for (asked, there) in [
            (json!({"tag": " VIP"}), "vip"),
            (
                json!({"name": "Deal_Stage", "value": "WON "}),
                "deal_stage=won",
            ),
        ] {
            let shown = bench.get(&bench.one(there)).await.is(200).json();
            for target in [bench.tags(), format!("{}?dry_run=true", bench.tags())] {
                let answer = bench.gateway.send("POST", &target, &asked).await;
                let problem = told(&answer, Code::TagExists);
                assert_eq!(problem["existing"], shown, "{vendor}");
                assert_eq!(problem["outcome"], "not applied", "{vendor}");
            }
        }
        assert_eq!(bench.written(), [], "{vendor}");
    }
}

#[tokio::test]
async fn an_ensured_tag_is_made_once_and_then_left_alone() {
    for vendor in VENDORS {
        let bench = bench(vendor).await;
        let held = if vendor == "awardee" {
            "color"
        } else {
            "description"
        };
        let text = if vendor == "awardee" {
            "#336699"
        } else {
            "all about it"
        };
        let wanted = json!({ held: text });
        let made = bench.ensure("new=one", &wanted).await.is(201);
        assert!(made.header("location").is_some(), "{vendor}");
        assert_eq!(made.json()[held], text, "{vendor}");
        bench.served.clear_calls();
        for wanted in [wanted, json!({})] {
            let again = bench.ensure("NEW=One", &wanted).await.is(200);
            assert_eq!(again.header("location"), None, "{vendor}");
            assert_eq!(again.json(), made.json(), "{vendor}");
        }
        let bare = bench.gateway.ask("PUT", &bench.one("new=one")).send().await;
        assert_eq!(bare.is(200).json(), made.json(), "{vendor}");
        assert_eq!(bench.written(), [], "{vendor}");
        // A tag is not made by an id.
        let by_id = format!("{}/id:b2c5a9d0-1b4c-4f5d-9e8a-000000000000", bench.tags());
        told(
            &bench.gateway.ask("PUT", &by_id).send().await,
            Code::TagNotFound,
        );
    }
}

#[tokio::test]
async fn an_ensured_tag_gets_the_attributes_that_are_asked_for() {
    for vendor in ["elevenlabs", "attention"] {
        let bench = bench(vendor).await;
        for text in ["billing", "deal_stage=won"] {
            let answer = bench.ensure(text, &json!({"description": "later"})).await;
            assert_eq!(answer.is(200).json()["description"], "later", "{vendor}");
            let answer = bench.ensure(text, &json!({"description": null})).await;
            assert_eq!(
                answer.is(200).json()["description"],
                Value::Null,
                "{vendor}"
            );
        }
        assert_eq!(bench.written().len(), 4, "{vendor}");
    }
    let bench = bench("awardee").await;
    let answer = bench.ensure("billing", &json!({"color": "#336699"})).await;
    let problem = told(&answer, Code::UnsupportedByVendor);
    assert_eq!(problem["errors"][0]["pointer"], "/color");
    assert_eq!(bench.written(), []);
}

#[tokio::test]
async fn a_merge_patch_changes_what_it_names_and_null_takes_away() {
    for vendor in ["elevenlabs", "attention"] {
        let bench = bench(vendor).await;
        let patch = json!({"name": "Invoices", "description": "about money"});
        let tag = bench.update("billing", &patch).await.is(200).json();
        assert_eq!(
            (&tag["tag"], &tag["description"]),
            (&json!("Invoices"), &json!("about money"))
        );
        let tag = bench.update("invoices", &json!({"name": "bills"})).await;
        assert_eq!(tag.is(200).json()["description"], "about money", "{vendor}");
        let tag = bench.update("bills", &json!({"description": null})).await;
        assert_eq!(tag.is(200).json()["description"], Value::Null, "{vendor}");
        let tag = bench
            .update("deal_stage=won", &json!({"value": "closed"}))
            .await;
        assert_eq!(tag.is(200).json()["tag"], "deal_stage=closed", "{vendor}");
        let expected = [
            "bills",
            "deal_stage=closed",
            "deal_stage=negotiation",
            "vip",
        ];
        assert_eq!(bench.again().await.texts().await, expected, "{vendor}");

        // What is so already is not sent, a spelling is.
        bench.served.clear_calls();
        let same = json!({"name": "bills", "value": null, "description": null});
        bench.update("bills", &same).await.is(200);
        assert_eq!(bench.written(), [], "{vendor}");
        let tag = bench.update("bills", &json!({"name": "Bills"})).await;
        assert_eq!(tag.is(200).json()["tag"], "Bills", "{vendor}");
        assert_eq!(bench.written().len(), 1, "{vendor}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_given_again() {
    for vendor in ["elevenlabs", "attention"] {
        let bench = bench(vendor).await;
        for (tag, patch, taken) in [
            ("billing", json!({"name": "VIP"}), "vip"),
            (
                "deal_stage=won",
                json!({"value": "Negotiation"}),
                "deal_stage=negotiation",
            ),
        ] {
            let problem = told(&bench.update(tag, &patch).await, Code::TagExists);
            assert_eq!(problem["existing"]["tag"], taken, "{vendor}");
        }
        assert_eq!(bench.written(), [], "{vendor}");
    }
}

#[tokio::test]
async fn elevenlabs_turns_a_bare_tag_into_a_valued_one_and_back() {
    let bench = bench("elevenlabs").await;
    let tag = bench
        .update("vip", &json!({"value": "gold"}))
        .await
        .is(200)
        .json();
    assert_eq!(
        (&tag["tag"], &tag["value"]),
        (&json!("vip=gold"), &json!("gold"))
    );
    let tag = bench
        .update("vip=gold", &json!({"value": null}))
        .await
        .is(200)
        .json();
    assert_eq!((&tag["tag"], &tag["value"]), (&json!("vip"), &Value::Null));
    let titles: Vec<Value> = bench.written().into_iter().map(|call| call.2).collect();
    assert_eq!(
        titles,
        [json!({"title": "vip=gold"}), json!({"title": "vip"})]
    );
}

#[tokio::test]
async fn awardee_renames_nothing() {
    let bench = bench("awardee").await;
    for (tag, patch, pointer) in [
        ("vip", json!({"name": "guest"}), "/name"),
        ("vip", json!({"value": "gold"}), "/value"),
        ("deal_stage=won", json!({"value": "lost"}), "/value"),
        ("deal_stage=won", json!({"value": null}), "/value"),
        ("vip", json!({"color": "#000000"}), "/color"),
    ] {
        let dry = format!("{}?dry_run=true", bench.one(tag));
        let dry = merge_patch(&bench.gateway, &dry, &patch).send().await;
        for answer in [bench.update(tag, &patch).await, dry] {
            let problem = told(&answer, Code::UnsupportedByVendor);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{patch}");
            assert_eq!(problem["outcome"], "not applied");
        }
    }
    assert_eq!(bench.written(), []);
    bench.update("vip", &json!({"name": "vip"})).await.is(200);
}

#[tokio::test]
async fn a_second_delete_finds_nothing() {
    for vendor in VENDORS {
        let bench = bench(vendor).await;
        for text in ["vip", "deal_stage=won", "deal_stage=negotiation"] {
            bench.delete(text).await.is(204);
            told(&bench.delete(text).await, Code::TagNotFound);
        }
        assert_eq!(bench.again().await.texts().await, ["billing"], "{vendor}");
        assert_eq!(bench.written().len(), 3, "{vendor}");
    }
}

#[tokio::test]
async fn a_tag_that_somebody_else_deleted_is_gone_all_the_same() {
    for vendor in VENDORS {
        let bench = bench(vendor).await;
        assert_eq!(bench.texts().await.len(), 4);
        let other = bench.again().await;
        for text in ["vip", "deal_stage=won"] {
            other.delete(text).await.is(204);
            bench.delete(text).await.is(204);
        }
        assert_eq!(
            bench.texts().await,
            ["billing", "deal_stage=negotiation"],
            "{vendor}"
        );
        other.delete("billing").await.is(204);
        if vendor != "awardee" {
            let answer = bench.update("billing", &json!({"name": "bills"})).await;
            told(&answer, Code::TagNotFound);
        }
    }
}

#[tokio::test]
async fn an_edit_sends_what_its_dry_run_printed() {
    for vendor in VENDORS {
        let bench = bench(vendor).await;
        let patch = "application/merge-patch+json";
        let mut asks = vec![
            (
                "POST",
                bench.tags(),
                Some(json!({"tag": "new"})),
                "application/json",
            ),
            (
                "POST",
                bench.tags(),
                Some(json!({"tag": "deal_stage=lost"})),
                "application/json",
            ),
            (
                "POST",
                bench.tags(),
                Some(json!({"tag": "first=one"})),
                "application/json",
            ),
            ("PUT", bench.one("vip"), None, ""),
            ("PUT", bench.one("refund"), None, ""),
            (
                "PUT",
                bench.one("deal_stage=on hold"),
                Some(json!({})),
                "application/json",
            ),
        ];
        if vendor != "awardee" {
            asks.extend([
                (
                    "PUT",
                    bench.one("vip"),
                    Some(json!({"description": "x"})),
                    "application/json",
                ),
                (
                    "PATCH",
                    bench.one("billing"),
                    Some(json!({"name": "bills", "description": "\"y\"\n"})),
                    patch,
                ),
                (
                    "PATCH",
                    bench.one("deal_stage=lost"),
                    Some(json!({"value": "void"})),
                    patch,
                ),
                (
                    "PATCH",
                    bench.one("vip"),
                    Some(json!({"description": null})),
                    patch,
                ),
            ]);
        }
        for text in ["new", "first=one", "deal_stage=won", "vip"] {
            asks.push(("DELETE", bench.one(text), None, ""));
        }
        for (method, target, body, kind) in asks {
            let place = format!("{method} {target}");
            let ask = |target: &str| {
                let ask = bench.gateway.ask(method, target);
                match &body {
                    Some(body) => ask.text(kind, &body.to_string()),
                    None => ask,
                }
            };
            bench.served.clear_calls();
            let plan = ask(&format!("{target}?dry_run=true"))
                .send()
                .await
                .is(200)
                .json();
            assert_eq!(bench.written(), [], "{place}");
            let answer = ask(&target).send().await;
            assert!((200..300).contains(&answer.status), "{place}: {answer:?}");
            assert_eq!(bench.written(), printed(&plan), "{place}");
            let nothing = method == "PUT" && target == bench.one("vip") && body.is_none();
            assert_eq!(bench.written().is_empty(), nothing, "{place}");
            if answer.status != 204 {
                assert_eq!(plan["lost"], answer.json()["lost"], "{place}");
            }
        }
    }
}
