//! The tags that an account knows, indexed for what a change asks of them.

use crate::{Identity, Tag};
use std::collections::HashMap;

/// A tag of an account's catalogue. What the vendor cannot hold is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueTag {
    /// In the vendor's spelling.
    pub tag: Tag,
    /// The folded form of `tag`.
    pub identity: Identity,
    /// The vendor's id of this tag; an option of a label has none of its own.
    pub id: Option<String>,
    /// The vendor's id of the object that holds the tag, where that is another: an option's label.
    pub holder: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: Option<String>,
}

/// A snapshot of an account's catalogue, in the vendor's order.
#[derive(Debug, Default)]
pub struct Catalogue {
    tags: Vec<CatalogueTag>,
    by_identity: HashMap<Identity, Vec<u32>>,
    by_name: HashMap<String, Vec<u32>>,
    by_id: HashMap<String, u32>,
}

impl Catalogue {
    /// Indexes the tags. Of two with one id, the first counts: pages overlap when tags are made meanwhile.
    pub fn new(listed: impl IntoIterator<Item = CatalogueTag>) -> Self {
        let mut catalogue = Self::default();
        for tag in listed {
            let at = u32::try_from(catalogue.tags.len()).unwrap_or(u32::MAX);
            if let Some(id) = &tag.id {
                if catalogue.by_id.contains_key(id) {
                    continue;
                }
                catalogue.by_id.insert(id.clone(), at);
            }
            catalogue
                .by_identity
                .entry(tag.identity.clone())
                .or_default()
                .push(at);
            catalogue
                .by_name
                .entry(tag.identity.name.clone())
                .or_default()
                .push(at);
            catalogue.tags.push(tag);
        }
        catalogue
    }

    /// Every tag, in the vendor's order.
    pub fn tags(&self) -> &[CatalogueTag] {
        &self.tags
    }

    /// The tags of one identity; more than one where the vendor allows equal titles.
    pub fn matching(&self, identity: &Identity) -> impl ExactSizeIterator<Item = &CatalogueTag> {
        self.at(self.by_identity.get(identity))
    }

    /// The tags of one folded name, whatever their value.
    pub fn named(&self, folded_name: &str) -> impl ExactSizeIterator<Item = &CatalogueTag> {
        self.at(self.by_name.get(folded_name))
    }

    /// The tag of one vendor id.
    pub fn by_id(&self, id: &str) -> Option<&CatalogueTag> {
        self.by_id
            .get(id)
            .and_then(|at| self.tags.get(*at as usize))
    }

    fn at(&self, places: Option<&Vec<u32>>) -> impl ExactSizeIterator<Item = &CatalogueTag> {
        places
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .map(|at| &self.tags[*at as usize])
    }
}
