use std::collections::HashMap;

use http::Uri;
use jsonschema::{Draft, Registry, RegistryBuilder};
use serde_json::Value;

use super::compiler::Compiler;
use super::reference::{self, below};
use super::{Document, KeptPaths, Operation, Problem, order, upgrade};

/// Compiles a document, or says everything that is wrong with it.
pub(super) fn document(
    name: &str,
    text: &str,
    kept: &dyn Fn(&str) -> Option<KeptPaths>,
) -> Result<Document, Vec<Problem>> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| whole(format!("is not JSON: {error}")))?;
    let paths =
        order::paths(text).map_err(|error| whole(format!("has no usable paths: {error}")))?;
    let mut root = value.clone();
    match value.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.1.") => {}
        Some(version) if version.starts_with("3.0.") => upgrade::from_3_0(&mut root),
        _ => {
            let detail = "is not an OpenAPI document of version 3.0 or 3.1";
            return Err(whole(detail.to_owned()));
        }
    }
    let mut problems = Vec::new();
    reference::dangling(&root, &root, "", &mut problems);
    let registry = if problems.is_empty() {
        registry(&root)
            .map_err(|error| problems.extend(whole(format!("cannot be resolved: {error}"))))
            .ok()
    } else {
        None
    };
    let mut compiler = Compiler::new(&root, registry, kept, problems);
    compiler.components();
    let (mut operations, routes) = compiler.paths(&paths);
    let mut problems = compiler.into_problems();
    let mut by_id = HashMap::new();
    for (index, operation) in operations.iter_mut().enumerate() {
        let pointer = pointer_of(operation);
        operation.value = value.pointer(&pointer).cloned().unwrap_or_default();
        if !operation.id.is_empty() && by_id.insert(operation.id.clone(), index).is_some() {
            problems.push(Problem {
                pointer,
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

fn whole(detail: String) -> Vec<Problem> {
    vec![Problem {
        pointer: String::new(),
        detail,
    }]
}

fn registry(root: &Value) -> Result<Registry<'_>, jsonschema::ReferencingError> {
    Registry::new()
        .draft(Draft::Draft202012)
        .add(reference::DOCUMENT_URI, root)
        .and_then(RegistryBuilder::prepare)
}

fn pointer_of(operation: &Operation) -> String {
    let method = operation.method.as_str().to_ascii_lowercase();
    below(&below("/paths", &operation.template), &method)
}

/// Path of the first server's URL, which may be a path alone.
fn base_path(root: &Value) -> String {
    root.pointer("/servers/0/url")
        .and_then(Value::as_str)
        .and_then(|url| url.parse::<Uri>().ok())
        .map(|uri| uri.path().trim_end_matches('/').to_owned())
        .unwrap_or_default()
}
