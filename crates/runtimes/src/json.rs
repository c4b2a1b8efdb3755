//! A JSON value that loses nothing: order, repeated keys and number forms stay.
//!
//! The usual tree keeps one of two equal keys and drops the other without a word. A
//! configuration check has to see both, so this tree keeps an object as a list.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Levels of nesting that are kept; what lies deeper becomes [`Value::TooDeep`].
///
/// daemon.json needs four levels and a features document five.
pub const MAX_DEPTH: usize = 64;

/// One JSON value, as it was written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number from 0 to 2⁶⁴ − 1.
    Unsigned(u64),
    /// A whole number below 0, down to −2⁶³.
    Negative(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// Members in the order of the text. A repeated key appears each time.
    Object(Vec<(String, Value)>),
    /// A list or object more than [`MAX_DEPTH`] levels down, read past and not kept.
    TooDeep,
}

impl Value {
    /// Parses one JSON text; anything but blanks after it is an error.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        Self::parse_bounded(text, usize::MAX)
    }

    /// The same for a text with at most `parts` keys and values. Further ones are an error: a
    /// value takes much more memory than the two bytes that it may take in the text.
    pub(crate) fn parse_bounded(text: &[u8], parts: usize) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let left = Cell::new(parts);
        let seed = AtDepth {
            depth: 0,
            left: &left,
            parts,
        };
        let value = seed.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// What kind of value this is, in JSON's words: `null`, `boolean`, `number`, …
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Unsigned(_) | Self::Negative(_) | Self::Float(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::TooDeep => "too deeply nested value",
        }
    }

    /// The text of a string; `None` for any other kind.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value; `None` for any other kind.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The value as a whole number from 0 up, also when it was written `42.0`.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            // 2^53: up to here every whole float is exact.
            Self::Float(f) if f.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(f) => {
                Some(*f as u64)
            }
            _ => None,
        }
    }

    /// The member of an object with this key; the last one if the key is repeated.
    pub fn member(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value as compact JSON text; [`Value::TooDeep`] is written `null`.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings as keys and finite numbers always serialise")
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null | Self::TooDeep => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Negative(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// Reads a value that stands this many levels down.
#[derive(Clone, Copy)]
struct AtDepth<'l> {
    depth: usize,
    /// How many more keys and values may come.
    left: &'l Cell<usize>,
    /// How many there may be in all.
    parts: usize,
}

impl AtDepth<'_> {
    /// Counts a key or a value.
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| {
            let parts = self.parts;
            E::custom(format_args!("more than {parts} keys and values"))
        })?);
        Ok(())
    }

    /// One level down.
    fn inside(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

impl<'de> DeserializeSeed<'de> for AtDepth<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AtDepth<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(u64::try_from(number).map_or(Value::Negative(number), Value::Unsigned))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        if self.depth >= MAX_DEPTH {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::TooDeep);
        }
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inside())? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        if self.depth >= MAX_DEPTH {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::TooDeep);
        }
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            self.count()?;
            members.push((key, map.next_value_seed(self.inside())?));
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_repeated_keys() {
        let text = r#"{"b":1,"a":-2,"b":[null,true,1.5,"x"]}"#;
        let value = Value::parse(text.as_bytes()).unwrap();
        assert_eq!(value.to_json(), text);
        assert_eq!(value.member("b").unwrap().type_name(), "array");
    }

    #[test]
    fn reads_past_a_million_levels() {
        let deep = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        let mut value = &Value::parse(&deep(1_000_000)).unwrap();
        let mut levels = 0;
        while let Value::Array(items) = value {
            value = &items[0];
            levels += 1;
        }
        assert_eq!((levels, value), (MAX_DEPTH, &Value::TooDeep));
        assert!(Value::parse(&vec![b'['; 1_000_000]).is_err());
        let objects = "{\"a\":".repeat(200_000) + "1" + &"}".repeat(200_000);
        assert!(Value::parse(objects.as_bytes()).is_ok());
    }

    #[test]
    fn the_number_of_parts_is_exact() {
        for (text, parts) in [
            ("1", 1),
            ("[]", 1),
            ("[1,[2],{}]", 5),
            (r#"{"a":1,"b":{"c":[true]}}"#, 8),
        ] {
            let text = text.as_bytes();
            assert_eq!(
                Value::parse_bounded(text, parts).ok(),
                Value::parse(text).ok()
            );
            let refused = Value::parse_bounded(text, parts - 1).unwrap_err();
            let want = format!("more than {} keys and values", parts - 1);
            assert!(refused.to_string().starts_with(&want), "{refused}");
        }
    }

    #[test]
    fn whole_floats_are_numbers() {
        assert_eq!(Value::Float(42.0).as_u64(), Some(42));
        assert_eq!(Value::Float(42.5).as_u64(), None);
        assert_eq!(Value::Float(-1.0).as_u64(), None);
        assert_eq!(Value::Negative(-1).as_u64(), None);
    }
}
