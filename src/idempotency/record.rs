//! What is kept of a keyed request, as bytes in the store.

use crate::{
    error::{Code, Error, Outcome},
    sequencer::Intent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A request that was about to be sent, and whose end is not known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    /// How its answer is written, in the form of the layer that writes it.
    pub(super) rendering: Value,
    /// What it was about to do.
    pub(super) intent: Intent,
    /// Whether an attempt before this one may have done a part of it.
    #[serde(default)]
    pub(super) resumed: bool,
}

/// A final answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    /// A success.
    Success(Success),
    /// A refusal that a repeat gets too.
    Problem(Problem),
}

/// A success, ready to be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Success {
    /// The status.
    pub status: u16,
    /// The JSON body.
    pub body: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Preference-Applied`.
    pub preference_applied: Option<String>,
    /// `Location`.
    pub location: Option<String>,
}

/// A refusal. The id of the request is not kept: each repeat has its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    code: String,
    detail: String,
    members: Map<String, Value>,
}

impl Problem {
    /// Whether an error is a refusal that a repeat gets too: it says how things stood when the request was judged.
    pub(super) fn is_final(error: &Error) -> bool {
        matches!(error.code(), Code::PreconditionFailed | Code::TagExists)
    }

    pub(super) fn of(error: &Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            detail: error.detail().to_owned(),
            members: error.members().clone(),
        }
    }

    /// The refusal as it was told first; nothing where it was kept by a version that knew other codes.
    pub fn error(&self) -> Option<Error> {
        let code = Code::ALL.iter().find(|code| code.as_str() == self.code)?;
        let error = Error::new(*code, self.detail.clone()).outcome(Outcome::NotApplied);
        let told = self
            .members
            .iter()
            .fold(error, |error, (name, value)| error.with(name, value));
        Some(told.replayed())
    }
}
