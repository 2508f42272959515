//! The text form of tags and their folding. The bytes are a text; a NUL splits it into a name and a value.

use adapters::{Identity, Tag, fold};

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let tag = Tag::decode(&text);
    assert_eq!(tag.encode(), text);
    let identity = Identity::of(&tag);
    assert_eq!(fold(&identity.name), identity.name, "folding is idempotent");

    let (name, value) = match text.split_once('\0') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (&*text, None),
    };
    let tag = Tag {
        name: name.to_owned(),
        value,
    };
    assert_eq!(Tag::decode(&tag.encode()), tag);
    let upper = Tag {
        name: format!(" {name}\t"),
        value: tag.value.clone(),
    };
    assert_eq!(Identity::of(&upper), Identity::of(&tag), "ends are trimmed");
}
