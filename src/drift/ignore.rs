//! Findings that somebody has looked at and accepted.

use super::{Direction, Finding};

/// Which findings are left out: a line for each, `OPERATION DIRECTION POINTER`, where `*` stands for any text; an empty
/// pointer is written `-`. What follows a `#` is a comment.
#[derive(Clone, Debug, Default)]
pub struct Ignore(Vec<Line>);

/// A line that is not of that form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: write OPERATION sent|received POINTER")]
pub struct IgnoreError {
    /// Counted from 1.
    pub line: usize,
}

#[derive(Clone, Debug)]
struct Line {
    operation: String,
    direction: Option<Direction>,
    pointer: String,
    text: String,
}

impl Ignore {
    /// Reads the lines.
    ///
    /// # Errors
    /// The first line that is not of the form.
    pub fn read(text: &str) -> Result<Self, IgnoreError> {
        let lines = text.lines().enumerate().map(|(at, line)| {
            let line = line.split('#').next().unwrap_or_default().trim();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => Ok(None),
                [operation, direction, pointer] => Ok(Some(Line {
                    operation: (*operation).to_owned(),
                    direction: match *direction {
                        "sent" => Some(Direction::Sent),
                        "received" => Some(Direction::Received),
                        "*" => None,
                        _ => return Err(IgnoreError { line: at + 1 }),
                    },
                    pointer: if *pointer == "-" {
                        String::new()
                    } else {
                        (*pointer).to_owned()
                    },
                    text: line.to_owned(),
                })),
                _ => Err(IgnoreError { line: at + 1 }),
            }
        });
        let lines: Result<Vec<_>, _> = lines.collect();
        Ok(Self(lines?.into_iter().flatten().collect()))
    }

    /// Takes the accepted findings out; answers how many, and the lines that accept nothing.
    pub fn apply(&self, findings: &mut Vec<Finding>) -> (usize, Vec<&str>) {
        let before = findings.len();
        let stale = self
            .0
            .iter()
            .filter(|line| !findings.iter().any(|finding| line.accepts(finding)))
            .map(|line| line.text.as_str())
            .collect();
        findings.retain(|finding| !self.0.iter().any(|line| line.accepts(finding)));
        (before - findings.len(), stale)
    }
}

impl Line {
    fn accepts(&self, finding: &Finding) -> bool {
        self.direction
            .is_none_or(|direction| direction == finding.direction)
            && matches(&self.operation, &finding.operation)
            && matches(&self.pointer, &finding.pointer)
    }
}

/// Whether a text has the form of a pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| matches(rest, text.get(at..).unwrap_or_default()))
        }),
    }
}
