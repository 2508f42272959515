//! OpenAPI 3.0 has its own dialect of JSON Schema; this turns it into that of 3.1.

use serde_json::{Map, Value, json};

/// Rewrites `nullable` and the boolean forms of `exclusiveMinimum` and `exclusiveMaximum`, everywhere.
pub(crate) fn from_3_0(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // In 3.0 nothing beside a `$ref` counts.
            if members.get("$ref").is_some_and(Value::is_string) {
                members.retain(|name, _| name == "$ref");
                return;
            }
            for (exclusive, limit) in [
                ("exclusiveMinimum", "minimum"),
                ("exclusiveMaximum", "maximum"),
            ] {
                bound(members, exclusive, limit);
            }
            nullable(members);
            members.values_mut().for_each(from_3_0);
        }
        Value::Array(items) => items.iter_mut().for_each(from_3_0),
        _ => {}
    }
}

fn bound(members: &mut Map<String, Value>, exclusive: &str, limit: &str) {
    if let Some(Value::Bool(is_exclusive)) = members.get(exclusive).cloned() {
        members.remove(exclusive);
        if is_exclusive && let Some(limit) = members.remove(limit) {
            members.insert(exclusive.to_owned(), limit);
        }
    }
}

fn nullable(members: &mut Map<String, Value>) {
    if members.get("nullable") != Some(&Value::Bool(true)) {
        return;
    }
    members.remove("nullable");
    if let Some(Value::String(kind)) = members.get("type").cloned() {
        members.insert("type".to_owned(), json!([kind, "null"]));
    }
    if let Some(Value::Array(options)) = members.get_mut("enum")
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
}
