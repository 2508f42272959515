//! Proof that all bodies an adapter can emit fit the vendor's document, before one is sent.

use super::Document;
use adapters::{Adapter, path::MAX_ID_BYTES};
use jsonschema::canonical::{CanonicalSchema, CanonicalizationError, Containment, Satisfiability};
use serde_json::{Value, json};

/// A body that an adapter could emit and the document does not allow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{operation}`: {why}")]
pub struct Unproven {
    /// The operation's id.
    pub operation: &'static str,
    /// What cannot be sent any more, as a schema, or why nothing is known.
    pub why: String,
    /// Whether it is certain; else the schemas are such that their relation cannot be decided.
    pub certain: bool,
}

/// Length of a list that stands for all lists without a limit.
const UNLIMITED: usize = 10_000;

/// Everything that an adapter could emit and a document does not allow.
pub fn prove(adapter: &dyn Adapter, document: &Document) -> Vec<Unproven> {
    let emitted = adapter.emits();
    emitted
        .iter()
        .filter_map(|(operation, schema)| unproven(operation, schema, document))
        .collect()
}

fn unproven(operation: &'static str, emitted: &Value, document: &Document) -> Option<Unproven> {
    let fault = |why: String, certain: bool| {
        Some(Unproven {
            operation,
            why,
            certain,
        })
    };
    let body = document.operation(operation).and_then(|operation| {
        operation
            .value()
            .pointer("/requestBody/content/application~1json/schema")
    });
    let Some(body) = body else {
        return fault("the document describes no body for it".to_owned(), true);
    };
    let components = document
        .value()
        .get("components")
        .cloned()
        .unwrap_or(Value::Null);
    let allowed = json!({"allOf": [body], "components": components});
    match lost(emitted, &allowed) {
        Ok(None) => None,
        Ok(Some(lost)) => fault(
            format!("bodies such as {lost} could be sent and are not allowed"),
            true,
        ),
        Err(error) => match refused_sample(emitted, &allowed) {
            Some(sample) => fault(format!("{sample} could be sent and is not allowed"), true),
            None => fault(
                format!("whether every body is allowed cannot be decided: {error}"),
                false,
            ),
        },
    }
}

/// Where the whole cannot be decided: a body at the edge of what can be emitted that is not allowed.
pub(crate) fn refused_sample(emitted: &Value, allowed: &Value) -> Option<String> {
    let (emitted_check, allowed_check) = (
        jsonschema::validator_for(emitted).ok()?,
        jsonschema::validator_for(allowed).ok()?,
    );
    let mut samples = samples(emitted)
        .into_iter()
        .filter(|sample| emitted_check.is_valid(sample));
    let sample = samples.find(|sample| !allowed_check.is_valid(sample))?;
    let errors = allowed_check
        .iter_errors(&sample)
        .map(|error| error.masked().to_string());
    let why: Vec<String> = errors.collect();
    let text = sample.to_string();
    let shown: String = text.chars().take(60).collect();
    Some(format!(
        "a body like {shown}{} ({})",
        if shown == text { "" } else { "…" },
        why.join("; ")
    ))
}

/// Values at the edges of a schema: shortest and longest texts and lists, with and without each member.
fn samples(schema: &Value) -> Vec<Value> {
    let number = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let edges = |least: &str, most: &str| {
        let least = number(least).unwrap_or(0);
        // A text without a limit can be as long as an id may be.
        [least, number(most).unwrap_or(MAX_ID_BYTES)]
    };
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        return branches.iter().flat_map(samples).collect();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") if schema.get("format").is_some_and(|format| format == "uuid") => {
            vec![Value::from("8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e")]
        }
        Some("string") => edges("minLength", "maxLength")
            .map(|n| Value::from("x".repeat(n)))
            .into(),
        Some("boolean") => vec![Value::Bool(true), Value::Bool(false)],
        Some("array") => {
            let items = samples(schema.get("items").unwrap_or(&Value::Null));
            // A list without a limit can be as long as a vendor lets a set grow.
            let lengths = [
                number("minItems").unwrap_or(0),
                number("maxItems").unwrap_or(UNLIMITED),
            ];
            let ends = [items.first(), items.last()].into_iter().flatten();
            ends.flat_map(|item| lengths.map(|n| Value::from(vec![item.clone(); n])))
                .collect()
        }
        Some("object") => {
            let properties: Vec<(&String, Vec<Value>)> = schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name, samples(schema)))
                .collect();
            let required = schema.get("required").and_then(Value::as_array);
            let is_required =
                |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
            let needed = properties.iter().filter(|(name, _)| is_required(name));
            let needed: serde_json::Map<String, Value> = needed
                .filter_map(|(name, samples)| Some(((*name).clone(), samples.first()?.clone())))
                .collect();
            let mut objects = vec![Value::Object(needed.clone())];
            for (name, samples) in &properties {
                for sample in samples {
                    let mut object = needed.clone();
                    object.insert((*name).clone(), sample.clone());
                    objects.push(Value::Object(object));
                }
            }
            objects
        }
        _ => Vec::new(),
    }
}

