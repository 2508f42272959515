//! The table operation × vendor, cell by cell: what is asked, what is answered, and what the vendor got, as files.

use super::{body, ids, seeded};
use crate::support::{Answer, OnSocket, conversation, open, route};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::PathBuf};
use tagway::mock::{Recorded, Served};

const BILLING_AND_VIP: &[&str] = &["billing", "vip"];

/// One operation: what the conversation carries before, and what is asked.
struct Cell {
    name: &'static str,
    before: &'static [&'static str],
    method: &'static str,
    /// Below `/v1/{route}`; `{id}` is the conversation.
    below: &'static str,
    body: Option<Value>,
}

fn cells() -> Vec<Cell> {
    let of = |name, before, method, below, body| Cell {
        name,
        before,
        method,
        below,
        body,
    };
    vec![
        of("routes", &[], "GET", "", None),
        of("list-tags", &[], "GET", "/tags", None),
        of(
            "create-tag",
            &[],
            "POST",
            "/tags",
            Some(json!({"name": "deal_stage", "value": "lost"})),
        ),
        of("get-tag", &[], "GET", "/tags/vip", None),
        of("ensure-tag", &[], "PUT", "/tags/refund", None),
        of(
            "update-tag",
            &[],
            "PATCH",
            "/tags/billing",
            Some(json!({"name": "invoices"})),
        ),
        of("delete-tag", &[], "DELETE", "/tags/deal_stage%3Dwon", None),
        of(
            "read",
            BILLING_AND_VIP,
            "GET",
            "/conversations/{id}/tags",
            None,
        ),
        of(
            "replace",
            BILLING_AND_VIP,
            "PUT",
            "/conversations/{id}/tags",
            Some(json!({"tags": ["vip", "deal_stage=won"]})),
        ),
        of(
            "change",
            BILLING_AND_VIP,
            "PATCH",
            "/conversations/{id}/tags",
            Some(json!({"add": ["deal_stage=won"], "remove": ["billing"]})),
        ),
        of(
            "add-one",
            BILLING_AND_VIP,
            "PUT",
            "/conversations/{id}/tags/deal_stage%3Dwon",
            None,
        ),
        of(
            "remove-one",
            BILLING_AND_VIP,
            "DELETE",
            "/conversations/{id}/tags/vip",
            None,
        ),
        of(
            "clear",
            BILLING_AND_VIP,
            "DELETE",
            "/conversations/{id}/tags",
            None,
        ),
    ]
}

/// Holds a value against a file; writes the file where that is asked for.
pub(super) fn hold(file: &str, value: &Value) {
    let path = folder().join(file);
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|set| set == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "tests/blackbox/golden/{file} does not hold what happened:\n{text}\nit holds:\n{kept}\n\
         if what happened is right, run `UPDATE_GOLDEN=1 cargo test --test blackbox golden` and read the difference"
    );
}

/// Runs a vendor's column of the table. Each cell has a gateway that has read nothing yet.
async fn column(vendor: &'static str) {
    let valued: [(&str, &[&str]); 1] = [("deal_stage", &["negotiation", "won"])];
    let twin = OnSocket::new(vendor, seeded(vendor, BILLING_AND_VIP, &valued)).await;
    let mut files = BTreeSet::new();
    for cell in cells() {
        twin.twin(|twin| twin.reset());
        let mut known = ids(vendor, &twin);
        carry(vendor, &twin, &known, cell.before);
        twin.clear_calls();

        let gateway = open("", &route(vendor, &twin.address.to_string(), "")).await;
        let below = cell.below.replace("{id}", &conversation(1));
        let target = match cell.name {
            "routes" => format!("/v1/routes/{vendor}"),
            _ => format!("/v1/{vendor}{below}"),
        };
        let mut ask = gateway
            .ask(cell.method, &target)
            .header("x-request-id", "golden");
        if let Some(body) = &cell.body {
            let kind = match cell.name {
                "update-tag" => "application/merge-patch+json",
                _ => "application/json",
            };
            ask = ask.text(kind, &body.to_string());
        }
        let answer = ask.send().await;
        let calls = twin.calls();
        let spent = answer.header("tagway-vendor-calls").unwrap();
        assert_eq!(spent, calls.len().to_string(), "{} on {vendor}", cell.name);

        known.extend(ids(vendor, &twin));
        let seen = json!({
            "request": {"method": cell.method, "target": target, "body": cell.body},
            "answer": shown(&answer),
            "calls": in_one_order(calls.into_iter().map(call).collect(), &known),
        });
        let file = format!("{vendor}/{}.json", cell.name);
        let seen = neutral(seen, &known);
        let shown = seen["answer"].to_string() + &seen["calls"].to_string();
        let mut parts = shown.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        assert!(
            !parts.any(|part| part.len() >= 16),
            "an id in {file}: {shown}"
        );
        hold(&file, &seen);
        files.insert(format!("{}.json", cell.name));
    }
    let kept: BTreeSet<String> = fs::read_dir(folder().join(vendor))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(kept, files, "files and cells of {vendor}");
}

