//! One conversation has one lane, whatever becomes of the account's settings, name or route.

use super::Reloading;
use crate::support::{Fault, Faulty, conversation, route, soon, tags_of, texts, until};
use serde_json::{Value, json};
use std::sync::Arc;
use tagway::mock::Options;
use tokio::sync::Semaphore;

/// A vendor whose writes wait for permits, and how many it has begun.
async fn held(vendor: &str) -> (Faulty, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let until = permits.clone();
    let options = Options {
        tags: vec![json!("one"), json!("two"), json!("three")],
        ..Options::default()
    };
    let judge = move |seen: &crate::support::Seen| {
        (seen.method == "PUT").then(|| Fault::Hold(until.clone()))
    };
    (Faulty::new(vendor, options, judge).await, permits)
}

/// What a reload does to the text of a route.
type Way = Box<dyn Fn(&str) -> String>;

fn carried(vendor: &Faulty) -> Value {
    let held = vendor
        .served
        .twin(|twin| twin.conversation(&conversation(1)));
    held.unwrap_or_default()
}

#[tokio::test]
async fn a_change_under_way_and_one_after_the_reload_are_ordered() {
    let reference = |text: &str, to: &str| text.replace("env:VENDOR_KEY", to);
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key");
    std::fs::write(&secret, "vendor-secret").unwrap();
    let in_file = format!("file:{}", secret.to_str().unwrap());
    // Other settings, another name, another reference, another name of the route.
    let ways: [Way; 4] = [
        Box::new(|text| format!("{text}attempt_timeout_ms = 4_000\n")),
        Box::new(|text| format!("{text}account = \"acme\"\n")),
        Box::new(move |text| reference(text, &in_file)),
        Box::new(|text| text.replace("[routes.awardee]", "[routes.helpdesk]")),
    ];
    for (number, way) in ways.iter().enumerate() {
        let (vendor, permits) = held("awardee").await;
        let before = route("awardee", &vendor.address.to_string(), "");
        let after = way(&before);
        let name = if after.contains("helpdesk") {
            "helpdesk"
        } else {
            "awardee"
        };
        let at = Reloading::start(&before).await;
        let put = |route: &str, tag: &str| {
            let target = format!("{}/{tag}", tags_of(route, &conversation(1)));
            tokio::spawn(at.gateway.ask("PUT", &target).send())
        };
        let first = put("awardee", "one");
        vendor.arrived("PUT", 1).await;
        at.write(&after);
        at.reload().await.is(200);
        let reads = vendor.count("GET");
        let second = put(name, "two");
        // Another conversation is not held up; by then the second change has had every chance to be.
        let other = tags_of(name, &conversation(2));
        at.gateway.get(&other).await.is(200);
        let status = &at.gateway.running.status;
        until("the second change in the lane", || {
            status.lanes.waiting() == 1
        })
        .await;
        assert_eq!(vendor.count("PUT"), 1, "way {number}");
        let of_first = format!("/conversations/{}/", conversation(1));
        let seen = vendor.seen();
        let later = seen.iter().skip(reads).filter(|seen| seen.method == "GET");
        let later = later.filter(|seen| seen.path.contains(&of_first)).count();
        assert!(later <= 1, "way {number}: {later}");
        permits.add_permits(10);
        soon("the first answer", first).await.unwrap().is(200);
        soon("the second answer", second).await.unwrap().is(200);
        assert_eq!(
            carried(&vendor).as_array().unwrap().len(),
            2,
            "way {number}"
        );
        assert_eq!(status.lanes.lanes(), 0, "way {number}");
    }
}

