//! Strict reading of JSON from strangers: no member twice, no deep nesting.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, value::RawValue};
use std::{collections::BTreeMap, fmt};

/// Deepest nesting of a request's body.
pub(crate) const MAX_DEPTH: usize = 16;

/// Reads a whole document.
///
/// # Errors
/// Not JSON, not UTF-8, trailing text, a member twice in one object, or deeper than 16 levels. The text
/// tells the line and column, and nothing of the input but an expected character.
pub fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: MAX_DEPTH }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads JSON of which some scalars cannot be held: numbers out of range and unpaired surrogates become a 0 and
/// an empty text. For checking a shape, never for what is passed on.
///
/// # Errors
/// Not JSON.
pub(crate) fn lenient(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    // Looked at once as a whole, not again in each of its texts.
    let value = match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    };
    value.or_else(|_| {
        let raw: &RawValue = serde_json::from_slice(bytes)?;
        Ok(shape(raw))
    })
}

fn shape(raw: &RawValue) -> Value {
    let text = raw.get();
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> =
                serde_json::from_str(text).unwrap_or_default();
            Value::Object(
                members
                    .into_iter()
                    .map(|(name, raw)| (name, shape(raw)))
                    .collect(),
            )
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            Value::Array(items.into_iter().map(shape).collect())
        }
        Some(b'"') => Value::String(String::new()),
        _ => Value::from(0),
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} levels"
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a member stands twice in one object"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_that_cannot_be_held_do_not_hide_the_shape() {
        let read = lenient(br#"{"a":[1e999,{"b":"\ud800"}],"c":2}"#).ok();
        assert_eq!(read, Some(serde_json::json!({"a": [0, {"b": ""}], "c": 2})));
        assert!(lenient(b"{").is_err());
    }

    #[test]
    fn duplicates_depth_and_trailing_text_are_refused() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"x":{"a":1,"a":1}}]"#,
            "[1] 2",
            "",
            "{",
            "\u{feff}{}",
            r#""\ud800""#,
            "1e999",
            &format!("{}{}", "[".repeat(17), "]".repeat(17)),
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(b"\"\xff\"").is_err());
        let deep = format!("{}{}", "[".repeat(16), "]".repeat(16));
        assert_eq!(
            parse(deep.as_bytes()).ok(),
            serde_json::from_str(&deep).ok()
        );
        let mixed = r#"{"a":[1,-2,3.5,null,true,"x"],"b":{"a":{}}}"#;
        assert_eq!(
            parse(mixed.as_bytes()).ok(),
            serde_json::from_str(mixed).ok()
        );
    }
}
