//! Labels and their options as the catalogue, and how options are made.

use super::super::*;
use super::{adapter, adapter_with, ok, sent};
use crate::{Attributes, Edit};
use serde_json::{Value, json};

#[test]
fn a_label_is_a_tag_for_each_option_or_a_bare_one() {
    let adapter = adapter();
    let labels = json!({"data": [
        {"uuid": "u1", "name": "stage", "description": "ignored", "aiFlow": true, "createdAt": "2024-03-18T10:00:00Z",
            "options": [{"value": "won", "description": "closed"}, {"value": "true", "description": ""}]},
        {"uuid": "u2", "name": "vip", "description": "dear", "options": []},
        {"uuid": "u3", "name": "a=b"},
    ]});
    let mut listed = Vec::new();
    assert!(
        adapter
            .listed(0, &ok(Keep::Everything, &labels.to_string()), &mut listed)
            .unwrap()
            .is_none()
    );
    let seen: Vec<_> = listed
        .iter()
        .map(|l| {
            (
                l.tag.encode(),
                l.id.as_deref(),
                l.holder.as_deref(),
                l.description.as_deref(),
            )
        })
        .collect();
    let text = str::to_owned;
    assert_eq!(
        seen,
        [
            (text("stage=won"), None, Some("u1"), Some("closed")),
            (text("stage"), None, Some("u1"), None),
            (text("vip"), Some("u2"), Some("u2"), Some("dear")),
            (text("a\\=b"), Some("u3"), Some("u3"), None),
        ]
    );
    assert_eq!(
        listed[0].created_at.as_deref(),
        Some("2024-03-18T10:00:00Z")
    );
    for wrong in [
        "{}",
        "[]",
        r#"{"data":{}}"#,
        r#"{"data":[{"name":"a"}]}"#,
        r#"{"data":[{"uuid":"u","name":"a","options":["x"]}]}"#,
    ] {
        assert!(
            adapter
                .listed(0, &ok(Keep::Everything, wrong), &mut Vec::new())
                .is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_new_option_is_sent_with_all_the_others() {
    let adapter = adapter();
    let new = HeldTag::new(Tag::valued("stage", "lost"), Handle::Name);
    let attributes = Attributes::default();
    let edit = Edit::Create {
        new: &new,
        attributes: &attributes,
    };
    let label = |options: Value| {
        let label = json!({"data": {"uuid": "u 1", "name": "stage", "options": options}});
        ok(Keep::Everything, &label.to_string())
    };
    let read = label(
        json!([{"value": "won", "description": "closed"}, {"value": "true", "description": ""}]),
    );
    let call = adapter.edit(edit, Some(&read)).unwrap().unwrap();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("PATCH", "/labels/u%201")
    );
    let options = r#"[{"value":"won","description":"closed"},{"value":"true","description":""},{"value":"lost"}]"#;
    assert_eq!(sent(&call), format!(r#"{{"options":{options}}}"#));

    let there = label(json!([{"value": "LOST"}]));
    assert!(
        adapter.edit(edit, Some(&there)).unwrap().is_none(),
        "somebody made it meanwhile"
    );
    assert_eq!(
        adapter.edited(edit, &there).unwrap().tag,
        Tag::valued("stage", "LOST")
    );
    assert!(
        adapter
            .edited(edit, &label(json!([{"value": "won"}])))
            .is_err()
    );
    assert!(
        adapter.edit(edit, Some(&label(json!([])))).is_err(),
        "it would end the bare tag"
    );
    let more = label(json!([{"value": "won", "color": "red"}]));
    assert!(
        adapter.edit(edit, Some(&more)).is_err(),
        "what has no place in the update would be lost"
    );

    let first = adapter.edit(edit, None).unwrap().unwrap();
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("POST", "/labels")
    );
    let expected =
        r#"{"name":"stage","aiFlow":false,"allTeams":false,"options":[{"value":"lost"}]}"#;
    assert_eq!(sent(&first), expected);
    let chosen = [
        ("ai_flow", SettingValue::Bool(true)),
        ("all_teams", SettingValue::Bool(true)),
    ];
    let first = adapter_with(&chosen).edit(edit, None).unwrap().unwrap();
    assert_eq!(sent(&first), expected.replace("false", "true"));
}

#[test]
fn a_bare_label_that_has_got_options_meanwhile_keeps_them() {
    let adapter = adapter();
    let mut listed = Vec::new();
    let labels = r#"{"data":[{"uuid":"u2","name":"vip","options":[]}]}"#;
    adapter
        .listed(0, &ok(Keep::Everything, labels), &mut listed)
        .unwrap();
    let catalogue = Catalogue::new(listed.clone());
    let delete = Edit::Delete { listed: &listed[0] };
    let update = crate::Update {
        tag: Some(Tag::bare("vips")),
        ..crate::Update::default()
    };
    let rename = Edit::Update {
        listed: &listed[0],
        update: &update,
    };
    for edit in [delete, rename] {
        let read = adapter.before_edit(edit, &catalogue).unwrap().unwrap();
        assert_eq!(
            (read.method, read.path.as_str()),
            (Method::GET, "/labels/u2")
        );
    }
    let bare = ok(
        Keep::Everything,
        r#"{"data":{"uuid":"u2","name":"vip","options":[]}}"#,
    );
    let call = |edit| adapter.edit(edit, Some(&bare)).unwrap().unwrap().method;
    assert_eq!(call(delete), Method::DELETE);
    assert_eq!(call(rename), Method::PATCH);
    let grown = ok(
        Keep::Everything,
        r#"{"data":{"uuid":"u2","name":"vip","options":[{"value":"gold"}]}}"#,
    );
    assert!(adapter.edit(delete, Some(&grown)).unwrap().is_none());
    assert!(matches!(
        adapter.edit(rename, Some(&grown)),
        Err(crate::EditError::Unsupported(_))
    ));
}
