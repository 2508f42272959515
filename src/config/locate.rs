//! From a key's path to its line and column in the file.

use std::fmt;

use toml_edit::{Document, Item, TableLike, Value};

/// The way from the root of the configuration to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
}

impl Path {
    /// The path to a key in a table that stands at the root.
    pub(super) fn root(key: &str) -> Self {
        Self::default().key(key)
    }

    /// The path to a key in the table at this path.
    pub(super) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// The path to an element of the list at this path.
    pub(super) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// The keys, if it leads through no list.
    pub(super) fn keys(&self) -> Option<Vec<&str>> {
        self.0.iter().map(Step::as_key).collect()
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl<'a> FromIterator<&'a str> for Path {
    fn from_iter<I: IntoIterator<Item = &'a str>>(keys: I) -> Self {
        Self(
            keys.into_iter()
                .map(|key| Step::Key(key.to_owned()))
                .collect(),
        )
    }
}

impl Step {
    fn as_key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            let dot = if depth == 0 { "" } else { "." };
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if is_bare(key) => write!(f, "{dot}{key}")?,
                Step::Key(key) => write!(f, "{dot}{key:?}")?,
            }
        }
        Ok(())
    }
}

/// The position of the key or element at `path`; of the nearest table above it when it is not in the file.
/// The flag tells whether the whole path was found.
pub(super) fn position_of<S: AsRef<str>>(
    document: &Document<S>,
    path: &Path,
) -> (Option<Position>, bool) {
    let mut here = Node::Item(document.as_item());
    let mut start = None;
    for step in &path.0 {
        let Some((span, next)) = here.step(step) else {
            return (start.map(|at| position_at(document.raw(), at)), false);
        };
        start = span.or(start);
        here = next;
    }
    (start.map(|at| position_at(document.raw(), at)), true)
}

/// Line and column of the byte `offset` of `text`; of its end if it is shorter.
pub(super) fn position_at(text: &str, offset: usize) -> Position {
    let before = text.char_indices().take_while(|(at, _)| *at < offset);
    let start = Position { line: 1, column: 1 };
    before.fold(start, |position, (_, char)| match char {
        '\n' => Position {
            line: position.line + 1,
            column: 1,
        },
        _ => Position {
            column: position.column + 1,
            ..position
        },
    })
}

/// Anything in the document that holds something else.
enum Node<'a> {
    Item(&'a Item),
    Table(&'a dyn TableLike),
    Value(&'a Value),
}

impl<'a> Node<'a> {
    /// What the step leads to, and the byte where it begins.
    fn step(&self, step: &Step) -> Option<(Option<usize>, Node<'a>)> {
        match step {
            Step::Key(key) => {
                let (name, item) = self.table()?.get_key_value(key)?;
                Some((name.span().map(|span| span.start), Node::Item(item)))
            }
            Step::Index(index) => {
                if let Node::Item(Item::ArrayOfTables(tables)) = self {
                    let table = tables.get(*index)?;
                    return Some((table.span().map(|span| span.start), Node::Table(table)));
                }
                let value = self.value()?.as_array()?.get(*index)?;
                Some((value.span().map(|span| span.start), Node::Value(value)))
            }
        }
    }

    fn table(&self) -> Option<&'a dyn TableLike> {
        match self {
            Node::Item(item) => item.as_table_like(),
            Node::Table(table) => Some(*table),
            Node::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
        }
    }

    fn value(&self) -> Option<&'a Value> {
        match self {
            Node::Item(item) => item.as_value(),
            Node::Table(_) => None,
            Node::Value(value) => Some(value),
        }
    }
}

fn is_bare(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