/// The values that `emitted` has and `allowed` has not, as a schema; `None` when there are none.
pub(crate) fn lost(emitted: &Value, allowed: &Value) -> Result<Option<Value>, String> {
    let told = |error: CanonicalizationError| error.to_string();
    let canonical = |schema: &Value| -> Result<CanonicalSchema, String> {
        jsonschema::canonicalize(schema).map_err(told)
    };
    let (emitted, allowed) = (canonical(emitted)?, canonical(allowed)?);
    if allowed.covers(&emitted).map_err(told)? == Containment::Yes {
        return Ok(None);
    }
    let lost = emitted.subtract(&allowed).map_err(told)?;
    match lost.satisfiability() {
        Satisfiability::No => Ok(None),
        Satisfiability::Yes => {
            let mut lost = lost.to_json_schema();
            if let Some(object) = lost.as_object_mut() {
                object.remove("$schema");
            }
            Ok(Some(lost))
        }
        Satisfiability::Unknown => Err("the schemas are too involved".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::{VENDORS, Vendor, settings::Settings};

    fn changed(vendor: &Vendor, pointer: &str, member: &str, value: Value) -> Document {
        let mut document: Value = serde_json::from_str(vendor.document).expect("JSON");
        let place = document.pointer_mut(pointer).expect("the place");
        place[member] = value;
        Document::compile(vendor.name, &document.to_string(), &|_| None).expect("it compiles")
    }

    #[test]
    fn all_that_the_adapters_can_emit_fits_the_vendored_documents() {
        for vendor in VENDORS {
            let document =
                Document::compile(vendor.name, vendor.document, &|_| None).expect("it compiles");
            let adapter = (vendor.build)(&Settings::default(), document.value());
            assert_eq!(prove(&*adapter, &document), [], "{}", vendor.name);
            let with_body = document
                .operations()
                .filter(|operation| operation.request().is_some());
            let called =
                with_body.filter(|op| vendor.operations.iter().any(|(id, _)| *id == op.id()));
            assert_eq!(
                called.count(),
                adapter.emits().len(),
                "{}: every body is accounted for",
                vendor.name
            );
        }
    }

    #[test]
    fn a_lower_limit_is_found_and_the_lost_values_are_named() {
        let schemas = "/components/schemas";
        for (vendor, place, member, value, lost) in [
            (
                0,
                "AssignConversationTagsRequestModel/properties/tag_ids",
                "maxItems",
                json!(49),
                "50",
            ),
            (
                0,
                "CreateConversationTagRequestModel/properties/title",
                "maxLength",
                json!(119),
                "longer than 119 characters",
            ),
            (
                1,
                "CreateConversationTag/properties/name",
                "maxLength",
                json!(99),
                "longer than 99 characters",
            ),
            (
                1,
                "ReplaceConversationTags/properties/tag_ids",
                "maxItems",
                json!(500),
                "more than 500 items",
            ),
            (
                2,
                "CreateLabel/properties/name",
                "maxLength",
                json!(64),
                "longer than 64 characters",
            ),
            (
                2,
                "ReplaceLabels",
                "required",
                json!(["labels", "reason"]),
                "labels",
            ),
        ] {
            let vendor = VENDORS[vendor];
            let old = serde_json::from_str(vendor.document).expect("JSON");
            let adapter = (vendor.build)(&Settings::default(), &old);
            let document = changed(vendor, &format!("{schemas}/{place}"), member, value);
            let unproven = prove(&*adapter, &document);
            assert_eq!(unproven.len(), 1, "{} {place}: {unproven:?}", vendor.name);
            assert!(
                unproven[0].certain && unproven[0].why.contains(lost),
                "{unproven:?}"
            );
        }
    }

    #[test]
    fn a_limit_that_the_adapter_takes_from_the_document_is_followed() {
        let vendor = VENDORS[0];
        let place = "/components/schemas/AssignConversationTagsRequestModel/properties/tag_ids";
        let document = changed(vendor, place, "maxItems", json!(7));
        let adapter = (vendor.build)(&Settings::default(), document.value());
        assert_eq!(prove(&*adapter, &document), []);
        assert_eq!(
            adapter.rules().writes,
            adapters::Writes::AddAndRemove { adds_per_call: 7 }
        );
    }
}
