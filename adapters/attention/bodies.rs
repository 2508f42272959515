//! What is sent to the vendor: the body that replaces a conversation's labels, and the shape of every body.

use super::{CREATE, REPLACE, UPDATE};
use crate::{Body, Carried, Element, Entry, Rules};
use serde_json::{Value, json};

/// The whole map, with what the change does not name byte for byte as it was read.
pub(super) fn replace(after: &Carried, flag_value: &str, skip_analysis: bool) -> Body {
    let mut body = Body::default();
    body.push("{\"labels\":{");
    for (at, element) in after.0.iter().enumerate() {
        if at > 0 {
            body.push(",");
        }
        match (element.entry(), element) {
            (Some(Entry { key, value }), _) => {
                body.push(key);
                body.push(":");
                body.push(value);
            }
            (None, Element::Tag(held)) => {
                body.push_string(&held.tag.name);
                body.push(":");
                body.push_string(held.tag.value.as_deref().unwrap_or(flag_value));
            }
            // No id ever stands in a label map.
            (None, Element::Unknown { .. } | Element::Foreign { .. }) => {}
        }
    }
    body.push("},\"skip_analysis\":");
    body.push(if skip_analysis { "true}" } else { "false}" });
    body
}

/// The JSON Schema of every body that can be sent, by operation.
pub(super) fn emitted(rules: &Rules) -> Vec<(&'static str, Value)> {
    let bounded = |limit: usize, least: usize| match limit {
        usize::MAX => json!({"type": "string", "minLength": least}),
        limit => json!({"type": "string", "minLength": least, "maxLength": limit}),
    };
    let closed = |properties: Value, required: &[&str]| {
        json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false
        })
    };
    // A new name is trimmed and not blank; so is a new value, and the others are the vendor's own.
    let mut name = bounded(rules.new_tags.name, 1);
    name["pattern"] = json!("\\S");
    let description = bounded(rules.catalogue.description.unwrap_or(0), 0);
    let text = json!({"type": "string"});
    let option = closed(json!({"value": text, "description": text}), &["value"]);
    let options = json!({"type": "array", "items": option});
    let flag = json!({"type": "boolean"});
    let create = closed(
        json!({"name": name, "description": description, "aiFlow": flag, "allTeams": flag, "options": options}),
        &["name", "aiFlow", "allTeams"],
    );
    let mut change = closed(json!({"name": name, "description": description}), &[]);
    change["minProperties"] = json!(1);
    let update = json!({"anyOf": [change, closed(json!({"options": options}), &["options"])]});
    let labels = json!({"type": "object"});
    let replace = closed(
        json!({"labels": labels, "skip_analysis": flag}),
        &["labels", "skip_analysis"],
    );
    vec![(CREATE, create), (UPDATE, update), (REPLACE, replace)]
}
