//! Members that a projection leaves out, for whoever wants to know what else an answer holds.

use super::names::Decoded;

/// Most members of one answer that are noted.
const MAX_MEMBERS: usize = 512;

/// Most bytes of names and values that are noted of one answer.
const MAX_BYTES: usize = 16 << 10;

/// Most bytes of a value that are noted; what is longer is cut.
const MAX_VALUE: usize = 64;

/// The members of objects on the way to kept parts that are themselves neither kept nor on the way.
///
/// Of an answer with very many only the first are noted; nothing below them is.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// Names and values, one after the other, as received.
    text: Vec<u8>,
    members: Vec<Noted>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The path to the object that it is a member of, spelled as in [`Keep::Only`](super::Keep::Only).
    pub path: &'static [&'static str],
    /// Its value's JSON: a scalar up to 64 bytes of it, of a container the first byte.
    pub value: &'a [u8],
    /// Whether [`Self::value`] is all of the value.
    pub is_whole: bool,
    name: &'a [u8],
    is_plain: bool,
}

#[derive(Clone, Copy, Debug)]
struct Noted {
    path: &'static [&'static str],
    start: usize,
    value: usize,
    end: usize,
    is_whole: bool,
    is_plain: bool,
}

impl LeftOut {
    /// In the order of the answer.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        self.members.iter().filter_map(|noted| {
            Some(Member {
                path: noted.path,
                name: self.text.get(noted.start..noted.value)?,
                value: self.text.get(noted.value..noted.end)?,
                is_whole: noted.is_whole,
                is_plain: noted.is_plain,
            })
        })
    }

    /// Nothing yet, and room for what most answers hold.
    pub(super) fn with_room() -> Self {
        Self {
            text: Vec::with_capacity(512),
            members: Vec::with_capacity(24),
        }
    }

    /// A member with this name, as received with its quotes, whose value begins with this byte. Whether there is
    /// room for it. `is_plain` where the name is known to have no escapes.
    pub(super) fn begin(
        &mut self,
        path: &'static [&'static str],
        name: &[u8],
        is_plain: bool,
        first: u8,
        is_scalar: bool,
    ) -> bool {
        let room = self.text.len() + name.len() + MAX_VALUE;
        if self.members.len() == MAX_MEMBERS || room > MAX_BYTES {
            return false;
        }
        let start = self.text.len();
        self.text.extend_from_slice(name);
        let value = self.text.len();
        if !is_scalar {
            self.text.push(first);
        }
        self.members.push(Noted {
            path,
            start,
            value,
            end: self.text.len(),
            is_whole: is_scalar,
            is_plain,
        });
        true
    }

    /// More of the last member's value.
    pub(super) fn more(&mut self, bytes: &[u8]) {
        let Some(last) = self.members.last_mut() else {
            return;
        };
        let room = MAX_VALUE - (last.end - last.value);
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.text.extend_from_slice(taken);
        last.end += taken.len();
        last.is_whole &= taken.len() == bytes.len();
    }
}

impl<'a> Member<'a> {
    /// The name as it stands there, where it has no escapes.
    pub fn plain_name(&self) -> Option<&'a [u8]> {
        let inside = self.name.get(1..self.name.len().saturating_sub(1));
        inside.filter(|_| self.is_plain)
    }

    /// The name with its escapes decoded; one that is no text shows that.
    pub fn name(&self) -> std::borrow::Cow<'a, str> {
        let inside = self
            .name
            .get(1..self.name.len().saturating_sub(1))
            .unwrap_or_default();
        match std::str::from_utf8(inside) {
            Ok(plain) if !plain.contains('\\') => plain.into(),
            _ => {
                let bytes: Vec<u8> = Decoded::new(self.name).collect();
                String::from_utf8_lossy(&bytes).into_owned().into()
            }
        }
    }
}
