//! What is wrong with a configuration, where it stands, and what mends it.

use std::fmt;

/// One thing that is wrong, or worth a warning.
///
/// Never holds the value of a secret, of a key hash or of a URL's credentials: those are described, not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where the operator has to look.
    pub place: Place,
    /// The key, with dots between levels and `[n]` for places in a list, from 0.
    pub path: String,
    /// What is wrong, as a sentence without a full stop.
    pub detail: String,
    /// What to do about it, where the detail does not say so itself.
    pub cure: Option<String>,
    /// Whether the configuration can be used all the same.
    pub severity: Severity,
}

/// Where a [`Fault`] was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the configuration file.
    File {
        /// The file's name as the operator gave it.
        file: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// In the environment variable of this name.
    Variable(String),
    /// In no place that could be named.
    Nowhere,
}

/// How bad a [`Fault`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is used; the operator should know.
    Warning,
}

impl Fault {
    /// A fault for which the configuration is refused.
    pub(super) fn error(place: Place, path: impl ToString, detail: impl Into<String>) -> Self {
        Self {
            place,
            path: path.to_string(),
            detail: detail.into(),
            cure: None,
            severity: Severity::Error,
        }
    }

    /// A fault with which the configuration is used all the same.
    pub(super) fn warning(place: Place, path: impl ToString, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(place, path, detail)
        }
    }

    /// The same fault with a way out.
    pub(super) fn cure(self, cure: impl Into<String>) -> Self {
        Self {
            cure: Some(cure.into()),
            ..self
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable(name) => f.write_str(name),
            Self::Nowhere => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place != Place::Nowhere {
            write!(f, "{}: ", self.place)?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.detail)?;
        match &self.cure {
            Some(cure) => write!(f, "\n  cure: {cure}"),
            None => Ok(()),
        }
    }
}

/// `text` in backticks, fit for a message: escaped, and cut after 80 characters.
pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(80).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{shown}{more}`")
}

/// The candidate that was probably meant by `word`: at most a third of it has to be changed, or it is the only one
/// that goes on behind `word`, as a name with its unit does.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let room = (word.chars().count() / 3).max(1);
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let near = candidates
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= room)
        .min()
        .map(|(_, candidate)| candidate);
    let goes_on = |candidate: &&&str| {
        let rest = candidate.strip_prefix(word);
        !word.is_empty() && rest.is_some_and(|rest| rest.starts_with('_'))
    };
    let mut longer = candidates.iter().filter(goes_on);
    match (near, longer.next(), longer.next()) {
        (None, Some(only), None) => Some(only),
        _ => near,
    }
}

/// `; did you mean …?`, or nothing.
pub(super) fn did_you_mean(candidate: Option<impl AsRef<str>>) -> String {
    candidate.map_or_else(String::new, |name| {
        format!("; did you mean `{}`?", name.as_ref())
    })
}

/// Names in backticks, as a sentence lists them: `a`, `b` and `c`.
pub(super) fn listed(names: &[&str], last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}
