//! The tags that an account knows, indexed for what a change asks of them.

use crate::{Handle, HeldTag, Identity, Tag};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

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

/// A snapshot of an account's catalogue: in the vendor's order, then what was made since.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    tags: Vec<CatalogueTag>,
    by_identity: HashMap<Identity, Vec<u32>>,
    by_name: HashMap<String, Vec<u32>>,
    by_id: HashMap<String, u32>,
    /// Each tag as a conversation holds it, from the first time that one did.
    held: Vec<OnceLock<Arc<HeldTag>>>,
}

/// How a vendor addresses the tags that its conversations hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressed {
    /// By their ids, where they have one.
    ById,
    /// By their names.
    ByName,
}

impl Catalogue {
    /// Indexes the tags. Of two with one id, the first counts: pages overlap when tags are made meanwhile.
    pub fn new(listed: impl IntoIterator<Item = CatalogueTag>) -> Self {
        let mut catalogue = Self::default();
        for tag in listed {
            if tag
                .id
                .as_ref()
                .is_none_or(|id| !catalogue.by_id.contains_key(id))
            {
                catalogue.push(tag);
            }
        }
        catalogue
    }

    /// Takes a tag that was made or changed; it takes the place of the one with its id, or of the same option.
    pub fn insert(&mut self, made: CatalogueTag) {
        if self.place_of(&made).is_some() {
            self.remove(&made);
        }
        self.push(made);
    }

    /// Takes a tag out: the one with this id, or the same option.
    pub fn remove(&mut self, gone: &CatalogueTag) {
        if let Some(place) = self.place_of(gone) {
            let mut tags = std::mem::take(&mut self.tags);
            tags.remove(place);
            *self = Self::new(tags);
        }
    }

    fn place_of(&self, tag: &CatalogueTag) -> Option<usize> {
        match &tag.id {
            Some(id) => self.by_id.get(id).map(|place| *place as usize),
            None => {
                let places = self.by_identity.get(&tag.identity)?;
                places
                    .iter()
                    .map(|place| *place as usize)
                    .find(|place| self.tags.get(*place).is_some_and(|t| t.id.is_none()))
            }
        }
    }

    fn push(&mut self, tag: CatalogueTag) {
        let at = u32::try_from(self.tags.len()).unwrap_or(u32::MAX);
        if let Some(id) = &tag.id {
            self.by_id.insert(id.clone(), at);
        }
        self.by_identity
            .entry(tag.identity.clone())
            .or_default()
            .push(at);
        self.by_name
            .entry(tag.identity.name.clone())
            .or_default()
            .push(at);
        self.tags.push(tag);
        self.held.push(OnceLock::new());
    }

    /// A tag of this catalogue as a conversation holds it.
    pub(crate) fn held(&self, listed: &CatalogueTag, addressed: Addressed) -> Arc<HeldTag> {
        let id = listed.id.as_ref().filter(|_| addressed == Addressed::ById);
        let new = || {
            Arc::new(HeldTag {
                tag: listed.tag.clone(),
                identity: listed.identity.clone(),
                handle: id.map_or(Handle::Name, |id| Handle::Id(id.clone())),
                entry: None,
            })
        };
        let place = id.and_then(|_| self.tags.element_offset(listed));
        match place.and_then(|place| self.held.get(place)) {
            Some(held) => held.get_or_init(new).clone(),
            None => new(),
        }
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