#[tokio::test]
async fn the_column_of_elevenlabs_is_golden() {
    column("elevenlabs").await;
}

#[tokio::test]
async fn the_column_of_awardee_is_golden() {
    column("awardee").await;
}

#[tokio::test]
async fn the_column_of_attention_is_golden() {
    column("attention").await;
}

#[test]
fn the_golden_table_has_every_operation_of_the_document() {
    let document: Value =
        serde_json::from_str(include_str!("../../../schemas/gateway.json")).unwrap();
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if path.starts_with("/v1/{route}/") && method != "parameters" {
                operations.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let table: BTreeSet<(String, String)> = cells()
        .into_iter()
        .filter(|cell| cell.name != "routes")
        .map(|cell| {
            let parts: Vec<&str> = cell.below.split('/').collect();
            let below = match parts.as_slice() {
                [_, "tags"] => "tags",
                [_, "tags", _] => "tags/{tag}",
                [_, "conversations", _, "tags"] => "conversations/{conversation_id}/tags",
                _ => "conversations/{conversation_id}/tags/{tag}",
            };
            (cell.method.to_owned(), format!("/v1/{{route}}/{below}"))
        })
        .collect();
    assert_eq!(table, operations);
    assert_eq!(cells().len(), 13);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/blackbox/golden")
}

/// Puts tags on the conversation at the vendor.
fn carry(vendor: &str, served: &Served, known: &[(String, String)], texts: &[&str]) {
    let id = |text: &str| {
        known
            .iter()
            .find(|(_, name)| name == text)
            .unwrap()
            .0
            .clone()
    };
    let content = match vendor {
        "attention" => texts
            .iter()
            .map(|text| ((*text).to_owned(), json!("true")))
            .collect(),
        _ => texts.iter().map(|text| id(text)).collect(),
    };
    assert!(served.twin(|twin| twin.set_conversation(&conversation(1), content)));
}

fn shown(answer: &Answer) -> Value {
    let mut headers = serde_json::Map::new();
    for name in ["content-type", "location", "tagway-vendor-calls"] {
        if let Some(value) = answer.header(name) {
            headers.insert(name.to_owned(), json!(value));
        }
    }
    // It hangs on the socket's address too.
    if answer.header("etag").is_some() {
        headers.insert("etag".to_owned(), json!("(an etag)"));
    }
    json!({"status": answer.status, "headers": headers, "body": answer.json()})
}

fn call(call: Recorded) -> Value {
    let mut headers = call.headers;
    if let Some(key) = headers.get_mut("idempotency-key") {
        assert!(!key.is_empty());
        "(a key)".clone_into(key);
    }
    json!({
        "method": call.method,
        "path": call.path,
        "headers": headers,
        "body": body(call.body),
        "status": call.status,
    })
}

/// Removes are sent together, so the order of their arrival is open.
fn in_one_order(mut calls: Vec<Value>, known: &[(String, String)]) -> Vec<Value> {
    let first = calls.iter().position(|call| call["method"] == "DELETE");
    if let Some(first) = first {
        calls[first..].sort_by_key(|call| neutral(call.clone(), known).to_string());
    }
    calls
}

/// Ids become the names that they stand for, and times of making one word.
fn neutral(value: Value, known: &[(String, String)]) -> Value {
    match value {
        Value::String(mut text) => {
            for (id, name) in known {
                text = text.replace(id.as_str(), &format!("(id of {name})"));
            }
            json!(text.replace(&conversation(1), "(conversation)"))
        }
        Value::Array(items) => items.into_iter().map(|item| neutral(item, known)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| match (name.as_str(), &member) {
                ("created_at", Value::String(_)) => (name, json!("(a time)")),
                _ => (name, neutral(member, known)),
            })
            .collect(),
        other => other,
    }
}
