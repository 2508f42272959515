//! What a vendor's catalogue cannot hold is refused, or dropped and named: canonical field × vendor.

use super::{Bench, merge_patch};
use crate::{errors::told, support::Answer};
use serde_json::{Value, json};
use tagway::error::Code;

/// Whether a vendor's catalogue has a place for a field.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// It can be held and changed.
    Held,
    /// It can be held and not changed.
    Fixed,
    /// There is none.
    None,
}

/// Two things that the field can hold.
fn samples(field: &str) -> [&'static str; 2] {
    match field {
        "value" => ["won", "lost"],
        "description" => ["about money", "about much money"],
        _ => ["#a1B2c3", "#00ff00"],
    }
}

#[track_caller]
fn refused(answer: &Answer, field: &str) {
    let problem = told(answer, Code::UnsupportedByVendor);
    let pointers: Vec<&Value> = problem["errors"].as_array().unwrap().iter().collect();
    assert_eq!(pointers.len(), 1, "{problem}");
    assert_eq!(pointers[0]["pointer"], format!("/{field}"), "{problem}");
    assert_eq!(problem["outcome"], "not applied", "{problem}");
}

async fn cell(vendor: &'static str, field: &str, place: Place) {
    for report in [false, true] {
        let mode = if report { "report" } else { "refuse" };
        let more = format!("on_loss = \"{mode}\"");
        let bench = Bench::new(vendor, &["vip"], &[], &more).await;
        made(&bench, field, place, report).await;
        changed(&bench, field, place, report).await;
    }
}

/// The field of a tag that is created or ensured.
async fn made(bench: &Bench, field: &str, place: Place, report: bool) {
    let [first, _] = samples(field);
    let body = json!({"name": "stage", field: first});
    let dry = format!("{}?dry_run=true", bench.tags());
    let planned = bench.gateway.send("POST", &dry, &body).await;
    let created = bench.create(&body).await;
    let ensured = match field {
        "value" => {
            bench
                .gateway
                .ask("PUT", &bench.one("other=won"))
                .send()
                .await
        }
        _ => bench.ensure("other", &json!({ field: first })).await,
    };
    if place == Place::None && !report {
        for answer in [planned, created, ensured] {
            refused(&answer, field);
        }
        assert_eq!(bench.written(), []);
        bench.create(&json!({"name": "stage"})).await.is(201);
        bench.ensure("other", &json!({})).await.is(201);
        return;
    }
    let held = place != Place::None;
    let lost = if held { json!([]) } else { json!([field]) };
    let kept = if held { json!(first) } else { Value::Null };
    assert_eq!(planned.is(200).json()["lost"], lost);
    for answer in [created, ensured] {
        let tag = answer.is(201).json();
        assert_eq!(tag["lost"], lost);
        assert_eq!(tag[field], kept);
        let cold = bench.again().await;
        let shown = cold.get(&cold.one(tag["tag"].as_str().unwrap())).await;
        assert_eq!(shown.is(200).json()[field], kept);
    }
}

/// The field of a tag that is there.
async fn changed(bench: &Bench, field: &str, place: Place, report: bool) {
    let [first, second] = samples(field);
    let text = if field == "value" {
        format!("stage={first}")
    } else {
        "stage".to_owned()
    };
    bench.served.clear_calls();
    let patch = json!({ field: second });
    let target = bench.one(&text);
    let dry = merge_patch(&bench.gateway, &format!("{target}?dry_run=true"), &patch);
    let planned = dry.send().await;
    assert_eq!(bench.written(), []);
    let patched = bench.update(&text, &patch).await;
    match (place, report) {
        (Place::None, false) | (Place::Fixed, _) => {
            refused(&planned, field);
            refused(&patched, field);
            assert_eq!(bench.written(), []);
        }
        (Place::None, true) => {
            let planned = planned.is(200).json();
            assert_eq!(planned["lost"], json!([field]));
            assert_eq!(planned["calls"], json!([]));
            let tag = patched.is(200).json();
            assert_eq!(tag["lost"], json!([field]));
            assert_eq!(tag[field], Value::Null);
            assert_eq!(bench.written(), []);
        }
        (Place::Held, _) => {
            assert_eq!(planned.is(200).json()["lost"], json!([]));
            let tag = patched.is(200).json();
            assert_eq!(tag["lost"], json!([]));
            assert_eq!(tag[field], second);
            assert_eq!(bench.written().len(), 1);
        }
    }
    // To take away what cannot be there loses nothing.
    if place == Place::None {
        let tag = bench.update(&text, &json!({ field: null })).await;
        assert_eq!(tag.is(200).json()["lost"], json!([]));
        assert_eq!(bench.written(), []);
    }
}

macro_rules! cells {
    ($($name:ident => $vendor:literal, $field:literal, $place:ident;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                cell($vendor, $field, Place::$place).await;
            }
        )*
    };
}

cells! {
    elevenlabs_holds_a_value => "elevenlabs", "value", Held;
    elevenlabs_holds_a_description => "elevenlabs", "description", Held;
    elevenlabs_has_no_place_for_a_color => "elevenlabs", "color", None;
    awardee_holds_a_value_for_good => "awardee", "value", Fixed;
    awardee_has_no_place_for_a_description => "awardee", "description", None;
    awardee_holds_a_color_for_good => "awardee", "color", Fixed;
    attention_holds_a_value => "attention", "value", Held;
    attention_holds_a_description => "attention", "description", Held;
    attention_has_no_place_for_a_color => "attention", "color", None;
}

#[tokio::test]
async fn the_value_that_stands_for_a_bare_tag_is_refused_in_either_mode() {
    for mode in ["refuse", "report"] {
        let more =
            format!("on_loss = \"{mode}\"\n[routes.attention.attention]\nflag_value = \"yes\"");
        let bench = Bench::new("attention", &["vip"], &[("stage", &["won"])], &more).await;
        refused(
            &bench.create(&json!({"name": "new", "value": "yes"})).await,
            "value",
        );
        refused(
            &bench
                .create(&json!({"name": "stage", "value": "yes"}))
                .await,
            "value",
        );
        refused(
            &bench.update("stage=won", &json!({"value": "yes"})).await,
            "value",
        );
        assert_eq!(bench.written(), []);
        bench
            .create(&json!({"name": "stage", "value": "true"}))
            .await
            .is(201);
    }
}

#[tokio::test]
async fn what_is_lost_is_named_beside_what_is_kept() {
    let body = json!({"tag": "vip", "description": "who pays", "color": "#112233"});
    for (vendor, kept, lost) in [
        ("elevenlabs", "description", "color"),
        ("awardee", "color", "description"),
        ("attention", "description", "color"),
    ] {
        let bench = Bench::new(vendor, &[], &[], "on_loss = \"report\"").await;
        let tag = bench.create(&body).await.is(201).json();
        assert_eq!(tag["lost"], json!([lost]), "{vendor}");
        assert_eq!(tag[kept], body[kept], "{vendor}");
        assert_eq!(tag[lost], Value::Null, "{vendor}");
        let sent = bench.written();
        assert_eq!(sent.len(), 1, "{vendor}");
        assert_eq!(sent[0].2.get(lost), None, "{vendor}");
    }
}
