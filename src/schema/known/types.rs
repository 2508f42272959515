//! The types that JSON tells apart, as sets.

use serde_json::Value;

/// A set of types. A value is of several: a whole number is an `integer` and a `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

const NAMES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];

impl Types {
    pub(super) const NONE: Self = Self(0);
    const ARRAY: Self = Self(1);
    const BOOLEAN: Self = Self(1 << 1);
    const INTEGER: Self = Self(1 << 2);
    const NULL: Self = Self(1 << 3);
    const NUMBER: Self = Self(1 << 4);
    const OBJECT: Self = Self(1 << 5);
    pub(super) const STRING: Self = Self(1 << 6);

    /// The type of this name; of an unknown one is nothing.
    pub(super) fn named(name: &str) -> Self {
        let at = NAMES.into_iter().position(|known| known == name);
        at.map_or(Self::NONE, |at| Self(1 << at))
    }

    /// What a value is.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) => match number.as_f64() {
                Some(number) if number.fract() == 0.0 => Self::NUMBER.or(Self::INTEGER),
                _ => Self::NUMBER,
            },
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// What the value is that this JSON begins; a number that has more than digits may be an `integer` all the same.
    pub(super) fn of_json(json: &[u8]) -> Self {
        match json.first() {
            Some(b'{') => Self::OBJECT,
            Some(b'[') => Self::ARRAY,
            Some(b'"') => Self::STRING,
            Some(b't' | b'f') => Self::BOOLEAN,
            Some(b'n') => Self::NULL,
            Some(_) if json.iter().all(u8::is_ascii_digit) => Self::NUMBER.or(Self::INTEGER),
            Some(_) => Self::NUMBER,
            None => Self::NONE,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is a type in both.
    pub(super) fn meets(self, other: Self) -> bool {
        self.and(other) != Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_of_the_types_that_its_value_is_of() {
        for value in [
            json!(null),
            json!(true),
            json!(false),
            json!(7),
            json!(1.5),
            json!("7"),
            json!([1]),
            json!({"a": 1}),
        ] {
            let types = Types::of_json(value.to_string().as_bytes());
            assert_eq!(types, Types::of(&value), "{value}");
        }
        // What is not seen at once is not denied.
        assert!(Types::of(&json!(-7)).meets(Types::of_json(b"-7")));
        assert!(!Types::of_json(b"-7").meets(Types::INTEGER));
        assert!(Types::of(&json!(-7)).meets(Types::INTEGER));
    }

    #[test]
    fn every_name_is_one_type() {
        for name in NAMES {
            let named = Types::named(name);
            assert!(named.meets(named), "{name}");
        }
        assert_eq!(Types::named("string"), Types::STRING);
        assert_eq!(Types::named("integer"), Types::INTEGER);
        assert_eq!(Types::named("text"), Types::NONE);
    }
}
