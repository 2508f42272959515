//! The kept paths as a tree, so that a place in the document is one number.

use super::Keep;
use super::names::Decoded;

/// A place in the tree of kept paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

/// The tree of kept paths.
#[derive(Debug)]
pub(super) struct Paths {
    /// A node comes after the one that it is below.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// From the root.
    path: &'static [&'static str],
    above: Option<Place>,
    whole: bool,
    elements: Option<Place>,
}

impl Paths {
    pub(super) const ROOT: Place = Place(0);

    pub(super) fn new(keep: Keep) -> Self {
        let most = match keep {
            Keep::Everything => 0,
            Keep::Only(all) => all.iter().map(|path| path.len()).sum(),
        };
        let mut nodes = Vec::with_capacity(1 + most);
        nodes.push(Node::default());
        let mut paths = Self { nodes };
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
        self.below(place, |wanted| name.clone().eq(wanted.bytes()))
    }

    /// The same for a name without escapes.
    pub(super) fn plain_member(&self, place: Place, name: &[u8]) -> Option<Place> {
        self.below(place, |wanted| wanted.as_bytes() == name)
    }

    /// The path to this place.
    pub(super) fn path(&self, place: Place) -> &'static [&'static str] {
        self.nodes.get(place.0).map_or(&[], |node| node.path)
    }

    fn below(&self, place: Place, is_it: impl Fn(&'static str) -> bool) -> Option<Place> {
        let is_member = |node: &Node| {
            node.above == Some(place)
                && node
                    .path
                    .last()
                    .is_some_and(|step| *step != "*" && is_it(step))
        };
        self.nodes.iter().position(is_member).map(Place)
    }

    fn add(&mut self, path: &'static [&'static str]) {
        let mut place = Self::ROOT;
        for (depth, &step) in path.iter().enumerate() {
            let known = match step {
                "*" => self.elements(place),
                name => self.below(place, |known| known == name),
            };
            place = known.unwrap_or_else(|| {
                let next = Place(self.nodes.len());
                if step == "*"
                    && let Some(above) = self.nodes.get_mut(place.0)
                {
                    above.elements = Some(next);
                }
                self.nodes.push(Node {
                    path: path.get(..=depth).unwrap_or_default(),
                    above: Some(place),
                    ..Node::default()
                });
                next
            });
        }
        if let Some(node) = self.nodes.get_mut(place.0) {
            node.whole = true;
        }
    }
}
