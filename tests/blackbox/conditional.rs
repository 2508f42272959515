//! Conditions, preferences and the other headers of a request, the same on every vendor.

use crate::support::{Answer, Gateway, VENDORS, conversation, open, route, tags_of, texts};
use serde_json::{Value, json};

/// A gateway with all vendors, and what each test does on each of them.
async fn gateway() -> Gateway {
    let routes: String = VENDORS
        .iter()
        .map(|vendor| route(vendor, "mock", "create_missing = true"))
        .collect();
    open("", &routes).await
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").expect("an ETag").to_owned()
}

/// A conversation with these tags, and its ETag.
async fn carrying(gateway: &Gateway, target: &str, tags: Value) -> String {
    let ask = gateway.ask("PUT", target).json(&json!({"tags": tags}));
    let answer = ask.header("prefer", "return=representation").send().await;
    etag(&answer.is(200))
}

#[tokio::test]
async fn a_read_is_not_repeated_for_who_has_it() {
    let gateway = gateway().await;
    for vendor in VENDORS {
        let target = tags_of(vendor, &conversation(1));
        let current = carrying(&gateway, &target, json!(["billing", "vip"])).await;
        assert_eq!(
            etag(&gateway.get(&target).await.is(200)),
            current,
            "{vendor}"
        );
        let ask = |tags: &str| gateway.ask("GET", &target).header("if-none-match", tags);
        for known in [
            current.clone(),
            format!("W/{current}"),
            format!("\"x\", {current}"),
            "*".to_owned(),
        ] {
            let answer = ask(&known).send().await.is(304);
            assert_eq!(etag(&answer), current, "{vendor}: {known}");
        }
        let answer = ask("\"other\"").send().await.is(200);
        assert_eq!(
            texts(&answer.json()["tags"]),
            ["billing", "vip"],
            "{vendor}"
        );
        let head = gateway.ask("HEAD", &target).send().await.is(200);
        assert_eq!(etag(&head), current, "{vendor}");
    }
}

#[tokio::test]
async fn an_etag_is_content_and_not_history() {
    let gateway = gateway().await;
    for vendor in VENDORS {
        let target = tags_of(vendor, &conversation(1));
        let first = carrying(&gateway, &target, json!(["billing", "deal_stage=won"])).await;
        let second = carrying(&gateway, &target, json!(["billing", "deal_stage=lost"])).await;
        let third = carrying(&gateway, &target, json!(["deal_stage=won", "billing"])).await;
        assert_ne!(first, second, "{vendor}");
        assert_eq!(first, third, "{vendor}");
        let other = tags_of(vendor, &conversation(2));
        let elsewhere = carrying(&gateway, &other, json!(["billing", "deal_stage=won"])).await;
        assert_ne!(first, elsewhere, "{vendor}");
    }
}

#[tokio::test]
async fn a_change_of_what_the_caller_did_not_see_is_refused_and_writes_nothing() {
    let gateway = gateway().await;
    for vendor in VENDORS {
        let target = tags_of(vendor, &conversation(1));
        let one = format!("{target}/vip");
        let stale = carrying(&gateway, &target, json!(["billing"])).await;
        let current = carrying(&gateway, &target, json!(["refund"])).await;
        let twin = gateway.embedded(vendor);
        twin.clear_calls();
        let weak = format!("W/{current}");
        for condition in [stale.as_str(), "\"x\", \"y\"", weak.as_str()] {
            let asks = [
                gateway.ask("PUT", &target).json(&json!({"tags": ["vip"]})),
                gateway.ask("PATCH", &target).json(&json!({"add": ["vip"]})),
                gateway.ask("PUT", &one),
                gateway.ask("DELETE", &one),
                gateway.ask("DELETE", &target),
                gateway.ask("DELETE", &format!("{target}?dry_run=true")),
            ];
            for ask in asks {
                let answer = ask
                    .header("if-match", condition)
                    .send()
                    .await
                    .is(412)
                    .json();
                assert_eq!(answer["code"], "precondition-failed", "{vendor}");
                assert_eq!(answer["etag"], current, "{vendor}");
                assert_eq!(texts(&answer["tags"]), ["refund"], "{vendor}");
                assert_eq!(answer["outcome"], "not applied", "{vendor}");
            }
        }
        assert!(
            twin.calls().iter().all(|call| call.method == "GET"),
            "{vendor}"
        );
    }
}

