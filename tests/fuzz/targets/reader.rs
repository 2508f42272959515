//! The incremental reader. The first byte chooses what is kept and the size of the chunks, the rest is the answer.

use adapters::reader::{Keep, Limits, ReadError, Reader, project};
use serde_json::{Value, value::RawValue};

const KEEPS: [Keep; 5] = [
    Keep::Everything,
    Keep::Only(&[]),
    Keep::Only(&[&["a"], &["tag_ids"]]),
    Keep::Only(&[&["data", "*", "id"], &["data", "*", "labels"]]),
    Keep::Only(&[&["*", "*"]]),
];

pub(super) fn run(data: &[u8]) {
    let Some((first, answer)) = data.split_first() else {
        return;
    };
    let keep = KEEPS[usize::from(*first) % KEEPS.len()];
    let sizes = 1 + usize::from(*first / 5);
    let tight = Limits {
        streamed: 200,
        kept: 60,
        depth: 4,
    };
    for limits in [Limits::default(), tight] {
        let whole = project(keep, limits, answer);
        assert_eq!(
            chunked(keep, limits, answer, sizes),
            whole,
            "chunks change nothing"
        );
        if let Ok(kept) = &whole {
            assert!(kept.len() <= limits.kept);
            assert!(serde_json::from_slice::<&RawValue>(kept).is_ok());
        }
    }
    against_serde(keep, answer);
}

fn chunked(keep: Keep, limits: Limits, answer: &[u8], size: usize) -> Result<Vec<u8>, ReadError> {
    let mut reader = Reader::new(keep, limits);
    for chunk in answer.chunks(size) {
        reader.push(chunk)?;
    }
    reader.finish()
}

/// What is read is JSON for `serde_json`, too, and means the same.
fn against_serde(keep: Keep, answer: &[u8]) {
    let known = serde_json::from_slice::<Value>(answer);
    match (project(keep, Limits::default(), answer), known) {
        (Ok(kept), Ok(known)) => {
            if matches!(keep, Keep::Everything) {
                assert_eq!(kept, answer.trim_ascii());
            }
            let kept: Value = serde_json::from_slice(&kept).expect("what is kept is JSON");
            assert!(is_part(&kept, &known), "{kept} of {known}");
        }
        // What it cannot hold (numbers out of range, unpaired surrogates) is JSON all the same.
        (Ok(_), Err(_)) => assert!(serde_json::from_slice::<&RawValue>(answer).is_ok()),
        (Err(error), Ok(_)) => assert!(
            !matches!(
                error,
                ReadError::Cut { .. } | ReadError::NotUtf8 { .. } | ReadError::TrailingData { .. }
            ),
            "{error}"
        ),
        (Err(_), Err(_)) => {}
    }
}

fn is_part(kept: &Value, known: &Value) -> bool {
    match (kept, known) {
        (Value::Object(kept), Value::Object(known)) => kept
            .iter()
            .all(|(name, value)| known.get(name).is_some_and(|known| is_part(value, known))),
        (Value::Array(kept), Value::Array(known)) => {
            kept.is_empty()
                || (kept.len() == known.len()
                    && kept
                        .iter()
                        .zip(known)
                        .all(|(kept, known)| is_part(kept, known)))
        }
        (kept, known) => kept == known,
    }
}
