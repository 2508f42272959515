//! The kept paths as a tree, so that a place in the document is one number.

use super::Keep;
use super::names::Decoded;

/// A place in the tree of kept paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Place {
    /// Its number in the tree.
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// The tree of kept paths.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    whole: bool,
    elements: Option<Place>,
    members: Vec<(&'static str, Place)>,
}

impl Paths {
    pub(super) const ROOT: Place = Place(0);

    pub(super) fn new(keep: Keep) -> Self {
        let mut paths = Self {
            nodes: vec![Node::default()],
        };
        match keep {
            Keep::Everything => paths.add(&[]),
            Keep::Only(all) => all.iter().for_each(|path| paths.add(path)),
        }
        paths
    }

    /// Whether the subtree at this place is kept as it is.
    pub(super) fn is_whole(&self, place: Place) -> bool {
        self.nodes.get(place.0).is_some_and(|node| node.whole)
    }

    /// The place of an array's elements, where they are wanted.
    pub(super) fn elements(&self, place: Place) -> Option<Place> {
        self.nodes.get(place.0)?.elements
    }

    /// The place of the member with this name, where it is wanted.
    pub(super) fn member(&self, place: Place, name: Decoded<'_>) -> Option<Place> {
        let node = self.nodes.get(place.0)?;
        let found = node
            .members
            .iter()
            .find(|(wanted, _)| name.clone().eq(wanted.bytes()));
        found.map(|&(_, member)| member)
    }

    /// The path to each place, by its number.
    pub(super) fn all(&self) -> Vec<Vec<&'static str>> {
        let mut all = vec![Vec::new(); self.nodes.len()];
        // A node comes after the one that it is below.
        for (at, node) in self.nodes.iter().enumerate() {
            let elements = node.elements.map(|place| ("*", place));
            for (step, place) in elements.into_iter().chain(node.members.iter().copied()) {
                let mut path = all.get(at).cloned().unwrap_or_default();
                path.push(step);
                if let Some(slot) = all.get_mut(place.0) {
                    *slot = path;
                }
            }
        }
        all
    }

    fn add(&mut self, path: &[&'static str]) {
        let mut place = Self::ROOT;
        for &step in path {
            let next = Place(self.nodes.len());
            let Some(node) = self.nodes.get_mut(place.0) else {
                return;
            };
            let known = match step {
                "*" => node.elements,
                name => node
                    .members
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|&(_, member)| member),
            };
            place = known.unwrap_or(next);
            if known.is_none() {
                match step {
                    "*" => node.elements = Some(next),
                    name => node.members.push((name, next)),
                }
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(place.0) {
            node.whole = true;
        }
    }
}