#[tokio::test]
async fn a_change_of_what_the_caller_saw_is_carried_out() {
    let gateway = gateway().await;
    for vendor in VENDORS {
        let target = tags_of(vendor, &conversation(1));
        let mut current = carrying(&gateway, &target, json!(["billing"])).await;
        let asks = [
            gateway.ask("PATCH", &target).json(&json!({"add": ["vip"]})),
            gateway.ask("PUT", &format!("{target}/refund")),
            gateway.ask("DELETE", &format!("{target}/vip")),
            gateway.ask("PUT", &target).json(&json!({"tags": ["vip"]})),
            gateway.ask("DELETE", &target),
        ];
        for ask in asks {
            let condition = format!("\"x\", {current}");
            let ask = ask.header("prefer", "return=representation");
            let answer = ask.header("if-match", &condition).send().await.is(200);
            assert_eq!(answer.json()["assumed"], false, "{vendor}");
            assert_ne!(etag(&answer), current, "{vendor}");
            current = etag(&answer);
            assert_eq!(etag(&gateway.get(&target).await), current, "{vendor}");
        }
        let any = gateway.ask("PUT", &format!("{target}/vip"));
        any.header("if-match", "*").send().await.is(200);
    }
}

#[tokio::test]
async fn the_caller_chooses_what_comes_back() {
    let gateway = gateway().await;
    for vendor in VENDORS {
        let target = tags_of(vendor, &conversation(1));
        let ask = |tag: &str| gateway.ask("PUT", &format!("{target}/{tag}"));

        let plain = ask("billing").send().await.is(200);
        assert_eq!(plain.json()["tags"], Value::Null, "{vendor}");
        assert_eq!(plain.header("etag"), None, "{vendor}");
        assert_eq!(plain.header("preference-applied"), None, "{vendor}");

        let whole = ask("vip").header("prefer", "handling=lenient, return=representation");
        let whole = whole.send().await.is(200);
        assert_eq!(texts(&whole.json()["tags"]), ["billing", "vip"], "{vendor}");
        assert_eq!(
            whole.header("preference-applied"),
            Some("return=representation"),
            "{vendor}"
        );
        assert_eq!(etag(&whole), etag(&gateway.get(&target).await), "{vendor}");

        let less = ask("refund").header("prefer", "return=minimal");
        let less = less.send().await.is(204);
        assert_eq!(
            less.header("preference-applied"),
            Some("return=minimal"),
            "{vendor}"
        );
        assert_eq!(less.header("content-type"), None, "{vendor}");

        let odd = ask("extra").header("prefer", "return=everything, respond-async");
        let odd = odd.send().await.is(200);
        assert_eq!(odd.header("preference-applied"), None, "{vendor}");
        let carried = gateway.get(&target).await.json();
        let expected = ["billing", "extra", "refund", "vip"];
        assert_eq!(texts(&carried["tags"]), expected, "{vendor}");
    }
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused_before_the_vendor_hears_of_it() {
    let gateway = gateway().await;
    for vendor in VENDORS {
        let target = tags_of(vendor, &conversation(1));
        let get = |name, value| gateway.ask("GET", &target).header(name, value);
        let clear = |name, value| gateway.ask("DELETE", &target).header(name, value);
        let asks = [
            (get("idempotency-key", "k"), "idempotency-key"),
            (clear("idempotency-key", "\"k"), "idempotency-key"),
            (clear("idempotency-key", "a b"), "idempotency-key"),
            (clear("idempotency-key", "\"\""), "idempotency-key"),
            (get("if-match", "\"x\""), "if-match"),
            (get("if-none-match", "x"), "if-none-match"),
            (clear("if-none-match", "\"x\""), "if-none-match"),
            (clear("if-match", "x"), "if-match"),
            (clear("if-match", "*, \"x\""), "if-match"),
            (clear("if-match", ""), "if-match"),
            (clear("tagway-deadline-ms", "0"), "tagway-deadline-ms"),
            (clear("tagway-deadline-ms", "soon"), "tagway-deadline-ms"),
            (get("tagway-deadline-ms", "1.5"), "tagway-deadline-ms"),
            (
                get("tagway-deadline-ms", "5").header("tagway-deadline-ms", "6"),
                "tagway-deadline-ms",
            ),
        ];
        for (ask, name) in asks {
            let answer = ask.send().await.is(400).json();
            assert_eq!(answer["code"], "invalid-header", "{vendor}");
            assert_eq!(answer["errors"][0]["pointer"], name, "{vendor}");
        }
        assert!(gateway.embedded(vendor).calls().is_empty(), "{vendor}");
        let enough = clear("tagway-deadline-ms", "15000");
        enough.send().await.is(200);
    }
}
