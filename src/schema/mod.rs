//! OpenAPI documents, compiled: which operation a request belongs to, and what its parts must satisfy.
//!
//! A document is read once, at start. What it says about a payload is one call of a compiled validator
//! ([`Check::is_valid`]); the slower [`Check::violations`] says what is wrong and where. A document from outside is
//! compiled whole before it is taken; of one that is known to compile each schema is compiled when it is first needed.
//! Formats are annotations here: a limit that must hold is written as a pattern, without look-around.

mod check;
mod compile;
mod compiler;
mod known;
mod names;
mod order;
mod parameter;
mod project;
mod proof;
mod proven;
mod recipe;
mod reference;
mod sentence;
mod status;
mod template;
mod upgrade;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, LazyLock};

use http::Method;
use serde_json::Value;

pub use check::{Check, Violation};
pub(crate) use known::type_of;
pub use known::{Against, Known, Spot};
pub use parameter::{Parameter, Place};
pub use proof::{Unproven, prove};
pub(crate) use proof::{lost, refused_sample};
pub(crate) use upgrade::from_3_0;

use names::NameHasher;
use status::ByStatus;
use template::Template;

/// Members of an answer that a projection keeps, each a path from the root; `*` is each element of an array.
pub type KeptPaths = &'static [&'static [&'static str]];

/// An OpenAPI 3.0 or 3.1 document, ready to judge.
#[derive(Debug)]
pub struct Document {
    name: String,
    base_path: String,
    value: Arc<Value>,
    operations: Vec<Operation>,
    by_id: HashMap<String, usize, BuildHasherDefault<NameHasher>>,
    /// The paths, those with an earlier literal segment first.
    routes: Vec<Route>,
}

/// One operation of a document.
#[derive(Debug)]
pub struct Operation {
    id: String,
    method: Method,
    template: String,
    parameters: Vec<Parameter>,
    request: Option<Check>,
    request_required: bool,
    responses: ByStatus<Option<Check>>,
    known: ByStatus<Later<Known>>,
    document: Arc<Value>,
    /// Where it stands in the document.
    pointer: String,
}

/// What is made when it is first needed, and shared.
type Later<T> = Arc<LazyLock<T, Box<dyn FnOnce() -> T + Send>>>;

/// What a method and a path lead to.
#[derive(Debug)]
pub enum Found<'a> {
    /// An operation, and the path parameters as name and raw segment, in the order of the path.
    Operation(&'a Operation, Vec<(&'a str, &'a str)>),
    /// The path is there, the method is not; these are.
    OtherMethod(Vec<Method>),
    /// No such path.
    Nothing,
}

/// A document that cannot be used, with everything that is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("the document `{document}` cannot be used: {}", listed(problems))]
pub struct DocumentError {
    /// The name that was given to the document.
    pub document: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One fault of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer into the document.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// A path of the document and what it offers.
#[derive(Debug)]
struct Route {
    template: Template,
    /// Indices into the operations, in document order.
    operations: Vec<usize>,
}

impl Document {
    /// Reads a document, and compiles every request, response and parameter schema of it (3.1 is JSON Schema 2020-12).
    ///
    /// Of a text whose SHA-256 stands in `schemas/SHA256SUMS` the schemas are known to compile, so each is compiled
    /// when it is first needed: most never are, and all of them were two thirds of the instructions of a start.
    ///
    /// `kept` names, for an operation whose answers are read through a projection, the member paths that
    /// the projection keeps; its 2xx checks then judge the projection instead of the whole answer. The
    /// projection of an answer is the answer without the members that are neither on nor under a kept
    /// path. Keywords that judge a partly kept container as one (`enum`, `const`, `anyOf`, `oneOf`,
    /// counts of members and the like) are left out of such a check.
    ///
    /// # Errors
    ///
    /// Every problem found: text that is not JSON, another version, a missing or doubled `operationId`,
    /// a path and its parameters that disagree, a schema that is not one, a `$ref` that leads nowhere or
    /// out of the document.
    pub fn compile(
        name: &str,
        text: &str,
        kept: &dyn Fn(&str) -> Option<KeptPaths>,
    ) -> Result<Self, DocumentError> {
        compile::document(name, text, kept, proven::is_known(text)).map_err(|problems| {
            DocumentError {
                document: name.to_owned(),
                problems,
            }
        })
    }

    /// The name given at compilation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Path of the first server's URL without a slash at its end; empty if there is none.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The document as it was read.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The operation with this `operationId`.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.by_id
            .get(id)
            .and_then(|index| self.operations.get(*index))
    }

    /// All operations, in the order of the document's text.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }

    /// How many of its checks are compiled.
    #[cfg(test)]
    pub(crate) fn compiled(&self) -> usize {
        let checks = self.operations.iter().flat_map(|operation| {
            let parameters = operation.parameters.iter().map(Parameter::check);
            let responses = operation.responses.all().flatten();
            parameters.chain(operation.request()).chain(responses)
        });
        let compiled = checks.filter_map(Check::place_when_compiled);
        compiled.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// The operation that a path below the base path belongs to.
    ///
    /// The path is compared as it came, still percent-encoded. A literal segment goes before a
    /// parameter, and a parameter never matches an empty segment.
    pub fn find<'a>(&'a self, method: &Method, path: &'a str) -> Found<'a> {
        let Some((route, segments)) = self
            .routes
            .iter()
            .find_map(|route| Some((route, route.template.matches(path)?)))
        else {
            return Found::Nothing;
        };
        let offered = || {
            route
                .operations
                .iter()
                .filter_map(|index| self.operations.get(*index))
        };
        match offered().find(|operation| operation.method == *method) {
            Some(operation) => Found::Operation(operation, segments),
            None => Found::OtherMethod(offered().map(|it| it.method.clone()).collect()),
        }
    }
}

impl Operation {
    /// The `operationId`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path template below the base path, such as `/tags/{tag_id}`.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Parameters of the operation and of its path, in the order of the text, path level first.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// What a JSON request body must satisfy; `None` where no JSON body is described.
    pub fn request(&self) -> Option<&Check> {
        self.request.as_ref()
    }

    /// Whether a request without a body is invalid.
    pub fn request_required(&self) -> bool {
        self.request_required
    }

    /// What a JSON answer with this status must satisfy: the exact status, else its class (`4XX`), else
    /// `default`. `None` where nothing is described, or an answer without a JSON body.
    pub fn response(&self, status: u16) -> Option<&Check> {
        self.responses
            .exact(status)
            .or_else(|| self.responses.class(status))
            .or_else(|| self.responses.default())
            .and_then(Option::as_ref)
    }

    /// What an answer with this status of success names: of the exact status, else of all of them (`2XX`).
    pub fn known(&self, status: u16) -> Option<&Known> {
        let exact = self.known.exact(status);
        let known = exact.or_else(|| self.known.class(status));
        known.map(|known| &***known)
    }

    /// Whether this very status is described, be it with a body or without.
    pub fn lists(&self, status: u16) -> bool {
        self.responses.exact(status).is_some()
    }

    /// Whether the class of this status (`2XX`) is described.
    pub fn lists_class(&self, status: u16) -> bool {
        self.responses.class(status).is_some()
    }

    /// The operation object as it stands in the document, references unresolved.
    pub fn value(&self) -> &Value {
        self.document.pointer(&self.pointer).unwrap_or(&Value::Null)
    }
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|it| format!("{}: {}", it.pointer, it.detail))
        .collect();
    lines.join("; ")
}
