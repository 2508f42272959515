//! What judging a change has to know of a vendor, and what a new tag may look like.

use crate::{Tag, catalogue::Catalogue, edit::CatalogueRules, fold::fold, held::HeldTag};
use std::sync::Arc;

/// How one vendor tags.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The writes it offers.
    pub writes: Writes,
    /// What a tag is to it.
    pub naming: Naming,
    /// What a new tag may look like.
    pub new_tags: NewTags,
    /// What its catalogue can hold and do.
    pub catalogue: CatalogueRules,
}

/// The writes that a vendor offers on a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Add some, remove one; other tags are not touched.
    AddAndRemove {
        /// Most ids that one call adds.
        adds_per_call: usize,
    },
    /// The whole set at once; what is not sent is gone.
    ReplaceSet,
}

/// What a tag is to a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// An object with an id, whose title is the text form.
    Ids,
    /// A label's name and one of its values. One value per name; a label has options or is bare.
    Labels {
        /// The value that stands for a bare tag.
        flag_value: String,
    },
}

/// Why a tag cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewTagError {
    /// It is not a proper tag.
    Improper(String),
    /// The vendor cannot hold it beside what there is.
    Unsupported(String),
}

impl Rules {
    /// A new tag as it is to be spelled, beside the tags that there are and those that are made with it.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn new_tag(
        &self,
        tag: &Tag,
        catalogue: &Catalogue,
        made: &[Arc<HeldTag>],
    ) -> Result<Tag, NewTagError> {
        self.not_the_flag(tag).map_err(NewTagError::Unsupported)?;
        let mut tag = self.new_tags.check(tag).map_err(NewTagError::Improper)?;
        if self.naming == Naming::Ids {
            return Ok(tag);
        }
        let name = fold(&tag.name);
        // A label's option has no id of its own, even the one that stands for the bare tag.
        let listed = catalogue
            .named(&name)
            .map(|listed| (&listed.tag.name, listed.id.is_none()));
        let planned = made.iter().filter(|made| made.identity.name == name);
        let planned = planned.map(|made| (&made.tag.name, made.tag.value.is_some()));
        if let Some((spelled, has_options)) = listed.chain(planned).next() {
            match (has_options, tag.value.is_some()) {
                (false, true) => return Err(NewTagError::Unsupported(NO_OPTIONS.to_owned())),
                (true, false) => return Err(NewTagError::Unsupported(HAS_OPTIONS.to_owned())),
                _ => tag.name.clone_from(spelled),
            }
        }
        Ok(tag)
    }

    /// Refuses the value that stands for a bare tag.
    ///
    /// # Errors
    /// That it does.
    pub fn not_the_flag(&self, tag: &Tag) -> Result<(), String> {
        match (&self.naming, &tag.value) {
            (Naming::Labels { flag_value }, Some(value)) if value.trim() == flag_value => Err(
                format!("the value `{flag_value}` stands for the bare tag on this route"),
            ),
            _ => Ok(()),
        }
    }
}

/// Why a label without options gets none.
pub(crate) const NO_OPTIONS: &str =
    "the label has no options, and giving it one would end the bare tag";

/// Why a label with options is not a bare tag.
pub(crate) const HAS_OPTIONS: &str =
    "the label has options, so a bare tag of its name cannot be held";

/// Limits on a new tag, in characters after trimming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTags {
    /// Longest name.
    pub name: usize,
    /// Longest value.
    pub value: usize,
    /// Longest text form.
    pub text: usize,
}

/// The common safe limit where a document names none.
pub const SAFE_CHARS: usize = 100;

impl NewTags {
    /// The tag as it is made: trimmed.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence's end.
    pub fn check(&self, tag: &Tag) -> Result<Tag, String> {
        let name = part("name", &tag.name, self.name)?;
        let value = tag
            .value
            .as_deref()
            .map(|value| part("value", value, self.value))
            .transpose()?;
        let tag = Tag { name, value };
        let length = tag.encode().chars().count();
        if length > self.text {
            return Err(format!(
                "the text form of a new tag must have at most {} characters, this one has {length}",
                self.text
            ));
        }
        Ok(tag)
    }
}

fn part(what: &str, text: &str, limit: usize) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Err(format!("the {what} of a new tag must not be blank"));
    }
    if length > limit {
        return Err(format!(
            "the {what} of a new tag must have at most {limit} characters, this one has {length}"
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(format!(
            "the {what} of a new tag must not hold control characters"
        ));
    }
    if text.chars().any(is_bidi_control) {
        return Err(format!(
            "the {what} of a new tag must not hold characters that change the writing direction"
        ));
    }
    if text.chars().all(is_zero_width) {
        return Err(format!(
            "the {what} of a new tag must hold a visible character"
        ));
    }
    Ok(text.to_owned())
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_zero_width(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: NewTags = NewTags {
        name: 10,
        value: 10,
        text: 12,
    };

    #[test]
    fn a_new_tag_is_trimmed_and_visible() {
        assert_eq!(
            LIMITS.check(&Tag::valued(" a ", "b\t")),
            Ok(Tag::valued("a", "b"))
        );
        for bad in [
            "",
            "  ",
            "a\u{0}b",
            "a\nb",
            "a\u{202e}b",
            "\u{200b}\u{feff}",
            "elevenchars",
        ] {
            assert!(LIMITS.check(&Tag::bare(bad)).is_err(), "{bad:?}");
            assert!(LIMITS.check(&Tag::valued("a", bad)).is_err(), "{bad:?}");
        }
        assert!(
            LIMITS.check(&Tag::valued("sixsix", "sixsix")).is_err(),
            "13 characters with the sign between"
        );
        assert!(
            LIMITS.check(&Tag::bare("a\u{200d}b")).is_ok(),
            "a joiner between visible characters is text"
        );
    }
}