#[tokio::test]
async fn changes_of_two_configurations_wait_together_and_are_not_folded() {
    let (vendor, permits) = held("awardee").await;
    let routes = |more: &str| route("awardee", &vendor.address.to_string(), more);
    let at = Reloading::start(&routes("")).await;
    let put = |tag: &str| {
        let target = format!("{}/{tag}", tags_of("awardee", &conversation(1)));
        tokio::spawn(at.gateway.ask("PUT", &target).send())
    };
    let lanes = &at.gateway.running.status.lanes;
    let mut answers = vec![put("one")];
    vendor.arrived("PUT", 1).await;
    answers.push(put("two"));
    until("the second change in the lane", || lanes.waiting() == 1).await;
    at.write(&routes("attempt_timeout_ms = 4_000"));
    at.reload().await.is(200);
    answers.push(put("three"));
    until("the third change in the lane", || lanes.waiting() == 2).await;
    permits.add_permits(10);
    for answer in answers {
        soon("an answer", answer).await.unwrap().is(200);
    }
    assert_eq!(vendor.count("PUT"), 3);
    assert_eq!(carried(&vendor).as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_write_whose_fate_is_unknown_holds_its_conversation_up_after_a_reload_too() {
    let options = Options {
        tags: vec![json!("one"), json!("two")],
        ..Options::default()
    };
    let judge = |seen: &crate::support::Seen| (seen.method == "PUT").then_some(Fault::Close);
    let vendor = Faulty::new("awardee", options, judge).await;
    let routes = |more: &str| route("awardee", &vendor.address.to_string(), more);
    let at = Reloading::start(&routes("")).await;
    let target = |tag: &str| format!("{}/{tag}", tags_of("awardee", &conversation(1)));
    let lost = at.gateway.ask("PUT", &target("one")).send().await;
    // The read after the lost answer may have shown that it took effect; the conversation is open all the same.
    let open = at.gateway.running.status.lanes.lanes();
    for more in [
        "account = \"acme\"",
        "account = \"acme\"\nsettle_ms = 1_000",
    ] {
        at.write(&routes(more));
        at.reload().await.is(200);
        assert_eq!(at.gateway.running.status.lanes.lanes(), open);
        let next = at.gateway.ask("PUT", &target("two")).send().await;
        assert_eq!(next.status, 503, "{lost:?}");
        assert_eq!(next.json()["code"], "conversation-settling");
    }
    assert_eq!(vendor.count("PUT"), 1);
}

#[tokio::test]
async fn a_route_that_is_gone_takes_no_more_and_finishes_what_it_has() {
    let (vendor, permits) = held("awardee").await;
    let both = format!(
        "{}{}",
        route("awardee", &vendor.address.to_string(), ""),
        route("elevenlabs", "mock", "")
    );
    let at = Reloading::start(&both).await;
    let target = format!("{}/one", tags_of("awardee", &conversation(1)));
    let request = tokio::spawn(at.gateway.ask("PUT", &target).send());
    vendor.arrived("PUT", 1).await;
    at.write(&route("elevenlabs", "mock", ""));
    at.reload().await.is(200);
    at.gateway.ask("PUT", &target).send().await.is(404);
    permits.add_permits(10);
    let answer = soon("the answer", request).await.unwrap().is(200);
    assert_eq!(texts(&answer.json()["added"]), ["one"]);
    assert_eq!(carried(&vendor).as_array().unwrap().len(), 1);
    let status = &at.gateway.running.status;
    until("the end of the lane", || status.lanes.lanes() == 0).await;
}

#[tokio::test]
async fn several_accounts_cannot_be_renamed_at_once() {
    let (vendor, _permits) = held("awardee").await;
    let folder = tempfile::tempdir().unwrap();
    let kept = |name: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, "vendor-secret").unwrap();
        format!("file:{}", file.to_str().unwrap())
    };
    let (one, other, third) = (&kept("one"), &kept("other"), &kept("third"));
    let address = vendor.address.to_string();
    let named = |route_name: &str, account: &str, reference: &str| {
        route("awardee", &address, &format!("account = \"{account}\""))
            .replace("[routes.awardee]", &format!("[routes.{route_name}]"))
            .replace("env:VENDOR_KEY", reference)
    };
    let at = Reloading::start(&format!(
        "{}{}",
        named("a", "x", one),
        named("b", "y", other)
    ))
    .await;
    at.write(&named("c", "z", third));
    let told = at.reload().await.is(422).json();
    let fault = told["last_reload_error"]["faults"][0].as_str().unwrap();
    assert!(
        fault.contains("x, y") && fault.contains("restart"),
        "{fault}"
    );
    // With the references kept it is known which is which.
    let same = format!("{}{}", named("a", "z", one), named("b", "w", other));
    at.write(&same);
    at.reload().await.is(200);
}

#[tokio::test]
async fn a_vendor_that_asked_to_be_left_alone_is_left_alone_after_a_reload_too() {
    let busy = Fault::Answer(429, &[("retry-after", "60")], "{}".to_owned());
    let vendor = Faulty::always("attention", busy).await;
    let routes = |more: &str| route("attention", &vendor.address.to_string(), more);
    let at = Reloading::start(&routes("")).await;
    let target = tags_of("attention", &conversation(1));
    at.gateway.get(&target).await.is(429);
    let calls = vendor.seen().len();
    at.write(&routes("attempts = 2"));
    at.reload().await.is(200);
    let told = at.gateway.get(&target).await.is(429);
    let wait: u64 = told.header("retry-after").unwrap().parse().unwrap();
    assert!((2..=60).contains(&wait), "{wait}");
    assert_eq!(vendor.seen().len(), calls);
}
