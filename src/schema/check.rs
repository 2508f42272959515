use std::cmp::Reverse;
use std::fmt;
use std::sync::{Arc, LazyLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::reference;
use super::sentence;

/// The most violations that are told of one value; more would only repeat.
const MAX_VIOLATIONS: usize = 100;

/// Longest pointer in a violation, in bytes; a longer one is cut to an ancestor.
const MAX_POINTER: usize = 256;

/// A schema, compiled at the latest when it first judges a value. Cheap to clone.
#[derive(Clone)]
pub struct Check(Arc<LazyLock<Option<Validator>, Compile>>);

/// Compiles a schema that is known to be one; nothing where it is none after all.
type Compile = Box<dyn FnOnce() -> Option<Validator> + Send>;

/// One way in which a value breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer into the value, to the member that is missing or wrong; cut to an ancestor beyond
    /// 256 bytes.
    pub pointer: String,
    /// The schema keyword that was broken, such as `maxItems`.
    pub keyword: String,
    /// A short sentence with the limit and the kind or size of what stands there, never its text.
    pub detail: String,
}

impl Check {
    /// The check by a validator that is there.
    pub(super) fn new(validator: Validator) -> Self {
        let check = Self::later(move || Some(validator));
        LazyLock::force(&check.0);
        check
    }

    /// The check by a validator that is made when it is first needed. Without one nothing is valid.
    pub(super) fn later(compile: impl FnOnce() -> Option<Validator> + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(compile))))
    }

    /// Whether the value satisfies the schema.
    pub fn is_valid(&self, value: &Value) -> bool {
        self.validator().is_some_and(|it| it.is_valid(value))
    }

    /// Everything that is wrong with the value, at most a hundred violations; empty if it is valid.
    ///
    /// Where several forms are allowed and none fits, the one that was most likely meant is judged: the
    /// only one of the value's type, else the one that is missed by least.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        let Some(validator) = self.validator() else {
            return vec![Violation {
                pointer: String::new(),
                keyword: "$schema".to_owned(),
                detail: "cannot be judged: its schema does not compile".to_owned(),
            }];
        };
        let mut found = Vec::new();
        for error in validator.iter_errors(value) {
            collect(&error, &mut found);
            if found.len() >= MAX_VIOLATIONS {
                found.truncate(MAX_VIOLATIONS);
                break;
            }
        }
        found
    }

    /// Which check it is among all of this moment, if it is compiled.
    #[cfg(test)]
    pub(super) fn place_when_compiled(&self) -> Option<usize> {
        LazyLock::get(&self.0).map(|_| Arc::as_ptr(&self.0).addr())
    }

    fn validator(&self) -> Option<&Validator> {
        self.0.as_ref().as_ref()
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Check").field(&self.0).finish()
    }
}

/// The violations that one error of the validator amounts to.
pub(super) fn collect(error: &ValidationError<'_>, found: &mut Vec<Violation>) {
    let here = error.instance_path().as_str();
    let mut say = |pointer: String, detail: String| {
        found.push(Violation {
            pointer: shortened(pointer),
            keyword: error.kind().keyword().to_owned(),
            detail,
        });
    };
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            match meant(here, context) {
                Some(branch) => branch.iter().for_each(|error| collect(error, found)),
                None => say(here.to_owned(), sentence::no_form(context.len())),
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            say(reference::below(here, name), "is required".to_owned());
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected.iter().take(MAX_VIOLATIONS) {
                say(reference::below(here, name), "is not known here".to_owned());
            }
        }
        kind => say(here.to_owned(), sentence::of(kind, error.instance())),
    }
}

/// The branch of a choice that the value was most likely meant to satisfy, if that can be told.
fn meant<'a>(
    here: &str,
    branches: &'a [Vec<ValidationError<'static>>],
) -> Option<&'a [ValidationError<'static>]> {
    let without = |from: &[&'a [ValidationError<'static>]], keywords: &[&str]| {
        from.iter()
            .copied()
            .filter(|errors| {
                !errors.iter().any(|error| {
                    error.instance_path().as_str() == here
                        && keywords.contains(&error.kind().keyword())
                })
            })
            .collect::<Vec<_>>()
    };
    let all: Vec<_> = branches
        .iter()
        .map(Vec::as_slice)
        .filter(|errors| !errors.is_empty())
        .collect();
    let of_type = without(&all, &["type", "const", "enum"]);
    if let [only] = of_type.as_slice() {
        return Some(only);
    }
    // Several are of the right type: the one whose member names are right is wrong deeper down.
    if let [only] = without(&of_type, &["required", "additionalProperties"]).as_slice() {
        return Some(only);
    }
    // Else the one that is missed by least: by the fewest errors, then by the deepest.
    let miss = |errors: &[ValidationError<'static>]| {
        let depth = errors
            .iter()
            .map(|error| error.instance_path().as_str().matches('/').count())
            .min();
        (errors.len(), Reverse(depth))
    };
    let least = of_type.iter().map(|errors| miss(errors)).min()?;
    let mut nearest = of_type.into_iter().filter(|errors| miss(errors) == least);
    let first = nearest.next();
    first.filter(|_| nearest.next().is_none())
}

/// The pointer, or its longest ancestor within the limit.
fn shortened(mut pointer: String) -> String {
    while pointer.len() > MAX_POINTER {
        let end = pointer.rfind('/').unwrap_or(0);
        pointer.truncate(end);
    }
    pointer
}
