//! What can be done to a tag of the catalogue.

use crate::{
    BadId, Identity, Tag, Unreadable,
    catalogue::CatalogueTag,
    held::HeldTag,
    rules::{Naming, Rules},
};

/// One edit of the catalogue.
#[derive(Clone, Copy, Debug)]
pub enum Edit<'a> {
    /// A tag that is not there.
    Create {
        /// Its text, as it is to be spelled.
        new: &'a HeldTag,
        /// What else it holds.
        attributes: &'a Attributes,
    },
    /// A change of a tag that is there.
    Update {
        /// The tag.
        listed: &'a CatalogueTag,
        /// What changes.
        update: &'a Update,
    },
    /// The end of a tag.
    Delete {
        /// The tag.
        listed: &'a CatalogueTag,
    },
}

/// Why an edit cannot be planned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EditError {
    /// What was read first is not understood.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// What was read first shows that the vendor cannot do it.
    #[error("{0}")]
    Unsupported(&'static str),
}

impl From<BadId> for EditError {
    fn from(error: BadId) -> Self {
        Self::Unreadable(Unreadable::because(error))
    }
}

/// What a tag holds beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Free text.
    pub description: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
}

/// What of a tag changes; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Its text.
    pub tag: Option<Tag>,
    /// Its description, or none.
    pub description: Option<Option<String>>,
    /// Its colour, or none.
    pub color: Option<Option<String>>,
}

impl Update {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.tag.is_none() && self.description.is_none() && self.color.is_none()
    }

    /// Takes out what is so already; a blank description is none.
    pub fn leave_out_what_is_so(&mut self, listed: &CatalogueTag) {
        let blank = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        self.tag = self.tag.take().filter(|tag| *tag != listed.tag);
        self.description = self
            .description
            .take()
            .filter(|text| blank(text) != blank(&listed.description));
        let same = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (one, other) => one == other,
        };
        self.color = self
            .color
            .take()
            .filter(|color| !same(color, &listed.color));
    }
}

impl Edit<'_> {
    /// What a vendor shows after the edit, if it is the tag that the edit is about.
    pub(crate) fn shown(&self, shown: CatalogueTag) -> Result<CatalogueTag, Unreadable> {
        if shown.identity != self.identity() || shown.id.as_deref().is_some_and(str::is_empty) {
            return Err(Unreadable::because("the answer is about another tag"));
        }
        Ok(shown)
    }

    /// The folded text of the tag once the edit is done; of a deleted one, as it was.
    pub fn identity(&self) -> Identity {
        match self {
            Self::Create { new, .. } => new.identity.clone(),
            Self::Update { listed, update } => match &update.tag {
                Some(tag) => Identity::of(tag),
                None => listed.identity.clone(),
            },
            Self::Delete { listed } => listed.identity.clone(),
        }
    }
}

/// What a vendor's catalogue can hold and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueRules {
    /// Longest description in characters; `None` where there is no place for one.
    pub description: Option<usize>,
    /// Whether a tag has a colour.
    pub color: bool,
    /// Whether it tells when a tag was made.
    pub created_at: bool,
    /// Whether a tag can be changed once it is there.
    pub update: bool,
    /// Whether one tag can be asked for.
    pub read_one: bool,
    /// Which names count as taken.
    pub unique: UniqueNames,
}

/// Which names a vendor takes for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniqueNames {
    /// None: equal titles can stand side by side.
    No,
    /// Equal ones without regard to case.
    CaseInsensitive,
    /// Equal ones.
    Exact,
}

impl Rules {
    /// The attributes that the vendor's catalogue has no place for, taken out.
    pub fn take_lost(&self, attributes: &mut Attributes) -> Vec<&'static str> {
        let mut lost = Vec::new();
        if self.catalogue.description.is_none() && attributes.description.take().is_some() {
            lost.push("description");
        }
        if !self.catalogue.color && attributes.color.take().is_some() {
            lost.push("color");
        }
        lost
    }

    /// As [`Rules::take_lost`], of a change; taking away what cannot be there loses nothing.
    pub fn take_lost_update(&self, update: &mut Update) -> Vec<&'static str> {
        let mut lost = Vec::new();
        if self.catalogue.description.is_none()
            && matches!(update.description.take(), Some(Some(_)))
        {
            lost.push("description");
        }
        if !self.catalogue.color && matches!(update.color.take(), Some(Some(_))) {
            lost.push("color");
        }
        lost
    }

    /// Why the vendor cannot make this change, and the member that it is about.
    pub fn refuses(
        &self,
        listed: &CatalogueTag,
        update: &Update,
    ) -> Option<(&'static str, &'static str)> {
        if let Some(tag) = &update.tag {
            let renamed = tag.name != listed.tag.name;
            if !self.catalogue.update {
                return Some((
                    if renamed { "name" } else { "value" },
                    "the vendor has no call that renames a tag",
                ));
            }
            if matches!(self.naming, Naming::Labels { .. }) {
                match (&listed.tag.value, &tag.value) {
                    (None, None) => {}
                    (Some(_), Some(_)) if renamed => {
                        return Some((
                            "name",
                            "the name belongs to a label with options, which would all be renamed",
                        ));
                    }
                    (Some(_), Some(_)) => {}
                    (None, Some(_)) | (Some(_), None) => {
                        return Some((
                            "value",
                            "an option of a label and a label without options are different things",
                        ));
                    }
                }
            }
        }
        if !self.catalogue.update && update.color.is_some() {
            return Some(("color", "the vendor has no call that changes a tag"));
        }
        if !self.catalogue.update && update.description.is_some() {
            return Some(("description", "the vendor has no call that changes a tag"));
        }
        None
    }
}
