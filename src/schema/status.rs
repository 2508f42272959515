//! What a document says of answers, by their status.

use std::collections::BTreeMap;

/// Something for statuses, for classes of them (`4XX`) and for all others (`default`).
#[derive(Debug)]
pub(super) struct ByStatus<T> {
    exact: Vec<(u16, T)>,
    /// By the first digit.
    classes: Vec<(u16, T)>,
    default: Option<T>,
}

impl<T> ByStatus<T> {
    /// What is said of this very status.
    pub(super) fn exact(&self, status: u16) -> Option<&T> {
        find(&self.exact, status)
    }

    /// What is said of its class.
    pub(super) fn class(&self, status: u16) -> Option<&T> {
        find(&self.classes, status / 100)
    }

    /// What is said of whatever is not mentioned.
    pub(super) fn default(&self) -> Option<&T> {
        self.default.as_ref()
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        let listed = self.exact.iter().chain(&self.classes);
        listed.map(|(_, one)| one).chain(&self.default)
    }
}

impl<T> From<BTreeMap<String, T>> for ByStatus<T> {
    /// By statuses as documents write them; what is none of them is left out.
    fn from(written: BTreeMap<String, T>) -> Self {
        let mut all = Self {
            exact: Vec::new(),
            classes: Vec::new(),
            default: None,
        };
        for (status, one) in written {
            match (status.parse(), status.strip_suffix("XX").map(str::parse)) {
                (Ok(status), _) => all.exact.push((status, one)),
                (_, Some(Ok(class))) => all.classes.push((class, one)),
                _ if status == "default" => all.default = Some(one),
                _ => {}
            }
        }
        all
    }
}

/// An operation lists few statuses: to look at each is quicker than a search in a tree of texts.
fn find<T>(all: &[(u16, T)], wanted: u16) -> Option<&T> {
    let found = all.iter().find(|(status, _)| *status == wanted);
    found.map(|(_, one)| one)
}
