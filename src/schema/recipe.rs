//! What a check is compiled from.

use jsonschema::{Draft, PatternOptions, Registry, Validator};
use serde_json::{Value, json};

use super::{KeptPaths, compile, project, reference};

/// A schema of a document, and how much of it.
#[derive(Debug)]
pub(super) enum Recipe {
    /// The schema at a pointer.
    Whole(String),
    /// What judges a projection of it.
    Projected(String, KeptPaths),
}

impl Recipe {
    /// Where the schema stands.
    pub(super) fn pointer(&self) -> &str {
        match self {
            Self::Whole(pointer) | Self::Projected(pointer, _) => pointer,
        }
    }

    /// The validator, from a document of which nothing is held ready.
    ///
    /// # Errors
    /// As [`Self::validator`], and what keeps the document from being one.
    pub(super) fn validator_alone(&self, root: &Value) -> Result<Validator, String> {
        let registry = compile::registry(root).map_err(|error| error.to_string())?;
        self.validator(root, &registry)
    }

    /// The validator.
    ///
    /// # Errors
    /// What keeps the schema from being compiled.
    pub(super) fn validator(
        &self,
        root: &Value,
        registry: &Registry<'_>,
    ) -> Result<Validator, String> {
        let schema = match self {
            Self::Whole(pointer) => json!({ "$ref": reference::uri_of(pointer) }),
            Self::Projected(pointer, kept) => {
                let schema = root.pointer(pointer).ok_or("is not there")?;
                project::pruned(root, schema, kept)?
            }
        };
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(registry)
            // Runs in linear time on whatever a stranger sends; look-around does not compile.
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| format!("is a schema that does not compile: {error}"))
    }
}
