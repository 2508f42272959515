use std::collections::HashMap;
use std::sync::Arc;

use http::Uri;
use jsonschema::{Draft, Registry, RegistryBuilder};
use serde_json::Value;

use super::compiler::{Compiler, Proof};
use super::reference;
use super::{Document, KeptPaths, Problem, order, upgrade};

/// Compiles a document, or says everything that is wrong with it. Nothing is looked for in schemas that are known to
/// compile.
pub(super) fn document(
    name: &str,
    text: &str,
    kept: &dyn Fn(&str) -> Option<KeptPaths>,
    is_proven: bool,
) -> Result<Document, Vec<Problem>> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| whole(format!("is not JSON: {error}")))?;
    let paths =
        order::paths(text).map_err(|error| whole(format!("has no usable paths: {error}")))?;
    let value = Arc::new(value);
    let root = match value.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.1.") => Arc::clone(&value),
        Some(version) if version.starts_with("3.0.") => {
            let mut root = Value::clone(&value);
            upgrade::from_3_0(&mut root);
            Arc::new(root)
        }
        _ => {
            let detail = "is not an OpenAPI document of version 3.0 or 3.1";
            return Err(whole(detail.to_owned()));
        }
    };
    let mut problems = Vec::new();
    let proof = match is_proven {
        true => Proof::Given,
        false => asked_for(&root, &mut problems),
    };
    let mut compiler = Compiler::new(&value, &root, proof, kept, problems);
    compiler.components();
    let (operations, routes) = compiler.paths(&paths);
    let mut problems = compiler.into_problems();
    let mut by_id = HashMap::default();
    for (index, operation) in operations.iter().enumerate() {
        if !operation.id.is_empty() && by_id.insert(operation.id.clone(), index).is_some() {
            problems.push(Problem {
                pointer: operation.pointer.clone(),
                detail: format!("the operationId `{}` is used twice", operation.id),
            });
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Document {
        name: name.to_owned(),
        base_path: base_path(&root),
        value,
        operations,
        by_id,
        routes,
    })
}

/// The schemas of a document, by their address.
pub(super) fn registry(root: &Value) -> Result<Registry<'_>, jsonschema::ReferencingError> {
    Registry::new()
        .draft(Draft::Draft202012)
        .add(reference::DOCUMENT_URI, root)
        .and_then(RegistryBuilder::prepare)
}

/// What every schema is proven with, unless a reference leads nowhere.
fn asked_for<'d>(root: &'d Value, problems: &mut Vec<Problem>) -> Proof<'d> {
    reference::dangling(root, root, "", problems);
    if !problems.is_empty() {
        return Proof::Failed;
    }
    match registry(root) {
        Ok(registry) => Proof::Wanted(Box::new(registry)),
        Err(error) => {
            problems.extend(whole(format!("cannot be resolved: {error}")));
            Proof::Failed
        }
    }
}

fn whole(detail: String) -> Vec<Problem> {
    vec![Problem {
        pointer: String::new(),
        detail,
    }]
}

/// Path of the first server's URL, which may be a path alone.
fn base_path(root: &Value) -> String {
    root.pointer("/servers/0/url")
        .and_then(Value::as_str)
        .and_then(|url| url.parse::<Uri>().ok())
        .map(|uri| uri.path().trim_end_matches('/').to_owned())
        .unwrap_or_default()
}
