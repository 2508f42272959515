//! Stand-ins for ids: the same for the same id, and not to be led back.

use super::Entry;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::Sha256;

/// Whether ids stand in a recording as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// By stand-ins.
    Masked,
    /// As they are: then the recording can be replayed to callers that know the ids.
    Kept,
}

/// Bytes of a stand-in that are shown; enough that two ids do not meet.
const SHOWN: usize = 10;

pub(super) struct Mask {
    ids: Ids,
    /// Drawn anew for every recording, so that nobody can try ids.
    key: [u8; 32],
}

impl Mask {
    pub(super) fn new(ids: Ids) -> Self {
        let mut key = [0; 32];
        // Without random bytes the stand-ins could be tried, which is still no credential.
        let _ = getrandom::fill(&mut key);
        Self { ids, key }
    }

    /// Puts stand-ins for the ids of an entry; `ids`: the segments of its path that are some.
    pub(super) fn entry(&self, entry: &mut Entry, ids: &[String]) {
        if self.ids == Ids::Kept {
            return;
        }
        entry.path = self.target(&entry.path, ids);
        for headers in [&mut entry.request_headers, &mut entry.headers] {
            for name in ["idempotency-key", "x-request-id", "x-trace-id"] {
                if let Some(value) = headers.get_mut(name) {
                    *value = self.stand_in(value);
                }
            }
        }
        let bodies = [&mut entry.request_body, &mut entry.body];
        for body in bodies.into_iter().flatten() {
            self.value(body, false);
        }
    }

    fn target(&self, target: &str, ids: &[String]) -> String {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let segments = path.split('/').map(|segment| {
            if ids.iter().any(|id| id == segment) {
                self.encoded(segment)
            } else {
                segment.to_owned()
            }
        });
        let path = segments.collect::<Vec<_>>().join("/");
        let Some(query) = query else {
            return path;
        };
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) if is_id(name) || name == "cursor" => {
                format!("{name}={}", self.encoded(value))
            }
            _ => pair.to_owned(),
        });
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// The signs of a stand-in need no escape.
    fn encoded(&self, text: &str) -> String {
        self.stand_in(&percent_decode_str(text).decode_utf8_lossy())
    }

    /// `is_held`: whether the value stands below a member that holds ids.
    fn value(&self, value: &mut Value, is_held: bool) {
        match value {
            Value::String(text) if is_held => *text = self.stand_in(text),
            Value::Array(items) => {
                for item in items {
                    self.value(item, is_held);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.value(member, is_id(name) || name == "next_cursor");
                }
            }
            _ => {}
        }
    }

    /// What begins like an id of its kind, and a UUID for a UUID, so that it still fits the vendor's document.
    fn stand_in(&self, id: &str) -> String {
        let hash = self.hash(id);
        let hex =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        if is_uuid(id) {
            let digits = hex(hash.get(..16).unwrap_or_default());
            let part = |range| digits.get(range).unwrap_or_default();
            return format!(
                "{}-{}-4{}-8{}-{}",
                part(0..8),
                part(8..12),
                part(13..16),
                part(17..20),
                part(20..32)
            );
        }
        let kind = id.split_once('_').map(|(kind, _)| kind);
        let kind = kind
            .filter(|kind| kind.len() <= 8 && kind.bytes().all(|byte| byte.is_ascii_lowercase()));
        let digits = hex(hash.get(..SHOWN).unwrap_or_default());
        match kind {
            Some(kind) => format!("{kind}_{digits}"),
            None => format!("id{digits}"),
        }
    }

    fn hash(&self, text: &str) -> Vec<u8> {
        // A key of any length is taken.
        match Hmac::<Sha256>::new_from_slice(&self.key) {
            Ok(mut mac) => {
                mac.update(text.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
            Err(_) => vec![0; 32],
        }
    }
}

/// Whether a member or parameter of this name holds an id or several.
fn is_id(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["id", "ids", "uuid"].contains(&name.as_str())
        || ["_id", "_ids", "uuid"]
            .iter()
            .any(|end| name.ends_with(end))
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
