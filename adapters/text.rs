//! The text form of a tag: `billing`, or `deal_stage=negotiation`.

use std::fmt;

/// A tag: a name and, optionally, a value. Every pair of strings is one, empty ones included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// What stands before the split of the text form.
    pub name: String,
    /// What stands after it; `None` for a bare tag, which differs from an empty value.
    pub value: Option<String>,
}

impl Tag {
    /// A tag without a value.
    pub fn bare(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: None,
        }
    }

    /// A tag with a value.
    pub fn valued(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: Some(value.into()),
        }
    }

    /// Reads the text form. Total: every string is the text form of exactly one tag.
    ///
    /// The first `=` with an even run of backslashes directly before it splits name from value. Of a run
    /// directly before a `=`, every second backslash escapes; any other backslash is itself.
    pub fn decode(text: &str) -> Self {
        let mut name = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('=') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            let plain = before.trim_end_matches('\\');
            let run = before.len() - plain.len();
            name.push_str(plain);
            name.extend(std::iter::repeat_n('\\', run / 2));
            if run % 2 == 0 {
                return Self {
                    name,
                    value: Some(after.to_owned()),
                };
            }
            name.push('=');
            rest = after;
        }
        name.push_str(rest);
        Self { name, value: None }
    }

    /// Writes the text form; the inverse of [`Tag::decode`].
    pub fn encode(&self) -> String {
        let mut text =
            String::with_capacity(self.name.len() + self.value.as_ref().map_or(0, |v| v.len() + 1));
        let mut rest = self.name.as_str();
        while let Some(at) = rest.find('=') {
            double_trailing_run(&mut text, &rest[..at]);
            text.push_str("\\=");
            rest = &rest[at + 1..];
        }
        match &self.value {
            None => text.push_str(rest),
            Some(value) => {
                double_trailing_run(&mut text, rest);
                text.push('=');
                text.push_str(value);
            }
        }
        text
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encode())
    }
}

fn double_trailing_run(text: &mut String, part: &str) {
    let run = part.len() - part.trim_end_matches('\\').len();
    text.push_str(part);
    text.extend(std::iter::repeat_n('\\', run));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_unescaped_split_ends_the_name() {
        for (text, name, value) in [
            ("billing", "billing", None),
            ("deal_stage=negotiation", "deal_stage", Some("negotiation")),
            ("a=b=c", "a", Some("b=c")),
            ("=", "", Some("")),
            ("", "", None),
            (r"a\=b", "a=b", None),
            (r"a\\=b", r"a\", Some("b")),
            (r"a\\\=b", r"a\=b", None),
            (r"a\b\", r"a\b\", None),
            (r"a\=b=c\=d", "a=b", Some(r"c\=d")),
        ] {
            let tag = Tag {
                name: name.into(),
                value: value.map(str::to_owned),
            };
            assert_eq!(Tag::decode(text), tag, "{text}");
            assert_eq!(tag.encode(), text);
        }
    }

    fn awkward() -> impl Strategy<Value = String> {
        prop_oneof![3 => r"[a=\\]{0,8}", 1 => r"\PC{0,6}", 1 => any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn a_tag_survives_its_text_form(name in awkward(), value in proptest::option::of(awkward())) {
            let tag = Tag { name, value };
            prop_assert_eq!(Tag::decode(&tag.encode()), tag);
        }

        #[test]
        fn a_text_survives_its_tag(text in awkward()) {
            prop_assert_eq!(Tag::decode(&text).encode(), text);
        }
    }
}
