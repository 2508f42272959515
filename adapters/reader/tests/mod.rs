//! Each rule by an example, fed in one piece, byte by byte, and in threes; and by properties.

mod generate;
mod kept;
mod left_out;
mod properties;
mod refused;

use super::{Keep, Limits, ReadError, Reader, project};

type Read = Result<Vec<u8>, ReadError>;

const TAG_IDS: Keep = Keep::Only(&[&["tag_ids"]]);
const ELEMENT_IDS: Keep = Keep::Only(&[&["all", "*", "id"]]);
const NOTHING: Keep = Keep::Only(&[]);

fn chunked(keep: Keep, limits: Limits, bytes: &[u8], size: usize) -> Read {
    let mut reader = Reader::new(keep, limits);
    for chunk in bytes.chunks(size) {
        reader.push(chunk)?;
    }
    reader.finish()
}

fn read_within(keep: Keep, limits: Limits, bytes: &[u8]) -> Read {
    let whole = project(keep, limits, bytes);
    for size in [1, 3] {
        assert_eq!(
            chunked(keep, limits, bytes, size),
            whole,
            "in chunks of {size}"
        );
    }
    whole
}

fn read(keep: Keep, text: impl AsRef<[u8]>) -> Read {
    read_within(keep, Limits::default(), text.as_ref())
}

fn kept(text: &str) -> Read {
    Ok(text.as_bytes().to_vec())
}
